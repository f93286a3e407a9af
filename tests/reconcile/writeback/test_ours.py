"""What a restored workspace claims as written by us: what came since the backup, can be ours, and is no person's evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mapping.book import Book
from partnersync.facts import Dossier, Partner
from partnersync.ids import Ref
from reconcile.writeback.config import AccountFieldRule, OpportunityFieldRule
from reconcile.writeback.ours import Look, Restored, claim, is_evidence, is_news, may_be_ours, would_write
from tests.mapping.conftest import Office

OFFICE = Office()
DEAL, ACCOUNT = OFFICE.DEAL, OFFICE.ACCOUNT
NOW = OFFICE.utc("2026-04-01T12:00")
NAME = OpportunityFieldRule(value="partner.name")
GLOBEX, ACME, EMPTY, HIDDEN = Look("Globex GmbH"), Look("Acme Computing Inc"), Look(None), Look(None, hidden=True)


@pytest.fixture(scope="module")
def book() -> Book:
    return OFFICE.book()


def field(now: Look = GLOBEX, **more: Any) -> Restored:
    """The field that names a deal's partner, which the backup saw empty unless told otherwise."""
    return Restored(**{"ref": DEAL, "field": "Partner__c", "rule": NAME, "now": now, "before": EMPTY, **more})


def wrote(now: Look, *known: Look, **more: Any) -> Restored:
    """A field where the backup knows of a write of ours."""
    return field(now, written=True, known=tuple(each.value for each in known), **more)


@pytest.mark.parametrize(
    ("found", "news"),
    [
        pytest.param(field(GLOBEX), True, id="filled since"),
        pytest.param(field(GLOBEX, before=ACME), True, id="changed since"),
        pytest.param(wrote(GLOBEX, ACME, before=ACME), True, id="changed since we wrote"),
        pytest.param(wrote(EMPTY, ACME, before=ACME), True, id="cleared since we wrote"),
        pytest.param(field(GLOBEX, before=GLOBEX), False, id="says what it said"),
        pytest.param(wrote(GLOBEX, ACME, before=GLOBEX), False, id="says what a person put over our value before"),
        pytest.param(wrote(GLOBEX, ACME, GLOBEX), False, id="says what we wrote and the journal knows"),
        pytest.param(field(GLOBEX, known=("Globex GmbH",)), False, id="says what we sent and may have landed late"),
        pytest.param(field(EMPTY, before=ACME), False, id="cleared, and never ours"),
        pytest.param(wrote(HIDDEN, ACME, before=ACME), False, id="hidden now"),
        pytest.param(field(GLOBEX, before=HIDDEN), False, id="hidden then, and never ours"),
        pytest.param(wrote(GLOBEX, ACME, before=HIDDEN), True, id="hidden then, and ours"),
        pytest.param(wrote(EMPTY, ACME, before=HIDDEN), True, id="hidden then, ours, and cleared"),
        pytest.param(field(GLOBEX, before=None), True, id="a record first seen since"),
        pytest.param(field(EMPTY, before=None), False, id="a record first seen since, with nothing there"),
        pytest.param(
            wrote(GLOBEX, ACME, before=None), True, id="a record that we wrote to and whose versions are erased"
        ),
    ],
)
def test_what_came_since_the_backup_is_news(found: Restored, news: bool) -> None:
    assert is_news(found) is news


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(field(GLOBEX), "on proof", id="a partner in the field that reps fill in too"),
        pytest.param(field(GLOBEX, by_us=True), "sure", id="the source says that it was us"),
        pytest.param(wrote(EMPTY, ACME, before=ACME), "sure", id="nothing is nobody's evidence"),
        pytest.param(field(GLOBEX, field="Sold_With__c"), "sure", id="a field that is no evidence"),
        pytest.param(field(Look("Ask Robin first"), by_us=True), "none", id="what no rule of ours can have written"),
        pytest.param(field(GLOBEX, before=GLOBEX, by_us=True), "none", id="no news"),
        pytest.param(field(GLOBEX, before=None, by_us=True), "sure", id="in a record first seen since"),
        pytest.param(
            field(GLOBEX, before=None), "on proof", id="in a record first seen since, changed by who knows whom"
        ),
    ],
)
def test_news_that_can_be_ours_is_claimed_and_evidence_only_on_proof(
    book: Book, found: Restored, expected: str
) -> None:
    assert claim(found, book) == expected


@pytest.mark.parametrize(
    ("what", "value", "possible"),
    [
        ("partner.name", "Acme", True),
        ("partner.name", "Ask Robin first", False),
        ("partner.id", "acme", True),
        ("partner.id", "Acme", False),
        ("partner.type", "Wiederverkäufer", True),
        ("partner.type", "reseller", False),
        ("partner.manager", "dana@acme.com", True),
        ("partner.manager", "robin@acme.com", False),
        ("partner.crm_id", "001Dn00000Abc12", True),
        ("partner.crm_id", "001Dn00000Abc12IAB", True),
        ("partner.crm_id", "001Dn00000Abc13IAB", False),
        ("partner.crm_id", "77-acme", False),
        ("credit.role", "sourced", True),
        ("credit.role", "Decider", False),
        ("commission.earned", "12.50", True),
        ("credit.since", "2026-03-01", True),
        ("partner.name", None, True),
    ],
)
def test_after_a_restore_a_value_is_ours_only_if_the_rule_can_have_written_it(
    what: str, value: str | None, possible: bool
) -> None:
    ids = {"salesforce": "001Dn00000Abc12", "hubspot": "77-acme"}
    partner = Partner("acme", "Acme", "reseller", crm_ids=ids, manager="dana@acme.com")
    rule = OpportunityFieldRule(value=what, values={"reseller": "Wiederverkäufer"})  # type: ignore[arg-type]

    assert may_be_ours(rule, value, [partner], "salesforce") is possible


@pytest.mark.parametrize(
    ("ref", "name", "evidence"),
    [
        (DEAL, "Partner__c", True),
        (DEAL, "Segment__c", True),
        (DEAL, "Type", False),
        (DEAL, "partner_field", False),
        (ACCOUNT, "Partner__c", False),
        (Ref("hubspot", "77", "deals", "1"), "Partner__c", False),
    ],
)
def test_evidence_is_what_the_partner_field_or_a_field_that_a_rule_names_says_in_this_crm(
    ref: Ref, name: str, evidence: bool
) -> None:
    by_segment = "    - {id: by-segment, rule: segment, use: field, field: segment}\n"
    book = OFFICE.book(("  influenced:\n", by_segment + "  influenced:\n"))

    assert is_evidence(ref, name, book) is evidence


def test_the_partner_field_is_evidence_even_where_no_rule_names_it() -> None:
    rule = "    - {id: rep-field, rule: partner field set by the rep, use: field, field: partner_field}\n"

    assert is_evidence(DEAL, "Partner__c", OFFICE.book((rule, "")))


def dossier(*registered: str, says: str = "Globex GmbH") -> Dossier:
    """A deal whose partner field says something, with registrations of these partners."""
    return OFFICE.dossier(
        OFFICE.deal(partner_field=says), registrations=[OFFICE.registration(each) for each in registered]
    )


@pytest.mark.parametrize(
    ("known", "now", "same"),
    [
        pytest.param(dossier("globex"), GLOBEX, True, id="registered: we would write it"),
        pytest.param(dossier("globex", says="GLOBEX  GMBH"), Look("globex GmbH"), True, id="in other capitals"),
        pytest.param(dossier("acme"), GLOBEX, False, id="another partner's deal"),
        pytest.param(dossier(), GLOBEX, False, id="nothing but the field itself says so"),
        pytest.param(dossier(says=" "), Look(" "), False, id="blanks, and nothing that we would write"),
    ],
)
def test_proof_is_that_we_would_write_the_very_same_if_it_were_no_evidence(
    book: Book, known: Dossier, now: Look, same: bool
) -> None:
    assert would_write(field(now), known, book, NOW) is same


def test_a_deleted_deal_and_a_field_of_an_account_prove_nothing(book: Book) -> None:
    deleted = OFFICE.dossier(history=[*dossier("globex").history, OFFICE.version(None)])
    of_account = replace(field(), rule=AccountFieldRule(value="partner.name"))

    assert not would_write(field(), deleted, book, NOW)
    assert not would_write(of_account, dossier("globex"), book, NOW)
