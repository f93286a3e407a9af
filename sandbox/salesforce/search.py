"""SOSL: `FIND {words} IN … FIELDS RETURNING Object(fields …), …`, and the same as parameters.

Each object of RETURNING becomes one SOQL query: its own fields, condition, order and limit, and every word in
some text field, as a word or (with a star) as its beginning. `FIND {ocean*} IN NAME FIELDS RETURNING
Account(Id, Name WHERE Type = 'Partner' LIMIT 5)` asks for `SELECT Id, Name FROM Account WHERE (Type = 'Partner')
AND (Name LIKE 'ocean%' OR Name LIKE '% ocean%') LIMIT 5`. Relevance, synonyms, stemming and long text areas are
left out: records come in the order of the objects, then by age.
"""

# ruff: noqa: S608 (this is SOQL, compiled by our own parser)

import re
from dataclasses import dataclass
from typing import Any

from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.objects.model import SObject
from sandbox.salesforce.org import ApiCall, Org

_FIND = re.compile(
    r"\s*FIND\s+(?:\{(?P<braced>(?:\\.|[^{}\\])*)\}|'(?P<quoted>(?:\\.|[^'\\])*)')"
    r"(?:\s+IN\s+(?P<scope>ALL|NAME|EMAIL|PHONE|SIDEBAR)\s+FIELDS)?"
    r"(?:\s+RETURNING\s+(?P<returning>.+?))?(?:\s+LIMIT\s+(?P<limit>\d+))?\s*\Z",
    re.IGNORECASE | re.DOTALL,
)
_SPEC = re.compile(r"\s*(?P<name>\w+)\s*(?P<open>\()?", re.DOTALL)
_CLAUSES = re.compile(r"\s+(WHERE|ORDER\s+BY|LIMIT|OFFSET)\s+", re.IGNORECASE)
_KINDS = {
    "ALL": ("string", "email", "phone", "url", "picklist", "combobox"),
    "SIDEBAR": ("string", "email", "phone", "url"),
    "EMAIL": ("email",),
    "PHONE": ("phone",),
}
_MOST, _LEAST_LETTERS = 2000, 2


@dataclass(frozen=True, slots=True)
class Wanted:
    """One object to search: the fields to show, and the clauses of its own."""

    name: str
    fields: tuple[str, ...] = ("Id",)
    where: str = ""
    order: str = ""
    limit: int = _MOST


def search(org: Org, call: ApiCall) -> dict[str, Any]:
    """`GET /search?q=…`. Raises: `SalesforceError`."""
    match = _FIND.match(call.param("q") or "")
    if match is None:
        raise _malformed("SOSL statements look like FIND {words} IN ALL FIELDS RETURNING Account(Id)")
    words = match["braced"] if match["braced"] is not None else match["quoted"]
    wanted = _specs(match["returning"]) if match["returning"] else _everything(org)
    return _run(org, call, words, (match["scope"] or "ALL").upper(), wanted, int(match["limit"] or _MOST))


def parameterized(org: Org, call: ApiCall) -> dict[str, Any]:
    """`GET` or `POST /parameterizedSearch`. Raises: `SalesforceError`."""
    if call.method == "POST":
        body = call.body()
        shared = tuple(str(name) for name in body.get("fields") or ("Id",))
        wanted = [
            Wanted(
                str(one.get("name", "")),
                tuple(str(name) for name in one.get("fields") or shared),
                str(one.get("where") or ""),
                str(one.get("orderBy") or ""),
                _count(one.get("limit") or body.get("defaultLimit") or _MOST),
            )
            for one in body.get("sobjects") or ()
            if isinstance(one, dict)
        ]
        words, scope, most = body.get("q"), body.get("in"), body.get("overallLimit")
    else:
        shared = _names(call.param("fields") or "Id")
        wanted = [
            Wanted(
                name,
                _names(call.param(f"{name}.fields") or ",".join(shared)),
                call.param(f"{name}.where") or "",
                call.param(f"{name}.orderBy") or "",
                _count(call.param(f"{name}.limit") or call.param("defaultLimit") or _MOST),
            )
            for name in call.request.query.get("sobject", ())
        ]
        words, scope, most = call.param("q"), call.param("in"), call.param("overallLimit")
    return _run(
        org, call, str(words or ""), str(scope or "ALL").upper(), wanted or _everything(org), _count(most or _MOST)
    )


def _run(org: Org, call: ApiCall, text: str, scope: str, wanted: list[Wanted], most: int) -> dict[str, Any]:
    alternatives = _alternatives(text)
    hits: list[Any] = []
    for one in wanted:
        sobject = org.schema.find(one.name)
        if sobject is None:
            raise SalesforceError("INVALID_TYPE", f"sObject type '{one.name}' is not supported.")
        names = _searched(org, sobject, scope)
        if not names:
            continue
        held = " OR ".join(
            "(" + " AND ".join(f"({_held(names, word)})" for word in words) + ")" for words in alternatives
        )
        fields = one.fields if any(name.lower() == "id" for name in one.fields) else ("Id", *one.fields)
        soql = f"SELECT {', '.join(fields)} FROM {sobject.name} WHERE ({held})"
        soql += f" AND ({one.where})" if one.where else ""
        soql += f" ORDER BY {one.order}" if one.order else ""
        records = org.queries.run(f"{soql} LIMIT {min(one.limit, _MOST)}", call.base)["records"]
        hits += records if fields is one.fields else [_without_id(record) for record in records]
    return {"searchRecords": hits[:most]}


def _without_id(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "Id"}


def _alternatives(text: str) -> list[list[str]]:
    """The words to find: any of the lists, in it every word."""
    plain = re.sub(r"\\(.)", r"\1", text).replace('"', " ")
    if len(plain.replace("*", "").strip()) < _LEAST_LETTERS:
        raise _malformed("search term must be longer than one character")
    found = [
        [word for word in re.split(r"\s+(?:and\s+)?", part.strip(), flags=re.IGNORECASE) if word]
        for part in re.split(r"\s+or\s+", plain, flags=re.IGNORECASE)
    ]
    return [words for words in found if words]


def _held(names: list[str], word: str) -> str:
    forms: tuple[str, ...]
    text = re.sub(r"([\\%_'])", r"\\\1", word.rstrip("*"))
    begun = (f"{text}%", f"% {text}%")
    forms = begun if word.endswith("*") else (text, f"{text} %", f"% {text}", f"% {text} %")
    return " OR ".join(f"{name} LIKE '{form}'" for name in names for form in forms)


def _searched(org: Org, sobject: SObject, scope: str) -> list[str]:
    fields = org.schema.readable(sobject)
    if scope == "NAME":
        return [field.name for field in fields if field.name_field and field.type in _KINDS["ALL"]]
    kinds = _KINDS.get(scope, _KINDS["ALL"])
    return [field.name for field in fields if field.type in kinds]


def _everything(org: Org) -> list[Wanted]:
    return [Wanted(sobject.name) for sobject in org.schema.objects() if sobject.searchable]


def _specs(text: str) -> list[Wanted]:
    found: list[Wanted] = []
    at = 0
    while at < len(text):
        match = _SPEC.match(text, at)
        if match is None:
            raise _malformed(f"unexpected token: '{text[at:].strip()[:20]}'")
        at = match.end()
        if match["open"] is None:
            found.append(Wanted(match["name"]))
        else:
            end = _closing(text, at)
            found.append(_spec(match["name"], text[at:end]))
            at = end + 1
        rest = text[at:].lstrip()
        if rest and not rest.startswith(","):
            raise _malformed(f"unexpected token: '{rest[:20]}'")
        at = len(text) if not rest else len(text) - len(rest) + 1
    return found


def _spec(name: str, inner: str) -> Wanted:
    fields, *rest = _CLAUSES.split(inner)
    clauses = {re.sub(r"\s+", " ", rest[place].upper()): rest[place + 1].strip() for place in range(0, len(rest), 2)}
    return Wanted(
        name, _names(fields), clauses.get("WHERE", ""), clauses.get("ORDER BY", ""), _count(clauses.get("LIMIT", _MOST))
    )


def _closing(text: str, at: int) -> int:
    depth, quoted = 1, False
    for place in range(at, len(text)):
        if text[place] == "'" and text[place - 1] != "\\":
            quoted = not quoted
        elif not quoted:
            depth += {"(": 1, ")": -1}.get(text[place], 0)
            if depth == 0:
                return place
    raise _malformed("unexpected end of statement")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _count(value: Any) -> int:
    if not str(value).isdecimal():
        raise _malformed(f"unexpected token: '{value}'")
    return int(value)


def _malformed(message: str) -> SalesforceError:
    return SalesforceError("MALFORMED_SEARCH", message)
