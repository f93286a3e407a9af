"""One object's refusal stops only that object: kept until all others are done, and told with its name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from partnersync.errors import ConnectorError, RejectedError, UnauthorizedError


def concerns_one(error: ConnectorError) -> bool:
    """Whether an error says nothing of other objects: a scope that is missing, a request that HubSpot answered with no."""
    if isinstance(error, UnauthorizedError):
        return error.status == 403 and (error.code == "MISSING_SCOPES" or bool(error.needs))
    return isinstance(error, RejectedError) and error.status is not None


class Failures:
    """What was refused of single objects so far."""

    def __init__(self) -> None:
        self._kept: list[ConnectorError] = []

    @contextmanager
    def of(self, object_: str) -> Iterator[None]:
        """Keep a refusal that concerns this object alone, with its name.

        Raises:
            ConnectorError: it concerns the whole portal, or the way to it.
        """
        try:
            yield
        except ConnectorError as error:
            if not concerns_one(error):
                raise
            error.object = object_
            error.args = (f"{object_}: {error}",)
            self._kept.append(error)

    def tell(self) -> None:
        """Nothing where nothing was refused.

        Raises:
            ConnectorError: the first refusal.
        """
        if self._kept:
            raise self._kept[0]
