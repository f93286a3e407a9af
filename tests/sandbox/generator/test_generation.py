"""A programme is a pure function of seed, size and day, and holds what a real one would."""

from collections import Counter, defaultdict
from dataclasses import fields
from datetime import date, timedelta
from decimal import Decimal

import pytest

from sandbox.generator import PRESETS, Programme, Size, generate
from sandbox.generator.mess import UNMAPPED_STAGE, is_reopened
from sandbox.generator.programme import CRMS, Account, Opportunity, Registration, Touchpoint
from sandbox.generator.season import Season
from sandbox.generator.words import PARTNER_TYPES

TODAY = date(2026, 11, 21)
SEEDS = (1, 2, 7, 99, 123456)
WORLDS = [(seed, size) for seed in SEEDS for size in ("small", "150/60/9")] + [(3, "medium")]
MESS = {
    "account_missing",
    "amount_missing",
    "amount_negative",
    "amount_zero",
    "close_date_future",
    "close_date_missing",
    "currency_missing",
    "customer_in_both",
    "domain_free_mail",
    "domain_missing",
    "domain_twice",
    "mirrored",
    "owner_inactive",
    "partner_alias",
    "partner_in_both",
    "partner_is_customer",
    "partner_misspelt",
    "partner_twice",
    "partner_unknown",
    "partner_wrong",
    "past_due",
    "registration_conflict",
    "registration_expired",
    "reopened",
    "stage_unmapped",
    "stamps_tied",
    "touch_recorded_late",
}


@pytest.fixture(scope="module")
def small() -> Programme:
    return generate(1, "small", TODAY)


def deals_by_id(programme: Programme) -> dict[str, Opportunity]:
    return {deal.id: deal for deal in programme.opportunities}


def accounts_by_id(programme: Programme) -> dict[str, Account]:
    return {account.id: account for account in programme.accounts}


def test_the_same_seed_size_and_day_give_the_same_programme() -> None:
    assert generate(5, "small", TODAY) == generate(5, "small", TODAY)


def test_another_seed_gives_other_customers_and_deals(small: Programme) -> None:
    other = generate(2, "small", TODAY)

    assert {a.domain for a in other.accounts} != {a.domain for a in small.accounts}
    assert [d.amount for d in other.opportunities] != [d.amount for d in small.opportunities]


@pytest.mark.parametrize("name", ["tiny", "small", "medium"])
def test_a_size_is_met_exactly_in_each_crm(name: str) -> None:
    size = PRESETS[name]

    programme = generate(11, name, TODAY)

    for crm in CRMS:
        assert sum(a.crm == crm for a in programme.accounts) == size.accounts
        assert sum(d.crm == crm for d in programme.opportunities) == size.opportunities
        assert sum(u.crm == crm for u in programme.users) == size.users
    assert len(programme.partners) == size.partners


def test_a_tiny_world_holds_about_fifty_records() -> None:
    programme = generate(1, "tiny", TODAY)

    records = (programme.users, programme.accounts, programme.opportunities, programme.tasks)
    assert 45 <= sum(map(len, records)) <= 55


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("300", (300, 120, 7)), ("300/90", (300, 90, 7)), ("300/90/20", (300, 90, 20)), ("small", (150, 80, 12))],
)
def test_a_size_is_a_name_or_numbers(text: str, numbers: tuple[int, int, int]) -> None:
    size = Size.parse(text)

    assert (size.opportunities, size.accounts, size.partners) == numbers


@pytest.mark.parametrize("text", ["huge", "", "10/", "1/2/3/4", "-5", "0", "10/5/3", "10/5/4"])
def test_what_is_no_size_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(ValueError, match="size") as caught:
        Size.parse(text)

    assert text in str(caught.value)


@pytest.mark.parametrize(("seed", "size"), WORLDS)
def test_every_kind_of_mess_is_in_every_world_from_small_on(seed: int, size: str) -> None:
    programme = generate(seed, size, TODAY)

    assert programme.size.small_or_more
    assert MESS - set(programme.mess) == set()


@pytest.mark.parametrize(("seed", "size"), [(1, "small"), (8, "medium")])
def test_labels_tell_the_truth_about_accounts_and_deals(seed: int, size: str) -> None:
    programme = generate(seed, size, TODAY)
    deals, accounts = deals_by_id(programme), accounts_by_id(programme)
    partners = {p.id: p for p in programme.partners}

    def labelled(kind: str) -> list[Opportunity]:
        return [deals[m.id] for m in programme.mess[kind]]

    assert all(d.outcome == "won" and d.amount is None for d in labelled("amount_missing"))
    assert all(d.outcome == "won" and d.amount == 0 for d in labelled("amount_zero"))
    assert all(d.amount is not None and d.amount < 0 for d in labelled("amount_negative"))
    assert all(d.closes_on is None and d.crm == "hubspot" for d in labelled("close_date_missing"))
    assert all(d.outcome == "won" and (d.closes_on or TODAY) > TODAY for d in labelled("close_date_future"))
    assert all(d.currency is None and d.crm == "hubspot" for d in labelled("currency_missing"))
    assert all(d.account is None for d in labelled("account_missing"))
    assert all(d.stage == UNMAPPED_STAGE[d.crm] for d in labelled("stage_unmapped"))
    assert all(is_reopened(d) for d in labelled("reopened"))
    assert all(d.outcome == "open" and (d.closes_on or TODAY) < TODAY for d in labelled("past_due"))
    assert all(accounts[d.account or ""].partner == d.partner for d in labelled("partner_is_customer"))
    assert all(d.partner_typed in partners[d.partner or ""].aliases for d in labelled("partner_alias"))
    known = {spelling for p in partners.values() for spelling in (p.name, *p.aliases)}
    assert all(d.partner_typed not in known for d in labelled("partner_misspelt") + labelled("partner_unknown"))
    assert all(
        d.partner_typed in {p.name for p in partners.values()} - {partners[d.partner or ""].name}
        for d in labelled("partner_wrong")
    )
    for mess in programme.mess["mirrored"]:
        mirror, original = deals[mess.id], deals[mess.note]
        assert (mirror.crm, original.crm, original.twin) == ("hubspot", "salesforce", mirror.id)
        assert (mirror.amount, mirror.currency, mirror.closes_on) == (
            original.amount,
            original.currency,
            original.closes_on,
        )
    for mess in programme.mess["domain_twice"] + programme.mess["partner_twice"]:
        again, first = accounts[mess.id], accounts[mess.note]
        assert again.id != first.id
        assert (again.crm, again.domain) == (first.crm, first.domain)
        assert again.name != first.name


def test_nothing_unlabelled_is_missing_or_out_of_range(small: Programme) -> None:
    labelled = {m.id for found in small.mess.values() for m in found}
    clean = [d for d in small.opportunities if d.id not in labelled]

    assert len(clean) > 150
    for deal in clean:
        assert deal.amount is not None
        assert deal.amount > 0
        assert deal.currency is not None
        assert deal.account is not None
        assert deal.closes_on is not None
        assert (deal.closes_on < TODAY) == (deal.outcome != "open")


@pytest.mark.parametrize(("seed", "size"), [(1, "tiny"), (1, "small"), (4, "medium")])
def test_every_reference_leads_somewhere_in_the_same_crm(seed: int, size: str) -> None:
    programme = generate(seed, size, TODAY)
    users = {u.id: u.crm for u in programme.users}
    accounts = {a.id: a.crm for a in programme.accounts}
    deals = {d.id: d.crm for d in programme.opportunities}
    partners = {p.id for p in programme.partners}

    assert all(u.manager is None or users[u.manager] == u.crm for u in programme.users)
    for account in programme.accounts:
        assert users[account.owner] == account.crm
        assert account.parent is None or accounts[account.parent] == account.crm
        assert account.twin is None or accounts[account.twin] != account.crm
    for deal in programme.opportunities:
        assert users[deal.owner] == deal.crm
        assert deal.account is None or accounts[deal.account] == deal.crm
        assert deal.partner is None or deal.partner in partners
    evidence: list[Registration | Touchpoint] = [*programme.registrations, *programme.touchpoints]
    for row in evidence:
        assert row.partner in partners
        assert accounts[row.account] == row.crm
        assert row.opportunity is None or deals[row.opportunity] == row.crm
    for partner in programme.partners:
        assert partner.salesforce_id is None or accounts[partner.salesforce_id] == "salesforce"
        assert partner.hubspot_id is None or accounts[partner.hubspot_id] == "hubspot"
        assert partner.merged_into is None or partner.merged_into in partners


def test_ids_are_unique_and_ascend_with_creation(small: Programme) -> None:
    for records in (small.users, small.accounts, small.opportunities, small.tasks):
        for crm in CRMS:
            own = [r for r in records if r.crm == crm]
            assert [r.id for r in own] == sorted({r.id for r in own}, key=lambda i: (len(i), i))
    for crm in CRMS:
        born = [d.created_at for d in small.opportunities if d.crm == crm]
        assert born == sorted(born)


def test_time_never_runs_backwards_and_stops_before_today() -> None:
    programme = generate(4, "medium", TODAY)
    end = Season(TODAY).midnight

    for deal in programme.opportunities:
        stamps = [entry.at for entry in deal.history]
        assert stamps == sorted(set(stamps))
        assert deal.created_at == stamps[0]
        assert stamps[-1] <= deal.modified_at < end
        assert deal.stage == deal.history[-1].stage
    for account in programme.accounts:
        assert account.created_at <= account.modified_at < end
    for touch in programme.touchpoints:
        assert touch.occurred_at <= touch.recorded_at < end
    for claim in programme.registrations:
        assert claim.submitted_at is None or claim.submitted_at < end
        assert claim.approved_at is None or (claim.submitted_at or end) < claim.approved_at < end


def test_tiers_of_a_partner_are_end_to_end() -> None:
    for partner in generate(4, "medium", TODAY).partners:
        spans = partner.tiers

        assert spans[0].from_on == partner.joined_on
        assert [s.to_on for s in spans[:-1]] == [s.from_on for s in spans[1:]]
        assert spans[-1].to_on == partner.ended_on
        assert all(s.to_on is None or s.from_on < s.to_on for s in spans)


def test_partners_are_of_every_type_and_most_have_an_account_in_each_crm(small: Programme) -> None:
    both = [p for p in small.partners if p.salesforce_id and p.hubspot_id]

    assert {p.type for p in small.partners} == set(PARTNER_TYPES)
    assert {p.status for p in small.partners} == {"active", "terminated", "merged"}
    assert len(small.partners) / 2 < len(both) < len(small.partners)
    assert all(p.salesforce_id or p.hubspot_id for p in small.partners)


def test_customers_known_to_both_crms_share_a_domain_and_are_spelt_differently() -> None:
    programme = generate(4, "medium", TODAY)
    accounts = accounts_by_id(programme)
    pairs = [(a, accounts[a.twin]) for a in programme.accounts if a.crm == "hubspot" and a.twin]

    assert all(a.domain == twin.domain for a, twin in pairs)
    assert sum(a.name != twin.name for a, twin in pairs) > len(pairs) * 0.8


def test_deals_come_in_every_outcome_type_and_currency_of_their_crm() -> None:
    programme = generate(4, "medium", TODAY)
    found = {name: Counter(getattr(d, name) for d in programme.opportunities) for name in ("outcome", "type")}
    currencies = defaultdict(set)
    for deal in programme.opportunities:
        currencies[deal.crm].add(deal.currency)

    assert set(found["outcome"]) == {"open", "won", "lost"}
    assert set(found["type"]) == {"New", "Expansion", "Renewal"}
    assert currencies["salesforce"] == {"USD", "EUR", "GBP", "JPY"}
    assert currencies["hubspot"] == {"USD", "EUR", "GBP", "JPY", "KWD", None}


def test_amounts_hold_the_decimals_of_their_currency_and_many_are_not_round() -> None:
    minor = {"USD": 2, "EUR": 2, "GBP": 2, "JPY": 0, "KWD": 3}
    deals = [d for d in generate(4, "medium", TODAY).opportunities if d.currency and d.amount is not None]

    assert {(d.currency, -int(d.amount.as_tuple().exponent)) for d in deals if d.amount is not None} == set(
        minor.items()
    )
    assert sum(d.amount % 1 != 0 for d in deals if d.amount is not None) > len(deals) / 4


def test_closings_crowd_the_ends_of_quarters() -> None:
    closed = [d.closes_on for d in generate(4, "medium", TODAY).opportunities if d.outcome == "won" and d.closes_on]

    last_week = sum((day + timedelta(days=7)).month % 3 == 1 and day.month % 3 == 0 for day in closed)
    assert last_week > len(closed) * 0.2  # an even spread would put one in thirteen there


def test_a_rate_no_older_than_a_week_exists_for_every_day_and_currency(small: Programme) -> None:
    published = defaultdict(set)
    for rate in small.rates:
        assert rate.quote == "USD"
        assert Decimal(0) < rate.rate
        published[rate.base].add(rate.on)

    assert set(published) == {"EUR", "GBP", "JPY", "KWD"}
    for days in published.values():
        for n in range(731):
            day = TODAY - timedelta(days=n)
            assert any(day - timedelta(days=back) in days for back in range(7))


def test_a_person_never_bears_another_ones_seat(small: Programme) -> None:
    for crm in CRMS:
        emails = [u.email for u in small.users if u.crm == crm]
        assert len(emails) == len(set(emails))
        assert any(not u.active for u in small.users if u.crm == crm)


def test_values_are_frozen(small: Programme) -> None:
    first = small.opportunities[0]

    with pytest.raises(AttributeError):
        setattr(first, fields(first)[0].name, "hubspot")
