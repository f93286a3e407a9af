"""A person's decision: it comes before every rule, from its day on, for the partners that it names."""

from __future__ import annotations

from typing import Any


def test_a_decision_comes_before_every_rule_and_leaves_the_rest_unassigned(office: Any) -> None:
    decisions = [
        office.override({"acme": "1"}, decided="2026-04-01"),
        office.override({"Globex": "0.6"}, decided="2026-04-03"),
    ]

    found = office.attribute(office.dossier(registrations=[office.registration()], overrides=decisions))

    assert office.told(found) == {"globex": "60.00", "unassigned": "40.00"}
    credit = found.credits[0]
    assert (credit.rule, credit.evidence[0].author, credit.evidence[0].note) == (
        "override", "dana", "decided by dana on 2026-04-03: agreed",
    )  # fmt: skip


def test_a_decision_for_nobody_takes_the_credit_away(office: Any) -> None:
    found = office.attribute(office.dossier(registrations=[office.registration()], overrides=[office.override({})]))

    assert office.told(found) == {"unassigned": "100.00"}
    assert found.credits[0].rule == "override"


def test_a_decision_of_a_later_day_waits_for_it(office: Any) -> None:
    dossier = office.dossier(
        registrations=[office.registration()], overrides=[office.override({"globex": "1"}, decided="2026-06-01")]
    )

    assert office.told(office.attribute(dossier)) == {"acme": "100.00"}
    assert office.attribute(dossier).good_until == office.utc("2026-06-01T07:00")
    assert office.told(office.attribute(dossier, as_of="2026-06-01T07:00")) == {"globex": "100.00"}


def test_a_decision_that_names_nobody_we_know_decides_nothing(office: Any) -> None:
    found = office.attribute(
        office.dossier(registrations=[office.registration()], overrides=[office.override({"Who": "1"})])
    )

    assert office.told(found) == {"acme": "100.00"}
    assert "override_partner_unknown" in {finding.code for finding in found.findings}
