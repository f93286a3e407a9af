"""``partnersync statement``: adds up, regenerates byte for byte, and runs nothing in a spreadsheet."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path

import pytest

from partnersync.money import Money
from service.statements import COLUMNS, safe
from tests.service.lived import FORMULA, Lived, Run


def test_opening_and_every_line_make_the_closing_to_the_cent(lived: Lived, ask: Run) -> None:
    partner = lived.grown.key.partner
    lines = lived.ledger(partner=partner)
    periods = sorted({line.posted_period for line in lines})
    assert len(periods) > 1, "the world must hold more than one period to carry over"

    carried = Decimal(0)
    for period in periods:
        (told,) = ask("statement", partner, "--period", period, "--format", "json").json["statements"]
        moved = sum((Decimal(section["total"]) for section in told["sections"].values()), Decimal(0))
        rows = [Decimal(line["amount"]) for section in told["sections"].values() for line in section["lines"]]
        assert Decimal(told["opening"]) == carried
        assert sum(rows, Decimal(0)) == moved
        carried += moved
        assert Decimal(told["closing"]) == carried

    assert carried == Money(sum(line.minor for line in lines), lines[0].key.currency).amount


def test_the_default_is_the_newest_period_with_lines(lived: Lived, ask: Run) -> None:
    partner = lived.grown.key.partner
    newest = max(line.posted_period for line in lived.ledger(partner=partner))

    assert ask("statement", partner, "--format", "json").json["period"]["label"] == newest


def test_a_raised_amount_is_an_adjustment_beside_what_was_earned(lived: Lived, ask: Run) -> None:
    grown = lived.grown
    (told,) = ask("statement", grown.key.partner, "--period", grown.posted_period, "--format", "json").json[
        "statements"
    ]

    earned, adjusted = (
        [
            Decimal(line["amount"])
            for line in told["sections"][name]["lines"]
            if line["record"] == grown.key.opportunity.id
        ]
        for name in ("earned", "adjustments")
    )

    assert earned == [Money(grown.minor, grown.key.currency).amount]
    assert len(adjusted) == 1
    assert adjusted[0] > 0


def test_a_statement_is_the_same_bytes_after_a_deal_was_renamed(lived: Lived, ask: Run) -> None:
    line = lived.renamed
    period = ["--period", line.posted_period]
    first, again = (ask("statement", line.key.partner, *period, "--format", "csv") for _ in range(2))

    assert first.out == again.out
    rows = [row for row in csv.DictReader(io.StringIO(first.out)) if row["record"] == line.key.opportunity.id]
    assert [row["deal"] for row in rows] == [lived.renamed_from]


def test_the_csv_holds_numbers_as_numbers_under_the_promised_columns(lived: Lived, ask: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(ask("statement", lived.grown.key.partner, "--format", "csv").out)))

    assert tuple(rows[0]) == COLUMNS
    assert [rows[0]["section"], rows[-1]["section"]] == ["opening", "closing"]
    amounts = [Decimal(row["amount"]) for row in rows]
    assert sum(amounts[:-1]) == amounts[-1]


@pytest.mark.parametrize("text", [FORMULA, "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx"])
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert safe(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Acme", "Acme = Best", "3M", "'quoted"])
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert safe(text) == text


def test_the_table_fits_80_columns_and_names_the_partner(lived: Lived, ask: Run) -> None:
    answer = ask("statement", lived.grown.key.partner)

    assert answer.code == 0
    assert max(map(len, answer.out.splitlines())) <= 80
    assert lived.grown.key.partner not in answer.out.splitlines()[0], "a name stands there, not an id"
    assert "Closing" in answer.out


def test_a_partner_is_found_by_its_name(lived: Lived, ask: Run) -> None:
    by_id = ask("statement", lived.grown.key.partner).out
    name = by_id.splitlines()[0].removeprefix("Statement of ").rpartition(",")[0]

    assert ask("statement", name).out == by_id


def test_a_misspelt_partner_is_an_error_that_says_who_was_meant(lived: Lived, ask: Run) -> None:
    partner = lived.grown.key.partner

    answer = ask("statement", partner[:-2] + partner[-1] + partner[-2])

    assert answer.code == 2
    assert f"did you mean {partner}" in answer.err
    assert not answer.out


def test_a_period_that_the_calendar_does_not_know_is_an_error_with_an_example(lived: Lived, ask: Run) -> None:
    answer = ask("statement", lived.grown.key.partner, "--period", "Q3")

    assert answer.code == 2
    assert "FY20" in answer.err


def test_a_period_before_everything_is_empty_and_names_those_that_are_not(lived: Lived, ask: Run) -> None:
    answer = ask("statement", lived.grown.key.partner, "--period", "FY2020-Q1")

    assert answer.code == 0
    assert "Nothing was posted" in answer.out
    assert lived.grown.posted_period in answer.out


def test_out_writes_the_very_bytes_that_would_be_printed(lived: Lived, ask: Run, tmp_path: Path) -> None:
    printed = ask("statement", lived.grown.key.partner, "--format", "csv").out
    answer = ask("statement", lived.grown.key.partner, "--format", "csv", "--out", str(tmp_path / "s.csv"))

    assert answer.code == 0
    assert (tmp_path / "s.csv").read_bytes().decode() == printed


def test_a_folder_that_is_not_there_is_an_error_of_one_line(lived: Lived, ask: Run, tmp_path: Path) -> None:
    answer = ask("statement", lived.grown.key.partner, "--out", str(tmp_path / "no" / "s.csv"))

    assert answer.code == 1
    assert answer.err.count("\n") == 1
    assert "no such file or directory" in answer.err
