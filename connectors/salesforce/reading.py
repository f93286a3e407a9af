"""Looking things up: describe, present records by id, people, merges, the org itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from connectors.salesforce import soql
from connectors.salesforce.api import MOST_PARTS, MOST_QUERIES, Answer, Api, Part
from connectors.salesforce.ids import is_id, long_id
from connectors.salesforce.rows import CRM, read_rows, ref
from connectors.salesforce.shapes import Selection, Shape
from connectors.salesforce.steps import NOT_SHOWN, describe_part, described
from connectors.salesforce.wire import instant
from partnersync.errors import RejectedError, UnavailableError
from partnersync.records import Identity, Merged, Person, RawRecord

T = TypeVar("T")
RETRIEVE = 2000
IDS_IN_WHERE = 150
"""A WHERE clause takes 4,000 characters; an id with its quotes and comma takes 22."""


def chunks(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """``items`` in tuples of ``size``."""
    rest = iter(items)
    while chunk := tuple(islice(rest, size)):
        yield chunk


def query(
    api: Api, fields: Sequence[str], object_: str, where: str = "", *, after: str = "", deleted_too: bool = False
) -> Iterator[Mapping[str, Any]]:
    """Every row of a query with an id beyond ``after``, page by page; an expired locator costs the asking alone."""
    path = None
    while True:
        asked = path or api.query_path(_by_id(fields, object_, where, after), deleted_too=deleted_too)
        (answer,) = api.read_parts([Part("rows", "GET", asked)]).values()
        if path is not None and answer.failure is not None and answer.failure.code == "INVALID_QUERY_LOCATOR":
            path = None
            continue
        body = _body(answer)
        for row in body["records"]:
            yield row
            after = row["Id"]
        if body["done"]:
            return
        path = api.below(body["nextRecordsUrl"])


def queries(
    api: Api, fields: Sequence[str], object_: str, wheres: Iterable[str], *, deleted_too: bool = False
) -> Iterator[Mapping[str, Any]]:
    """The rows of many short queries, five in a call."""
    for group in chunks(wheres, MOST_QUERIES):
        paths = (api.query_path(_by_id(fields, object_, where, ""), deleted_too=deleted_too) for where in group)
        parts = [Part(f"q{n}", "GET", path) for n, path in enumerate(paths)]
        answers = api.read_parts(parts)
        for part, where in zip(parts, group, strict=True):
            body, last = _body(answers[part.name]), ""
            for row in body["records"]:
                yield row
                last = row["Id"]
            if not body["done"]:
                yield from query(api, fields, object_, where, after=last, deleted_too=deleted_too)


def _by_id(fields: Sequence[str], object_: str, where: str, after: str) -> str:
    both = [f"({where})"] if where and after else [where] if where else []
    return soql.select(fields, object_, " AND ".join([*both, *([soql.beyond(after)] if after else [])]), "Id")


def shapes(api: Api, objects: Sequence[str]) -> dict[str, Shape]:
    """What each object is like, 25 in a call; those that are not there, or hidden from us, are left out."""
    found = {}
    for group in chunks(dict.fromkeys(objects), MOST_PARTS):
        parts = [Part(f"d{n}", "GET", describe_part(object_).path) for n, object_ in enumerate(group)]
        answers = api.read_parts(parts)
        for part, object_ in zip(parts, group, strict=True):
            try:
                found[object_] = described(answers[part.name], object_)
            except RejectedError as error:
                if error.code not in NOT_SHOWN:
                    raise
    return found


def records(api: Api, selection: Selection, ids: Sequence[str]) -> dict[str, RawRecord]:
    """The live ones of ``ids``, by the id asked for."""
    asked = {long_id(id_): id_ for id_ in ids if is_id(id_)}
    found = {}
    if any("." in field for field in selection.fields):
        wheres = (soql.among("Id", group) for group in chunks(asked, IDS_IN_WHERE))
        rows = queries(api, selection.fields, selection.object, wheres)
    else:
        rows = _retrieved(api, selection, tuple(asked))
    read, _ = read_rows(rows, selection, api.org, api.asked_at())
    for record in read:
        if record.life == "live" and record.ref.id in asked:
            found[asked[record.ref.id]] = record
    return found


def _retrieved(api: Api, selection: Selection, ids: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    for group in chunks(ids, RETRIEVE):
        body = {"ids": list(group), "fields": list(selection.fields)}
        rows = api.read(f"composite/sobjects/{selection.object}", body)
        if len(rows) != len(group):
            raise UnavailableError("Salesforce answered for other records than were asked for")
        yield from (row for row in rows if row)  # an id that is not there answers null in its place


def people(api: Api) -> tuple[Person, ...]:
    """Every user, inactive ones included."""
    fields = ("Id", "Name", "Email", "IsActive", "ManagerId")
    return tuple(
        Person(
            ref=ref(api.org, "User", row["Id"]),
            name=row.get("Name") or "",
            email=row.get("Email") or "",
            active=bool(row.get("IsActive")),
            manager_id=row.get("ManagerId"),
        )
        for row in query(api, fields, "User")
    )


def merges(api: Api, object_: str, since: datetime | None) -> tuple[Merged, ...]:
    """Losers of merges that the recycle bin still holds (15 days), since then if told."""
    where = "IsDeleted = true AND MasterRecordId != null"
    if since is not None:
        where += f" AND {soql.after('SystemModstamp', since, '')}"
    rows = query(api, ("Id", "MasterRecordId", "SystemModstamp"), object_, where, deleted_too=True)
    return tuple(
        Merged(
            ref(api.org, object_, row["Id"]),
            ref(api.org, object_, row["MasterRecordId"]),
            instant(row["SystemModstamp"]),
        )
        for row in rows
    )


def identity(api: Api) -> Identity:
    """Which org this is; its currency only where several are in use."""
    parts = (
        Part("org", "GET", api.query_path("SELECT Id, Name, TimeZoneSidKey FROM Organization")),
        Part("currency", "GET", api.query_path("SELECT IsoCode FROM CurrencyType WHERE IsCorporate = true")),
    )
    answers = api.read_parts(parts)
    org = _first(answers["org"])
    return Identity(
        CRM,
        api.org,
        name=str(org.get("Name") or ""),
        currency=_first(answers["currency"]).get("IsoCode"),
        timezone=org.get("TimeZoneSidKey"),
    )


def _first(answer: Answer) -> Mapping[str, Any]:
    # Neither object is visible to every user, and without several currencies CurrencyType does not exist.
    if answer.failure is not None:
        return {}
    rows: Sequence[Mapping[str, Any]] = answer.body["records"]
    return rows[0] if rows else {}


def _body(answer: Answer) -> Mapping[str, Any]:
    if answer.failure is not None:
        raise answer.failure
    body: Mapping[str, Any] = answer.body
    return body
