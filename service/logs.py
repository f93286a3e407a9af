"""structlog for the whole program: a console for people, JSON lines for machines, and nothing secret in either.

Redaction is the last processor before the renderer, so that it sees what every library logged too. It blots out by name
(token, secret, authorization …), by shape (``Bearer …``, ``pat-…``, ``00D…!…``, a JWT) and by value (every secret that was
looked up).
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, TextIO

import structlog

_NAMES = re.compile(r"token|secret|password|authorization|assertion|api_?key|cookie|session_id", re.IGNORECASE)
_SHAPES = re.compile(
    r"Bearer\s+\S+|Basic\s+[A-Za-z0-9+/=]{8,}|pat-[a-z0-9]+-[A-Za-z0-9-]{8,}|00D[A-Za-z0-9]{12,15}![A-Za-z0-9._]+"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*|(?<=://)[^/\s:@]+:[^/\s:@]+(?=@)"
)
BLOT = "[redacted]"
Known = Callable[[], frozenset[str]]


def redactor(known: Known) -> structlog.typing.Processor:
    """A processor that blots out secrets anywhere in an event."""

    def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        secrets = known()
        for name in list(event):
            event[name] = BLOT if _NAMES.search(name) and event[name] else blotted(event[name], secrets)
        return event

    return redact


def blotted(value: Any, secrets: frozenset[str]) -> Any:
    """``value`` with every secret in it blotted out, whatever it is nested in."""
    match value:
        case str():
            for secret in secrets:
                value = value.replace(secret, BLOT)
            return _SHAPES.sub(BLOT, value)
        case Mapping():
            return {
                key: BLOT if isinstance(key, str) and _NAMES.search(key) else blotted(item, secrets)
                for key, item in value.items()
            }
        case list() | tuple() | set() | frozenset():
            return [blotted(item, secrets) for item in value]
        case None | bool() | int() | float():
            return value
        case _:
            return blotted(str(value), secrets)


def configure(*, json: bool, verbose: bool, known: Known, stream: TextIO | None = None) -> None:
    """Send everything that is logged, by us or by a library, through one chain to ``stream`` (standard error)."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    trace: structlog.typing.Processor = (
        structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))
        if json
        else structlog.processors.format_exc_info
    )
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if json
        else structlog.dev.ConsoleRenderer(colors=(stream or sys.stderr).isatty())
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, trace, redactor(known), renderer],
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO if verbose else logging.WARNING)
    for noisy in ("urllib3", "apscheduler", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
