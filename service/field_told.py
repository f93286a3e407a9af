"""Why a field of a CRM record says what it says: what we want there, what we sent, what stands there, and who put it.

Judged by the same merge that plans, with values compared as text and numbers, because no CRM is asked for its schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

import typer

from partnersync.facts import Account, RawVersion
from partnersync.ids import Ref
from partnersync.wording import near
from reconcile.writeback.config import FieldRule
from reconcile.writeback.desired import Desired, Unknown, account_value, opportunity_value
from reconcile.writeback.merge import Field, Noted, Verdict, verdict
from service.naming import Names
from service.overview import record
from service.shop import Shop
from service.steps.cells import NONE_KNOWN, base_of
from service.steps.plan import Planner
from service.steps.rules import Rules
from service.steps.writer import text_of
from service.story import Story
from state.holds import Holds
from state.lookups import Lookups
from state.standings import Standings, StoredCell


@dataclass(frozen=True, slots=True)
class Told:
    """One field. ``editor`` and ``edited_at`` are of the first state seen with the present value that is not ours."""

    record: str
    field: str
    value: str
    policy: str
    desired: str | None
    known: bool
    why: str
    sent: str | None
    sent_at: datetime | None
    current: str | None
    hidden: bool
    editor: str
    edited_at: datetime | None
    verdict: Verdict
    held: str = ""

    @property
    def sentence(self) -> str:
        """What the next plan does about it."""
        if not self.known:
            return f"is left alone: {self.why}"
        if self.hidden:
            return "is left alone: the CRM does not show it to us"
        match self.verdict:
            case "write":
                return f"writes {self.desired}"
            case "clear":
                return "clears it"
            case "adopt":
                return "does nothing but remember that it is right already"
            case "override":
                return "notes the edit and leaves it, because the policy is crm_wins"
            case "review":
                return "asks a person, because the policy is review"
            case "hold":
                return "holds our value back, because another system writes the field too"
            case "nothing" if normal(self.current) == normal(self.desired):
                return "does nothing: it says what it should"
            case "nothing" if self.held:
                return f"does nothing: our value is held back, {self.held}"
            case "nothing":
                return "does nothing: a person's edit was noted and stays"


def tell(shop: Shop, rules: Rules, names: Names, story: Story, name: str) -> Told:
    """One field of the opportunity, or of its account.

    Raises:
        typer.BadParameter: the config writes no such field there.
    """
    connection = shop.connection_of(story.ref.crm, story.ref.org) or ""
    section = shop.settings.writeback.get(connection)
    kinds: dict[str, Mapping[str, FieldRule]] = {}
    if section is not None:
        kinds = {"opportunity": dict(section.opportunity), "account": dict(section.account)}
    for kind, held in kinds.items():
        for field, rule in held.items():
            if field.lower() == name.lower():
                return (
                    _opportunity(shop, rules, names, story, field, rule)
                    if kind == "opportunity"
                    else _account(shop, rules, names, story, field, rule)
                )
    written = [field for held in kinds.values() for field in held]
    close = near(name, written)
    meant = f"; did you mean {close}?" if close else f"; there is {', '.join(written)}" if written else ""
    raise typer.BadParameter(f"the config writes no field {name!r} on {record(story.ref)}{meant}", param_hint="--field")


def _opportunity(shop: Shop, rules: Rules, names: Names, story: Story, field: str, rule: FieldRule) -> Told:
    id_ = Lookups(shop.database).id_of(story.ref)
    deal = Standings(shop.database).deals([id_] if id_ is not None else []).get(id_ or 0)
    standing = Planner(shop, rules, story.moved).standing(deal) if deal else None
    desired = Desired(Unknown(), story.unreadable or "the record could not be read")
    if standing is not None:
        wanted = opportunity_value(rule, standing, rules.book, rules.book.timezone, story.ref.crm)  # type: ignore[arg-type]
        desired = wanted
    return _told(shop, names, story.ref, field, rule, desired, story.raw.history)


def _account(shop: Shop, rules: Rules, names: Names, story: Story, field: str, rule: FieldRule) -> Told:
    account = story.deal.account if story.deal else None
    found = Lookups(shop.database).version(account) if account else None
    fact = shop.reader.fact("account", found[1].record) if found else None
    if account is None or found is None or not isinstance(fact, Account):
        raise typer.BadParameter(f"{record(story.ref)} has no account that can be read", param_hint="--field")
    store = Standings(shop.database)
    id_ = Lookups(shop.database).id_of(account) or 0
    planner = Planner(shop, rules, story.moved)
    held = (planner.standing(deal) for deal in store.deals(store.deals_of([id_])[id_]).values())
    standings = [each for each in held if each is not None]
    desired = account_value(rule, fact, standings, rules.book, rules.book.timezone, account.crm)  # type: ignore[arg-type]
    return _told(shop, names, account, field, rule, desired, Lookups(shop.database).history(account))


def _told(
    shop: Shop, names: Names, ref: Ref, field: str, rule: FieldRule, desired: Desired, history: Sequence[RawVersion]
) -> Told:
    cell = Standings(shop.database).cells([ref]).get((ref, field), NONE_KNOWN)
    current, hidden = _current(history[-1], field, cell)
    base = base_of(history[-1], cell)
    known = not isinstance(desired.value, Unknown)
    wanted = None if isinstance(desired.value, Unknown) else desired.value
    hold = next((each for each in Holds(shop.database).all() if (each.ref, each.field) == (ref, field)), None)
    held = hold is not None and known and normal(hold.value) == normal(wanted)
    judged = Field(
        base, current, wanted, rule.policy, rule.first_sync == "overwrite",
        Noted(*cell.noted) if cell.noted else None, hidden, held=held,
    )  # fmt: skip
    ours = {normal(value) for value in (base.sent, base.read_back, *base.since)} if base else {None}
    edit = _edit(history, field, current) if not hidden and normal(current) not in ours else None
    return Told(
        record=record(ref),
        field=field,
        value=str(getattr(rule, "value", "")),
        policy=rule.policy,
        desired=wanted,
        known=known,
        why=desired.why,
        sent=cell.sent,
        sent_at=cell.written_at,
        current=current,
        hidden=hidden,
        editor=names.person(ref.crm, ref.org, edit.record.author) if edit else "",
        edited_at=edit.record.stamp if edit else None,
        verdict=verdict(judged, normal) if known else "nothing",
        held=hold.reason if hold and held else "",
    )


def _current(newest: RawVersion, field: str, cell: StoredCell) -> tuple[str | None, bool]:
    """What the CRM says, by whichever look at it was the last: the newest pull or our own read-back."""
    if newest.record.life == "deleted":
        return None, True
    if cell.written_at is not None and newest.seen_at <= cell.written_at:
        return cell.read_back, False
    return text_of(newest.record.values.get(field)), field not in newest.record.values


def _edit(history: Iterable[RawVersion], field: str, current: str | None) -> RawVersion | None:
    """The state that first carried the present value, of the last states that all carry it."""
    first: RawVersion | None = None
    for version in history:
        same = text_of(version.record.values.get(field)) == current
        first = (first or version) if same else None
    return first


def normal(value: str | None) -> str | None:
    """A value as it is compared offline: 4000.0 is 4000."""
    if value is None or value == "":
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return value
    return f"{number.normalize():f}" if number.is_finite() else value
