"""A process that lives on from run to run, as ``serve`` does, goes by what is true now and not by what it compiled before."""

from __future__ import annotations

import pytest

from service.steps.rules import Rules, rules_of_the_day
from state.erase import erase
from tests.faults.model.steps import Play

pytestmark = pytest.mark.fault


def test_rules_are_compiled_anew_where_the_roster_the_rates_or_a_person_changed_and_not_else(play: Play) -> None:
    folder = play.ground.folder
    with play.ground.opened() as shop:

        def rules() -> Rules:
            play.ground.move(61)
            assert play.ground.cycle("hot", shop=shop).error is None
            return rules_of_the_day(shop, shop.clock.now())

        first, again = rules(), rules()
        assert again.book is first.book
        assert again.as_of > first.as_of

        partners = folder / "partners.csv"
        partners.write_text(
            partners.read_text("utf-8")
            + "initech,Initech,referral,active,initech.com,USD,kim@initech.com,,,,2024-01-01,,,\n",
            "utf-8",
        )
        joined = rules()
        assert "initech" in joined.book.partners
        assert joined.version != first.version

        rates = folder / "rates.csv"
        rates.write_text(rates.read_text("utf-8").replace("1.08", "1.09"), "utf-8")
        dearer = rules()
        assert dearer.rates is not joined.rates
        assert dearer.version != joined.version

        assert dearer.book.partners["initech"].manager == "kim@initech.com"
        erase(shop.database, "kim@initech.com", "dana")
        assert rules_of_the_day(shop, shop.clock.now()).book.partners["initech"].manager != "kim@initech.com"
