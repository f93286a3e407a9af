"""Whether what we write fits the field it is written to: its kind, its choices, what it may refer to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import get_args

from partnersync.credits import ROLES
from partnersync.facts import PartnerType
from partnersync.records import FieldKind, FieldSchema
from partnersync.source import Where
from service.named import Written

_NUMBERS = ("commission.earned", "credit.share", "account.open_deals", "account.won_deals")
_DAYS = ("credit.since", "account.last_credited_on")
_TAKEN: Mapping[str, tuple[FieldKind, ...]] = {
    "a number": ("number", "text"),
    "a date": ("date", "datetime", "text"),
    "a record's id": ("lookup", "text"),
    "a text": ("text", "choice"),
}


@dataclass(frozen=True, slots=True)
class Misfit:
    """What does not fit; ``below`` is the setting of the rule that it concerns, ``stops`` whether nothing can be written."""

    message: str
    hint: str = ""
    below: Where = ("value",)
    stops: bool = True


def misfits(target: Written, field: FieldSchema) -> Iterator[Misfit]:
    """Every reason why this CRM field cannot hold what the rule writes."""
    noun = _noun(target.value)
    if field.kind not in _TAKEN[noun]:
        yield Misfit(f"{target.value} is {noun}, and {target.field} is a {field.kind}", f"it needs {_wanted(noun)}")
    elif field.kind == "lookup" and field.refers_to and not {"Account", "companies"} & set(field.refers_to):
        refers = " or ".join(field.refers_to)
        yield Misfit(f"{target.field} refers to {refers}, and partners are accounts", "use a lookup to accounts")
    elif field.kind == "choice" and (field.restricted or field.choices):
        yield from _choices(target, field)


def _noun(value: str) -> str:
    if value in _NUMBERS:
        return "a number"
    if value in _DAYS:
        return "a date"
    return "a record's id" if value == "partner.crm_id" else "a text"


def _wanted(noun: str) -> str:
    return " or ".join(f"a {kind}" for kind in _TAKEN[noun])


def _choices(target: Written, field: FieldSchema) -> Iterator[Misfit]:
    active = [choice.value for choice in field.choices if choice.active]
    known = {"credit.role": _roles(target), "partner.type": get_args(PartnerType)}.get(target.value)
    if known is None:
        message = f"{target.field} is a choice of {len(active)} values; {target.value} must always be one of them"
        yield Misfit(message, "a text field takes any value", stops=False)
        return
    for ours in known:
        theirs = target.rule.values.get(ours, ours)
        if theirs not in active:
            near = get_close_matches(theirs, active, n=1)
            hint = (
                f"did you mean {near[0]!r}?" if near else f"add it to the field, or map {ours} to {', '.join(active)}"
            )
            below: Where = ("values", ours) if ours in target.rule.values else ("value",)
            yield Misfit(f"{target.field} has no value {theirs!r}, which is written for {ours}", hint, below)


def _roles(target: Written) -> tuple[str, ...]:
    """The roles that the field can come to show."""
    if target.rule.role is not None:
        return (target.rule.role,)
    return tuple(role for role in ROLES if role in ("sourced", "influenced"))
