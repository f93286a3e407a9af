"""The harm that can be done to a running cycle, and the table of which harm struck where.

A *fault* is done by a CRM to a call of one kind (the place); a *condition* is how a CRM behaves for a while; a *crash* ends
our process at the n-th passing of a point; a *pause* lets another runner take over there. Each is drawn for one place, so
that every pair comes up, and counted only when it struck.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from sandbox.faults import Rule
from tests.faults.model.ground import Ground
from tests.faults.model.moments import PLACES, Place, Point

READS: Final[tuple[Place, ...]] = (
    "people",
    "describe",
    "hot read",
    "warm read",
    "cold read",
    "find tasks",
    "pre-read",
    "read back",
)
WRITES: Final[tuple[Place, ...]] = ("write fields", "write tasks")
CALLS: Final[tuple[Place, ...]] = ("sign in", *READS, "settle open", *WRITES)
BOTH: Final = ("salesforce", "hubspot")
_ROLLING = {"status": "error", "errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING",
            "message": "You have reached your ten_secondly_rolling limit."}  # fmt: skip
_COMMITS: Final = "reads commit nothing"
_POISON = {"kind": "record_error", "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "Close date is missing"}
_LOCKED = {"kind": "record_error", "code": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain exclusive access"}
_GONE_401 = {"kind": "status", "code": 401, "body": [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired"}]}


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault: what the sandbox does, to whose calls, in which places.

    ``passes``: one of it stops nothing. ``times``: how many calls it strikes, one of four; a token mostly runs out once.
    """

    name: str
    rule: Mapping[str, Any]
    crms: tuple[str, ...] = BOTH
    places: tuple[Place, ...] = CALLS
    passes: bool = False
    slow: bool = False
    times: tuple[int, int, int, int] = (1, 1, 2, 9)
    why_not: str = "the fault is of calls of another kind"


def _fault(name: str, action: Any, **more: Any) -> Fault:
    rule = {"action": action, **{k: more.pop(k) for k in ("when", "writes_only", "endpoint") if k in more}}
    return Fault(name, rule, **more)


_WRITING: Final[tuple[Place, ...]] = ("settle open", *WRITES)
FAULTS: Final = (
    _fault("connection lost, not done", "drop", passes=False),
    _fault("connection lost before commit", "drop", when="before_commit", writes_only=True, places=_WRITING, why_not=_COMMITS),
    _fault("connection lost after commit", "drop", when="after_commit", writes_only=True, places=_WRITING, why_not=_COMMITS),
    _fault("429 rolling", {"kind": "status", "code": 429, "body": _ROLLING}, crms=("hubspot",), passes=True),
    _fault("429 search", {"kind": "rate_limited", "form": "secondly"}, crms=("hubspot",), endpoint="search*",
           places=("hot read", "warm read"), passes=True, why_not="only searches have this limit"),
    _fault("429 daily", {"kind": "rate_limited", "form": "daily"}, crms=("hubspot",)),
    _fault("403 concurrent", {"kind": "rate_limited", "form": "concurrent"}, crms=("salesforce",),
           places=(*READS, *_WRITING), passes=True, why_not="the sign-in is not one of the limited calls"),
    _fault("403 daily", {"kind": "rate_limited"}, crms=("salesforce",), places=(*READS, *_WRITING),
           why_not="the sign-in is not one of the limited calls"),
    _fault("503 HTML", "html_503", passes=True),
    _fault("500 not done", {"kind": "status", "code": 500, "body": {"message": "internal"}}),
    _fault("no answer in time", {"kind": "latency", "ms": 400}, slow=True),
    _fault("no answer, done", {"kind": "timeout", "seconds": 0.4}, when="after_commit", writes_only=True, places=_WRITING,
           slow=True, why_not=_COMMITS),
    _fault("401 in the middle", _GONE_401, crms=("salesforce",), places=(*READS, *_WRITING), passes=True,
           times=(9, 1, 1, 1), why_not="a sign-in has no token yet"),
    _fault("token revoked", {"kind": "status", "code": 401, "body": {"status": "error", "message": "expired"}},
           crms=("hubspot",)),
    _fault("body cut", {"kind": "truncate"}),
    _fault("row locked", _LOCKED, crms=("salesforce",), when="record", places=_WRITING, why_not="reads lock nothing"),
    _fault("record refused", _POISON, when="record", places=_WRITING, why_not="reads are not validated"),
)  # fmt: skip
BY_NAME: Final = {fault.name: fault for fault in FAULTS}
CONDITIONS: Final[Mapping[str, tuple[str, Mapping[str, Any], tuple[Place, ...], str]]] = {
    "short pages": ("salesforce", {"page_size": 3}, ("hot read", "cold read", "people"), "pages of queries alone"),
    "pages of odd length": ("salesforce", {"page_size": 4, "page_jitter_seed": 5}, ("hot read", "cold read", "people"),
                            "pages of queries alone"),
    "locator expired": ("salesforce", {"page_size": 3, "cursor_lifetime_s": 0}, ("hot read", "cold read"),
                        "only full reads follow locators"),
    "empty pages": ("hubspot", {"phantom_hits": 5, "phantom_hits_at": 1}, ("hot read",), "only searches have ghosts"),
    "missing results": ("hubspot", {"silent_empty_batch": True}, _WRITING, "only batch updates leave results out"),
    "shuffled results": ("hubspot", {"batch_order": "shuffled"}, _WRITING, "only batches have an order"),
}  # fmt: skip
CALM: Final = {
    "salesforce": {"page_size": 2000, "page_jitter_seed": None, "cursor_lifetime_s": 172_800},
    "hubspot": {"phantom_hits": 0, "phantom_hits_at": 100, "silent_empty_batch": False, "batch_order": "id"},
}
CRASHES: Final[tuple[Point, ...]] = ("before begin", "before commit", "after commit", "before send", "after answer")
_TRANSACTIONS: Final[tuple[Place, ...]] = ("remember", "attribute", "plan", "post", "journal")


def possible(harm: str, place: Place) -> str:
    """Why this harm cannot strike in this place; empty where it can."""
    if harm in BY_NAME:
        fault = BY_NAME[harm]
        return "" if place in fault.places else fault.why_not if place in CALLS else "no call is made there"
    if harm in CONDITIONS:
        return (
            "" if place in CONDITIONS[harm][2] else CONDITIONS[harm][3] if place in CALLS else "no call is made there"
        )
    point = harm.partition(" ")[2]
    calls = point in ("before send", "after answer")
    if calls:
        return "" if place in CALLS else "no call is made there"
    if place in CALLS:
        return "nothing is stored during a call"
    return "" if place in _TRANSACTIONS else "nothing is stored there"


HARMS: Final = (*BY_NAME, *CONDITIONS, *(f"crash {each}" for each in CRASHES),
                *(f"pause {each}" for each in CRASHES if each != "before commit"))  # fmt: skip


@dataclass(slots=True)
class Struck:
    """How often each harm struck in each place, over all worlds."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def note(self, harm: str, place: Place, times: int = 1) -> None:
        """It struck."""
        self.counts[harm, place] += times

    def empty(self) -> list[tuple[str, Place]]:
        """What should have struck and never did."""
        return [(h, p) for h in HARMS for p in PLACES if not possible(h, p) and not self.counts[h, p]]

    def table(self) -> str:
        """For people: a row per harm, a column per place; a dot where it cannot strike."""
        wide = max(map(len, HARMS))
        head = "\n".join(f"{'':{wide}}  {'   | ' * at}{place}" for at, place in enumerate(PLACES))
        rows = [
            f"{harm:{wide}}" + "".join(f"{'.' if possible(harm, p) else self.counts[harm, p]:>5}" for p in PLACES)
            for harm in HARMS
        ]
        return "\n".join([head, *rows])


@dataclass(slots=True)
class Armed:
    """Faults that wait for their place in one cycle."""

    ground: Ground
    struck: Struck
    fault: Fault
    place: Place
    crm: str
    nth: int
    times: int
    seen: int = 0
    fired: int = 0
    number: int | None = None

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """In force whenever the program is in that place."""
        moments = self.ground.moments
        moments.entered.append(self._enter)
        moments.left.append(self._leave)
        try:
            yield
        finally:
            moments.entered.remove(self._enter)
            moments.left.remove(self._leave)
            self._leave()

    def _enter(self, crm: str, place: Place) -> None:
        if place != self.place or crm != self.crm or self.fired >= self.times or self.number is not None:
            return
        often = {"nth": max(1, self.nth - self.seen)} if self.times == 1 else {"times": self.times - self.fired}
        action = dict(self.fault.rule)
        if action["action"] == _POISON and crm == "hubspot":
            action["action"] = {**_POISON, "code": "VALIDATION_ERROR"}
        rule = Rule.model_validate({"vendor": crm, **often, **action})
        self.number = self.ground.world.faults.add(rule)

    def _leave(self) -> None:
        if self.number is None:
            return
        told = next((each for each in self.ground.world.faults.report() if each["id"] == self.number), None)
        self.ground.world.faults.remove(self.number)
        self.number = None
        self.seen += told["seen"] if told is not None else 0
        if told is not None and told["fired"]:
            self.fired += told["fired"]
            self.ground.patience.disarmed += told["fired"]
            self.struck.note(self.fault.name, self.place, told["fired"])
