"""Fault rules: which call, at which point of it, fails how; seeded and replayable.

A rule matches calls by vendor, endpoint, method and whether they write. Of the calls it matches it picks by
`nth` (once, at the n-th), `every` (each k-th), `rate` with `seed` (each with that chance) or all, at most
`times` times. It acts at `when`: before the vendor sees the call, around the commit, or after the answer.

Example: `{"endpoint": "collections*", "nth": 3, "when": "after_commit", "action": "drop"}` lets the third
matching call commit and then closes the socket without an answer. A rule picked for a call that never
reaches its point (a read has no commit) does nothing and does not use up `times`; calls are counted anyway,
so the same run with the same rules meets the same faults.
"""

import itertools
import random
import threading
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from sandbox.counters import label_matches


class _Action(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Latency(_Action):
    """Wait, then go on."""

    kind: Literal["latency"] = "latency"
    ms: float = Field(ge=0)


class Status(_Action):
    """Answer with this status and body instead."""

    kind: Literal["status"] = "status"
    code: int = Field(ge=100, le=599)
    body: Any = None
    headers: dict[str, str] = {}


class RateLimited(_Action):
    """The vendor's own refusal for too many calls, in one of its forms."""

    kind: Literal["rate_limited"] = "rate_limited"
    form: str = "default"


class Html503(_Action):
    """A load balancer's HTML page."""

    kind: Literal["html_503"] = "html_503"


class Timeout(_Action):
    """Say nothing for this long, then close the socket."""

    kind: Literal["timeout"] = "timeout"
    seconds: float = Field(default=60, ge=0)


class Drop(_Action):
    """Close the socket without an answer."""

    kind: Literal["drop"] = "drop"


class Reset(_Action):
    """Reset the connection (TCP RST) without an answer."""

    kind: Literal["reset"] = "reset"


class Truncate(_Action):
    """Send only the first bytes of the body: under its true length, and then close the socket; or as if that were all."""

    kind: Literal["truncate"] = "truncate"
    keep: int | None = Field(default=None, ge=0)
    as_if_whole: bool = False


class Drip(_Action):
    """Send the body in small pieces, so slowly that it takes this long."""

    kind: Literal["drip"] = "drip"
    seconds: float = Field(default=60, ge=0)


class Kill(_Action):
    """SIGKILL the calling process (found by its port), or the process `pid`."""

    kind: Literal["kill"] = "kill"
    pid: int | None = None
    delay_ms: float = Field(default=0, ge=0)


class RecordError(_Action):
    """Refuse one record of a write with the vendor's error of that code (`when: record` only)."""

    kind: Literal["record_error"] = "record_error"
    code: str = "UNABLE_TO_LOCK_ROW"
    message: str | None = None


class ReadError(_Action):
    """Leave one record out of a batch read and list an error of that category for it (`when: record` only; HubSpot)."""

    kind: Literal["read_error"] = "read_error"
    code: str = "INTERNAL_ERROR"
    message: str = "internal error"


Action = (
    Latency | Status | RateLimited | Html503 | Timeout | Drop | Reset | Truncate | Drip | Kill | RecordError | ReadError
)
_OfRecord = TypeVar("_OfRecord", RecordError, ReadError)
When = Literal["before", "before_commit", "after_commit", "after_answer", "record"]


class Rule(BaseModel):
    """One fault rule, as the control endpoint reads it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: Annotated[Action, Field(discriminator="kind")]
    vendor: str | None = None
    endpoint: str | None = None
    method: str | None = None
    writes_only: bool = False
    nth: int | None = Field(default=None, ge=1)
    every: int | None = Field(default=None, ge=1)
    rate: float | None = Field(default=None, ge=0, le=1)
    seed: int = 0
    times: int | None = Field(default=None, ge=1)
    when: When = "before"

    @model_validator(mode="before")
    @classmethod
    def _after_the_answer(cls, value: Any) -> Any:
        """A body can only be cut or slowed once there is one, so that is when such a fault acts unless told otherwise."""
        action = value.get("action") if isinstance(value, dict) else None
        kind = action.get("kind") if isinstance(action, dict) else action
        return {"when": "after_answer", **value} if kind in ("truncate", "drip") else value

    @field_validator("action", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        return {"kind": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _whole(self) -> "Rule":
        if sum(choice is not None for choice in (self.nth, self.every, self.rate)) > 1:
            raise ValueError("give one of nth, every and rate")
        if isinstance(self.action, RecordError | ReadError) != (self.when == "record"):
            raise ValueError("record_error and read_error go with when: record, and only they do")
        if isinstance(self.action, Truncate | Drip) and self.when != "after_answer":
            raise ValueError(f"{self.action.kind} goes with when: after_answer")
        return self

    def concerns(self, vendor: str, endpoint: str, method: str, write: bool) -> bool:
        """Whether the rule is about such a call at all."""
        return (
            (self.vendor is None or self.vendor == vendor)
            and (self.endpoint is None or label_matches(self.endpoint, endpoint))
            and (self.method is None or self.method.upper() == method)
            and (write or not self.writes_only)
        )


@dataclass(slots=True)
class _Live:
    number: int
    rule: Rule
    draw: random.Random
    seen: int = 0
    fired: int = 0

    def picks(self) -> bool:
        """Count one matching occasion; whether the rule falls on it."""
        self.seen += 1
        rule = self.rule
        chance = self.draw.random() if rule.rate is not None else 0.0
        if rule.times is not None and self.fired >= rule.times:
            return False
        if rule.nth is not None:
            return self.seen == rule.nth
        if rule.every is not None:
            return self.seen % rule.every == 0
        return rule.rate is None or chance < rule.rate


@dataclass(slots=True)
class Armed:
    """The faults that fall on one call, waiting for their points."""

    faults: "Faults"
    vendor: str
    endpoint: str
    method: str
    write: bool
    waiting: list[_Live] = field(default_factory=list)

    def due(self, when: When) -> list[Action]:
        """The actions of this point, each once."""
        if not self.waiting:
            return []
        now = [live for live in self.waiting if live.rule.when == when]
        self.waiting = [live for live in self.waiting if live.rule.when != when]
        for live in now:
            live.fired += 1
        return [live.rule.action for live in now]

    def record_error(self) -> RecordError | None:
        """Asked by a vendor once per record written: the error that record must get, if any."""
        return self.faults.of_record(self, RecordError)

    def read_error(self) -> ReadError | None:
        """Asked by a vendor once per record of a batch read: the error that is listed for it, if any."""
        return self.faults.of_record(self, ReadError)


class Faults:
    """The rules in force."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._live: list[_Live] = []

    def add(self, rule: Rule) -> int:
        """Put a rule in force. Returns its number."""
        with self._lock:
            number = next(self._numbers)
            self._live.append(_Live(number, rule, random.Random(rule.seed)))
            return number

    def remove(self, number: int | None = None) -> int:
        """Take one rule, or all, out of force. Returns how many went."""
        with self._lock:
            before = len(self._live)
            self._live = [live for live in self._live if number is not None and live.number != number]
            return before - len(self._live)

    def report(self) -> list[dict[str, Any]]:
        """Every rule with how many calls it matched and how often it fired."""
        with self._lock:
            return [
                {
                    "id": live.number,
                    "seen": live.seen,
                    "fired": live.fired,
                    "rule": live.rule.model_dump(),
                }
                for live in self._live
            ]

    def arm(self, vendor: str, endpoint: str, method: str, write: bool) -> Armed:
        """The faults that fall on this call."""
        armed = Armed(self, vendor, endpoint, method, write)
        if self._live:
            with self._lock:
                armed.waiting = [
                    live
                    for live in self._live
                    if live.rule.when != "record"
                    and live.rule.concerns(vendor, endpoint, method, write)
                    and live.picks()
                ]
        return armed

    def of_record(self, call: Armed, kind: type[_OfRecord]) -> _OfRecord | None:
        """The error of a kind that the next record of this call must get, if any."""
        if not self._live:
            return None
        with self._lock:
            for live in self._live:
                action = live.rule.action
                if (
                    isinstance(action, kind)
                    and live.rule.concerns(call.vendor, call.endpoint, call.method, call.write)
                    and live.picks()
                ):
                    live.fired += 1
                    return action
        return None
