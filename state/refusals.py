"""What a database's refusal means to the person who has to do something about it, in one table for both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError, NoSuchTableError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from partnersync.errors import ConflictError, StateError

_SQLITE = (
    ("disk is full", "the disk is full: free some space and run again; nothing of this page was written"),
    ("locked", "is locked by another process; wait for it to end, or look for one that hangs"),
    ("busy", "is locked by another process; wait for it to end, or look for one that hangs"),
    ("readonly", "cannot be written: check the permissions of the file and its folder"),
    ("unable to open", "cannot be opened: check that the folder exists and may be written"),
    ("not a database", "is not a SQLite database"),
    ("malformed", "is damaged: restore a backup with `partnersync db restore`"),
    ("disk i/o", "cannot be read or written: the disk reports an error"),
    ("no such table", "has no tables of ours: run `partnersync db upgrade`"),
    ("append-only", "refuses: the ledger is append-only"),
)
_POSTGRESQL = (
    ("53100", "the disk of the server is full; nothing of this page was written"),
    ("53300", "takes no more connections"),
    ("55P03", "is locked by another process; wait for it to end, or look for one that hangs"),
    ("40P01", "broke a deadlock; run again"),
    ("25006", "can only be read: it is a replica, or was opened to read only"),
    ("42501", "does not let this user do it: grant the rights on its tables"),
    ("42P01", "has no tables of ours: run `partnersync db upgrade`"),
    ("P0001", "refuses: the ledger is append-only"),
)


@contextmanager
def told(url: str) -> Iterator[None]:
    """Turn what the driver raises into our errors.

    Raises:
        ConflictError: a row that may exist only once exists already: somebody else was faster.
        StateError: everything else, with what to do about it.
    """
    try:
        yield
    except DBAPIError as error:
        place = make_url(url).render_as_string(hide_password=True)
        code = getattr(error.orig, "sqlstate", None) or ""
        text = str(error.orig).strip()
        if code == "23505" or text.startswith("UNIQUE constraint"):
            raise ConflictError(
                f"written already, by another run or twice by this one: {text.splitlines()[0]}"
            ) from error
        raise StateError(f"the database {place} {_meaning(code, text)}") from error
    except (PoolTimeout, NoSuchTableError) as error:
        raise StateError(
            f"the database {make_url(url).render_as_string(hide_password=True)} cannot be used: {error}"
        ) from error


def _meaning(code: str, text: str) -> str:
    lower = text.lower()
    if code:
        known = next((meaning for key, meaning in _POSTGRESQL if key == code), None)
        return known or f"refuses ({code}): {text.splitlines()[0]}"
    known = next((meaning for key, meaning in _SQLITE if key in lower), None)
    if known:
        return known
    if "connect" in lower or "server closed" in lower or "terminat" in lower:
        return "cannot be reached: check that the server runs and the address is right"
    return f"refuses: {text.splitlines()[0] if text else 'no reason given'}"
