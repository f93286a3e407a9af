"""SOQL text to tokens."""

import re
from dataclasses import dataclass
from typing import Literal

from sandbox.salesforce.soql.refusals import refuse

Kind = Literal["name", "range", "string", "datetime", "date", "currency", "number", "sign", "end"]

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<string>'(?:\\.|[^'\\])*')
  | (?P<datetime>\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:?\d{2}))
  | (?P<date>\d{4}-\d{2}-\d{2}(?![\dT]))
  | (?P<currency>[A-Za-z]{3}\d+(?:\.\d+)?(?![\w.]))
  | (?P<range>[A-Za-z_]+:\d+)
  | (?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
  | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<sign><>|!=|<=|>=|[=<>(),])
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `at` is its offset in the text."""

    kind: Kind
    text: str
    at: int

    @property
    def word(self) -> str:
        """In capitals, to compare with keywords."""
        return self.text.upper()


def tokens(soql: str) -> list[Token]:
    """Every token, an `end` last. Raises: `SalesforceError` MALFORMED_QUERY."""
    found: list[Token] = []
    at = 0
    while at < len(soql):
        match = _TOKEN.match(soql, at)
        if match is None:
            raise _unreadable(soql, at)
        kind = match.lastgroup
        if kind != "space":
            found.append(Token(kind, match.group(), at))  # type: ignore[arg-type]
        at = match.end()
    found.append(Token("end", "<EOF>", len(soql)))
    return found


def _unreadable(soql: str, at: int) -> Exception:
    if soql[at] == "'":
        return refuse("MALFORMED_QUERY", f"line 1:{len(soql)} mismatched character '<EOF>' expecting '''")
    return refuse("MALFORMED_QUERY", f"line 1:{at} no viable alternative at character '{soql[at]}'")


_ESCAPES = {"n": "\n", "N": "\n", "r": "\r", "R": "\r", "t": "\t", "T": "\t", "b": "\b", "f": "\f"}
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)


def unquoted(text: str) -> str:
    """The value of a string literal."""
    return _ESCAPE.sub(_plain, text[1:-1])


def like_pattern(text: str) -> str:
    r"""A LIKE literal as a SQL pattern with `\` as its escape character."""

    def escaped(match: re.Match[str]) -> str:
        char = match.group(1)
        return f"\\{char}" if char in ("_", "%", "\\") else _plain(match)

    return _ESCAPE.sub(escaped, text[1:-1])


def _plain(match: re.Match[str]) -> str:
    char = match.group(1)
    if len(char) == 5:
        return chr(int(char[1:], 16))
    return _ESCAPES.get(char, char)
