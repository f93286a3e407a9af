"""Whatever stands in a config file, the answer is a message with its place and the next step, never a traceback."""

from __future__ import annotations

import random
import resource
import time
from pathlib import Path

import pytest

from partnersync.errors import ConfigError, Problem
from partnersync.secrecy import secret_kind
from service.commands.init import command as init
from service.commands.init import example
from service.settings import load

TEXT = example()
TOKEN = "pat-na1-0a1b2c3d-1111-2222-3333-444455556666"
SECRETS = {
    "a HubSpot token": TOKEN,
    "a Salesforce session id": "00D5g000004ABCD!AQEAQPg9abcdefghijklmnop.qrstuvwx",
    "a signed token": "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhY21lIn0.c2lnbmF0dXJl",
    "a private key": "-----BEGIN RSA PRIVATE KEY-----",
    "a password in an address": "postgresql+psycopg://sync:hunter2@db.acme.com/sync",
}


def problems(text: str, tmp_path: Path) -> tuple[Problem, ...]:
    file = tmp_path / "partnersync.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file)
    return caught.value.problems


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


@pytest.mark.parametrize("kind", SECRETS)
@pytest.mark.parametrize("setting", ["workspace: acme", "title: Channel programme", "url: sqlite:///partnersync.db"])
def test_a_secret_anywhere_is_refused_on_its_line_and_never_repeated(kind: str, setting: str, tmp_path: Path) -> None:
    assert setting in TEXT
    key = setting.partition(":")[0]

    found = problems(TEXT.replace(setting, f'{key}: "{SECRETS[kind]}"'), tmp_path)

    assert [(problem.line, problem.message) for problem in found] == [
        (line_of(TEXT, setting), f"{kind} stands in this file")
    ]
    assert "${env:NAME}" in found[0].hint
    assert all(SECRETS[kind] not in str(problem) for problem in found)


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("workspace: acme", f"workspace: acme  # was {TOKEN}"),
        TEXT.replace("title: Channel programme", f"{TOKEN}: Channel programme"),
        TEXT.replace("title: Channel programme", f"title: [{TOKEN}]"),
    ],
)
def test_a_secret_in_a_comment_a_key_or_a_list_is_refused_too(text: str, tmp_path: Path) -> None:
    found = problems(text, tmp_path)

    assert line_of(text, TOKEN) in {problem.line for problem in found}
    assert all(TOKEN not in str(problem) for problem in found)


@pytest.mark.parametrize("name", ["client_secret: ${env:SF_CLIENT_SECRET}", "token: ${env:HUBSPOT_TOKEN}"])
def test_a_secret_setting_takes_a_reference_only(name: str, tmp_path: Path) -> None:
    (found,) = problems(TEXT.replace(name, name.partition(":")[0] + ": correct-horse"), tmp_path)

    assert found.line == line_of(TEXT, name)
    assert "must not stand in this file" in found.message
    assert "correct-horse" not in str(found)


def test_words_that_only_resemble_secrets_are_no_secrets() -> None:
    for text in ("pat-smith-consulting", "00D", "eyes-only", "${env:HUBSPOT_TOKEN}", "https://acme.my.salesforce.com"):
        assert secret_kind(text) is None, text


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://acme.my.salesforce.com.evil.example", "is not a host of this CRM"),
        ("http://acme.my.salesforce.com", "plain http would send the credential in the open"),
        ("ftp://acme.my.salesforce.com", "expected an address"),
        ("acme", "expected an address"),
        ("[]", "expected text, found a list"),
    ],
)
def test_a_host_that_is_not_the_crms_is_refused(url: str, told: str, tmp_path: Path) -> None:
    (found,) = problems(TEXT.replace("https://acme.my.salesforce.com", url), tmp_path)

    assert found.line == line_of(TEXT, "https://acme.my.salesforce.com")
    assert told in found.message


def test_a_file_of_fifty_megabytes_is_refused_at_once_and_without_taking_memory(tmp_path: Path) -> None:
    file = tmp_path / "huge.yaml"
    with file.open("wb") as out:
        out.truncate(50_000_000)
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()

    with pytest.raises(ConfigError, match=r"larger than 5 MB.*is this the right file"):
        load(file)

    assert time.process_time() - started < 0.5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # KB


def test_a_small_file_that_holds_too_much_is_refused_before_it_is_built(tmp_path: Path) -> None:
    (found,) = problems("a: [" + "1," * 1_000_000 + "]\n", tmp_path)

    assert "values" in found.message


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_a_path_that_cannot_be_read_says_so(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / name)


def test_init_writes_a_config_that_loads_and_overwrites_none(tmp_path: Path) -> None:
    file = tmp_path / "partnersync.yaml"
    init(file)

    assert load(file).settings.workspace == "acme"
    with pytest.raises(ConfigError, match="is there already"):
        init(file)
    with pytest.raises(ConfigError, match="cannot be written"):
        init(tmp_path / "no" / "such" / "folder.yaml")


@pytest.mark.parametrize("part", range(2))
def test_damaged_files_are_told_or_loaded_but_never_crash(part: int, tmp_path: Path) -> None:
    file = tmp_path / "partnersync.yaml"
    for seed in range(part * 150, (part + 1) * 150):
        choice = random.Random(seed)
        text = TEXT
        for _ in range(choice.randint(1, 8)):
            at, length = choice.randrange(len(text)), choice.randint(0, 40)
            noise = "".join(choice.choice("{}[]:,-#&*!|>'\"%@ \n\tab1é\u2028") for _ in range(choice.randint(0, 6)))
            text = text[:at] + noise + text[at + length :]
        file.write_text(text, encoding="utf-8")
        crashed = crash_of(file)
        assert crashed is None, f"seed {seed}: {crashed!r}"


def crash_of(file: Path) -> Exception | None:
    """What loading the file raised, if that is no message for a person."""
    try:
        load(file)
    except ConfigError as error:
        return None if all(problem.message for problem in error.problems) else error
    except Exception as error:
        return error
    return None


def test_a_strict_field_in_a_crm_that_cannot_refuse_is_told_on_its_line(tmp_path: Path) -> None:
    rule = "partnersync_commission: {value: commission.earned, policy: ours_wins"
    text = TEXT.replace(rule, rule + ", if_modified: refuse")

    (found,) = [problem for problem in problems(text, tmp_path) if "if_modified" in problem.path]

    assert found.line == line_of(text, "if_modified: refuse}")
    assert "hubspot cannot refuse" in found.message
