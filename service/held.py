"""The config held against what a CRM says of its fields: every mapped field, stage, value and written field.

A fault stops the mapping that it stands in, and nothing else: the source that reads a field that is gone, or the one field
that can no longer be written. What only sets single records aside stops nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from mapping.config import OpportunitySource
from partnersync.placing import Fault
from partnersync.records import FieldSchema, ObjectSchema
from partnersync.source import Where
from service.fitting import misfits
from service.named import Origin, Read, Written, origins, read, written
from service.settings import Settings


@dataclass(frozen=True, slots=True)
class Asked:
    """A fault, whether it stops its mapping, and which one: all that is read of an ``object``, or one written ``field``."""

    fault: Fault
    stops: bool = True
    object: str | None = None
    field: str | None = None


def held(settings: Settings, connection: str, schemas: Mapping[str, ObjectSchema]) -> Iterator[Asked]:
    """Every fault of a connection's mappings; objects that ``schemas`` lacks are left out."""
    for each in read(settings):
        if each.origin.name.connection == connection and each.origin.name.object in schemas:
            yield from _readable(each, schemas[each.origin.name.object])
    for origin in origins(settings):
        if origin.name.connection == connection and origin.name.object in schemas:
            yield from _words(origin, schemas[origin.name.object])
    for target in written(settings):
        if target.connection == connection and target.object in schemas:
            yield from _writable(target, schemas[target.object])


def no_object(origin: Origin) -> Asked:
    """The CRM does not know the object of a source, or does not show it to us."""
    name = origin.name
    hint = "check the spelling, or grant our user read access to it"
    fault = Fault((*origin.where, "from"), f"{name.connection} shows no object {name.object!r}", hint)
    return Asked(fault, object=name.object)


def find(schema: ObjectSchema, name: str) -> FieldSchema | None:
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
    known, object_ = find(schema, each.field), each.origin.name.object
    if known is None:
        yield Asked(_unknown(each.where, each.field, schema, "create it"), object=object_)
    elif not known.readable:
        fault = Fault(each.where, f"{each.field} cannot be read by our user", "grant it read access to the field")
        yield Asked(fault, object=object_)
    elif each.kinds and known.kind not in each.kinds:
        kinds = " or ".join(each.kinds)
        fault = Fault(each.where, f"{each.field} is a {known.kind}, and {each.ours} needs a {kinds}")
        yield Asked(fault, object=object_)


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
    known = find(schema, field_)
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
    for fault, stops in _unwritable(target, schema):
        yield Asked(fault, stops, target.object, target.field)


def _unwritable(target: Written, schema: ObjectSchema) -> Iterator[tuple[Fault, bool]]:
    known = find(schema, target.field)
    if known is None:
        fault = _unknown(target.where, target.field, schema, "create it (`partnersync setup` shows how)")
        yield Fault(fault.where, fault.message, fault.hint, at_key=True), True
    elif known.calculated:
        yield Fault(target.where, f"{target.field} is calculated by the CRM", "choose another", at_key=True), True
    elif not known.updatable or not schema.updatable:
        hint = "grant our user edit access to the field and its object"
        yield Fault(target.where, f"{target.field} cannot be written by our user", hint, at_key=True), True
    else:
        for misfit in misfits(target, known):
            yield Fault((*target.where, *misfit.below), misfit.message, misfit.hint), misfit.stops
