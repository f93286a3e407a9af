"""Partners and their dated tiers, from the rows of a roster or from the config itself.

Nothing is guessed: two rows with one id, tiers that overlap, or a merger without its day are findings; on a day that two
tiers claim, the partner has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any, cast, get_args

from mapping import values
from mapping.columns import Column, Columns, UnreadableError, extra_reading, mapped_words
from mapping.config import InlinePartner, MappingSections, RosterInline, RosterSource
from mapping.fields import default_timezone
from partnersync.credits import Finding
from partnersync.facts import Partner, PartnerType, Tier
from partnersync.ids import Ref, is_slug
from partnersync.records import RawRecord, Unreadable

_TYPES = frozenset(get_args(PartnerType))
_CRM_IDS = ("salesforce_id", "hubspot_id")


class RosterReader:
    """Reads the rows of ``partners.roster`` and ``partners.tiers``."""

    def __init__(self, sections: MappingSections) -> None:
        timezone = default_timezone(sections)
        roster, tiers = sections.partners.roster, sections.partners.tiers
        self._inline = roster.inline if isinstance(roster, RosterInline) else ()
        partner, extra = _columns(roster, timezone) if isinstance(roster, RosterSource) else ((), ())
        self._partner, self._extra = Columns(partner, "partners.roster.fields"), Columns(extra, "partners.roster.extra")
        held = tiers.fields if tiers else None
        names = [n for n in type(held).model_fields if getattr(held, n) is not None] if held else []
        tier = (Column(name, getattr(held, name), _reading(name, timezone)) for name in names)
        self._tier = Columns(tier, "partners.tiers.fields")

    def partner(self, record: RawRecord) -> Partner | Unreadable | None:
        """The partner of a row; None for a CRM's account that is no partner (its id field is empty)."""
        try:
            given = self._partner.read(record)
            if given["id"] is None and record.ref.crm != "file":
                return None
            return _partner(given, self._extra.read(record))
        except UnreadableError as error:
            return Unreadable(record.ref, str(error), record.values, record.stamp)

    def tier(self, record: RawRecord) -> tuple[str, Tier] | Unreadable:
        """A dated tier and the id of its partner."""
        try:
            given = self._tier.read(record)
            for name in ("partner", "tier", "from_"):
                if given[name] is None:
                    raise UnreadableError(f"partners.tiers.fields.{name.strip('_')}: is empty")
            begins, ends = given["from_"], given.get("to")
            if ends is not None and ends <= begins:
                raise UnreadableError(f"the tier {given['tier']} of {given['partner']} ends before it begins")
            return given["partner"], Tier(given["tier"], begins, ends, given.get("program"), given.get("reason"))
        except UnreadableError as error:
            return Unreadable(record.ref, str(error), record.values, record.stamp)

    def roster(
        self, partners: Iterable[RawRecord] = (), tiers: Iterable[RawRecord] = ()
    ) -> tuple[tuple[Partner, ...], tuple[Finding, ...]]:
        """Every partner with its tiers, and what is wrong with them; rows that cannot be read are findings too."""
        findings: list[Finding] = []
        found: dict[str, Partner] = {each.id: _inline(each) for each in self._inline}
        for record in _live(partners):
            match self.partner(record):
                case Unreadable(ref, reason):
                    findings.append(Finding("partner_unreadable", ref, reason, "error"))
                case Partner() as partner if partner.id in found:
                    message = f"the partner {partner.id!r} stands twice in the roster; the first is used"
                    findings.append(Finding("partner_twice", record.ref, message, "error"))
                case Partner() as partner:
                    found[partner.id] = partner
        graded: dict[str, list[Tier]] = {}
        for record in _live(tiers):
            match self.tier(record):
                case Unreadable(ref, reason):
                    findings.append(Finding("tier_unreadable", ref, reason, "error"))
                case (id_, Tier() as tier) if id_ in found:
                    graded.setdefault(str(id_), []).append(tier)
                case (id_, _):
                    message = f"a tier names the partner {id_!r}, who is not in the roster"
                    findings.append(Finding("tier_partner_unknown", record.ref, message))
        everyone = tuple(
            replace(each, tiers=tuple(sorted((*each.tiers, *graded.get(each.id, ())), key=_begins)))
            for each in found.values()
        )
        return everyone, (*findings, *_overlaps(everyone), *_mergers(everyone))


def _live(records: Iterable[RawRecord]) -> list[RawRecord]:
    return sorted((each for each in records if each.life == "live"), key=lambda each: each.ref)


def _begins(tier: Tier) -> tuple[Any, str]:
    return tier.valid_from, tier.tier


def partner_ref(id_: str) -> Ref:
    """How findings point at a partner."""
    return Ref("partnersync", "roster", "partner", id_)


def _overlaps(partners: Iterable[Partner]) -> Iterator[Finding]:
    for partner in partners:
        for program in {tier.program for tier in partner.tiers}:
            held = [tier for tier in partner.tiers if tier.program == program]
            for one, next_ in pairwise(held):
                if one.valid_to is None or one.valid_to > next_.valid_from:
                    message = (
                        f"the tiers {one.tier} and {next_.tier} of {partner.id} overlap from {next_.valid_from}; "
                        "on those days the partner has none"
                    )
                    yield Finding("tiers_overlap", partner_ref(partner.id), message, "error")


def _mergers(partners: tuple[Partner, ...]) -> Iterator[Finding]:
    known = {partner.id for partner in partners}
    for partner in partners:
        if partner.merged_into is None:
            continue
        if partner.merged_into not in known:
            message = f"{partner.id} is merged into {partner.merged_into!r}, who is not in the roster"
            yield Finding("merged_into_unknown", partner_ref(partner.id), message, "error")
        elif partner.merged_on is None:
            message = f"{partner.id} is merged into {partner.merged_into} without a day: it keeps its deals until one is given"
            yield Finding("merged_without_day", partner_ref(partner.id), message)


def _columns(roster: RosterSource, timezone: str) -> tuple[tuple[Column, ...], tuple[Column, ...]]:
    fields, place = roster.fields, "partners.roster"
    names = [name for name in type(fields).model_fields if getattr(fields, name) is not None]
    columns = tuple(
        Column(name, getattr(fields, name), mapped_words(name, roster.values, place) or _reading(name, timezone))
        for name in names
    )
    extra = tuple(
        Column(name, each.field, mapped_words(name, roster.values, place) or extra_reading(each.type, timezone))
        for name, each in roster.extra.items()
    )
    return columns, extra


def _reading(name: str, timezone: str) -> Any:
    match name:
        case "currency":
            return values.currency
        case "domains" | "aliases" | "programs":
            return values.words
        case "joined_on" | "merged_on" | "from_" | "to":
            return partial(values.day, timezone=timezone)
        case _:
            return values.text


def _partner(given: Mapping[str, Any], extra: Mapping[str, Any]) -> Partner:
    id_, type_ = given["id"], (given["type"] or "").lower()
    if id_ is None or not is_slug(id_):
        raise UnreadableError(f"partners.roster.fields.id: {id_!r} is no id of lower-case letters, digits and hyphens")
    if given["name"] is None:
        raise UnreadableError(f"partners.roster.fields.name: {id_} has no name")
    if type_ not in _TYPES:
        raise UnreadableError(
            f"partners.roster.fields.type: {given['type']!r} is none of {', '.join(sorted(_TYPES))}; "
            "map it under partners.roster.values.type"
        )
    return Partner(
        id=id_,
        name=given["name"],
        type=cast("PartnerType", type_),
        status=(given.get("status") or "active").lower(),
        programs=given.get("programs", ()),
        currency=given.get("currency"),
        manager=given.get("manager"),
        domains=given.get("domains", ()),
        aliases=given.get("aliases", ()),
        crm_ids={name.removesuffix("_id"): given[name] for name in _CRM_IDS if given.get(name)},
        region=given.get("region"),
        joined_on=given.get("joined_on"),
        merged_into=given.get("merged_into"),
        merged_on=given.get("merged_on"),
        extra=extra,
    )


def _inline(given: InlinePartner) -> Partner:
    tiers = tuple(Tier(tier.tier, tier.from_, tier.to, tier.program, tier.reason) for tier in given.tiers)
    ids = {name.removesuffix("_id"): id_ for name in _CRM_IDS if (id_ := getattr(given, name))}
    plain = given.model_dump(exclude={"tiers", *_CRM_IDS})
    return Partner(**plain, crm_ids=ids, tiers=tuple(sorted(tiers, key=_begins)))
