"""Whether the sections of the config agree: what one refers to must be there in another, and nothing may be for nothing.

mapping and reconcile check what they own; here stand the checks that need more than one package, and for every check the
paths it judged by (``given``), so that one slip is told once and not again by everything that refers to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, get_args

from mapping.conditions.vocabulary import near
from mapping.config import RosterInline, SourceName, vocabulary
from mapping.config import faults as mapping_faults
from partnersync.credits import ROLES, Role
from partnersync.facts import PartnerType
from partnersync.placing import Fault, Pattern
from partnersync.source import Where, path_text
from reconcile.commission.config import CommissionSections
from reconcile.commission.config import faults as commission_faults
from reconcile.writeback.config import FieldRule

if TYPE_CHECKING:
    from service.settings import Settings

KINDS = ("account", "opportunity", "registration", "touchpoint", "override")
TASK_NAMESPACES = ("opportunity", "account", "partner", "attribution")
_PLANS = ("commission", "plans", None)


@dataclass(frozen=True, slots=True)
class Mention:
    """A place that names a connection."""

    where: Where
    name: str
    at_key: bool = False


def connections(settings: Settings) -> Iterator[Fault]:
    """Every connection that is named is there; one message per name, and at its definition where that is misspelt."""
    mentions: dict[str, list[Mention]] = {}
    for mention in _mentions(settings):
        mentions.setdefault(mention.name, []).append(mention)
    unused = [name for name in settings.connections if name not in mentions]
    for name, places in mentions.items():
        if name in settings.connections:
            continue
        misspelt = near(name, unused)
        given: tuple[Pattern, ...] = (("connections", None),)
        if misspelt and len(places) > 1:
            told = ", ".join(path_text(place.where) for place in places)
            message = f"nothing refers to this connection, while {len(places)} settings say {name!r} ({told})"
            yield Fault(("connections", misspelt), message, f"did you mean {name!r}?", at_key=True, given=given)
            continue
        meant = near(name, settings.connections)
        more = f" ({len(places) - 1} more settings name it)" if len(places) > 1 else ""
        hint = f"did you mean {meant!r}?" if meant else "name one under `connections`, or a file:name.csv"
        first = places[0]
        yield Fault(first.where, f"no connection is called {name!r}{more}", hint, at_key=first.at_key, given=given)


def files(settings: Settings) -> Iterator[Fault]:
    """Two CSV files may not share a name: a row is known by its file's name."""
    seen: dict[str, str] = {}
    for where, name in origins(settings):
        if name.connection == "file":
            other = seen.setdefault(PurePath(name.object).stem, name.object)
            if other != name.object:
                yield Fault(where, f"{name.object} and {other} have the same name", "rename one of the files")


def mapping(settings: Settings) -> Iterator[Fault]:
    """What mapping finds in its own sections, and rules for which there is no evidence to read."""
    named = {*settings.connections, *(mention.name for mention in _mentions(settings))}
    for fault in mapping_faults(settings.mapping, named):
        given = (*fault.given, *_of_condition(fault))
        if fault.where[0] == "attribution" and fault.where[-1] == "field":
            given = (("sources", "opportunity", None, "fields", "partner_field"), _EXTRA)
        elif fault.where[-1] in ("id", "from") or fault.where[:1] == ("partners",):
            given = (*given, ("programs", None))
        yield replace(fault, given=given)
    for role in ROLES:
        for at, rule in enumerate(settings.attribution.of(role)):
            kind = {"registration": "registration", "touchpoints": "touchpoint"}.get(rule.use)
            if kind and not getattr(settings.sources, kind):
                where = ("attribution", role, at, "use")
                message = f"never matches: there is no source of {kind}s"
                yield Fault(where, message, f"add one under sources.{kind}", given=(("sources", kind, None),))


_EXTRA: Pattern = ("sources", "opportunity", None, "extra", None, None)


def _of_condition(fault: Fault) -> tuple[Pattern, ...]:
    """What the meaning of a condition's field rests on: the fields, words and stages of the sources."""
    where = fault.where
    if "when" not in where or fault.hint.startswith("did you mean"):
        return ()
    field = next((step for step in where[where.index("when") + 1 :] if isinstance(step, str) and "." in step), "")
    subject, _, name = field.partition(".")
    if subject == "partner":
        return (("partners", "roster", "extra", name, None),)
    given: tuple[Pattern, ...] = (
        ("sources", subject, None, "extra", name, None),
        ("sources", subject, None, "values", name, None, None),
    )
    return (*given, ("sources", subject, None, "stages", None, None)) if name == "stage" else given


def commission(settings: Settings) -> Iterator[Fault]:
    """What commission finds in its own sections, and plans for credits that nothing gives."""
    if settings.commission is None:
        return
    sections = CommissionSections(settings.calendar, settings.money, settings.commission, settings.programs)
    for fault in commission_faults(sections, vocabulary(settings.mapping)):
        yield replace(fault, given=_of_plan(fault))
    for at, plan in enumerate(settings.commission.plans):
        if not credited(settings, plan.role):
            yield _nobody(("commission", "plans", at, "role"), plan.role)


def _of_plan(fault: Fault) -> tuple[Pattern, ...]:
    match fault.where[-1]:
        case _ if "when" in fault.where[:-1]:
            return _of_condition(fault)
        case "program":
            return (("programs", None),)
        case "effective":
            return ((*_PLANS, "id"), (*_PLANS, "was"), (*_PLANS, "effective", None))
        case "over":
            return (("calendar", "periods"), (*_PLANS, "rules", None, "rate", "graduated", "over"))
        case "to" | "from":
            return ((*_PLANS, "rules", None, "rate", "graduated", "brackets", None, None),)
        case _:
            return ((*_PLANS, "rules", None, "when", None, None, None), ("programs", None, "currency"))


def credited(settings: Settings, role: Role) -> bool:
    """Whether anything can give a credit in this role."""
    return bool(settings.attribution.of(role) or settings.sources.override)


def _nobody(where: Where, role: str) -> Fault:
    message = f"nothing gives {role} credit: there is no rule under attribution.{role}"
    given: tuple[Pattern, ...] = (("attribution", role, None), ("sources", "override", None))
    return Fault(where, message, "add one, or choose another role", given=given)


def writeback(settings: Settings) -> Iterator[Fault]:
    """What is written is known, goes into a record that is read, and changes no fact that it was computed from."""
    for name, section in settings.writeback.items():
        here: Where = ("writeback", name)
        for kind in ("opportunity", "account"):
            rules: dict[str, FieldRule] = getattr(section, kind)
            sources = getattr(settings.sources, kind)
            read = [source for source in sources if source.name.connection == name]
            sure = {source.name.connection for source in sources} <= {"file", *settings.connections}
            if rules and not read and sure and name in settings.connections:
                given: tuple[Pattern, ...] = (("sources", kind, None, "from"),)
                hint = f"add it under sources.{kind}"
                yield Fault((*here, kind), f"no {kind} is read from {name}", hint, at_key=True, given=given)
            mapped = {theirs: ours for source in read for ours, theirs in source.fields.model_dump().items() if theirs}
            for field, rule in rules.items():
                yield from _field(settings, (*here, kind, field), rule, mapped.get(field))
        seen: set[str] = set()
        for index, task in enumerate(section.tasks):
            if task.id in seen:
                yield Fault((*here, "tasks", index, "id"), f"the task {task.id!r} is already in the list")
            seen.add(task.id)
            where = (*here, "tasks", index, "when")
            for fault in task.when.faults(where, vocabulary(settings.mapping), TASK_NAMESPACES):
                yield replace(fault, given=_of_condition(fault))


def _field(settings: Settings, here: Where, rule: FieldRule, mapped: str | None) -> Iterator[Fault]:
    value = str(getattr(rule, "value", ""))
    connection = settings.connections.get(str(here[1]))
    if connection is not None and not re.fullmatch(connection.field_pattern, str(here[3])):
        message = f"{here[3]!r} cannot be the name of a field of {here[1]}"
        yield Fault(here, message, "use its API name, not its label", at_key=True)
    if mapped is not None and mapped != "partner_field":
        message = f"is read as {here[2]}.{mapped}: writing it would change the facts it is computed from"
        yield Fault(here, message, "write to a field of your own", at_key=True)
    if rule.if_modified == "refuse" and connection is not None and not connection.refuses_if_modified:
        message = f"{connection.crm} cannot refuse a write to a record that was modified since it was read"
        yield Fault((*here, "if_modified"), message, given=(("connections", here[1], "crm"),))
    if rule.role is not None and not credited(settings, rule.role):
        yield _nobody((*here, "role"), rule.role)
    if value.startswith("commission.") and settings.commission is None:
        message = f"{value} needs commissions, and there is no section `commission`"
        yield Fault((*here, "value"), message, given=(("commission",),))
    roster = settings.partners.roster
    inline = isinstance(roster, RosterInline)
    if value == "partner.tier" and settings.partners.tiers is None and not inline:
        message = "partner.tier needs tiers, and there is no `partners.tiers`"
        yield Fault((*here, "value"), message, given=(("partners", "tiers"), ("partners", "roster")))
    if value == "partner.crm_id" and not isinstance(roster, RosterInline) and roster.from_.connection == "file":
        column = f"{connection.crm}_id" if connection else ""
        if column and getattr(roster.fields, column, None) is None:
            message = f"partner.crm_id needs the partner's id in this CRM, and the roster maps no {column}"
            given: tuple[Pattern, ...] = (("partners", "roster", "fields", column), ("connections", here[1], "crm"))
            yield Fault((*here, "value"), message, f"add it under partners.roster.fields: {column}", given=given)
    words = {"credit.role": ROLES, "partner.type": get_args(PartnerType)}.get(value, ())
    for ours in rule.values if words else ():
        if ours not in words:
            meant = near(ours, words)
            hint = f"did you mean {meant!r}?" if meant else ""
            yield Fault(
                (*here, "values", ours), f"{value} is never {ours!r}; it is one of {', '.join(words)}", hint, True
            )


def origins(settings: Settings) -> Iterator[tuple[Where, SourceName]]:
    """Every ``from`` with its place."""
    for kind in KINDS:
        for at, source in enumerate(getattr(settings.sources, kind)):
            yield ("sources", kind, at, "from"), source.name
    for name in ("roster", "tiers"):
        section = getattr(settings.partners, name)
        if section is not None and not isinstance(section, RosterInline):
            yield ("partners", name, "from"), section.from_


def _mentions(settings: Settings) -> Iterable[Mention]:
    for where, origin in origins(settings):
        if origin.connection != "file":
            yield Mention(where, origin.connection)
    for program, terms in settings.programs.items():
        if terms.system_of_record is not None:
            yield Mention(("programs", program, "system_of_record"), terms.system_of_record)
    for name in settings.writeback:
        yield Mention(("writeback", name), name, at_key=True)


AGREEMENTS = (connections, files, mapping, commission, writeback)
