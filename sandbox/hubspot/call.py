"""One API call on its way to a handler: path parts, body, lists in the query, and the desk to work at."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sandbox.clock import Clock
from sandbox.hubspot import refusals
from sandbox.hubspot.desk import Author, Catalogs, Desk, kind_of
from sandbox.hubspot.kinds import Kind
from sandbox.settings import HubSpotSettings
from sandbox.store import Store
from sandbox.wire import Reply, Request, json_reply

RULES_FROM = "2026-09"
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True)
class Ground:
    """What the portal stands on, shared by all its calls."""

    store: Store
    clock: Clock
    catalogs: Catalogs

    @contextmanager
    def reading(self, settings: HubSpotSettings, author: Author, strict: bool = False) -> Iterator[Desk]:
        """A consistent view for one read."""
        with self.store.read() as db:
            catalog = self.catalogs.current(db, keep=True)
            yield Desk(db, self.clock.now_ms(), settings, catalog, author, strict)

    @contextmanager
    def writing(self, settings: HubSpotSettings, author: Author, strict: bool = False) -> Iterator[Desk]:
        """One transaction; the instant is taken once the writer's turn has come."""
        with self.store.write() as db:
            catalog = self.catalogs.current(db, keep=False)
            yield Desk(db, self.clock.now_ms(), settings, catalog, author, strict)


@dataclass(frozen=True, slots=True)
class Call:
    """A request matched to its route."""

    ground: Ground
    request: Request
    settings: HubSpotSettings
    params: Mapping[str, str]
    version: str
    token: str

    @property
    def dated(self) -> bool:
        """Whether the path names a dated version."""
        return self.version[:1] == "2"

    @property
    def objects_link(self) -> str:
        """The address under which this call's version has its records; for calls to the `objects` family."""
        path = self.request.path
        family = path[: path.index("/objects") + len("/objects")]
        return self.request.base_url + family + (f"/{self.version}" if self.dated else "")

    @property
    def author(self) -> Author:
        return Author("INTEGRATION", self.settings.integration_id, None, None)

    @contextmanager
    def reading(self) -> Iterator[Desk]:
        with self.ground.reading(self.settings, self.author, self._strict) as desk:
            yield desk

    @contextmanager
    def writing(self) -> Iterator[Desk]:
        with self.ground.writing(self.settings, self.author, self._strict) as desk:
            yield desk

    @property
    def _strict(self) -> bool:
        return self.dated and self.version[:7] >= RULES_FROM

    def kind(self, name: str = "kind") -> Kind:
        """The object type in the path. Raises: `Refusal` 400."""
        return kind_of(self.params[name])

    def body(self) -> dict[str, Any]:
        """The JSON object sent; fractions stay the text they were. Raises: `Refusal` 400."""
        value = self.any_body()
        if not isinstance(value, dict):
            raise refusals.malformed(
                "line 1, column 1: Cannot deserialize value of type `java.util.LinkedHashMap` from Array value"
            )
        return value

    def any_body(self) -> Any:
        """The JSON value sent. Raises: `Refusal` 400."""
        try:
            text = self.request.body.decode("utf-8")
            value = json.loads(text, parse_float=str)
            if _SURROGATE.search(text):
                json.dumps(value, ensure_ascii=False).encode()
            return value
        except json.JSONDecodeError as error:
            raise refusals.malformed(f"line {error.lineno}, column {error.colno}: {error.msg}") from error
        except UnicodeError as error:
            raise refusals.malformed("line 1, column 1: Invalid UTF-8") from error
        except (RecursionError, ValueError) as error:  # nested too deep, or a number of thousands of digits
            raise refusals.malformed("line 1, column 1: Stream constraint exceeded") from error

    def inputs(self, limit: int) -> list[dict[str, Any]]:
        """The `inputs` of a batch. Raises: `Refusal` 400 where they are absent or too many."""
        body = self.body()
        given = body.get("inputs")
        if given is None:
            raise refusals.invalid(
                "Invalid input JSON on line 1, column 2: Some required fields were not set: [inputs]"
            )
        if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
            raise refusals.malformed("line 1, column 2: Cannot deserialize value of `inputs`")
        if len(given) > limit:
            raise refusals.invalid(
                f"The maximum number of inputs supported in a batch is {limit}."
                " Please reduce the number of items and try again"
            )
        return given

    def names(self, parameter: str) -> list[str]:
        """A list in the query: repeated keys, commas, or both."""
        given = self.request.query.get(parameter, [])
        return [part.strip() for each in given for part in each.split(",") if part.strip()]

    def flag(self, parameter: str) -> bool:
        return (self.request.param(parameter) or "").lower() == "true"

    def limit(self, default: int, most: int) -> int:
        """The page size asked for. Raises: `Refusal` 400 out of range."""
        text = self.request.param("limit")
        if text is None or text == "":
            return default
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise refusals.invalid(f"Invalid limit {text}: must be between 1 and {most}", context={"limit": [text]})
        return int(text)


def ok(value: Any) -> Reply:
    return json_reply(200, value)


def created(value: Any, location: str | None = None) -> Reply:
    return json_reply(201, value, {"location": location} if location else None)


def no_content() -> Reply:
    return Reply(204)
