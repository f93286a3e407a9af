"""Which company is meant: registrable domains, normalised names, and the one partner that a text names.

People type ``https://www.acme.co.uk/about``, ``Jo@ACME.co.uk`` or ``acme.co.uk.``; all mean ``acme.co.uk``, the domain that
somebody registered. What stands below a shared suffix (``shop.github.io``) is a company's own, the suffix itself is nobody's,
and neither are free-mail hosts. ``Müller & Söhne GmbH & Co. KG`` and ``MUELLER`` stay different, but the first equals
``Muller and Sohne``: accents, case, punctuation and legal forms go, letters stay.

A partner is resolved by slug, CRM id, domain, alias or name, in this order, and only where exactly one fits. A name that is
merely similar is offered to a person as a suggestion and never decides.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal

from publicsuffixlist import PublicSuffixList
from rapidfuzz import fuzz, process

from mapping.shared_domains import NEVER_A_COMPANY
from partnersync.facts import Partner
from partnersync.ids import is_slug

How = Literal["id", "crm id", "domain", "alias", "name"]
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*:(//)?", re.I)
_LABEL = r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_AFTER_HOST = re.compile(r"[/?#\s]")
_PORT = re.compile(r":\d*$")
_APOSTROPHES = re.compile(r"['’`´]")
_WORD = re.compile(r"\w+")
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_FORMS = """
    inc incorporated corp corporation co company ltd limited llc llp lp plc gmbh ag kg kgaa ohg gbr ug mbh se sa sas
    sasu sarl eurl sl slu srl spa snc bv nv vof cv ab oy oyj as asa aps kk gk pte pty sdn bhd zrt kft nyrt doo dd sro
    zoo sp ood ead eood ad jsc ooo oao pao zao ltda eireli sapi rl pvt
"""
_LEGAL = frozenset(_FORMS.split())
_BETWEEN = frozenset({"and", "de"})
_ID = re.compile(r"[A-Za-z0-9]{15}([A-Za-z0-9]{3})?")
_SUGGEST_FROM = 82.0
REPEATED = 16_384
"""So many names and domains are kept: a company comes with each of its deals, in chunks of a few thousand. More of them cost
280 bytes each, for good."""


@cache
def _suffixes() -> PublicSuffixList:
    """The list in ASCII alone, as hosts are looked up: to write each suffix both ways takes half as long again."""
    with (files("publicsuffixlist") / "public_suffix_list.dat").open(encoding="utf-8") as listed:
        rules = (line if line.isascii() else line.strip().encode("idna").decode() for line in listed if line[0] != "/")
        return PublicSuffixList(rules, accept_unknown=True, accept_encoded_idn=False)


@lru_cache(maxsize=REPEATED)
def registrable_domain(text: str | None, never: frozenset[str] = frozenset()) -> str | None:
    """The registered domain in a host name, URL or e-mail address, in lower-case ASCII; None where it names no company.

    ``never`` are further domains that many share. IP addresses, hosts without a dot and bare public suffixes are None.
    """
    host = _host(text or "")
    if host is None:
        return None
    domain: str | None = _suffixes().privatesuffix(host)
    return None if domain is None or domain in NEVER_A_COMPANY or domain in never else domain


def _host(text: str) -> str | None:
    host = text.strip()
    if _NAME.fullmatch(host) and not host.rpartition(".")[2].isdecimal():
        return host  # most are written as they are looked up
    host = _SCHEME.sub("", host) if ":" in host else host
    host = _AFTER_HOST.split(host, maxsplit=1)[0].rpartition("@")[2]
    host = _PORT.sub("", host).strip(".").lower()
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii").lower()
        except UnicodeError:
            return None
    # An address is no name: one of four numbers ends in digits, one with colons has no such labels.
    return host if _NAME.fullmatch(host) and not host.rpartition(".")[2].isdecimal() else None


@lru_cache(maxsize=REPEATED)
def normal_name(text: str) -> str:
    """A company name without case, accents, punctuation and legal forms; a name made of nothing else stays whole."""
    plain = text.lower() if text.isascii() else _without_accents(text)
    plain = _APOSTROPHES.sub("", plain.replace("&", " and ").replace("+", " and "))
    words = _joined(_WORD.findall(plain.replace("_", " ")))
    kept = list(words[1:] if len(words) > 1 and words[0] == "the" else words)
    while len(kept) > 1 and (kept[-1] in _LEGAL or (len(kept) < len(words) and kept[-1] in _BETWEEN)):
        kept.pop()
    return " ".join(kept)


def _without_accents(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(each for each in folded if not unicodedata.combining(each))


def _joined(words: Iterable[str]) -> list[str]:
    """Single letters in a row as one word: ``s a`` and ``s. a.`` are ``sa``."""
    joined: list[str] = []
    run = ""
    for word in words:
        if len(word) == 1 and word.isalpha():
            run += word
            continue
        joined += [run, word] if run else [word]
        run = ""
    return [*joined, run] if run else joined


def full_id(crm: str, id_: str) -> str:
    """A record id at its full length: Salesforce's 15 characters as 18, so that both name one record."""
    id_ = id_.strip()
    if len(id_) != 15 or crm != "salesforce" or not _ID.fullmatch(id_):
        return id_
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    chunks = (id_[at : at + 5] for at in (0, 5, 10))
    return id_ + "".join(letters[sum(1 << bit for bit, char in enumerate(chunk) if char.isupper())] for chunk in chunks)


@dataclass(frozen=True, slots=True)
class Named:
    """Exactly one partner fits."""

    partner: str
    how: How


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several partners fit equally well."""

    partners: tuple[str, ...]
    how: How


@dataclass(frozen=True, slots=True)
class Nobody:
    """No partner fits; ``suggestions`` are similar names for a person to look at."""

    suggestions: tuple[str, ...] = ()


@dataclass(slots=True)
class PartnerIndex:
    """Partners by everything that may name one."""

    partners: Mapping[str, Partner]
    never: frozenset[str] = frozenset()
    _by: dict[How, dict[str, set[str]]] = field(default_factory=dict)
    _memory: dict[tuple[str, str | None], Named | Ambiguous | Nobody] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by = {how: defaultdict(set) for how in ("crm id", "domain", "alias", "name")}
        for partner in self.partners.values():
            for crm, id_ in partner.crm_ids.items():
                self._by["crm id"][f"{crm}:{full_id(crm, id_)}"].add(partner.id)
            for domain in partner.domains:
                registered = registrable_domain(domain, self.never)
                if registered:
                    self._by["domain"][registered].add(partner.id)
            for alias in partner.aliases:
                self._by["alias"][normal_name(alias)].add(partner.id)
            self._by["name"][normal_name(partner.name)].add(partner.id)

    def resolve(self, text: str, crm: str | None = None) -> Named | Ambiguous | Nobody:
        """The one partner that ``text`` names; ``crm`` is where it was typed and decides whose ids are looked at."""
        known = self._memory.get((text, crm))
        if known is None:
            known = self._memory[text, crm] = self._found(text.strip(), crm)
        return known

    def by_domain(self, domain: str) -> tuple[str, ...]:
        """The partners that own a registrable domain."""
        return tuple(sorted(self._by["domain"].get(domain, ())))

    def shared_domains(self) -> Iterable[tuple[str, tuple[str, ...]]]:
        """Domains that more than one partner claims."""
        for domain, owners in sorted(self._by["domain"].items()):
            if len(owners) > 1:
                yield domain, tuple(sorted(owners))

    def _found(self, text: str, crm: str | None) -> Named | Ambiguous | Nobody:
        if is_slug(text) and text in self.partners:
            return Named(text, "id")
        for how, held in self._candidates(text, crm):
            if len(held) == 1:
                return Named(next(iter(held)), how)
            if held:
                return Ambiguous(tuple(sorted(held)), how)
        return Nobody(self._similar(text))

    def _candidates(self, text: str, crm: str | None) -> Iterable[tuple[How, set[str]]]:
        if crm is not None:
            yield "crm id", self._by["crm id"].get(f"{crm}:{full_id(crm, text)}", set())
        domain = registrable_domain(text, self.never) if "." in text else None
        if domain:
            yield "domain", self._by["domain"].get(domain, set())
        name = normal_name(text)
        if name:
            yield "alias", self._by["alias"].get(name, set())
            yield "name", self._by["name"].get(name, set())

    def _similar(self, text: str) -> tuple[str, ...]:
        names = {name: ids for how in ("name", "alias") for name, ids in self._by[how].items()}
        close = process.extract(normal_name(text), list(names), scorer=fuzz.WRatio, limit=3, score_cutoff=_SUGGEST_FROM)
        return tuple(dict.fromkeys(id_ for name, _, _ in close for id_ in sorted(names[name])))
