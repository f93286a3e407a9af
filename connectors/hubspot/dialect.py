"""What HubSpot's calls are called in the counters, which allowance each draws on, and what its headers say is left."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from connectors.base import Budget
from connectors.transport import Line

SEARCH_BUCKET = "search"
BURST_BUCKET = "burst"
DAILY = "daily"
LEAST_BURST, BURST_SECONDS = 100, 10.0
"""What the smallest account may call, for a portal that refuses and tells nothing."""
_CRM = re.compile(r"/crm/(?:v\d/(?P<old>[\w-]+)|(?P<dated>[\w-]+)/\d{4}-\d{2})(?P<rest>/.*)?")
_PREFIX = "x-hubspot-ratelimit-"


class HubSpotDialect:
    """Search draws on five a second that all apps of the account share; everything else on the app's ten seconds."""

    def endpoint(self, method: str, path: str) -> str:
        """``search.deals``, ``list.deals``, ``batch.update.deals``, ``associations.read.deals.tasks``, ``owners``."""
        match = _CRM.fullmatch(path)
        if match is None:
            return path.strip("/").split("/")[0]
        area, parts = match["old"] or match["dated"], (match["rest"] or "").strip("/").split("/")
        match [area, *parts]:
            case ["objects", kind, "search"]:
                return f"search.{kind}"
            case ["objects", kind, "batch", verb]:
                return f"batch.{verb}.{kind}"
            case ["objects", kind]:
                return f"list.{kind}"
            case ["associations", one, other, *rest]:
                return f"associations.{rest[-1]}.{one}.{other}"
            case [_, kind, "batch", verb]:
                return f"{area}.{verb}.{kind}"
            case [_, kind, *_] if kind:
                return f"{area}.{'list' if method == 'GET' else 'write'}.{kind}"
            case _:
                return area

    def bucket(self, method: str, path: str) -> str | None:
        """Which allowance the call draws on."""
        return SEARCH_BUCKET if path.endswith("/search") else BURST_BUCKET

    def budgets(self, headers: Mapping[str, str], line: Line) -> Iterator[Budget]:
        """The day's and the ten seconds' allowance; search answers carry neither."""
        told = {
            name.lower().removeprefix(_PREFIX): int(value)
            for name, value in headers.items()
            if name.lower().startswith(_PREFIX) and value.isdecimal()
        }
        now = line.surroundings.clock.now()
        if {"daily", "daily-remaining"} <= told.keys():
            yield Budget(DAILY, told["daily"] - told["daily-remaining"], told["daily"], now)
        if {"max", "remaining", "interval-milliseconds"} <= told.keys() and told["max"] > 0:
            seconds = told["interval-milliseconds"] / 1000
            yield Budget(BURST_BUCKET, told["max"] - told["remaining"], told["max"], now, seconds)
