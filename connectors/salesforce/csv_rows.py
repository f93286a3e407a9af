"""Rows of a bulk result as the rows of a query: the same record makes the same values whichever way it came.

CSV knows text alone. What describe says of a field decides what its text is:

    number     ``100.0`` → 100, as a query's JSON is read
    boolean    ``true`` → True
    datetime   ``2026-07-07T00:37:00.000Z`` → ``2026-07-07T00:37:00.000+0000``, as a query writes it
    all else   as it is; empty → None, since Salesforce keeps no empty text

A column that was asked for and is not there is a refusal: a hidden field must never read as an empty one.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from connectors.salesforce.shapes import Shape
from connectors.salesforce.wire import number
from partnersync.errors import RejectedError, UnavailableError
from partnersync.records import FieldKind

Convert = Callable[[str], Any]


def conversions(shape: Shape, parents: Mapping[str, Shape], fields: Sequence[str]) -> dict[str, Convert]:
    """How each field's text is read; ``parents`` are shapes of the objects that dotted fields lead to.

    Raises:
        RejectedError: CSV cannot tell one of the fields.
    """
    return {field: _CONVERT.get(_kind(shape, parents, field), str) for field in fields}


def _kind(shape: Shape, parents: Mapping[str, Shape], field: str) -> FieldKind:
    relation, dot, inner = field.rpartition(".")
    holders = [parents.get(name) for name in shape.parents.get(relation, ())] if dot else [shape]
    kinds = {
        holder.schema.fields[inner].kind if holder is not None and inner in holder.schema.fields else None
        for holder in holders
    }
    told = not any(holder is not None and inner in holder.structured for holder in holders)
    kind = kinds.pop() if len(kinds) == 1 else None
    if kind is None or not told:
        raise RejectedError(f"a bulk result does not tell what {shape.schema.object}.{field} is", code="STRUCTURED")
    return kind


def rows(lines: Iterable[str], convert: Mapping[str, Convert], skip: int) -> Iterator[dict[str, Any]]:
    """The rows after the first ``skip``; parents' fields nested, as a query nests them.

    Raises:
        RejectedError: a column is missing, or this is no CSV.
        UnavailableError: a row is cut off, or ``lines`` break.
    """
    read = csv.reader(lines, strict=True)
    try:
        header = next(read, [])
        missing = [field for field in convert if field not in header]
        if missing:
            raise RejectedError(f"the bulk result has no column {missing[0]}", code="NO_COLUMN")
        columns = [(place, field, convert[field]) for place, field in enumerate(header) if field in convert]
        width, dotted = len(header), any("." in field for field in convert)
        for count, cells in enumerate(read):
            if len(cells) != width:
                raise UnavailableError("a row of the bulk result is cut off", code="network")
            if count < skip:
                continue
            try:
                row = {field: as_(cells[place]) if cells[place] else None for place, field, as_ in columns}
            except ValueError:  # a text that its field cannot hold: it stays, and is reported where the record is read
                row = {field: cells[place] or None for place, field, _ in columns}
            yield _nested(row) if dotted else row
    except (csv.Error, UnicodeDecodeError) as error:  # cut off within a row, or within a letter
        raise UnavailableError(f"the bulk result is cut off: {error}", code="network") from error


def _nested(row: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field, value in row.items():
        parent, dot, inner = field.partition(".")
        if dot:
            found.setdefault(parent, {})[inner] = value
        else:
            found[field] = value
    return found


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"expected true or false, found {text!r:.40}")
    return text == "true"


def _instant(text: str) -> str:
    return f"{text[:-1]}+0000" if text.endswith("Z") else text


_CONVERT: Mapping[FieldKind, Convert] = {"number": number, "boolean": _flag, "datetime": _instant}
