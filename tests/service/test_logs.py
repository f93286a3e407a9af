"""Nothing secret reaches a log line, whoever logged it and however deep it stood."""

from __future__ import annotations

import io
import json
import logging

import pytest
import structlog

from service import logs

SECRETS = ["hunter2-the-secret", "pat-na1-01234567-89ab", "00Dxx0000000001!AQEAQabc", "Bearer abc.def"]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("as_json", [True, False])
def test_a_secret_in_any_form_is_blotted_out_of_a_log_line(secret: str, as_json: bool) -> None:
    stream = io.StringIO()
    logs.configure(json=as_json, verbose=True, known=lambda: frozenset({SECRETS[0]}), stream=stream)
    log = structlog.get_logger("test")

    log.info("plain", note=f"it says {secret}", nested={"list": [secret], "token": "anything"})
    logging.getLogger("a.library").warning("seen %s", secret)
    try:
        held = secret
        raise RuntimeError(f"failed with {held}")
    except RuntimeError:
        log.exception("broken")

    told = stream.getvalue()
    assert secret not in told
    assert "anything" not in told
    assert told.count(logs.BLOT) >= 4


def test_lines_for_machines_are_one_json_object_each_without_local_variables() -> None:
    stream = io.StringIO()
    logs.configure(json=True, verbose=True, known=frozenset, stream=stream)
    try:
        local_value = "a-local-value"
        raise ValueError("x" if local_value else "")
    except ValueError:
        structlog.get_logger("test").exception("broken", lines="a\nb")

    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["event"] == "broken"
    assert "a-local-value" not in line
