"""A search request, parsed and checked against HubSpot's limits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.hubspot import refusals
from sandbox.hubspot.given import whole
from sandbox.hubspot.refusals import Refusal

MOST = 200
MOST_GROUPS, MOST_FILTERS, MOST_IN_ALL = 5, 6, 18
OPERATORS = (
    "EQ",
    "NEQ",
    "LT",
    "LTE",
    "GT",
    "GTE",
    "BETWEEN",
    "IN",
    "NOT_IN",
    "HAS_PROPERTY",
    "NOT_HAS_PROPERTY",
    "CONTAINS_TOKEN",
    "NOT_CONTAINS_TOKEN",
)
_TEXT_SORT = re.compile(r"-?\w+")


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition; `values` holds one value, both ends of a range, or a list."""

    name: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sort:
    name: str
    descending: bool


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What is searched for: any group whose filters all hold, and the words of the query."""

    groups: tuple[tuple[Filter, ...], ...]
    sort: Sort | None
    query: str
    properties: tuple[str, ...]
    limit: int
    after: int


def parse(body: Mapping[str, Any], cap: int) -> SearchRequest:
    """Read a search body. Raises: `Refusal` 400."""
    groups = _groups(body)
    limit = _whole(body, "limit", 10)
    if not 1 <= limit <= MOST:
        raise refusals.invalid(
            f"Invalid input JSON on line 1, column 1: limit must be between 1 and {MOST} (was {limit})"
        )
    after = _whole(body, "after", 0)
    if after + limit > cap:
        raise refusals.invalid(
            f"The total number of results that can be paged through is {cap}: `after` {after} with `limit`"
            f" {limit} goes beyond it"
        )
    names = body.get("properties") or []
    if not isinstance(names, list):
        raise refusals.malformed("line 1, column 1: Cannot deserialize value of `properties`")
    query = body.get("query")
    return SearchRequest(
        groups, _sort(body), str(query) if query else "", tuple(str(name) for name in names), limit, after
    )


def _groups(body: Mapping[str, Any]) -> tuple[tuple[Filter, ...], ...]:
    given = body.get("filterGroups") or []
    if body.get("filters"):
        given = [*given, {"filters": body["filters"]}]
    if not isinstance(given, list):
        raise refusals.malformed("line 1, column 1: Cannot deserialize instance of `java.util.ArrayList`")
    if len(given) > MOST_GROUPS:
        raise _too_many("filterGroups", len(given), MOST_GROUPS)
    groups: list[tuple[Filter, ...]] = []
    for group in given:
        filters = group.get("filters") if isinstance(group, Mapping) else None
        if not isinstance(filters, list):
            raise refusals.malformed(
                "line 1, column 1: Cannot build FilterGroup, some of required attributes are not set [filters]"
            )
        if len(filters) > MOST_FILTERS:
            raise _too_many("filters per filterGroup", len(filters), MOST_FILTERS)
        if filters:
            groups.append(tuple(_filter(each) for each in filters))
    total = sum(map(len, groups))
    if total > MOST_IN_ALL:
        raise _too_many("filters", total, MOST_IN_ALL)
    return tuple(groups)


def _filter(given: Any) -> Filter:
    if not isinstance(given, Mapping):
        raise refusals.malformed("line 1, column 1: Cannot construct instance of Filter")
    unset = [name for name in ("propertyName", "operator") if not given.get(name)]
    if unset:
        raise refusals.malformed(
            f"line 1, column 1: Cannot build Filter, some of required attributes are not set [{', '.join(unset)}]"
        )
    operator = str(given["operator"])
    if operator not in OPERATORS:
        raise refusals.malformed(
            f'line 1, column 1: Cannot deserialize value of type `FilterOperator` from String "{operator}":'
            f" not one of the values accepted for Enum class: [{', '.join(OPERATORS)}]"
        )
    name = str(given["propertyName"])
    match operator:
        case "HAS_PROPERTY" | "NOT_HAS_PROPERTY":
            if given.get("value") is not None or given.get("values") is not None:
                raise _bad(f"operator {operator} does not take a value (property {name})")
            values: list[Any] = []
        case "BETWEEN":
            values = [given.get("value"), given.get("highValue")]
        case "IN" | "NOT_IN":
            listed = given.get("values")
            if not isinstance(listed, list) or not listed:
                raise _bad(f"operator {operator} requires values (property {name})")
            values = listed
        case _:
            values = [given.get("value")]
    if any(value is None for value in values):
        raise _bad(f"operator {operator} requires a value (property {name})")
    return Filter(name, operator, tuple(_text(value) for value in values))


def _sort(body: Mapping[str, Any]) -> Sort | None:
    given = body.get("sorts") or []
    if not isinstance(given, list):
        raise refusals.malformed("line 1, column 1: Cannot deserialize value of `sorts`")
    if len(given) > 1:
        raise _too_many("sorts", len(given), 1)
    if not given:
        return None
    sort = given[0]
    if isinstance(sort, str):
        if not _TEXT_SORT.fullmatch(sort):
            return None  # such as a sort written as JSON in a text, which older guides show: HubSpot passes over it
        return Sort(sort.removeprefix("-"), sort.startswith("-"))
    if not isinstance(sort, Mapping) or not sort.get("propertyName"):
        raise refusals.malformed(
            "line 1, column 1: Cannot build Sort, some of required attributes are not set [propertyName]"
        )
    return Sort(str(sort["propertyName"]), str(sort.get("direction", "ASCENDING")).upper() == "DESCENDING")


def _whole(body: Mapping[str, Any], name: str, default: int) -> int:
    value = body.get(name)
    if value is None or value == "":
        return default
    found = whole(value, name)
    if found < 0:
        raise _bad(f"{name} must not be negative")
    return found


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _bad(message: str) -> Refusal:
    return refusals.invalid(f"Invalid input JSON on line 1, column 1: {message}")


def _too_many(what: str, count: int, most: int) -> Refusal:
    return refusals.invalid(f"Invalid input JSON: too many {what} (count: {count}, max allowed: {most})")
