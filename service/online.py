"""The config held against the CRMs themselves: sign in, compare every mapped and written field, say what to grant or create.

A problem is what would stop a run or make it write nonsense; a warning is what sets single records aside. Both stand on the
YAML line that has to change, or that names what the CRM does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from connectors.base import Connector, Surroundings
from connectors.registry import Secrets, connect
from partnersync.errors import ConfigError, ConnectorError, Problem, QuotaError, UnauthorizedError, UnavailableError
from partnersync.placing import Fault
from partnersync.records import Identity, ObjectSchema
from partnersync.source import Source, Where
from service.held import Asked, find, held, no_object
from service.named import origins
from service.settings import Loaded

Schemas = Mapping[str, ObjectSchema]


@dataclass(slots=True)
class Online:
    """What the CRMs said."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    signed_in: dict[str, Identity] = field(default_factory=dict)


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
            yield no_object(origin)
    yield from held(loaded.settings, name, schemas)
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
        known = find(schema, key)
        if known is None or not (known.unique and known.external_id):
            lack = "is not unique and an external id" if known else "is not there"
            message = f"{key} {lack} on {object_}: a task whose answer is lost is then found by its text"
            hint = "create it on Activity as text of 64 characters, external id, unique (`partnersync setup`)"
            yield Asked(Fault(("connections", name, "task_key"), message, hint), stops=False)
    fallback = loaded.settings.people.task_fallback
    if fallback and not any(p.active and p.email.casefold() == fallback.casefold() for p in people):
        message = f"nobody active in {name} has the address {fallback}"
        yield Asked(Fault(("people", "task_fallback"), message, "name somebody who is in every CRM"), stops=False)
