"""References to secrets → the secrets, at the last moment, and the list of what must never be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from partnersync.errors import ConfigError, Problem

_REFERENCE = re.compile(r"\$\{(env|file):([^}]+)\}")


class Secrets:
    """Looks references up and remembers every value it gave out, so that logs can blot it out."""

    def __init__(self, environ: Mapping[str, str], home: Path) -> None:
        self._environ = environ
        self._home = home
        self._known: set[str] = set()

    def __call__(self, reference: str) -> str:
        """The secret that ``${env:NAME}`` or ``${file:/path}`` names.

        Raises:
            ConfigError: the variable is not set, the file cannot be read, or it is empty.
        """
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            raise ConfigError([Problem("config", 0, 0, "", "a secret must be a reference such as ${env:NAME}")])
        kind, name = match.groups()
        value = self._environ.get(name, "") if kind == "env" else self._read(self._home / name)
        if not value.strip():
            what = f"the environment variable {name}" if kind == "env" else f"the file {name}"
            raise ConfigError([Problem("config", 0, 0, "", f"{what} is not set or empty", "it must hold the secret")])
        self._known.add(value.strip())
        return value.strip()

    @property
    def known(self) -> frozenset[str]:
        """Every secret given out so far."""
        return frozenset(self._known)

    @staticmethod
    def _read(path: Path) -> str:
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not text"
            raise ConfigError([Problem(str(path), 0, 0, "", f"the secret cannot be read: {reason}")]) from error
