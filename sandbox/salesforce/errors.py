"""Refusals in the form Salesforce gives them: a JSON array of `{message, errorCode, fields?}`."""

from collections.abc import Mapping
from typing import Any

from sandbox.settings import SalesforceSettings
from sandbox.wire import Reply, json_reply

_STATUS = {
    "INVALID_SESSION_ID": 401,
    "REQUEST_LIMIT_EXCEEDED": 403,
    "API_DISABLED_FOR_ORG": 403,
    "INSUFFICIENT_ACCESS": 403,
    "INSUFFICIENT_ACCESS_OR_READONLY": 403,
    "NOT_FOUND": 404,
    "ENTITY_IS_DELETED": 404,
    "METHOD_NOT_ALLOWED": 405,
    "UNSUPPORTED_API_VERSION": 410,
    "UNKNOWN_EXCEPTION": 500,
    "SERVER_UNAVAILABLE": 503,
}

MESSAGES = {
    "INVALID_SESSION_ID": "Session expired or invalid",
    "REQUEST_LIMIT_EXCEEDED": "TotalRequests Limit exceeded.",
    "NOT_FOUND": "The requested resource does not exist",
    "ENTITY_IS_DELETED": "entity is deleted",
    "INSUFFICIENT_ACCESS_OR_READONLY": "insufficient access rights on object id",
    "INVALID_CROSS_REFERENCE_KEY": "invalid cross reference id",
    "INVALID_QUERY_LOCATOR": "invalid query locator",
    "UNABLE_TO_LOCK_ROW": "unable to obtain exclusive access to this record",
    "UNKNOWN_EXCEPTION": "An unexpected error occurred. Please include this ErrorId if you contact support",
    "SERVER_UNAVAILABLE": "The server is unavailable",
}


class SalesforceError(Exception):
    """One refusal; `fields` appears in the body only where given."""

    def __init__(
        self,
        code: str,
        message: str | None = None,
        fields: list[str] | None = None,
        status: int | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self.code = code
        self.message = message if message is not None else MESSAGES.get(code, code)
        self.fields = fields
        self.status = status if status is not None else _STATUS.get(code, 400)
        self.extra = dict(extra or {})
        super().__init__(f"{code}: {self.message}")

    def body(self) -> list[dict[str, Any]]:
        """The array of a REST answer."""
        error: dict[str, Any] = {"message": self.message, "errorCode": self.code, **self.extra}
        if self.fields is not None:
            error["fields"] = self.fields
        return [error]

    def in_collection(self) -> dict[str, Any]:
        """The form inside an sObject Collections result: `statusCode`, and always `fields`."""
        return {"statusCode": self.code, "message": self.message, "fields": self.fields or [], **self.extra}

    def reply(self, headers: Mapping[str, str] | None = None) -> Reply:
        """The refusal as an answer."""
        return json_reply(self.status, self.body(), headers)


def admit(switches: SalesforceSettings, object_name: str, what: str) -> None:
    """Let through what nobody wanted refused. Raises: `SalesforceError`."""
    for refused, part, code in switches.refused_reads:
        if (refused, part) == (object_name, what):
            raise SalesforceError(code)


def not_found(message: str | None = None) -> SalesforceError:
    """404 NOT_FOUND."""
    return SalesforceError("NOT_FOUND", message)


def method_not_allowed(method: str, allowed: str) -> SalesforceError:
    """405, in the vendor's words."""
    return SalesforceError("METHOD_NOT_ALLOWED", f"HTTP Method '{method}' not allowed. Allowed are {allowed}")


def malformed_json(detail: str) -> SalesforceError:
    """400 JSON_PARSER_ERROR."""
    return SalesforceError("JSON_PARSER_ERROR", detail)
