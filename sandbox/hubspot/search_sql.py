"""From a search request to SQL.

The id and the two stamps are columns and stay indexable; any other property is read from the JSON of values
with the comparison its type asks for: numbers as numbers, instants as ISO text (fixed width, so text order is
time order), everything else in lower case. `IN` on text compares the given values as they are, so that a
caller who does not send lower case finds nothing, as with HubSpot.
"""

# ruff: noqa: S608 (only names from our own tables and checked property names enter the SQL)

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from math import nan
from typing import Any

from sandbox.hubspot import links, moments, refusals
from sandbox.hubspot.definitions import Property
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.kinds import Kind, kind_named
from sandbox.hubspot.refusals import Refusal
from sandbox.hubspot.search_request import Filter, SearchRequest, Sort
from sandbox.hubspot.tables import listed, value_sql

_COMPARE = {"EQ": "=", "LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}
_LARGEST = 9e18
_WORD = re.compile(r"[^\W_]+", re.UNICODE)


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL with its parameters."""

    text: str
    values: tuple[Any, ...] = ()


def register(db: sqlite3.Connection) -> None:
    """Give a connection the token matching that searches use."""
    db.create_function("hs_has_tokens", 2, has_tokens, deterministic=True)


def where(desk: Desk, kind: Kind, request: SearchRequest) -> Sql:
    """The condition a record must meet. Raises: `Refusal` 400 for properties or values that cannot be."""
    parts: list[Sql] = []
    groups = [_all([_filter(desk, kind, each) for each in group]) for group in request.groups]
    if groups:
        text = " OR ".join(f"({group.text})" for group in groups)
        parts.append(Sql(f"({text})", tuple(value for group in groups for value in group.values)))
    if request.query:
        fields = " || ' ' || ".join(f"coalesce({value_sql(name)}, '')" for name in kind.searchable)
        parts.append(Sql(f"hs_has_tokens({fields}, ?)", (_open_ended(request.query),)))
    return _all(parts) if parts else Sql("1")


def order(desk: Desk, kind: Kind, sort: Sort | None) -> str:
    """The order of the hits. Raises: `Refusal` 400 for an unknown property."""
    if sort is None:
        return "created, id"
    direction = "DESC" if sort.descending else "ASC"
    if sort.name == "hs_object_id":
        return f"CAST(id AS TEXT) {direction}" if desk.settings.lexicographic_id_sort else f"id {direction}"
    if sort.name == kind.created:
        return f"created {direction}, id {direction}"
    if sort.name == kind.modified:
        return f"modified {direction}, id {direction}"
    prop = _known(desk, kind, sort.name)
    value = _value(prop)
    return f"{value} IS NULL, {value} {direction}, id"


def has_tokens(text: str | float | None, wanted: str | None) -> int:
    """Whether every word of `wanted` (with `*` for any letters) is a word of the text."""
    if text is None or not wanted:
        return 0
    words = _WORD.findall(str(text).lower())
    for token in wanted.lower().split():
        parts = [part for part in re.split(r"[^\w*]+|_", token) if part.strip("*")]
        for part in parts:
            pattern = re.compile(".*".join(re.escape(piece) for piece in part.split("*")))
            if not any(pattern.fullmatch(word) for word in words):
                return 0
    return 1


def _filter(desk: Desk, kind: Kind, given: Filter) -> Sql:
    if given.name.startswith("associations."):
        return _associated(desk, kind, given)
    if given.name in kind.system:
        return _column(kind, given)
    prop = _known(desk, kind, given.name)
    if prop.type not in _CONVERT:
        return _text(prop, given)
    convert = _CONVERT[prop.type]
    return _compare(_value(prop), given, [convert(given.name, value) for value in given.values])


def _column(kind: Kind, given: Filter) -> Sql:
    if given.operator == "HAS_PROPERTY":
        return Sql("1")
    if given.operator == "NOT_HAS_PROPERTY":
        return Sql("0")
    if given.name == "hs_object_id":
        return _compare("id", given, [int(_number(given.name, value)) for value in given.values])
    column = "created" if given.name == kind.created else "modified"
    return _compare(column, given, [_millis(given.name, value) for value in given.values])


def _compare(value: str, given: Filter, wanted: list[Any]) -> Sql:
    match given.operator:
        case "HAS_PROPERTY":
            return Sql(f"{value} IS NOT NULL")
        case "NOT_HAS_PROPERTY":
            return Sql(f"{value} IS NULL")
        case "NEQ":
            return Sql(f"({value} IS NULL OR {value} <> ?)", (wanted[0],))
        case "BETWEEN":
            return Sql(f"{value} BETWEEN ? AND ?", tuple(wanted[:2]))
        case "IN":
            return Sql(f"{value} IN (SELECT value FROM json_each(?))", (listed(wanted),))
        case "NOT_IN":
            in_list = f"{value} IN (SELECT value FROM json_each(?))"
            return Sql(f"({value} IS NULL OR NOT {in_list})", (listed(wanted),))
        case "CONTAINS_TOKEN":
            return Sql(f"hs_has_tokens({value}, ?)", (str(wanted[0]),))
        case "NOT_CONTAINS_TOKEN":
            return Sql(f"NOT hs_has_tokens(coalesce({value}, ''), ?)", (str(wanted[0]),))
        case operator:
            return Sql(f"{value} {_COMPARE[operator]} ?", (wanted[0],))


def _text(prop: Property, given: Filter) -> Sql:
    value = _value(prop)
    lowered = [each.lower() for each in given.values]
    if prop.multiple and given.operator in ("EQ", "NEQ", "IN", "NOT_IN"):
        any_of = " OR ".join(f"instr(';' || {value} || ';', ';' || ? || ';')" for _ in lowered)
        found = f"({value} IS NOT NULL AND ({any_of}))"
        return Sql(found if given.operator in ("EQ", "IN") else f"NOT {found}", tuple(lowered))
    if given.operator in ("IN", "NOT_IN") and prop.type == "string":
        return _compare(value, given, list(given.values))
    if given.operator == "EQ":
        return Sql(f"{value_sql(prop.name)} = ?", (lowered[0],)) if lowered[0] else Sql("0")
    return _compare(value, given, lowered)


def _associated(desk: Desk, kind: Kind, given: Filter) -> Sql:
    to_kind = kind_named(given.name.removeprefix("associations."))
    if to_kind is None or not links.types_between(desk.db, kind, to_kind):
        raise _invalid_filter(f"{given.name} cannot be searched by")
    some = (
        f"EXISTS (SELECT 1 FROM hs_association a WHERE a.from_kind = '{kind.type_id}' AND a.from_id = id"
        f" AND a.to_kind = '{to_kind.type_id}'"
    )
    match given.operator:
        case "HAS_PROPERTY":
            return Sql(some + ")")
        case "NOT_HAS_PROPERTY":
            return Sql(f"NOT {some})")
        case "EQ" | "IN":
            ids = listed(int(_number(given.name, value)) for value in given.values)
            return Sql(f"{some} AND a.to_id IN (SELECT value FROM json_each(?)))", (ids,))
        case "NEQ" | "NOT_IN":
            ids = listed(int(_number(given.name, value)) for value in given.values)
            return Sql(f"NOT {some} AND a.to_id IN (SELECT value FROM json_each(?)))", (ids,))
        case operator:
            raise _invalid_filter(f"{given.name} does not support the operator {operator}")


def _value(prop: Property) -> str:
    if prop.type == "number":
        return f"CAST(nullif({value_sql(prop.name)}, '') AS REAL)"
    if prop.type in ("date", "datetime"):
        return f"nullif(json_extract(props, '$.{prop.name}'), '')"
    return f"nullif({value_sql(prop.name)}, '')"


def _known(desk: Desk, kind: Kind, name: str) -> Property:
    prop = desk.properties(kind).get(name)
    if prop is None:
        raise refusals.refusal(
            400,
            "There was a problem with the request.",
            "VALIDATION_ERROR",
            errors=[
                {
                    "message": f'Property "{name}" does not exist',
                    "code": "PROPERTY_DOESNT_EXIST",
                    "context": {"propertyName": [name]},
                }
            ],
        )
    return prop


def _number(name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = nan
    if not -_LARGEST < number < _LARGEST:
        raise _invalid_filter(f"{value} is not a valid number for {name}")
    return number


def _millis(name: str, value: str) -> int:
    at = moments.millis(value)
    if at is None:
        raise _invalid_filter(f"{value} is not a valid time for {name}")
    return at


def _instant(name: str, value: str) -> str:
    return moments.iso(_millis(name, value))


def _day(name: str, value: str) -> str:
    return moments.day_of(_millis(name, value))


_CONVERT: dict[str, Callable[[str, str], float | str]] = {
    "number": _number,
    "datetime": _instant,
    "date": _day,
}


def _invalid_filter(message: str) -> Refusal:
    return refusals.invalid(f"Invalid input JSON on line 1, column 1: {message}")


def _all(parts: list[Sql]) -> Sql:
    return Sql(" AND ".join(part.text for part in parts), tuple(value for part in parts for value in part.values))


def _open_ended(query: str) -> str:
    return " ".join(f"{word}*" for word in query.split())
