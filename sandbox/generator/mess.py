"""The mess of real CRMs, made on purpose and labelled.

A clean world is spoilt record by record: each kind picks its victims among those it can happen to and that nothing
else has happened to yet, about one in a hundred and at least one, so that a test can say "the deal without an amount"
and find it in every world of size small or more. In a tiny world at most a third of the deals is spoilt.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from sandbox.generator.names import misspelt
from sandbox.generator.programme import CRMS, Account, Crm, Mess, Opportunity, Partner, StageEntry, User
from sandbox.generator.words import FREE_MAIL, WRONG_PARTNERS

UNMAPPED_STAGE: Final[dict[Crm, str]] = {"salesforce": "Paused - Legal", "hubspot": "pausedlegal"}
EVERY: Final = 100
# What a rep writes into the partner field, deal after deal: mostly right, some shorthand, some slips, some nonsense.
_TYPED: Final = (
    "misspelt",
    "alias",
    "unknown",
    "name",
    "wrong",
    "name",
    "alias",
    "name",
    "alias",
    "name",
    "alias",
    "name",
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One way of spoiling a deal: to whom it can happen, and what is left of the deal afterwards."""

    name: str
    object: str
    can_happen: Callable[[Opportunity], bool]
    spoil: Callable[[Random, Opportunity, date], Opportunity]


def _won(deal: Opportunity) -> bool:
    return deal.outcome == "won"


def _won_in_hubspot(deal: Opportunity) -> bool:
    return deal.outcome == "won" and deal.crm == "hubspot"


def _open(deal: Opportunity) -> bool:
    return deal.outcome == "open"


def _in_hubspot(deal: Opportunity) -> bool:
    return deal.crm == "hubspot" and deal.partner is None


def _credit_note(rng: Random, deal: Opportunity, today: date) -> Opportunity:
    amount = -((deal.amount or Decimal(0)) / (2 + rng.randrange(4))).quantize(deal.amount or Decimal(1))
    return replace(deal, amount=amount, name=f"Credit: {deal.name}")


def _paused(rng: Random, deal: Opportunity, today: date) -> Opportunity:
    stage = UNMAPPED_STAGE[deal.crm]
    history = (*deal.history[:-1], StageEntry(stage, deal.history[-1].at))
    return replace(deal, stage=stage, probability=50, history=history)


DEAL_KINDS: Final = (
    Kind("amount_missing", "opportunity", _won, lambda rng, d, today: replace(d, amount=None)),
    Kind(
        "amount_zero",
        "opportunity",
        _won,
        lambda rng, d, today: replace(d, amount=(d.amount or Decimal(0)) * 0),
    ),
    Kind("amount_negative", "opportunity", _won, _credit_note),
    Kind("close_date_missing", "opportunity", _won_in_hubspot, lambda rng, d, today: replace(d, closes_on=None)),
    Kind(
        "close_date_future",
        "opportunity",
        _won,
        lambda rng, d, today: replace(d, closes_on=today + timedelta(days=20 + rng.randrange(60))),
    ),
    Kind("currency_missing", "opportunity", _in_hubspot, lambda rng, d, today: replace(d, currency=None)),
    Kind("account_missing", "opportunity", _in_hubspot, lambda rng, d, today: replace(d, account=None)),
    Kind("stage_unmapped", "opportunity", _open, _paused),
)


class Labels:
    """Collects labels by kind, in the order in which they were made."""

    def __init__(self) -> None:
        self._found: dict[str, list[Mess]] = {}

    def add(self, kind: str, record: Account | Opportunity, note: str = "") -> None:
        name = "account" if isinstance(record, Account) else "opportunity"
        self.note(Mess(kind, record.crm, name, record.id, note))

    def note(self, mess: Mess) -> None:
        self._found.setdefault(mess.kind, []).append(mess)

    def all(self) -> Mapping[str, tuple[Mess, ...]]:
        return {kind: tuple(found) for kind, found in sorted(self._found.items())}


def spoil_accounts(
    rng: Random, accounts: Sequence[Account], partners: Sequence[Partner], labels: Labels
) -> list[Account]:
    """Accounts with free-mail, missing and doubled domains, and partners entered twice under two spellings."""
    spoilt = list(accounts)
    by_id = {p.id: p for p in partners}
    for crm in CRMS:
        customers = [i for i, a in enumerate(spoilt) if a.crm == crm and a.kind == "customer" and not a.twin]
        partner_accounts = [a for a in spoilt if a.crm == crm and a.kind == "partner"]
        rng.shuffle(customers)
        for _ in range(min(len(customers) // 8, max(1, len(customers) // EVERY))):
            mail = rng.choice(FREE_MAIL)
            free, bare, again, twice = (customers.pop() for _ in range(4))
            spoilt[free] = replace(spoilt[free], domain=mail, website=mail)
            labels.add("domain_free_mail", spoilt[free], mail)
            spoilt[bare] = replace(spoilt[bare], domain="", website="")
            labels.add("domain_missing", spoilt[bare])
            first = spoilt[customers[rng.randrange(len(customers))]]
            spoilt[again] = replace(
                spoilt[again], name=f"{first.name} {first.region}", domain=first.domain, website=first.website
            )
            labels.add("domain_twice", spoilt[again], first.id)
            original = rng.choice(partner_accounts)
            assert original.partner is not None
            spoilt[twice] = replace(
                original,
                id=spoilt[twice].id,
                name=misspelt(by_id[original.partner].name, rng),
                created_at=spoilt[twice].created_at,
                modified_at=spoilt[twice].modified_at,
                twin=None,
            )
            labels.add("partner_twice", spoilt[twice], original.id)
    return spoilt


def spoil_deals(
    rng: Random,
    deals: Sequence[Opportunity],
    accounts: Sequence[Account],
    partners: Sequence[Partner],
    today: date,
    labels: Labels,
) -> list[Opportunity]:
    """Deals with every kind of `DEAL_KINDS`, sold to partners themselves, and with what reps typed as partner."""
    spoilt = list(deals)
    # Mirrors and reopened deals are cases of their own and stay clean.
    clean = [i for i, d in enumerate(spoilt) if not d.twin and not is_reopened(d)]
    rng.shuffle(clean)
    left = len(deals) // 3
    for kind in DEAL_KINDS:
        victims = [i for i in clean if kind.can_happen(spoilt[i])][: min(left, max(1, len(clean) // EVERY))]
        for i in victims:
            spoilt[i] = kind.spoil(rng, spoilt[i], today)
            labels.add(kind.name, spoilt[i])
        left -= len(victims)
        clean = _without(clean, victims)
    victims = clean[: min(left, max(1, len(clean) // EVERY))]
    own = {crm: [a for a in accounts if a.crm == crm and a.partner] for crm in CRMS}
    for i in victims:
        account = rng.choice(own[spoilt[i].crm])
        name = f"{account.name} - internal use"
        spoilt[i] = replace(spoilt[i], account=account.id, partner=account.partner, name=name)
        labels.add("partner_is_customer", spoilt[i], account.partner or "")
    return _typed(rng, spoilt, partners, labels)


def _typed(rng: Random, deals: Sequence[Opportunity], partners: Sequence[Partner], labels: Labels) -> list[Opportunity]:
    """Fill the partner field that reps type into, on six in ten partner deals and on a few that are nobody's."""
    by_id = {p.id: p for p in partners}
    written: list[Opportunity] = []
    turn = 0
    for deal in deals:
        luck = rng.random()
        if deal.partner is None:
            if luck < 0.02:
                text = WRONG_PARTNERS[int(luck * 1e6) % len(WRONG_PARTNERS)]
                deal = replace(deal, partner_typed=text)
                labels.add("partner_unknown", deal, text)
        elif luck < 0.6:
            truth, how = by_id[deal.partner], _TYPED[turn % len(_TYPED)]
            turn += 1
            match how:
                case "name":
                    text = truth.name
                case "alias":
                    text = truth.aliases[turn % len(truth.aliases)]
                case "misspelt":
                    text = misspelt(truth.name, rng)
                case "unknown":
                    text = rng.choice(WRONG_PARTNERS)
                case _:
                    text = rng.choice([p for p in partners if p.id != truth.id]).name
            role = (None, None, "Sourced", "Influenced")[int(luck * 1e6) % 4]
            deal = replace(deal, partner_typed=text, partner_role=role)
            if how != "name":
                labels.add(f"partner_{how}", deal, text)
        written.append(deal)
    return written


def label_facts(
    accounts: Iterable[Account],
    deals: Iterable[Opportunity],
    users: Iterable[User],
    today: date,
    labels: Labels,
) -> None:
    """Label what arose by itself: gone owners, mirrors, reopened and past-due deals, tied stamps, shared customers."""
    gone = {u.id for u in users if not u.active}
    seen: dict[tuple[Crm, object], Account] = {}
    for account in accounts:
        if account.twin and account.crm == "hubspot":
            labels.add("customer_in_both" if account.kind == "customer" else "partner_in_both", account, account.twin)
        first = seen.setdefault((account.crm, account.created_at), account)
        if first is not account:
            labels.add("stamps_tied", account, first.id)
    for deal in deals:
        if deal.owner in gone:
            labels.add("owner_inactive", deal, deal.owner)
        if is_reopened(deal):
            labels.add("reopened", deal)
        if deal.twin and deal.crm == "hubspot":
            labels.add("mirrored", deal, deal.twin)
        if deal.outcome == "open" and deal.closes_on is not None and deal.closes_on < today:
            labels.add("past_due", deal)


def is_reopened(deal: Opportunity) -> bool:
    """Whether the deal was closed and left that stage again."""
    closed = {"Closed Won", "Closed Lost", "closedwon", "closedlost"}
    return any(entry.stage in closed for entry in deal.history[:-1])


def _without(indices: list[int], taken: Sequence[int]) -> list[int]:
    gone = set(taken)
    return [i for i in indices if i not in gone]
