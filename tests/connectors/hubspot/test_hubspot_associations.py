"""A deal's company is known: from the deal itself, or from its associations in every form they come in."""

from __future__ import annotations

import pytest

from tests.connectors.contract import Mirror
from tests.connectors.hubspot.deals import load, pull


def test_a_deals_company_comes_with_the_deal_and_costs_no_call(portal) -> None:  # type: ignore[no-untyped-def]
    company = portal.create("companies", {"name": "Acme"})
    ids = load(portal, 2)
    portal.server.world.hubspot.associate_many("deals", "companies", [(ids[0], company)])
    mirror = Mirror()

    pull(portal.connect(), mirror, ("hs_primary_associated_company",))

    assert str(mirror.value("deals", ids[0], "hs_primary_associated_company")) == company
    assert mirror.value("deals", ids[1], "hs_primary_associated_company") is None
    assert portal.server.world.counters.total("hubspot", "associations*") == 0


def test_associations_stand_in_where_the_portal_has_no_such_property(portal) -> None:  # type: ignore[no-untyped-def]
    companies = [portal.create("companies", {"name": name}) for name in ("Acme", "Globex", "Initech")]
    ids = load(portal, 3)
    pairs = [(ids[0], companies[0]), (ids[0], companies[1]), (ids[1], companies[2])]
    portal.server.world.hubspot.associate_many("deals", "companies", pairs)
    portal.set(association_page_size=1)
    portal.withdraw("0-3", "hs_primary_associated_company")
    mirror = Mirror()

    pull(portal.connect(), mirror, ("dealname", "hs_primary_associated_company"))

    assert [mirror.value("deals", id_, "hs_primary_associated_company") for id_ in ids] == [
        companies[0],
        companies[2],
        None,
    ]


@pytest.mark.parametrize("answer", ["error", "missing"])
@pytest.mark.parametrize("kind", ["int", "string"])
def test_associations_are_read_in_every_form_they_come_in(portal, answer: str, kind: str) -> None:  # type: ignore[no-untyped-def]
    company = portal.create("companies", {"name": "Acme"})
    ids = load(portal, 2)
    portal.server.world.hubspot.associate_many("deals", "companies", [(ids[1], company)])
    portal.set(association_none=answer, association_ids=kind)
    portal.withdraw("0-3", "hs_primary_associated_company")
    mirror = Mirror()

    pull(portal.connect(), mirror, ("hs_primary_associated_company",))

    assert [mirror.value("deals", id_, "hs_primary_associated_company") for id_ in ids] == [None, company]
