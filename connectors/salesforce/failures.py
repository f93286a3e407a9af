"""Which of Salesforce's failures concern one object alone, and what to do about them."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.failures import Failures
from connectors.salesforce.errors import PASSING, TOO_LONG
from partnersync.errors import ConnectorError, RejectedError, UnauthorizedError, UnavailableError

_NEXT_STEP: Mapping[str | None, str] = {
    "INSUFFICIENT_ACCESS": "give our user read access to this object",
    **dict.fromkeys(
        TOO_LONG,
        "too long even in small pieces: read fewer of its fields, formulas first; a first read may need bulk_from",
    ),
}


def none_yet() -> Failures:
    """To begin a pull with."""
    return Failures(_concerns_one, lambda error: _NEXT_STEP.get(error.code, ""))


def _concerns_one(error: ConnectorError) -> bool:
    match error:
        case UnauthorizedError():
            return error.status != 401
        case UnavailableError():
            return error.code in PASSING and error.retry_after is None
    return isinstance(error, RejectedError)
