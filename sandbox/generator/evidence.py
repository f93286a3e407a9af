"""What proves a partner's part: registrations from a portal and touchpoints from three sources, as files would hold them.

A partner deal is registered (new business mostly), touched, typed in by the rep, or all three, and some are proven by
nothing at all. Beside the deals stand claims that came to nothing: drafts, rejected ones, those of a second partner.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from sandbox.generator.mess import Labels
from sandbox.generator.programme import Account, Mess, Opportunity, Partner, Registration, Touchpoint
from sandbox.generator.season import Season
from sandbox.generator.words import PRODUCTS, TOUCH_SOURCES, TOUCH_TYPES

WINDOW_DAYS: Final = 90
_LOOSE: Final = (
    ("draft", ""),
    ("submitted", ""),
    ("under_review", ""),
    ("needs_info", "account not identified"),
    ("rejected", "existing_customer"),
    ("rejected", "conflict_direct"),
    ("withdrawn", "partner withdrew"),
    ("approved", ""),
    ("revoked", "no activity"),
)


@dataclass(slots=True)
class _Claims:
    """The registrations made so far: `taken` holds the accounts with a protecting one, until when and for whom."""

    season: Season
    labels: Labels
    rows: list[Registration] = field(default_factory=list)
    taken: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    granted: int = 0

    def add(
        self,
        partner: Partner,
        status: str,
        account: Account,
        deal: Opportunity | None,
        submitted: datetime | None,
        approved: datetime | None,
        product: str,
        reason: str = "",
    ) -> Registration:
        row = Registration(
            id=f"REG-{len(self.rows) + 1:06d}",
            partner=partner.id,
            status=status,
            crm=account.crm,
            account=account.id,
            account_name=account.name,
            account_domain=account.domain,
            opportunity=deal.id if deal else None,
            submitted_at=submitted,
            approved_at=approved,
            product=product,
            region=account.region,
            reason=reason,
        )
        self.rows.append(row)
        return row


def registrations(
    rng: Random,
    deals: Sequence[Opportunity],
    accounts: Sequence[Account],
    partners: Sequence[Partner],
    season: Season,
    labels: Labels,
) -> tuple[Registration, ...]:
    """Claims on half of the partner deals, and one loose claim for twelve accounts."""
    by_account, by_partner = {a.id: a for a in accounts}, {p.id: p for p in partners}
    claims = _Claims(season, labels)
    for deal in deals:
        if deal.partner is None or deal.account is None or rng.random() > (0.65 if deal.type == "New" else 0.4):
            continue
        _register(rng, claims, deal, by_account[deal.account], by_partner[deal.partner], partners)
    active = [p for p in partners if p.status == "active"]
    customers = [a for a in accounts if a.kind == "customer"]
    for n, account in enumerate(customers[:: max(1, min(12, len(customers) // 3))]):
        status, reason = _LOOSE[n % len(_LOOSE)]
        partner = active[int(rng.random() * len(active))]
        first = max(season.start, partner.joined_on, account.created_at.date())
        submitted = season.instant(rng, season.day(rng, first), account.created_at)
        approved = season.instant(rng, submitted.date() + timedelta(days=2), submitted)
        claims.add(
            partner,
            status,
            account,
            None,
            None if status == "draft" else submitted,
            approved if status in ("approved", "revoked") else None,
            PRODUCTS[n % len(PRODUCTS)],
            reason,
        )
    return tuple(claims.rows)


def _register(
    rng: Random,
    claims: _Claims,
    deal: Opportunity,
    account: Account,
    partner: Partner,
    partners: Sequence[Partner],
) -> None:
    season = claims.season
    day = max(partner.joined_on, deal.created_at.date() - timedelta(days=int(rng.random() * 25)))
    submitted = season.instant(rng, day)
    protected = claims.taken.get(account.id)
    if protected and protected[1] != partner.id and submitted < protected[0]:
        row = claims.add(partner, "rejected", account, deal, submitted, None, PRODUCTS[0], "conflict_partner")
        claims.labels.note(Mess("registration_conflict", deal.crm, "registration", row.id, protected[1]))
        return
    approved = season.instant(rng, submitted.date() + timedelta(days=1 + int(rng.random() * 6)), submitted)
    end = approved + timedelta(days=WINDOW_DAYS + 1)
    closed: date = deal.history[-1].at.date() if deal.outcome != "open" else season.today
    expired = closed > end.date()
    status = "expired" if expired else {"open": "approved", "won": "won", "lost": "lost"}[deal.outcome]
    product = next((p for p in PRODUCTS if p in deal.name), PRODUCTS[0])
    named = deal if rng.random() < 0.75 else None
    row = claims.add(partner, status, account, named, submitted, approved, product)
    claims.taken[account.id] = (end, partner.id)
    if expired:
        claims.labels.note(Mess("registration_expired", deal.crm, "registration", row.id, deal.id))
    claims.granted += 1
    if claims.granted % 12 == 3:
        later = season.instant(rng, submitted.date() + timedelta(days=2), submitted)
        rivals = [p for p in partners if p.status == "active" and p.joined_on <= later.date() and p.id != partner.id]
        row = claims.add(rng.choice(rivals), "rejected", account, named, later, None, product, "conflict_partner")
        claims.labels.note(Mess("registration_conflict", deal.crm, "registration", row.id, partner.id))


def touchpoints(
    rng: Random, deals: Sequence[Opportunity], partners: Sequence[Partner], season: Season, labels: Labels
) -> tuple[Touchpoint, ...]:
    """One to six touches on seven in ten partner deals, a second partner's among them, some recorded after the win."""
    active = [p for p in partners if p.status == "active"]
    rows: list[Touchpoint] = []
    on_won = 0
    for deal in deals:
        luck = rng.random()
        if deal.account is None or luck > (0.7 if deal.partner else 0.03):
            continue
        last = deal.history[-1].at if deal.outcome != "open" else season.midnight
        first = deal.created_at - timedelta(days=60)
        span = max(1, int((last - first).total_seconds()) - 1)
        for n in range(1 + int(6 * rng.random() ** 1.4)):
            other = deal.partner is None or (n > 0 and rng.random() < 0.2)
            partner = active[int(rng.random() * len(active))].id if other else deal.partner
            assert partner is not None
            occurred = first + timedelta(seconds=int(rng.random() * span))
            on_won += deal.outcome == "won"
            late = deal.outcome == "won" and on_won % 30 == 3
            recorded = occurred + timedelta(seconds=int(rng.random() * 180_000))
            if late:
                recorded = max(recorded, last + timedelta(days=1 + int(rng.random() * 9)))
            row = Touchpoint(
                id=f"TP-{len(rows) + 1:07d}",
                partner=partner,
                crm=deal.crm,
                account=deal.account,
                opportunity=deal.id if rng.random() < 0.7 else None,
                type=TOUCH_TYPES[int(rng.random() * len(TOUCH_TYPES))],
                occurred_at=occurred,
                recorded_at=min(recorded, season.midnight - timedelta(seconds=1)),
                source=TOUCH_SOURCES[int(rng.random() * len(TOUCH_SOURCES))],
                weight=Decimal((5, 10, 10, 10, 15, 20)[int(rng.random() * 6)]).scaleb(-1),
            )
            rows.append(row)
            if late and row.recorded_at > last:
                labels.note(Mess("touch_recorded_late", deal.crm, "touchpoint", row.id, deal.id))
    return tuple(rows)
