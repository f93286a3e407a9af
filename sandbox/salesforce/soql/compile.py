"""A query's tree to SQL and to the shape of its rows.

A keyset query such as `(SystemModstamp = t AND Id > i) OR SystemModstamp > t ORDER BY SystemModstamp, Id` must
walk the index from t on: SQLite alone would sort all later rows. So where every branch of the condition bounds
the first ordered column from below, that bound is stated once more outside the OR, and the branches are kept
from choosing an index of their own.
"""

from dataclasses import dataclass, field
from typing import Any

from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.objects.model import SObject
from sandbox.salesforce.soql.columns import Column, Setting, Tables
from sandbox.salesforce.soql.functions import is_aggregate, operand_column
from sandbox.salesforce.soql.refusals import refuse, unknown_object, unknown_relationship
from sandbox.salesforce.soql.tree import (
    All,
    Call,
    Comparison,
    Condition,
    Either,
    FieldSet,
    Path,
    Query,
    Selected,
)
from sandbox.salesforce.soql.where import Where

_MOST_OFFSET = 2000


@dataclass(slots=True)
class Node:
    """Where the values of one record lie in a row: its own, its parents', its children's."""

    entity: SObject | None
    id_index: int
    leaves: list[tuple[str, int, bool]] = field(default_factory=list)
    parents: dict[str, "Node"] = field(default_factory=dict)
    slots: list[tuple[str, int, bool, "Node | None"]] = field(default_factory=list)
    """Leaves, parents and (index -1) children in the order of the select list."""

    def add_leaf(self, name: str, index: int, is_flag: bool) -> None:
        """The next value of the record itself."""
        self.leaves.append((name, index, is_flag))
        self.slots.append((name, index, is_flag, None))

    def add_parent(self, name: str, parent: "Node") -> None:
        """A related record, at its first mention."""
        self.parents[name] = parent
        self.slots.append((name, -1, False, parent))

    def add_children(self, name: str) -> None:
        """A list of related records, null until it is attached."""
        self.slots.append((name, -1, False, None))


@dataclass(frozen=True, slots=True)
class Child:
    """A query in the select list: its relationship, its lookup field, its compiled self."""

    name: str
    lookup: str
    query: "Compiled"


@dataclass(slots=True)
class Compiled:
    """SQL in parts, and how to read its rows."""

    entity: SObject
    tables: Tables
    columns: list[str]
    node: Node
    where_sql: str
    params: list[Any]
    order_sql: str
    limit: int | None
    offset: int | None
    group_sql: str = ""
    group_params: list[Any] = field(default_factory=list)
    aggregate: bool = False
    counts_only: bool = False
    children: list[Child] = field(default_factory=list)
    query: Query | None = None

    def select(self, columns: str, before: str = "") -> str:
        """`SELECT … FROM … WHERE … GROUP BY …`, without order and limit."""
        return f"SELECT {columns} {self.tables.from_sql(before)} WHERE {self.where_sql} {self.group_sql}"


def compile_query(query: Query, setting: Setting, prefix: str = "t", linked: str | None = None) -> Compiled:
    """Compile a parsed query. Raises: `SalesforceError`.

    `linked` names the lookup whose value a child query must return in front (to be grouped by parent).
    """
    return _Compiler(query, setting, prefix).compiled(linked)


class _Compiler:
    def __init__(self, query: Query, setting: Setting, prefix: str) -> None:
        self._query = query
        self._setting = setting
        entity = setting.schema.find(query.entity)
        if entity is None:
            raise unknown_object(query.entity, query.text, query.entity_at)
        self._entity = entity
        self._tables = Tables(setting, entity, query.text, query.alias, prefix)
        self._columns: list[str] = []

    def compiled(self, linked: str | None) -> Compiled:
        query = self._query
        if query.offset is not None and query.offset > _MOST_OFFSET:
            raise SalesforceError("NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000")
        aggregate = not query.counts_only and (
            bool(query.group_by) or any(is_aggregate(one.what) for one in query.select)
        )
        node = Node(self._entity, self._add(f'{self._tables.main}."{linked or "Id"}"'))
        children: list[Child] = []
        if linked is not None:
            node.id_index = self._add(f'{self._tables.main}."Id"')
        if aggregate:
            self._select_aggregates(node)
        elif not query.counts_only:
            children = self._select(node)
        bounded, bound = self._bound()
        where = Where(self._tables, self._semi_join, bounded)
        parts: list[str] = []
        if bounded is not None:
            parts.append(f"{bounded} >= ?")
            where.params.append(bound)
        if query.where is not None:
            parts.append(where.sql(query.where))
        parts += self._living(where)
        group_sql, group_params = self._grouping()
        order = self._order(aggregate)
        return Compiled(
            self._entity, self._tables, self._columns, node, " AND ".join(parts) or "1", where.params,
            order, query.limit, query.offset, group_sql, group_params, aggregate, query.counts_only,
            children, query,
        )  # fmt: skip

    def _add(self, sql: str) -> int:
        self._columns.append(sql)
        return len(self._columns) - 1

    def _living(self, where: Where) -> list[str]:
        if self._entity.find("IsDeleted") is None:
            return []
        main = self._tables.main
        if self._setting.with_deleted or self._query.all_rows:
            where.params.append(self._setting.purge_before_ms)
            return [f"({main}._deleted_ms IS NULL OR {main}._deleted_ms > ?)"]
        return [f'{main}."IsDeleted" = 0']

    def _select(self, node: Node) -> list[Child]:
        children: list[Child] = []
        seen: set[str] = set()
        for selected in self._query.select:
            match selected.what:
                case Query() as inner:
                    children.append(self._child(inner))
                    node.add_children(children[-1].name)
                case FieldSet() as everything:
                    self._select_all(node, everything)
                case Path() as path:
                    if selected.alias is not None:
                        raise self._refuse("only aggregate expressions use field aliasing", path.at)
                    key = ".".join(self._tables.steps(path)).lower()
                    if key in seen:
                        raise refuse(
                            "INVALID_FIELD", f"duplicate field selected: {path.text}", self._query.text, path.at
                        )
                    seen.add(key)
                    self._select_path(node, path)
                case Call() as call:
                    column = operand_column(call, self._tables)
                    name = selected.alias or column.field.name
                    node.add_leaf(name, self._add(column.sql), column.field.type == "boolean")
        return children

    def _select_all(self, node: Node, everything: FieldSet) -> None:
        limit = self._query.limit
        if everything.kind != "STANDARD" and (limit is None or limit > 200):
            raise self._refuse("The SOQL FIELDS function must have a LIMIT of at most 200", everything.at)
        for one in self._setting.schema.readable(self._entity):
            if everything.kind == "ALL" or one.custom == (everything.kind == "CUSTOM"):
                index = self._add(f'{self._tables.main}."{one.name}"')
                node.add_leaf(one.name, index, one.type == "boolean")

    def _select_path(self, node: Node, path: Path) -> None:
        steps = self._tables.steps(path)
        for depth in range(1, len(steps)):
            joined = self._tables.reach(steps[:depth], path)
            name = self._relationship_name(node, steps[depth - 1])
            if name not in node.parents:
                entity = joined.targets[0][0] if len(joined.targets) == 1 else None
                node.add_parent(name, Node(entity, self._add(joined.id_sql())))
            node = node.parents[name]
        column = self._tables.column(path)
        node.add_leaf(column.field.name, self._add(column.sql), column.field.type == "boolean")

    def _relationship_name(self, node: Node, name: str) -> str:
        for one in node.entity.fields if node.entity is not None else ():
            if one.relationship is not None and one.relationship.lower() == name.lower():
                return one.relationship
        return name

    def _select_aggregates(self, node: Node) -> None:
        grouped = {operand_column(one, self._tables).sql for one in self._query.group_by}
        unnamed = 0
        for selected in self._query.select:
            what = selected.what
            if not isinstance(what, Path | Call):
                raise self._refuse("FIELDS and child queries cannot be grouped", self._query.entity_at)
            column = operand_column(what, self._tables)
            if not is_aggregate(what) and column.sql not in grouped:
                shown = what.text if isinstance(what, Path) else what.name
                raise self._refuse(f"Field must be grouped or aggregated: {shown}", what.at)
            name = selected.alias
            if name is None and isinstance(what, Path):
                name = column.field.name
            elif name is None:
                name, unnamed = f"expr{unnamed}", unnamed + 1
            node.add_leaf(name, self._add(column.sql), column.field.type == "boolean")
        self._columns[0] = "NULL"

    def _grouping(self) -> tuple[str, list[Any]]:
        query = self._query
        if not query.group_by:
            return "", []
        sql = "GROUP BY " + ", ".join(operand_column(one, self._tables).sql for one in query.group_by)
        if query.having is None:
            return sql, []
        having = Where(self._tables, self._semi_join)
        return f"{sql} HAVING {having.sql(query.having)}", having.params

    def _order(self, aggregate: bool) -> str:
        terms: list[str] = []
        for order in self._query.order_by:
            column = operand_column(order.by, self._tables)
            term = f"{column.sql} DESC" if order.descending else column.sql
            own = column.sql.startswith(f"{self._tables.main}.")
            if column.field.nillable or aggregate or not own:
                term += " NULLS LAST" if order.nulls_last else " NULLS FIRST" if order.descending else ""
            terms.append(term)
        if not terms:
            return "" if aggregate or self._query.counts_only else f"ORDER BY {self._tables.main}.rid"
        return "ORDER BY " + ", ".join(terms)

    def _bound(self) -> tuple[str | None, str]:
        query = self._query
        if not query.order_by or query.where is None or query.order_by[0].descending:
            return None, ""
        by = query.order_by[0].by
        if not isinstance(by, Path):
            return None, ""
        column = self._tables.column(by)
        if column.field.nillable or column.field.type not in ("datetime", "id"):
            return None, ""
        if not column.sql.startswith(f"{self._tables.main}."):
            return None, ""
        bound = self._lowest(query.where, column)
        return (None, "") if bound is None else (column.sql, bound)

    def _lowest(self, condition: Condition, column: Column) -> str | None:
        match condition:
            case All(parts):
                found = [low for part in parts if (low := self._lowest(part, column)) is not None]
                return max(found, default=None)
            case Either(parts):
                lows = [self._lowest(part, column) for part in parts]
                return None if None in lows else min(low for low in lows if low is not None)
            case Comparison(Path() as path, operator, literal) if operator in ("=", ">", ">="):
                if literal.kind not in ("datetime", "string") or self._tables.column(path) != column:
                    return None
                probe = Where(self._tables, self._semi_join)
                probe.sql(condition)
                return str(probe.params[0]) if len(probe.params) == 1 else None
            case _:
                return None

    def _child(self, inner: Query) -> Child:
        for other, lookup in self._setting.schema.children(self._entity):
            name = lookup.children or (f"{lookup.relationship}s" if lookup.custom else None)
            if name is not None and name.lower() == inner.entity.lower():
                renamed = Query(
                    inner.select, other.name, inner.entity_at, inner.alias, inner.where, inner.group_by,
                    inner.having, inner.order_by, inner.limit, inner.offset, inner.all_rows, inner.text,
                )  # fmt: skip
                return Child(name, lookup.name, compile_query(renamed, self._setting, "c", lookup.name))
        raise unknown_relationship(inner.entity, self._query.text, inner.entity_at)

    def _semi_join(self, inner: Query, prefix: str) -> tuple[str, list[Any]]:
        selected: Selected = inner.select[0]
        if len(inner.select) != 1 or not isinstance(selected.what, Path):
            raise self._refuse("semi join sub-selects must select one field", inner.entity_at)
        compiled = _Compiler(inner, self._setting, prefix).compiled(None)
        column = compiled.columns[-1]
        compiled.where_sql = f"({compiled.where_sql}) AND {column} IS NOT NULL"
        return compiled.select(column), compiled.params

    def _refuse(self, message: str, at: int) -> SalesforceError:
        return refuse("MALFORMED_QUERY", message, self._query.text, at)
