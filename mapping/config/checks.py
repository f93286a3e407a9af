"""Mistakes that only show when sections are held against one another."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from mapping.conditions.vocabulary import BUILT_IN, ExtraKind, Vocabulary, near
from mapping.config.models import PositionModel
from mapping.config.parties import Partners, Program, RosterInline, RosterSource
from mapping.config.rules import Attribution, FieldRule, Registrations, TouchpointRule
from mapping.config.section import SourceName
from mapping.config.sources import ExtraField, OpportunitySource, Source, Sources
from partnersync.credits import ROLES
from partnersync.placing import Fault
from partnersync.source import Where

ATTRIBUTION_NAMESPACES = ("opportunity", "account", "partner", "registration")


@dataclass(frozen=True, slots=True)
class MappingSections:
    """The sections that mapping reads, together; ``timezone`` is the calendar's."""

    timezone: str
    sources: Sources
    programs: Mapping[str, Program]
    partners: Partners
    attribution: Attribution
    registrations: Registrations = field(default_factory=Registrations)


def vocabulary(sections: MappingSections) -> Vocabulary:
    """The fields that conditions of this config may name, and the values that its maps can yield."""
    roster = sections.partners.roster
    extra: dict[str, Mapping[str, ExtraKind]] = {
        "opportunity": _kinds(source.extra for source in sections.sources.opportunity),
        "account": _kinds(source.extra for source in sections.sources.account),
        "partner": _kinds([roster.extra]) if isinstance(roster, RosterSource) else {},
    }
    choices = {f"opportunity.{name}": words for name, words in _words(sections.sources.opportunity).items()}
    deals = sections.sources.opportunity
    choices["opportunity.stage"] = {s for d in deals for s in (*d.stages.open, *d.stages.won, *d.stages.lost)}
    return Vocabulary.of(extra, choices)


def faults(sections: MappingSections, connections: Collection[str]) -> Iterator[Fault]:
    """Every mistake between the sections; ``connections`` are the names that sources may begin with."""
    yield from _sources(sections, connections)
    yield from _programs(sections, connections)
    yield from _rules(sections)


def _sources(sections: MappingSections, connections: Collection[str]) -> Iterator[Fault]:
    for kind in ("account", "opportunity", "registration", "touchpoint", "override"):
        seen: set[SourceName] = set()
        sources: tuple[Source, ...] = getattr(sections.sources, kind)
        for at, source in enumerate(sources):
            here: Where = ("sources", kind, at)
            yield from _connection((*here, "from"), source.name, connections)
            if source.name in seen:
                yield Fault((*here, "from"), f"{source.name} is already a source of {kind}", "keep one of them")
            seen.add(source.name)
            yield from _values(here, source)
            yield from _own_names((*here, "extra"), kind, getattr(source, "extra", {}))
            if isinstance(source, OpportunitySource):
                yield from _stages(here, source)
    for name in ("roster", "tiers"):
        section = getattr(sections.partners, name)
        if section is not None and not isinstance(section, RosterInline):
            yield from _connection(("partners", name, "from"), section.from_, connections)
            yield from _own_names(("partners", name, "extra"), "partner", getattr(section, "extra", {}))


def _connection(where: Where, name: SourceName, connections: Collection[str]) -> Iterator[Fault]:
    if name.connection != "file" and name.connection not in connections:
        meant = near(name.connection, connections)
        hint = f"did you mean {meant!r}?" if meant else "name one under `connections`, or file:name.csv"
        yield Fault(where, f"no connection is called {name.connection!r}", hint)


def _values(here: Where, source: Source) -> Iterator[Fault]:
    """A map of values is for a field that the source brings, and gives each of its values one word."""
    fields = source.fields if hasattr(source, "fields") else None
    known = {name for name in type(fields).model_fields if getattr(fields, name) is not None} if fields else set()
    known |= set(getattr(source, "extra", {}))
    for name, words in source.values.items():
        if name not in known:
            meant = near(name, known)
            yield Fault((*here, "values", name), f"{name!r} is not among the fields of this source", _mean(meant), True)
        yield from _twice((*here, "values", name), words)


def _stages(here: Where, source: OpportunitySource) -> Iterator[Fault]:
    stages = source.stages
    yield from _twice((*here, "stages"), {"open": stages.open, "won": stages.won, "lost": stages.lost})


def _own_names(where: Where, subject: str, extra: Iterable[str]) -> Iterator[Fault]:
    """A field of the config's own must not hide one of ours from conditions."""
    for name in extra:
        if f"{subject}.{name}" in BUILT_IN:
            yield Fault((*where, name), f"{name!r} is a word of ours already", "choose another name", True)


def _twice(where: Where, words: Mapping[str, Iterable[str]]) -> Iterator[Fault]:
    given: dict[str, str] = {}
    for word, values in words.items():
        for at, value in enumerate(values):
            if value in given:
                yield Fault((*where, word, at), f"{value!r} already means {given[value]}", "keep one of them")
            given.setdefault(value, word)


def _programs(sections: MappingSections, connections: Collection[str]) -> Iterator[Fault]:
    for name, program in sections.programs.items():
        record = program.system_of_record
        if record is not None and record not in connections:
            where = ("programs", name, "system_of_record")
            yield Fault(where, f"no connection is called {record!r}", _mean(near(record, connections)))
    roster = sections.partners.roster
    if isinstance(roster, RosterInline):
        ids = [partner.id for partner in roster.inline]
        for at, partner in enumerate(roster.inline):
            here: Where = ("partners", "roster", "inline", at)
            if partner.id in ids[:at]:
                yield Fault((*here, "id"), f"the partner {partner.id!r} is already in the list", "keep one of them")
            for place, named in enumerate(partner.programs):
                if named not in sections.programs:
                    yield Fault((*here, "programs", place), f"no programme is called {named!r}")


def _rules(sections: MappingSections) -> Iterator[Fault]:
    words = vocabulary(sections)
    texts = {
        "partner_field",
        *(n for s in sections.sources.opportunity for n, f in s.extra.items() if f.type == "text"),
    }
    seen: dict[str, str] = {}
    for role in ROLES:
        for at, rule in enumerate(sections.attribution.of(role)):
            here: Where = ("attribution", role, at)
            if rule.id in seen:
                yield Fault(
                    (*here, "id"), f"the rule {rule.id!r} already stands under {seen[rule.id]}", "choose another id"
                )
            seen.setdefault(rule.id, role)
            if isinstance(rule, FieldRule):
                yield from _field_rule(here, rule, sections, texts)
            if isinstance(rule, TouchpointRule):
                yield from _model(here, rule)
            if rule.when is not None:
                names = ATTRIBUTION_NAMESPACES if rule.use == "registration" else ATTRIBUTION_NAMESPACES[:-1]
                yield from rule.when.faults((*here, "when"), words, names)


def _model(here: Where, rule: TouchpointRule) -> Iterator[Fault]:
    where = (*here, "model", "position")
    if isinstance(rule.model, PositionModel) and rule.model.position.whole != 1:
        told = f"{float(rule.model.position.whole * 100):g}%"
        yield Fault(where, f"first, middle and last are {told} together", "make them 100%", given=((*where, None),))


def _field_rule(here: Where, rule: FieldRule, sections: MappingSections, texts: Collection[str]) -> Iterator[Fault]:
    where = (*here, "field")
    if rule.field not in texts:
        yield Fault(where, f"{rule.field!r} is not a field that can name a partner", _mean(near(rule.field, texts)))
    elif rule.field == "partner_field" and all(s.fields.partner_field is None for s in sections.sources.opportunity):
        yield Fault(where, "no opportunity source maps partner_field", "add it under sources.opportunity[…].fields")


def _kinds(groups: Iterable[Mapping[str, ExtraField]]) -> dict[str, ExtraKind]:
    return {name: extra.type for group in groups for name, extra in group.items()}


def _words(sources: tuple[OpportunitySource, ...]) -> dict[str, set[str]]:
    """Our words by field, where every source that brings the field maps its values."""
    found: dict[str, set[str]] = {}
    for name in {name for source in sources for name in source.values}:
        bringing = [s for s in sources if getattr(s.fields, name, None) is not None or name in s.extra]
        if bringing and all(name in source.values for source in bringing):
            found[name] = {word for source in bringing for word in source.values[name]}
    return found


def _mean(meant: str | None) -> str:
    return f"did you mean {meant!r}?" if meant else ""
