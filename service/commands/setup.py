"""``partnersync setup``: the fields that we write to, created where the CRM lets us, else spelled out to the letter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from connectors.base import Connector
from partnersync.credits import ROLES
from partnersync.errors import RejectedError
from partnersync.records import Choice, FieldKind, FieldSchema
from reconcile.writeback.config import ConnectionWriteback, FieldRule
from service.options import DEFAULT_CONFIG, ConfigFile, Json, Verbose
from service.render import console, print_json
from service.settings import Settings
from service.shop import Shop, opened

KINDS: dict[str, FieldKind] = {
    "commission.earned": "number",
    "credit.share": "number",
    "credit.since": "date",
    "account.open_deals": "number",
    "account.won_deals": "number",
    "account.last_credited_on": "date",
}
CREATED = "created"
SCALES = {"commission.earned": 2, "credit.share": 2, "account.open_deals": 0, "account.won_deals": 0}


@dataclass(frozen=True, slots=True)
class Missing:
    """Fields that an object of a connection lacks."""

    connection: str
    object: str
    fields: tuple[FieldSchema, ...]


def command(
    yes: Annotated[
        bool, typer.Option("--yes", help="Create them; without this, only show what would be created.")
    ] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show, and with --yes create, the CRM fields that the config writes to and that are not there yet."""
    with opened(config, json_logs=json, verbose=verbose) as shop:
        shop.sign_in()
        missing = [each for name in shop.settings.connections for each in lacking(shop, name)]
        creatable = {each.connection: shop.crm(each.connection).capabilities.creates_fields for each in missing}
        made = _create(shop, missing) if yes else {}
    if json:
        listed = [
            {"connection": m.connection, "object": m.object, "fields": [f.name for f in m.fields]} for m in missing
        ]
        print_json({"missing": listed, "created": {".".join(key): word for key, word in made.items()}})
        return
    out = console()
    if not missing:
        out.print("Every field that the config writes to is there.")
    for each in missing:
        can = creatable[each.connection]
        out.print(
            f"{each.connection} · {each.object}" + ("" if can else ": an administrator creates these in the CRM itself")
        )
        for field in each.fields:
            out.print(f"  + {field.name}: {described(field)}")
            if (each.connection, field.name) in made:
                out.print(f"      {made[each.connection, field.name]}")
        if not can:
            out.print("  Then give the integration user's permission set read and edit on each of them.")
    if missing and not yes:
        out.print("Create what can be created with: partnersync setup --yes")
    refused = [name for (_, name), word in made.items() if not word.startswith(CREATED)]
    if refused:
        raise RejectedError(f"not created: {', '.join(refused)}")


def lacking(shop: Shop, connection: str) -> list[Missing]:
    """The fields that the config writes to and that the CRM does not show us."""
    if connection in shop.failures:
        raise RejectedError(f"{connection}: {shop.failures[connection]}")
    section = shop.settings.writeback.get(connection)
    connector = shop.crm(connection)
    if section is None:
        return []
    found = []
    for object_, wanted in _wanted(shop.settings, connection, section, connector).items():
        known = connector.describe([object_]).get(object_)
        fields = tuple(f for f in wanted if known is None or f.name.lower() not in {n.lower() for n in known.fields})
        if fields:
            found.append(Missing(connection, object_, fields))
    return found


def _wanted(
    settings: Settings, connection: str, section: ConnectionWriteback, connector: Connector
) -> dict[str, tuple[FieldSchema, ...]]:
    wanted: dict[str, tuple[FieldSchema, ...]] = {}
    for kind in ("opportunity", "account"):
        rules = getattr(section, kind)
        for source in getattr(settings.sources, kind):
            if source.name.connection == connection and rules:
                wanted[source.name.object] = tuple(_schema(name, rule) for name, rule in rules.items())
    key = getattr(settings.connections[connection], "task_key", None)
    if section.tasks and connector.capabilities.tasks and key:
        schema = FieldSchema(key, "partnersync key", "text", unique=True, external_id=True, length=64)
        wanted[connector.capabilities.tasks] = (schema,)
    return wanted


def _schema(name: str, rule: FieldRule) -> FieldSchema:
    value = str(getattr(rule, "value", ""))
    label = name.removesuffix("__c").replace("_", " ").strip().capitalize()
    if value == "credit.role":
        choices = tuple(Choice(rule.values.get(role, role), rule.values.get(role, role)) for role in ROLES)
        return FieldSchema(name, label, "choice", choices=tuple(dict.fromkeys(choices)), restricted=True)
    if value == "partner.crm_id" and name.endswith("__c"):
        return FieldSchema(name, label, "lookup", refers_to=("Account",))
    kind: FieldKind = KINDS.get(value, "text")
    return FieldSchema(name, label, kind, length=255 if kind == "text" else None, scale=SCALES.get(value))


def described(field: FieldSchema) -> str:
    """A field in the words of an administrator."""
    match field.kind:
        case "text":
            extra = ", external id, unique" if field.unique else ""
            return f"text, {field.length or 255} characters{extra}"
        case "number":
            return f"number, 18 digits, {field.scale or 0} decimals"
        case "choice":
            return "picklist: " + ", ".join(choice.value for choice in field.choices)
        case "lookup":
            return f"lookup to {' or '.join(field.refers_to)}"
        case other:
            return str(other)


def _create(shop: Shop, missing: Sequence[Missing]) -> dict[tuple[str, str], str]:
    made: dict[tuple[str, str], str] = {}
    for each in missing:
        connector = shop.crm(each.connection)
        if connector.capabilities.creates_fields:
            for outcome in connector.create_fields(each.object, each.fields):
                told = f"created; {outcome.message}" if outcome.message else CREATED
                made[each.connection, outcome.key] = told if outcome.status == "applied" else outcome.message
    return made
