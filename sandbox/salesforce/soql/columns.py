"""Paths of a query to SQL columns: the main table, and a join for each relationship walked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sandbox.salesforce.fields import Field
from sandbox.salesforce.objects.model import SObject
from sandbox.salesforce.schema import Schema
from sandbox.salesforce.soql.refusals import refuse, unknown_field, unknown_relationship
from sandbox.salesforce.soql.tree import Path

_MOST_LEVELS = 5


@dataclass(frozen=True, slots=True)
class Setting:
    """What a query depends on besides its text."""

    schema: Schema
    now: datetime
    zone: ZoneInfo
    multicurrency: bool
    corporate: str
    purge_before_ms: int
    with_deleted: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A field at its place in the SQL."""

    sql: str
    field: Field


@dataclass(frozen=True, slots=True)
class Joined:
    """The rows a relationship leads to: one target, or several where the lookup is polymorphic."""

    targets: tuple[tuple[SObject, str], ...]
    polymorphic: bool = False

    def id_sql(self) -> str:
        """The related record's id."""
        return _either([f'{alias}."Id"' for _, alias in self.targets])


@dataclass(slots=True)
class Tables:
    """The FROM clause of one query, growing as paths are resolved."""

    setting: Setting
    entity: SObject
    soql: str
    alias: str | None = None
    prefix: str = "t"
    joins: list[str] = field(default_factory=list)
    _reached: dict[tuple[str, ...], Joined] = field(default_factory=dict)

    @property
    def main(self) -> str:
        """The SQL alias of the main table."""
        return f"{self.prefix}0"

    def from_sql(self, before: str = "") -> str:
        """The FROM clause; `before` names a table that drives the main one."""
        return f"FROM {before}{self.entity.table} {self.main} {' '.join(self.joins)}"

    def steps(self, path: Path) -> tuple[str, ...]:
        """The path's names without the query's own alias or entity name in front."""
        names = path.names
        if len(names) == 1:
            return names
        first = names[0].lower()
        is_entity = first == self.entity.name.lower() and self.entity.find(f"{first}Id") is None
        return names[1:] if is_entity or first == (self.alias or "").lower() else names

    def column(self, path: Path) -> Column:
        """The column of a path. Raises: `SalesforceError` INVALID_FIELD."""
        steps = self.steps(path)
        where = self.reach(steps[:-1], path)
        return self.of(where, steps[-1], path)

    def of(self, where: Joined, name: str, path: Path) -> Column:
        """A field of the rows at `where`."""
        if where.polymorphic and name.lower() == "type":
            cases = " ".join(f"WHEN {alias}.\"Id\" IS NOT NULL THEN '{target.name}'" for target, alias in where.targets)
            return Column(f"CASE {cases} END", Field("Type", "picklist", "Type", 40))
        found: list[tuple[str, Field]] = []
        for target, alias in where.targets:
            known = self.setting.schema.field(target, name)
            if known is not None:
                found.append((f'{alias}."{known.name}"', known))
        if not found:
            entity = "Name" if len(where.targets) > 1 else where.targets[0][0].name
            raise unknown_field(name, entity, self.soql, path.at)
        return Column(_either([sql for sql, _ in found]), found[0][1])

    def reach(self, steps: Sequence[str], path: Path) -> Joined:
        """The rows at the end of the relationships in `steps`, joined on first use."""
        if len(steps) > _MOST_LEVELS:
            raise refuse("INVALID_FIELD", "SOQL relationship paths have at most 5 levels", self.soql, path.at)
        where = Joined(((self.entity, self.main),))
        for depth, step in enumerate(steps, start=1):
            key = tuple(name.lower() for name in steps[:depth])
            if key not in self._reached:
                self._reached[key] = self._join(where, step, path)
            where = self._reached[key]
        return where

    def _join(self, where: Joined, relationship: str, path: Path) -> Joined:
        schema = self.setting.schema
        for parent, parent_alias in where.targets:
            for lookup in schema.readable(parent):
                if (lookup.relationship or "").lower() != relationship.lower():
                    continue
                targets: list[tuple[SObject, str]] = []
                for name in lookup.reference_to:
                    target = schema.find(name)
                    if target is None:
                        continue
                    alias = f"{self.prefix}{len(self.joins) + 1}"
                    self.joins.append(
                        f'LEFT JOIN {target.table} {alias} ON {alias}."Id" = {parent_alias}."{lookup.name}"'
                    )
                    targets.append((target, alias))
                if targets:
                    return Joined(tuple(targets), len(lookup.reference_to) > 1)
        raise unknown_relationship(relationship, self.soql, path.at)


def _either(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"
