"""One object's failure stops only that object: kept until all others are done, and told with its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from connectors.salesforce.errors import PASSING, TOO_LONG
from partnersync.errors import ConnectorError, RejectedError, UnauthorizedError, UnavailableError

_NEXT_STEP: Mapping[str | None, str] = {
    "INSUFFICIENT_ACCESS": "give our user read access to this object",
    **dict.fromkeys(
        TOO_LONG,
        "too long even in small pieces: read fewer of its fields, formulas first; a first read may need bulk_from",
    ),
}


class Failures:
    """What went wrong with single objects so far."""

    def __init__(self) -> None:
        self._kept: list[ConnectorError] = []

    @contextmanager
    def of(self, object_: str) -> Iterator[None]:
        """Keep a failure that concerns this object alone, with its name and what to do about it.

        Raises:
            ConnectorError: the failure concerns the whole org, or the way to it.
        """
        try:
            yield
        except ConnectorError as error:
            if not _concerns_one(error):
                raise
            step = _NEXT_STEP.get(error.code)
            error.object = object_
            error.args = (f"{object_}: {error}" + (f" ({step})" if step else ""),)
            self._kept.append(error)

    def tell(self) -> None:
        """Nothing where nothing failed.

        Raises:
            ConnectorError: the first of the failures.
        """
        if self._kept:
            raise self._kept[0]


def _concerns_one(error: ConnectorError) -> bool:
    match error:
        case UnauthorizedError():
            return error.status != 401
        case UnavailableError():
            return error.code in PASSING and error.retry_after is None
    return isinstance(error, RejectedError)
