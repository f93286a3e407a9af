"""The CSV files hold the programme's evidence, well formed and the same to the byte each time."""

import csv
import io
import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from sandbox.generator import generate, write_csv
from sandbox.generator.files import texts

TODAY = date(2026, 11, 21)
NAMES = {"partners.csv", "tiers.csv", "registrations.csv", "touchpoints.csv", "targets.csv", "rates.csv"}


@pytest.fixture(scope="module")
def tables() -> dict[str, list[dict[str, str]]]:
    found = texts(generate(1, "small", TODAY))
    return {name: list(csv.DictReader(io.StringIO(text), strict=True)) for name, text in found.items()}


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    one = write_csv(generate(9, "small", TODAY), tmp_path / "one")
    two = write_csv(generate(9, "small", TODAY), tmp_path / "two")

    assert {p.name for p in one} == NAMES
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in two]
    assert all(b"\r" not in p.read_bytes() for p in one)


def test_every_row_has_every_column(tables: dict[str, list[dict[str, str]]]) -> None:
    for name, rows in tables.items():
        assert rows, name
        for row in rows:
            assert None not in row, name
            assert None not in row.values(), name


def test_rows_name_partners_of_the_roster(tables: dict[str, list[dict[str, str]]]) -> None:
    roster = [row["id"] for row in tables["partners.csv"]]

    assert len(roster) == len(set(roster))
    assert all(re.fullmatch(r"[a-z][a-z0-9-]*", slug) for slug in roster)
    for name in NAMES - {"partners.csv", "rates.csv"}:
        assert {row["partner"] for row in tables[name]} <= set(roster), name


def test_ids_are_unique(tables: dict[str, list[dict[str, str]]]) -> None:
    for name in ("registrations.csv", "touchpoints.csv"):
        ids = [row["id"] for row in tables[name]]
        assert len(ids) == len(set(ids)), name


def test_cells_are_dates_instants_and_decimal_text(tables: dict[str, list[dict[str, str]]]) -> None:
    for row in tables["rates.csv"]:
        assert date.fromisoformat(row["date"]) <= TODAY
        assert re.fullmatch(r"\d+\.\d+", row["rate"])
    for row in tables["touchpoints.csv"]:
        for column in ("occurred_at", "recorded_at"):
            assert row[column].endswith("Z")
            assert datetime.fromisoformat(row[column]).utcoffset() is not None
        assert Decimal(row["weight"]) > 0
    for row in tables["tiers.csv"]:
        assert row["to"] == "" or date.fromisoformat(row["from"]) < date.fromisoformat(row["to"])
    for row in tables["targets.csv"]:
        assert Decimal(row["amount"]) > 0


def test_lists_are_joined_by_semicolons(tables: dict[str, list[dict[str, str]]]) -> None:
    assert any(";" in row["domains"] for row in tables["partners.csv"])
    assert all(len(row["aliases"].split(";")) == 3 for row in tables["partners.csv"])


def test_registrations_are_in_every_state_of_their_life(tables: dict[str, list[dict[str, str]]]) -> None:
    states = {row["status"] for row in tables["registrations.csv"]}

    assert {"draft", "submitted", "rejected", "approved", "won", "lost", "expired"} <= states
    for row in tables["registrations.csv"]:
        decided = row["status"] in ("approved", "won", "lost", "expired", "revoked")
        assert bool(row["approved_at"]) == decided
        assert bool(row["submitted_at"]) == (row["status"] != "draft")
