"""Validated creates and updates of single records, the steps that every write endpoint shares."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sandbox.hubspot import derived, history, links, moments, records, refusals
from sandbox.hubspot.builtin import STAGE_MANAGED
from sandbox.hubspot.definitions import Property
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.kinds import CALL, CONTACT, DEAL, EMAIL, MEETING, NOTE, TASK, TICKET, Kind
from sandbox.hubspot.records import Record
from sandbox.hubspot.refusals import Problem, Refusal
from sandbox.hubspot.tables import ARCHIVED, LIVE, take
from sandbox.hubspot.values import Unfit, appended, stored

_REQUIRED = dict.fromkeys((TASK, NOTE, MEETING, CALL, EMAIL), ("hs_timestamp",))
_STAGES = {DEAL: ("pipeline", "dealstage"), TICKET: ("hs_pipeline", "hs_pipeline_stage")}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A write that passed every check of its own values: what to set and what to say about it."""

    values: dict[str, str | None]
    warnings: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """A record after a write, the properties that were sent, and what to say about them."""

    record: Record
    sent: tuple[str, ...]
    warnings: tuple[dict[str, Any], ...]


def prepare(desk: Desk, kind: Kind, given: Mapping[str, Any], existing: Record | None) -> Prepared:
    """Check and normalise the values of one write. Raises: `Refusal` 400 listing every problem."""
    known = desk.properties(kind)
    values: dict[str, str | None] = {}
    warnings: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for name, raw in given.items():
        prop = known.get(name)
        try:
            if prop is None:
                raise Unfit("PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
            if prop.read_only:
                message = f'"{name}" is a calculated property; its value cannot be set.'
                raise Unfit("READ_ONLY_VALUE", message)
            found = stored(prop, raw, dated_rules=desk.strict)
            values[name] = _fitting(desk, prop, found.value, existing)
            if found.normalized is not None and desk.settings.warnings:
                warnings.append(_normalized(name, raw, found.normalized))
        except Unfit as unfit:
            problems.append(Problem(name, unfit.code, unfit.message))
    problems += _stage_problems(desk, kind, values, existing)
    if problems:
        raise refusals.invalid_values(problems)
    _check_required(desk, kind, values, existing)
    return Prepared(values, tuple(warnings))


def check_unique(desk: Desk, kind: Kind, values: Mapping[str, str | None], own_id: int | None) -> None:
    """Refuse a value that another record holds and that must be unique. Raises: `Refusal`."""
    for name, value in values.items():
        prop = desk.properties(kind)[name]
        if not prop.unique or value is None:
            continue
        holder = records.holding(desk.db, kind, name, value)
        if holder is None or holder.id == own_id:
            continue
        if kind is CONTACT and name == "email":
            raise refusals.conflict(kind.title, str(holder.id))
        message = f"{value} already has that value."
        raise refusals.invalid_values([Problem(name, "CONFLICTING_UNIQUE_VALUE", message)])


def create(desk: Desk, kind: Kind, given: Mapping[str, Any], associations: Sequence[Any] = ()) -> Written:
    """Create one record and its associations. Raises: `Refusal`."""
    prepared = prepare(desk, kind, given, None)
    check_unique(desk, kind, prepared.values, None)
    wanted = links.parse_wanted(desk, kind, associations)
    return insert(desk, kind, prepared, wanted, tuple(given))


def insert(
    desk: Desk, kind: Kind, prepared: Prepared, wanted: Sequence[links.Wanted], sent: tuple[str, ...]
) -> Written:
    """Store a record whose values passed."""
    record_id = take(desk.db, "id")
    values = {name: value for name, value in prepared.values.items() if value is not None}
    made = moments.millis(values.pop(kind.created, "")) if kind.created in values else None
    created = desk.now if made is None else made
    props = derived.creation(desk, kind, record_id, created, values) | values
    for name, value in derived.calculated(desk, kind, created, props).items():
        if value is not None:
            props[name] = value
    record = Record(record_id, LIVE, created, desk.now, None, None, props)
    records.insert(desk, kind, record)
    links.connect(desk, kind, record_id, wanted)
    if wanted:
        record = records.find_all(desk.db, kind, [record_id])[record_id]
    return Written(record, sent, prepared.warnings)


def update(desk: Desk, kind: Kind, record: Record, given: Mapping[str, Any]) -> Written:
    """Change one record. Raises: `Refusal`."""
    prepared = prepare(desk, kind, given, record)
    check_unique(desk, kind, prepared.values, record.id)
    return apply(desk, kind, record, prepared, tuple(given))


def apply(desk: Desk, kind: Kind, record: Record, prepared: Prepared, sent: tuple[str, ...]) -> Written:
    """Store changes that passed."""
    values = dict(prepared.values)
    if kind.created in values:
        made = values.pop(kind.created)
        created = (moments.millis(made) if made else None) or record.created
        record = _recreated(desk, kind, record, created)
    owner = values.get("hubspot_owner_id")
    if "hubspot_owner_id" in values and owner != record.props.get("hubspot_owner_id"):
        values["hubspot_owner_assigneddate"] = moments.iso(desk.now) if owner else None
    if desk.author.user_id is not None:
        values["hs_updated_by_user_id"] = str(desk.author.user_id)
    if desk.settings.cleared_value == "empty":
        values = {name: "" if value is None else value for name, value in values.items()}
    merged = {name: value for name, value in {**record.props, **values}.items() if value is not None}
    values |= derived.calculated(desk, kind, record.created, merged)
    return Written(records.change(desk, kind, record, values), sent, prepared.warnings)


def archive(desk: Desk, kind: Kind, record: Record) -> None:
    """Put a record into the recycle bin; its associations stay for a restore."""
    if record.live:
        records.set_state(desk, kind, record, ARCHIVED)


def required_problems(desk: Desk, kind: Kind, props: Mapping[str, str | None], new: bool) -> list[Problem]:
    """The admin's own rules, which versions from 2026-09 on enforce."""
    problems: list[Problem] = []
    if new:
        for name in desk.settings.required_on_create.get(kind.plural, ()):
            if not props.get(name):
                message = f"Required property '{name}' is missing"
                problems.append(Problem(name, "MISSING_REQUIRED_PROPERTY", message))
    for plural, name, value, needed in desk.settings.conditional_required:
        if plural == kind.plural and props.get(name) == value and not props.get(needed):
            message = f"Property '{needed}' is required when '{name}' is '{value}'"
            problems.append(Problem(needed, "MISSING_CONDITIONAL_REQUIRED_PROPERTY", message))
    return problems


def _check_required(desk: Desk, kind: Kind, values: Mapping[str, str | None], existing: Record | None) -> None:
    if existing is None:
        absent = [name for name in _REQUIRED.get(kind, ()) if not values.get(name)]
        if absent:
            raise _not_set(kind, absent)
    if desk.strict:
        after = {**(existing.props if existing else {}), **values}
        problems = required_problems(desk, kind, after, existing is None)
        if problems:
            raise refusals.missing_required(problems)


def _not_set(kind: Kind, names: Sequence[str]) -> Refusal:
    return refusals.invalid(
        f"Error creating {kind.upper}. Some required properties were not set.",
        context={"properties": list(names)},
        errors=[
            {
                "message": f'Required property "{name}" is missing',
                "code": "REQUIRED_FIELD",
                "context": {"propertyName": [name]},
            }
            for name in names
        ],
    )


def _fitting(desk: Desk, prop: Property, value: str | None, existing: Record | None) -> str | None:
    if value is None or prop.name in STAGE_MANAGED:
        return value
    settings = desk.settings
    if prop.name == "deal_currency_code":
        if value not in (settings.company_currency, *settings.additional_currencies):
            message = f'"{value}" is not a part of the current effective currency codes for portal {settings.portal_id}'
            raise Unfit("INVALID_OPTION", message)
    elif prop.name == "hubspot_owner_id" and value not in desk.catalog.owners:
        raise Unfit("INVALID_OWNER_ID", f'"{value}" is not a valid owner id')
    if prop.multiple and value.startswith(";"):
        return appended(existing.props.get(prop.name) if existing else None, value)
    return value


def _stage_problems(desk: Desk, kind: Kind, values: Mapping[str, str | None], existing: Record | None) -> list[Problem]:
    names = _STAGES.get(kind)
    if names is None or not set(names) & set(values):
        return []
    pipelines = desk.catalog.pipelines.get(kind.type_id, {})
    pipeline = values.get(names[0]) or (existing.props.get(names[0]) if existing else None)
    pipeline = pipeline or next(iter(pipelines), "default")
    if pipeline not in pipelines:
        return [Problem(names[0], "INVALID_OPTION", _not_allowed(pipeline, pipelines))]
    stage = values.get(names[1])
    if stage is not None and stage not in pipelines[pipeline]:
        return [Problem(names[1], "INVALID_OPTION", _not_allowed(stage, pipelines[pipeline]))]
    return []


def _not_allowed(value: str, allowed: Mapping[str, Any]) -> str:
    return f"{value} was not one of the allowed options: [{', '.join(allowed)}]"


def _normalized(name: str, raw: Any, normalized: str) -> dict[str, Any]:
    return {
        "category": "PROPERTY_VALUE_NORMALIZED",
        "context": {
            "normalizedValue": normalized,
            "propertyName": name,
            "rawValue": raw if isinstance(raw, str) else json.dumps(raw),
        },
        "message": f"{name} was normalized",
    }


def _recreated(desk: Desk, kind: Kind, record: Record, created: int) -> Record:
    before, after = moments.iso(record.created), moments.iso(created)
    if before == after:
        return record
    history.extend(
        desk,
        kind,
        record.id,
        record.created,
        {**record.props, kind.created: before},
        {kind.created: after},
    )
    changed = replace(record, created=created, modified=max(desk.now, record.modified))
    records.update(desk, kind, record, changed)
    return changed
