"""SOQL built from checked names and quoted values; nothing from a record or a config ever stands in it raw."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from simple_salesforce import format_soql

from connectors.salesforce.wire import literal
from partnersync.errors import RejectedError

_NAME = re.compile(r"[A-Za-z]\w{0,79}(?:\.[A-Za-z]\w{0,79})?")


def name(text: str) -> str:
    """An object's or field's name (a parent's field dotted), checked.

    Raises:
        RejectedError: it could not be one.
    """
    if not _NAME.fullmatch(text):
        raise RejectedError(f"{text!r} is not a Salesforce field or object name")
    return text


def select(fields: Sequence[str], object_: str, where: str = "", order: str = "") -> str:
    """``SELECT … FROM … [WHERE …] [ORDER BY …]``; the names are checked, ``where`` and ``order`` come from here."""
    text = f"SELECT {', '.join(name(field) for field in fields)} FROM {name(object_)}"  # noqa: S608 - names checked
    return text + (f" WHERE {where}" if where else "") + (f" ORDER BY {order}" if order else "")


def after(stamp_field: str, stamp: datetime, id_: str) -> str:
    """Everything after the position (``stamp``, ``id_``) in the order of stamp and id; an empty id: the stamp included.

    The stamp has whole seconds and a bulk load gives thousands of rows the same, so the id breaks the tie.
    """
    at = literal(stamp)
    if not id_:
        return f"{name(stamp_field)} >= {at}"
    return f"({name(stamp_field)} = {at} AND {format_soql('Id > {}', id_)}) OR {name(stamp_field)} > {at}"


def before(stamp_field: str, stamp: datetime) -> str:
    """Everything older than ``stamp``."""
    return f"{name(stamp_field)} < {literal(stamp)}"


def among(field: str, values: Sequence[str]) -> str:
    """``field IN ('…', …)``."""
    return str(format_soql(name(field) + " IN {}", list(values)))


def beyond(id_: str) -> str:
    """Ids after ``id_``; empty: all."""
    return str(format_soql("Id > {}", id_)) if id_ else ""
