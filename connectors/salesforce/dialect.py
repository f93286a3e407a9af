"""What Salesforce's calls are called, and what its limits header tells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from connectors.base import Budget
from connectors.transport import Line

DAILY = "daily"
_VERSIONED = re.compile(r"^/services/data/v\d+\.\d+/?")
_USED = re.compile(r"api-usage=(\d+)/(\d+)")


class SalesforceDialect:
    """Every call but the sign-in draws on the daily allowance."""

    def endpoint(self, method: str, path: str) -> str:
        """``composite``, ``collections``, ``query``, ``describe``, ``updated`` … without ids."""
        if path.endswith("/oauth2/token"):
            return "token"
        parts = _VERSIONED.sub("", path).strip("/").split("/")
        match parts:
            case ["composite", "sobjects", *_]:
                return "collections"
            case ["sobjects", _, ("describe" | "updated" | "deleted") as last]:
                return last
            case [first, *_]:
                return first or "versions"
        return "versions"

    def bucket(self, method: str, path: str) -> str | None:
        """The rolling allowance of 24 hours."""
        return None if path.endswith("/oauth2/token") else DAILY

    def budgets(self, headers: Mapping[str, str], line: Line) -> Iterable[Budget]:
        """``Sforce-Limit-Info: api-usage=18/5000[; per-app-api-usage=…]``."""
        match = _USED.search(headers.get("Sforce-Limit-Info") or "")
        if match:
            yield Budget(DAILY, int(match[1]), int(match[2]), line.surroundings.clock.now())
