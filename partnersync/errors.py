"""One error tree, cut by what the caller does next.

PartnersyncError
├── ConfigError          fix the YAML: carries every placed problem            (exit 2)
├── ConnectorError       talking to a CRM failed                               (exit 1)
│   ├── UnavailableError   wait and retry: network, 429, 5xx, lock rows
│   ├── RejectedError      this request will never work: change the input
│   ├── UnauthorizedError  fix the credential or the permission
│   └── QuotaError         the CRM's allowance is used up: reschedule
├── UnsafePlanError      a person must look: the plan is over its limits       (exit 3)
├── StateError           the database refuses: locked, moved, foreign, full    (exit 4)
└── ConflictError        somebody else runs, or the world moved under a plan   (exit 5)
    └── HaltedError        a person halted the workspace: read, write nothing
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from partnersync.changes import Plan


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake, placed: ``file:line:column: path: message``; ``hint`` is the fix where it can be guessed.

    Lines and columns count from 1; a problem without a place has line 0.
    """

    file: str
    line: int
    column: int
    path: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        path = f"{self.path}: " if self.path else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}: {path}{self.message}{hint}"


class PartnersyncError(Exception):
    """Something partnersync says no to; ``exit_code`` is what the command line returns."""

    exit_code = 1

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").split("\n")[0])


class ConfigError(PartnersyncError):
    """The configuration has mistakes; every one of them is listed."""

    exit_code = 2

    def __init__(self, problems: tuple[Problem, ...] | list[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class ConnectorError(PartnersyncError):
    """A CRM did not do what was asked.

    ``status`` is the HTTP status if one arrived, ``code`` the vendor's own code; bodies are never kept whole. ``object`` is the
    one object of the CRM that it concerns, None where it concerns the CRM as a whole or one request.
    """

    def __init__(self, message: str | None = None, *, status: int | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.object: str | None = None


class UnavailableError(ConnectorError):
    """The CRM cannot answer now; waiting helps.

    ``retry_after`` is in seconds where the vendor said so. ``maybe_done`` is true when the request may have taken
    effect all the same (it was sent and no answer came): such a request is read back, never blindly repeated.
    """

    def __init__(
        self,
        message: str | None = None,
        *,
        status: int | None = None,
        code: str | None = None,
        retry_after: float | None = None,
        maybe_done: bool = False,
    ) -> None:
        super().__init__(message, status=status, code=code)
        self.retry_after = retry_after
        self.maybe_done = maybe_done


class RejectedError(ConnectorError):
    """The CRM understood and refused; the same request will be refused again."""


class UnauthorizedError(ConnectorError):
    """The credential is wrong, expired or lacks a permission; ``needs`` names what to grant, where known."""

    def __init__(
        self,
        message: str | None = None,
        *,
        status: int | None = None,
        code: str | None = None,
        needs: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message, status=status, code=code)
        self.needs = needs


class QuotaError(ConnectorError):
    """The CRM's allowance for calls is used up; ``retry_after`` seconds until it is not, where known."""

    def __init__(
        self,
        message: str | None = None,
        *,
        status: int | None = None,
        code: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, status=status, code=code)
        self.retry_after = retry_after


class UnsafePlanError(PartnersyncError):
    """The plan is over its limits and waits for a person; nothing was written."""

    exit_code = 3

    def __init__(self, reasons: tuple[str, ...], plan: Plan) -> None:
        self.reasons = reasons
        self.plan = plan
        super().__init__("; ".join(reasons))


class StateError(PartnersyncError):
    """The database cannot be used as it is."""

    exit_code = 4


class ConflictError(PartnersyncError):
    """Another run holds the workspace, or the world moved since the plan was made."""

    exit_code = 5


class HaltedError(ConflictError):
    """A person halted the workspace; nothing is sent or posted until it is resumed."""
