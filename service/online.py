"""The config held against the CRMs themselves: sign in, compare every mapped and written field, say what to grant or create.

A problem is what would stop a run or make it write nonsense; a warning is what sets single records aside. Both stand on the
YAML line that has to change, or that names what the CRM does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from connectors.base import Connector, Surroundings
from connectors.registry import Secrets, connect
from mapping.config import OpportunitySource
from partnersync.errors import ConfigError, ConnectorError, Problem, QuotaError, UnauthorizedError, UnavailableError
from partnersync.placing import Fault
from partnersync.records import FieldSchema, Identity, ObjectSchema
from partnersync.source import Source, Where
from service.fitting import misfits
from service.named import Origin, Read, Written, origins, read, written
from service.settings import Loaded

Schemas = Mapping[str, ObjectSchema]


@dataclass(slots=True)
class Online:
    """What the CRMs said."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    signed_in: dict[str, Identity] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """A fault, and whether it stops a run."""

    fault: Fault
    stops: bool = True


def online(
    loaded: Loaded,
    secrets: Secrets,
    surroundings: Surroundings,
    connecting: Callable[..., Connector] = connect,
) -> Online:
    """Compare the config with each of its connections."""
    found = Online()
    for name, settings in loaded.settings.connections.items():
        try:
            connector = connecting(name, settings, secrets, surroundings)
        except ConfigError as error:
            found.problems += error.problems
            continue
        try:
            for asked in _compared(loaded, name, connector, found):
                fault = asked.fault
                placed = loaded.source.problem(fault.where, fault.message, fault.hint, at_key=fault.at_key)
                (found.problems if asked.stops else found.warnings).append(placed)
        except ConfigError as error:  # a secret that is not where its reference says
            found.problems += [_at_reference(loaded.source, name, problem) for problem in error.problems]
        finally:
            connector.close()
    return found


def _compared(loaded: Loaded, name: str, connector: Connector, found: Online) -> Iterator[Asked]:
    here: Where = ("connections", name)
    try:
        found.signed_in[name] = connector.identify()
    except ConnectorError as error:
        yield Asked(_refused(here, "cannot sign in", error))
        return
    schemas: dict[str, ObjectSchema] = {}
    refused: set[str] = set()
    mine = [origin for origin in origins(loaded.settings) if origin.name.connection == name]
    for origin in mine:
        object_ = origin.name.object
        if object_ in schemas or object_ in refused:
            continue
        try:
            schemas.update(connector.describe([object_]))
        except ConnectorError as error:
            refused.add(object_)
            yield Asked(_refused((*origin.where, "from"), f"{object_} cannot be described", error))
            continue
        if object_ not in schemas:
            refused.add(object_)
            hint = "check the spelling, or grant our user read access to it"
            yield Asked(Fault((*origin.where, "from"), f"{name} shows no object {object_!r}", hint))
    for each in read(loaded.settings):
        if each.origin.name.connection == name and each.origin.name.object in schemas:
            yield from _readable(each, schemas[each.origin.name.object])
    for origin in mine:
        if origin.name.object in schemas:
            yield from _words(origin, schemas[origin.name.object])
    for target in written(loaded.settings):
        if target.connection == name and target.object in schemas:
            yield from _writable(target, schemas[target.object])
    yield from _tasks(loaded, name, connector)


def _refused(where: Where, what: str, error: ConnectorError) -> Fault:
    """A connector's refusal with the next step."""
    match error:
        case UnauthorizedError(needs=needs) if needs:
            hint = f"grant {', '.join(needs)}"
        case UnauthorizedError():
            hint = "renew the credential, or grant our user what it lacks"
        case UnavailableError():
            hint = "check the address and the network, then try again"
        case QuotaError():
            hint = "try again when the CRM's allowance is renewed"
        case _:
            hint = "check the address and the settings of this connection"
    return Fault(where, f"{what}: {error}", hint, at_key=True)


def _at_reference(source: Source, connection: str, problem: Problem) -> Problem:
    """A missing secret on the line that refers to it."""
    if problem.line:
        return problem
    under = [where for where in source.places if where[:2] == ("connections", connection)]
    for where in under:
        value = source.at(where)
        name = value[value.find(":") + 1 : -1] if isinstance(value, str) and value.startswith("${") else ""
        if name and (name in problem.message or name in problem.file):
            return source.problem(where, problem.message, problem.hint)
    return source.problem(("connections", connection), problem.message, problem.hint)


def _find(schema: ObjectSchema, name: str) -> FieldSchema | None:
    """A field by name; Salesforce takes any case."""
    folded = {known.casefold(): each for known, each in schema.fields.items()}
    return schema.fields.get(name) or folded.get(name.casefold())


def _unknown(where: Where, name: str, schema: ObjectSchema, create: str) -> Fault:
    near = get_close_matches(name, schema.fields, n=1, cutoff=0.75)
    hint = f"did you mean {near[0]!r}?" if near else f"{create}, or make it visible to our user"
    return Fault(where, f"{schema.object} shows no field {name!r}", hint)


def _readable(each: Read, schema: ObjectSchema) -> Iterator[Asked]:
    if "." in each.field:  # a parent's field: the parent's own description would be another call for each
        return
    known = _find(schema, each.field)
    if known is None:
        yield Asked(_unknown(each.where, each.field, schema, "create it"))
    elif not known.readable:
        yield Asked(Fault(each.where, f"{each.field} cannot be read by our user", "grant it read access to the field"))
    elif each.kinds and known.kind not in each.kinds:
        kinds = " or ".join(each.kinds)
        yield Asked(Fault(each.where, f"{each.field} is a {known.kind}, and {each.ours} needs a {kinds}"))


def _words(origin: Origin, schema: ObjectSchema) -> Iterator[Asked]:
    """Stages and mapped values against the CRM's own lists."""
    if isinstance(origin.model, OpportunitySource):
        stages = origin.model.stages
        mapped = {"open": stages.open, "won": stages.won, "lost": stages.lost}
        yield from _listed((*origin.where, "stages"), schema, origin.model.fields.stage, mapped)
    for name, words in getattr(origin.model, "values", {}).items():
        extra = getattr(origin.model, "extra", {}).get(name)
        field_ = extra.field if extra else getattr(origin.model.fields, name, None)
        if field_:
            yield from _listed((*origin.where, "values", name), schema, field_, words)


def _listed(where: Where, schema: ObjectSchema, field_: str, mapped: Mapping[str, tuple[str, ...]]) -> Iterator[Asked]:
    known = _find(schema, field_)
    if known is None or not known.choices:
        return
    choices = {choice.value: choice for choice in known.choices}
    taken = {value for values in mapped.values() for value in values}
    open_ = {value for value, choice in choices.items() if choice.active} - taken
    for word, values in mapped.items():
        for at, value in enumerate(values):
            if value not in choices:
                near = get_close_matches(value, open_, n=1, cutoff=0.75) or [
                    choice.value for choice in known.choices if choice.label == value
                ]
                hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(map(repr, choices))}"
                yield Asked(Fault((*where, word, at), f"{field_} has no value {value!r}", hint), stops=bool(near))
                open_ -= set(near)
    if open_:
        labels = ", ".join(_labelled(choices[value].value, choices[value].label) for value in choices if value in open_)
        message = f"{field_} also has {labels}: records that hold one are set aside"
        yield Asked(Fault(where, message, "say what each means", at_key=True), stops=False)


def _labelled(value: str, label: str) -> str:
    return repr(value) if label == value else f"{value!r} ({label})"


def _writable(target: Written, schema: ObjectSchema) -> Iterator[Asked]:
    known = _find(schema, target.field)
    if known is None:
        fault = _unknown(target.where, target.field, schema, "create it (`partnersync setup` shows how)")
        yield Asked(Fault(fault.where, fault.message, fault.hint, at_key=True))
    elif known.calculated:
        yield Asked(Fault(target.where, f"{target.field} is calculated by the CRM", "choose another", at_key=True))
    elif not known.updatable or not schema.updatable:
        hint = "grant our user edit access to the field and its object"
        yield Asked(Fault(target.where, f"{target.field} cannot be written by our user", hint, at_key=True))
    else:
        for misfit in misfits(target, known):
            yield Asked(Fault((*target.where, *misfit.below), misfit.message, misfit.hint), misfit.stops)


def _tasks(loaded: Loaded, name: str, connector: Connector) -> Iterator[Asked]:
    section = loaded.settings.writeback.get(name)
    object_ = connector.capabilities.tasks
    if section is None or not section.tasks:
        return
    here: Where = ("writeback", name, "tasks")
    if object_ is None:
        yield Asked(Fault(here, f"{name} takes no tasks", "leave them out", at_key=True))
        return
    try:
        schema = connector.describe([object_]).get(object_)
        people = connector.people()
    except ConnectorError as error:
        yield Asked(_refused(here, "tasks cannot be prepared", error))
        return
    if schema is None or not schema.creatable:
        yield Asked(Fault(here, f"our user cannot create a {object_}", "grant it access to tasks", at_key=True))
    elif key := getattr(loaded.settings.connections[name], "task_key", None):
        known = _find(schema, key)
        if known is None or not (known.unique and known.external_id):
            lack = "is not unique and an external id" if known else "is not there"
            message = f"{key} {lack} on {object_}: a task whose answer is lost is then found by its text"
            hint = "create it on Activity as text of 64 characters, external id, unique (`partnersync setup`)"
            yield Asked(Fault(("connections", name, "task_key"), message, hint), stops=False)
    fallback = loaded.settings.people.task_fallback
    if fallback and not any(p.active and p.email.casefold() == fallback.casefold() for p in people):
        message = f"nobody active in {name} has the address {fallback}"
        yield Asked(Fault(("people", "task_fallback"), message, "name somebody who is in every CRM"), stops=False)
