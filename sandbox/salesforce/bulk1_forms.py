"""The two forms in which the first Bulk API speaks: XML, and JSON for those who ask in JSON."""

import csv
import html
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

import orjson

from sandbox.wire import Reply

_SPACE = "http://www.force.com/2009/06/asyncapi/dataload"
_ELEMENT = re.compile(r"<(?:\w+:)?(\w+)[^<>/]*>([^<]*)</(?:\w+:)?\1>")
Info = Mapping[str, Any]


class Bulk1Error(Exception):
    """A refusal: an exception code and a message, always with status 400."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def refusal(error: Bulk1Error, as_json: bool) -> Reply:
    """The refusal in either form."""
    value = {"exceptionCode": error.code, "exceptionMessage": str(error)}
    return shown("error", value, as_json, 400)


def shown(name: str, value: Info, as_json: bool, status: int = 200) -> Reply:
    """A job or a batch (`jobInfo`, `batchInfo`)."""
    if as_json:
        return _json(value, status)
    return _xml(f'<{name} xmlns="{_SPACE}">{_elements(value)}</{name}>', status)


def batches(values: Sequence[Info], as_json: bool) -> Reply:
    """The batches of a job."""
    if as_json:
        return _json({"batchInfo": values}, 200)
    listed = "".join(f"<batchInfo>{_elements(value)}</batchInfo>" for value in values)
    return _xml(f'<batchInfoList xmlns="{_SPACE}">{listed}</batchInfoList>', 200)


def result_ids(ids: Sequence[str], as_json: bool) -> Reply:
    """Where the rows of a query batch are."""
    if as_json:
        return _json(ids, 200)
    listed = "".join(f"<result>{one}</result>" for one in ids)
    return _xml(f'<result-list xmlns="{_SPACE}">{listed}</result-list>', 200)


def written(results: Sequence[Info], as_json: bool) -> Reply:
    """What came of each row of an ingest batch, in order."""
    if as_json:
        return _json([_outcome(result) for result in results], 200)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(["Id", "Success", "Created", "Error"])
    for result in results:
        flags = [str(bool(result.get(name))).lower() for name in ("success", "created")]
        writer.writerow([result.get("id", ""), *flags, "" if result["success"] else _error_text(result["errors"][0])])
    return Reply(200, out.getvalue().encode(), {"content-type": "text/csv"})


def asked(body: bytes, as_json: bool) -> dict[str, Any]:
    """What a job is to be, from either form. Raises: `Bulk1Error`."""
    if not as_json:
        text = body.decode("utf-8", "replace")
        return {name: html.unescape(value).strip() for name, value in _ELEMENT.findall(text)}
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Bulk1Error("InvalidJob", f"Unable to parse Job: {error.msg}") from error
    if not isinstance(value, dict):
        raise Bulk1Error("InvalidJob", "Unable to parse Job: expected an object")
    return value


def rows(body: bytes, as_json: bool) -> list[dict[str, Any]]:
    """The rows of an ingest batch. Raises: `Bulk1Error`."""
    try:
        if not as_json:
            reader = csv.DictReader(io.StringIO(body.decode("utf-8-sig")))
            return [{name: value or "" for name, value in row.items() if name is not None} for row in reader]
        value = orjson.loads(body)
    except (ValueError, csv.Error) as error:
        raise Bulk1Error("InvalidBatch", f"Failed to parse batch: {error}") from error
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise Bulk1Error("InvalidBatch", "Failed to parse batch: expected an array of objects")
    return [{name: one for name, one in row.items() if name != "attributes"} for row in value]


def _outcome(result: Info) -> dict[str, Any]:
    errors = [{**error, "extendedErrorDetails": None} for error in result.get("errors", ())]
    created = bool(result.get("created"))
    return {"success": result["success"], "created": created, "id": result.get("id"), "errors": errors}


def _error_text(error: Info) -> str:
    return f"{error['statusCode']}:{error['message']}:{' '.join(error['fields'])} --"


def _elements(value: Info) -> str:
    pairs = ((name, str(one).lower() if isinstance(one, bool) else str(one)) for name, one in value.items())
    return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in pairs if value[name] is not None)


def _json(value: Any, status: int) -> Reply:
    return Reply(status, orjson.dumps(value), {"content-type": "application/json"})


def _xml(text: str, status: int) -> Reply:
    whole = f'<?xml version="1.0" encoding="UTF-8"?>{text}'
    return Reply(status, whole.encode(), {"content-type": "application/xml"})
