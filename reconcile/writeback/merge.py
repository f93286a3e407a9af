"""The three-way merge of one field: what we last sent (B), what the CRM says (C), what we want (D) → what to do.

    C vs B   D          what happens
    C = B    D = sent   nothing
    C = B    D ≠ sent   write D (an empty D is a clear, counted by its own guard)
    C ≠ B    C = D      adopt: remember C as B
    C ≠ B    C ≠ D      a person changed it: crm_wins leaves it and notes it once, ours_wins writes D, review asks once;
                        D written five times within a day all the same: another system writes it too, hold D back
    no B     C = D      adopt
    no B     C empty    write D
    no B     C filled   a person's value: leave it, unless ``first_sync: overwrite``
    any      D held     nothing: a person rolled it back, or another system writes the field too

B is not one value: the CRM may store what we sent in its own form (the read-back), and a request of ours that was thought
lost may land late (any value the journal sent since B, and for a while one of before B that a runner which was overtaken had
in hand). All of those are ours and never a person's; but a late landing that is not the last thing we wanted is written over,
which is why C = B is not enough for "nothing". Values are compared in the
field's own normal form, so that 1235 in a field without decimals is our 1234.57. Empty is a value: a person's clear is an
edit. Where D is unknown (blocked, quarantined, a rule failed) or C is hidden by a permission, nothing is done at all.
Source: DOMAIN §8.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from partnersync.changes import Policy

MOST_WRITES = 5
"""How often one value is written to one field within a day before another writer is given way: the CRMs' own native sync is
one, and two systems that each insist would write for ever."""
LAST_LANDING = timedelta(minutes=15)
"""After it was journaled, how late a write may still change the record: its turn, its retries and the CRM's own time for it."""
Verdict = Literal["nothing", "write", "clear", "adopt", "override", "review", "hold"]
Normal = Callable[[str | None], str | None]


@dataclass(frozen=True, slots=True)
class Base:
    """What we know of our own last write to a field: sent, read back, and everything else sent since."""

    sent: str | None
    read_back: str | None
    since: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Noted:
    """A person's edit that was recorded already: their value, and what we wanted at that time."""

    value: str | None
    desired: str | None


@dataclass(frozen=True, slots=True)
class Field:
    """One field to judge.

    ``hidden``: the CRM did not show it, which is not the same as empty. ``lately``: what we sent to it within a day, since a
    person last released it. ``held``: this very D must not be written.
    """

    base: Base | None
    current: str | None
    desired: str | None
    policy: Policy
    overwrite_first: bool = False
    noted: Noted | None = None
    hidden: bool = False
    lately: tuple[str | None, ...] = ()
    held: bool = False


def landing(late: Iterable[tuple[datetime, str | None]], changed_at: datetime) -> tuple[str | None, ...]:
    """Of the values that may land late (when sent, value) those that a change of the record at that time may have brought."""
    return tuple(value for sent_at, value in late if changed_at <= sent_at + LAST_LANDING)


def verdict(field: Field, normal: Normal) -> Verdict:
    """What to do about one field; ``normal`` puts a value into the form in which this field is compared."""
    if field.hidden:
        return "nothing"
    current, desired = normal(field.current), normal(field.desired)
    send: Verdict = "clear" if desired is None else "write"
    if field.base is None:
        if current == desired:
            return "nothing" if desired is None else "adopt"
        if field.held:
            return "nothing"
        if current is None or field.overwrite_first:
            return send
        return _noted_once(field.noted, current)
    sent, back = normal(field.base.sent), normal(field.base.read_back)
    if current == desired:
        return "nothing" if current in {sent, back} and desired == sent else "adopt"
    if field.held:
        return "nothing"
    if current in {sent, back}:
        return "nothing" if desired == sent else send
    if current in {normal(value) for value in field.base.since}:
        return send
    match field.policy:
        case "ours_wins":
            written = sum(normal(value) == desired for value in field.lately)
            return send if written < MOST_WRITES else "hold"
        case "review":
            return "nothing" if field.noted and normal(field.noted.desired) == desired else "review"
        case "crm_wins":
            return _noted_once(field.noted, current)


def _noted_once(noted: Noted | None, current: str | None) -> Verdict:
    return "nothing" if noted and noted.value == current else "override"
