"""Which of HubSpot's refusals concern one object alone."""

from __future__ import annotations

from connectors.failures import Failures
from partnersync.errors import ConnectorError, RejectedError, UnauthorizedError


def none_yet() -> Failures:
    """To begin a pull with."""
    return Failures(concerns_one)


def concerns_one(error: ConnectorError) -> bool:
    """Whether an error says nothing of other objects: a scope that is missing, a request that HubSpot answered with no."""
    if isinstance(error, UnauthorizedError):
        return error.status == 403 and (error.code == "MISSING_SCOPES" or bool(error.needs))
    return isinstance(error, RejectedError) and error.status is not None
