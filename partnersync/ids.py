"""Names that must never change: external identities, slugs, hashes and deterministic intent keys."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from hashlib import blake2b
from typing import Any

import orjson

from partnersync.frozen import frozen

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_FAST = (
    orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
) | orjson.OPT_PASSTHROUGH_SUBCLASS


@frozen(order=True)
class Ref:
    """The identity of something outside: (crm, org or portal id, object, full-length id), never a connection's name.

    Files use crm ``file`` and org = the file's source name. Text form: ``salesforce/00D…/Opportunity/006…``.
    """

    crm: str
    org: str
    object: str
    id: str

    def __hash__(self) -> int:
        # Almost every id is the only one of its kind, and a text remembers its hash: refs are looked up by the million.
        return hash(self.id)

    def __str__(self) -> str:
        return f"{self.crm}/{self.org}/{self.object}/{self.id}"

    @classmethod
    def parse(cls, text: str) -> Ref:
        """The inverse of ``str``.

        Raises:
            ValueError: not four parts.
        """
        crm, org, object_, id_ = text.split("/", 3)
        return cls(crm, org, object_, id_)


def canonical(value: Any) -> str:
    """JSON with sorted keys and no blanks: the text whose hash is an identity; decimals keep their digits as text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"no canonical form for {type(value).__name__}")


def digest(value: Any, size: int = 16) -> str:
    """Hex blake2b of ``canonical(value)``; ``size`` bytes."""
    try:
        text = orjson.dumps(value, default=_plain, option=_FAST)
    except TypeError:  # what the fast writer refuses: integers beyond 64 bits, half surrogates
        text = canonical(value).encode()
    return blake2b(text, digest_size=size).hexdigest()


def intent_key(*parts: str) -> str:
    """A deterministic key of at most 64 lower-case characters that holds no counter, so a lost database yields it again."""
    return "ps-" + blake2b("\x1f".join(parts).encode(), digest_size=28).hexdigest()


def is_slug(text: str) -> bool:
    """Whether ``text`` may name a rule, plan, partner or task: lower-case letters, digits and inner hyphens, ≤ 64."""
    return SLUG.fullmatch(text) is not None
