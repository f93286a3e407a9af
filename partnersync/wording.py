"""pydantic's findings in words for a RevOps person: what was expected, what was found, the likely fix."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from pydantic_core import ErrorDetails

from partnersync.secrecy import secret_kind

_LONGEST = 60


def told(detail: ErrorDetails) -> tuple[str, str]:
    """The message, and the value that was probably meant ("" where none can be guessed)."""
    kind, context, found = detail["type"], detail.get("ctx", {}), shown(detail.get("input"))
    match kind:
        case "value_error":
            return str(context.get("error", detail["msg"])), ""
        case "literal_error" | "enum":
            choices = str(context["expected"]).replace("'", "")
            options = {word for part in choices.split(", ") for word in part.split(" or ")}
            return f"expected one of {choices}; found {found}", near(str(detail.get("input")), options)
        case "dict_type" | "model_type" | "model_attributes_type" | "dataclass_type" | "mapping_type":
            return f"expected a group of settings, found {found}", ""
        case "list_type" | "tuple_type" | "set_type" | "frozen_set_type":
            return f"expected a list, found {found}", ""
        case "string_type":
            fix = ": put it in quotes" if isinstance(detail.get("input"), bool) else ""
            return f"expected text, found {found}{fix}", ""
        case "bool_type" | "bool_parsing":
            return f"expected true or false, found {found}", ""
        case "too_short":
            return "must not be empty", ""
        case "union_tag_invalid":
            expected = str(context.get("expected_tags", "")).replace("'", "")
            tag = str(context.get("tag", ""))
            given, key = detail.get("input"), str(context.get("discriminator")).strip("'")
            found = shown(given[key] if isinstance(given, dict) and key in given and key != tag else tag)
            return f"expected one of {expected}; found {found}", near(tag, expected.split(", "))
        case _:
            return detail["msg"][:1].lower() + detail["msg"][1:], ""


def shown(value: Any) -> str:
    """A value as it may stand in a message: short, and no secret."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case dict():
            return "a group of settings"
        case list() | tuple():
            return "a list"
        case _:
            text = str(value)
            if secret_kind(text):
                return "a secret"
            return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "…")


def near(word: str, options: Iterable[str]) -> str:
    """The option that a misspelt word probably means, "" where none is close."""
    close = get_close_matches(word, sorted(options), n=1, cutoff=0.6)
    return close[0] if close else ""
