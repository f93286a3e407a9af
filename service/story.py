"""Why an opportunity is credited and paid as it is: everything that is stored of it, put together for one reader.

Nothing is decided here. Credits and findings are those that the last run stored; what is owed is computed from the stored
entries as settlement does, and only where the rules are still those that made them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from partnersync.credits import Credit, Evidence, Finding
from partnersync.errors import StateError
from partnersync.facts import Opportunity, RawDossier, RawVersion
from partnersync.ids import Ref
from partnersync.lines import Key, Line, Owed
from partnersync.money import Money
from partnersync.records import Unreadable
from reconcile.explain import Step, explain
from service.naming import Names
from service.overview import record
from service.shop import Shop
from service.steps.rules import Rules
from service.steps.settle import Moved, add, settle_pool
from state.credits import Credits
from state.dossiers import Dossiers
from state.ledger import Ledger
from state.lookups import Lookups
from state.pools import Pools


@dataclass(frozen=True, slots=True)
class Fact:
    """One record that was looked at; ``used`` says that a credit rests on it, ``hash`` names the very state of it."""

    kind: str
    record: str
    stamp: datetime
    author: str
    used: bool
    hash: str
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Posted:
    """A ledger line, by its number in this story, and how it came about."""

    number: int
    line: Line
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """One ledger key: what is owed now (None: not known), what is posted, and every line; ``steps`` where there is none."""

    key: Key
    owed: Money | None
    posted: Money
    waits: Money | None
    lines: tuple[Posted, ...]
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """All of it. ``stale`` says why what is stored is not what the next run would decide."""

    ref: Ref
    deal: Opportunity | None
    unreadable: str
    raw: RawDossier
    stale: str
    facts: tuple[Fact, ...]
    credits: tuple[Credit, ...]
    findings: tuple[Finding, ...]
    accounts: tuple[Account, ...]
    moved: Moved = field(default_factory=Moved)

    @property
    def aside(self) -> tuple[Evidence, ...]:
        """Evidence that was set aside."""
        return tuple(proof for credit in self.credits for proof in credit.evidence if proof.late)


def tell(shop: Shop, rules: Rules, names: Names, ref: Ref) -> Story:
    """Everything stored of an opportunity.

    Raises:
        StateError: nothing of it is stored any more, or a newer version of partnersync wrote it.
    """
    raw = next(iter(Dossiers(shop.database).stream([ref], rules.as_of)), None)
    if raw is None:
        raise StateError(f"nothing of {record(ref)} is stored: run `partnersync pull`")
    deleted = raw.history[-1].record.life == "deleted"
    fact = shop.reader.fact("opportunity", raw.history[-1].record) if not deleted else None
    stale = _stale(shop, rules, ref)
    facts = tuple(_facts(raw, names))
    names.learn({each.hash: f"{each.record} as of {each.stamp:%Y-%m-%d %H:%M}" for each in facts})
    moved = Moved()
    return Story(
        ref=ref,
        deal=fact if isinstance(fact, Opportunity) else None,
        unreadable=fact.reason if isinstance(fact, Unreadable) else "deleted in its CRM" if deleted else "",
        raw=raw,
        stale=stale,
        facts=facts,
        credits=raw.credits,
        findings=tuple(Credits(shop.database).findings(ref)),
        accounts=tuple(_accounts(shop, rules, names, ref, stale, moved)),
        moved=moved,
    )


def _stale(shop: Shop, rules: Rules, ref: Ref) -> str:
    decided = Lookups(shop.database).decided(ref)
    if decided is None:
        return "It was not decided yet: run `partnersync plan`."
    if decided[0] != rules.version:
        return (
            "The config, the roster or the rates changed since this was decided. Below is what was decided then; "
            "`partnersync plan` decides anew."
        )
    return ""


def _facts(raw: RawDossier, names: Names) -> Iterator[Fact]:
    used = {proof.fact for credit in raw.credits for proof in credit.evidence if not proof.late}
    kinds: dict[str, tuple[RawVersion, ...]] = {
        "account": raw.accounts,
        "registration": raw.registrations,
        "touchpoint": raw.touchpoints,
        "override": raw.overrides,
    }
    for version in raw.history:
        yield _fact("opportunity", version, used, names)
    for kind, versions in kinds.items():
        for version in versions:
            yield _fact(kind, version, used, names)


def _fact(kind: str, version: RawVersion, used: set[str], names: Names) -> Fact:
    ref, told = version.record.ref, version.record
    author = names.person(ref.crm, ref.org, told.author)
    return Fact(kind, record(ref), told.stamp, author, version.hash in used, version.hash, told.life == "deleted")


def _accounts(shop: Shop, rules: Rules, names: Names, ref: Ref, stale: str, moved: Moved) -> Iterator[Account]:
    lines: dict[Key, list[Line]] = {}
    for line in Ledger(shop.database).lines(opportunity=ref):
        lines.setdefault(line.key, []).append(line)
    owed: dict[Key, Owed] = {}
    known = rules.plans is not None and not stale
    for pool in Pools(shop.database).of(ref) if known else ():
        settled = settle_pool(rules, pool)
        owed |= {each.key: each for each in settled.owed if each.key.opportunity == ref}
        for line in settled.lines:
            add(moved, line)
    number = 0
    for key in sorted(lines.keys() | owed.keys()):
        held = lines.get(key, [])
        posted = Money(sum(line.minor for line in held), key.currency)
        now = Money(owed[key].minor, key.currency) if key in owed else None
        told = tuple(Posted(number + at, line, _explained(line, names)) for at, line in enumerate(held, start=1))
        number += len(held)
        steps = _explained(owed[key], names) if key in owed and not held else ()
        waits = now - posted if now is not None and now != posted else None
        yield Account(key, now, posted, waits, told, steps)


def _explained(subject: Line | Owed, names: Names) -> tuple[Step, ...]:
    try:
        return explain(subject, names)
    except ValueError as error:
        raise StateError(str(error)) from error


def as_json(story: Story, names: Names) -> Mapping[str, Any]:
    """The story for machines."""
    deal = story.deal
    return {
        "opportunity": str(story.ref),
        "record": record(story.ref),
        "name": deal.name if deal else None,
        "unreadable": story.unreadable or None,
        "stale": story.stale or None,
        "deal": deal,
        "facts": story.facts,
        "credits": [
            {
                "role": credit.role,
                "partner": credit.partner,
                "partner_name": names(credit.partner),
                "share": credit.share,
                "amount": credit.amount.amount if credit.amount else None,
                "currency": credit.amount.currency if credit.amount else None,
                "rule": credit.rule,
                "program": credit.program,
                "evidence": credit.evidence,
            }
            for credit in story.credits
        ],
        "findings": story.findings,
        "ledger": [
            {
                "key": account.key,
                "owed": account.owed.amount if account.owed else None,
                "posted": account.posted.amount,
                "waits": account.waits.amount if account.waits else None,
                "steps": account.steps,
                "lines": [
                    {
                        "number": posted.number,
                        "kind": posted.line.kind,
                        "amount": Money(posted.line.minor, account.key.currency).amount,
                        "currency": account.key.currency,
                        "posted_period": posted.line.posted_period,
                        "posted_at": posted.line.stamp,
                        "actor": posted.line.actor,
                        "caused_by": posted.line.caused_by,
                        "steps": posted.steps,
                        "explanation": dict(posted.line.explanation),
                    }
                    for posted in account.lines
                ],
            }
            for account in story.accounts
        ],
    }
