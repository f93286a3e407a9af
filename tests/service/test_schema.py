"""The JSON Schema says of a file what the loader says: editors complete and underline by it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from partnersync.source import parse_source
from service.commands import schema as command
from service.commands.init import example
from service.commands.schema import schema
from tests.service.mutations import entries, made, misspelt
from tests.service.test_config_mutations import may_be_called_anything

TEXT = example()


class Yaml12(yaml.SafeLoader):
    """Scalars as an editor's YAML 1.2 core schema reads them."""


Yaml12.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$", "-+.0123456789"),
):
    Yaml12.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


def read(text: str) -> Any:
    return yaml.load(text, Yaml12)


@pytest.fixture(scope="module")
def plain() -> Draft202012Validator:
    told = schema()
    Draft202012Validator.check_schema(told)
    return Draft202012Validator(told)


@pytest.fixture(scope="module")
def own() -> Draft202012Validator:
    return Draft202012Validator(schema(parse_source(TEXT, "example")))


def test_the_example_is_valid(plain: Draft202012Validator, own: Draft202012Validator) -> None:
    assert [error.message for error in plain.iter_errors(read(TEXT))] == []
    assert [error.message for error in own.iter_errors(read(TEXT))] == []


def test_the_demo_is_valid(plain: Draft202012Validator) -> None:
    home = Path(str(command.__file__)).parent.parent
    text = (home / "templates" / "demo.yaml").read_text(encoding="utf-8")
    text = text.replace("@SALESFORCE@", "http://127.0.0.1:1").replace("@HUBSPOT@", "http://127.0.0.1:1")

    assert [error.message for error in plain.iter_errors(read(text))] == []


def test_every_misspelt_key_is_refused(plain: Draft202012Validator) -> None:
    silent = []
    for entry in entries(TEXT):
        names_a_connection = len(entry.path) == 2 and entry.path[0] in ("connections", "writeback")
        names_a_field = entry.path[0] == "writeback" and len(entry.path) == 4 and entry.path[2] != "tasks"
        maps_a_value = "values" in entry.path[:-1]
        if may_be_called_anything(entry) or names_a_connection or names_a_field or maps_a_value:
            continue
        mutated, _ = made(TEXT, [misspelt(entry)])
        if entry.path[-2:-1] == ("when",) and entry.key.split(".")[0] in ("opportunity", "account", "partner"):
            continue  # might be a field of one's own: only the schema of the file knows (the next test)
        if plain.is_valid(read(mutated)):
            silent.append(entry.path)

    assert silent == []


def test_with_the_file_its_own_fields_connections_and_programmes_are_the_choices(own: Draft202012Validator) -> None:
    def valid(old: str, new: str) -> bool:
        assert old in TEXT
        return own.is_valid(read(TEXT.replace(old, new, 1)))

    when = "opportunity.type: [new, expansion]"
    assert valid(when, "opportunity.segment: enterprise")
    assert not valid(when, "opportunity.segmnt: enterprise")
    assert not valid(when, "any: [{opportunity.segmnt: enterprise}]")
    assert not valid("from: hubspot.deals", "from: hubspott.deals")
    assert not valid("system_of_record: salesforce", "system_of_record: salesfroce")
    assert valid("      title: Reseller 2026", "      program: channel")
    assert not valid("      title: Reseller 2026", "      program: chanel")
    assert not valid("writeback:\n  salesforce:", "writeback:\n  salesfroce:")


def test_values_in_another_unit_are_refused(plain: Draft202012Validator) -> None:
    for old, new in (
        ("keep_for_people: 20%", "keep_for_people: 20"),
        ("every: 15m", "every: 15"),
        ("starts_on: 2025-02-01", "starts_on: 1/2/2025"),
        ("max_changes: 500", "max_changes: many"),
        ("version: 1", "version: 2"),
        ("${env:HUBSPOT_TOKEN}", "hunter2"),
    ):
        assert old in TEXT
        assert not plain.is_valid(read(TEXT.replace(old, new, 1))), new


def test_the_command_prints_it_small_enough_for_an_editor(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(command.command)
    file = tmp_path / "partnersync.yaml"
    file.write_text(TEXT, encoding="utf-8")

    bare = CliRunner().invoke(app, [])
    with_file = CliRunner().invoke(app, ["--config", str(file)])

    assert json.loads(bare.stdout) == schema()
    assert "opportunity.segment" in json.loads(with_file.stdout)["$defs"]["When"]["properties"]
    assert len(bare.stdout) < 200_000
