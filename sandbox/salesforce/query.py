"""Running queries: pages, locators that outlive edits, and rows in the vendor's JSON.

A query's whole result is fixed when it is asked: the ids of every row behind the first page are kept, in order,
for two days. Rows edited, moved out of the condition or deleted since are still delivered, with the values they
have when their page is read; no row is skipped or repeated, and `totalSize` stays true.
"""

# ruff: noqa: S608 (only names from our own schema enter the SQL; values are parameters)

import random
import secrets
import threading
from array import array
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from sandbox.clock import Clock
from sandbox.salesforce.errors import SalesforceError, admit
from sandbox.salesforce.ids import with_suffix
from sandbox.salesforce.schema import Schema
from sandbox.salesforce.soql.columns import Setting
from sandbox.salesforce.soql.compile import Child, Compiled, Node, compile_query
from sandbox.salesforce.soql.parse import parse
from sandbox.settings import Settings
from sandbox.store import Store

BIN_DAYS = 15
_LEAST_BATCH, _MOST_BATCH = 200, 2000
_MOST_SOQL = 100_000
_AGAIN = "a"


class Queries:
    """Answers query, queryAll and queryMore."""

    def __init__(self, store: Store, schema: Schema, clock: Clock, settings: Settings) -> None:
        self._store = store
        self._schema = schema
        self._clock = clock
        self._settings = settings
        self._lock = threading.Lock()
        self._asked = 0
        with store.write(hooked=False) as db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS sf_cursor (id TEXT PRIMARY KEY, created_ms INTEGER NOT NULL,"
                " soql TEXT NOT NULL, with_deleted INTEGER NOT NULL, batch INTEGER NOT NULL,"
                " total INTEGER NOT NULL, rids BLOB NOT NULL)"
            )

    def compiled(self, soql: str, with_deleted: bool = False) -> Compiled:
        """A query parsed and compiled for now. Raises: `SalesforceError`."""
        if len(soql) > _MOST_SOQL:
            raise SalesforceError("MALFORMED_QUERY", "SOQL statements cannot be longer than 100000 characters.")
        return compile_query(parse(soql), self._setting(with_deleted))

    def run(self, soql: str, base: str, with_deleted: bool = False, batch: int | None = None) -> dict[str, Any]:
        """The first page; `base` is `/services/data/vXX.X`. Raises: `SalesforceError`."""
        compiled = self.compiled(soql, with_deleted)
        size = self._batch(batch)
        admit(self._settings.salesforce, compiled.entity.name, "rows")
        with self._store.read() as db:
            most = self._settings.salesforce.slow_from.get(compiled.entity.name)
            if most is not None and len(row_ids(db, compiled)) >= most:
                raise SalesforceError("QUERY_TIMEOUT", "Your query request was running for too long.")
            if compiled.counts_only:
                inner = f"{compiled.select('1')} LIMIT ? OFFSET ?"
                (total,) = db.execute(
                    f"SELECT COUNT(*) FROM ({inner})", (*compiled.params, *_window(compiled, None))
                ).fetchone()
                return {"totalSize": total, "done": True, "records": []}
            rows = _fetch(db, compiled, None if compiled.aggregate else size + 1)
            if compiled.aggregate:
                records = [_aggregate(compiled.node, row) for row in rows]
                return {"totalSize": len(rows), "done": True, "records": records}
            page = self._page(soql, 0, size)
            shown = self.records(db, compiled, rows[:page], base)
            if len(rows) <= page:
                return {"totalSize": len(rows), "done": True, "records": shown}
            rids = row_ids(db, compiled)
        locator = self._remember(soql, with_deleted, size, rids)
        return {
            "totalSize": len(rids),
            "done": False,
            "nextRecordsUrl": f"{base}/query/{locator}-{page}",
            "records": shown,
        }

    def more(self, locator: str, base: str, batch: int | None = None) -> dict[str, Any]:
        """The page a locator names. Raises: `SalesforceError` INVALID_QUERY_LOCATOR."""
        identity, _, offset_text = locator.rpartition("-")
        again = offset_text.endswith(_AGAIN)
        offset_text = offset_text.removesuffix(_AGAIN)
        with self._store.read() as db:
            row = db.execute(
                "SELECT created_ms, soql, with_deleted, batch, total, rids FROM sf_cursor WHERE id = ?",
                (identity,),
            ).fetchone()
            lifetime_ms = self._settings.salesforce.cursor_lifetime_s * 1000
            expired = row is not None and (self._clock.now_ms() - row[0] > lifetime_ms or self._breaks())
            if row is None or not offset_text.isdigit() or expired:
                raise SalesforceError("INVALID_QUERY_LOCATOR")
            _, soql, with_deleted, first_batch, total, blob = row
            offset = int(offset_text)
            if offset > total:
                raise SalesforceError("INVALID_QUERY_LOCATOR")
            if self._settings.salesforce.empty_pages and not again:
                url = f"{base}/query/{locator}{_AGAIN}"
                return {"totalSize": total, "done": False, "nextRecordsUrl": url, "records": []}
            size = self._page(soql, offset, self._batch(batch) if batch is not None else first_batch)
            rids = array("q", blob[offset * 8 : (offset + size) * 8])
            compiled = self.compiled(soql, bool(with_deleted))
            records = self.records(db, compiled, rows_by_id(db, compiled, rids), base)
        page: dict[str, Any] = {"totalSize": total, "done": offset + size >= total}
        if not page["done"]:
            page["nextRecordsUrl"] = f"{base}/query/{identity}-{offset + size}"
        page["records"] = records
        return page

    def records(self, db: Any, compiled: Compiled, rows: Sequence[tuple[Any, ...]], base: str) -> list[Any]:
        """Rows as records with attributes, parents nested and children listed."""
        url = f"{base}/sobjects/{compiled.entity.name}/"
        node = compiled.node
        if node.parents or compiled.children:
            records = [self._nested(node, row, base) for row in rows]
            for child in compiled.children:
                self._attach(db, child, rows, records, base)
            return records
        names = [name for name, _, _ in node.leaves]
        flags = [name for name, _, is_flag in node.leaves if is_flag]
        entity, records = compiled.entity.name, []
        for row in rows:
            record: dict[str, Any] = {"attributes": {"type": entity, "url": url + row[0]}}
            record.update(zip(names, row[1:], strict=False))
            for name in flags:
                record[name] = record[name] == 1
            records.append(record)
        return records

    def explain_columns(self, soql: str) -> dict[str, Any]:
        """The answer to `columns=true`: what a query would return, not its rows."""
        compiled = self.compiled(soql)
        return {
            "columnMetadata": [self._column(compiled, path, name) for path, name in _leaves(compiled.node)],
            "entityName": compiled.entity.name,
            "groupBy": bool(compiled.group_sql),
            "idSelected": any(name == "Id" for name, _, _ in compiled.node.leaves),
            "keyPrefix": compiled.entity.prefix,
        }

    def explain_plan(self, soql: str) -> dict[str, Any]:
        """The answer to `explain=`: one plan, by a scan of the table. Raises: `SalesforceError`."""
        compiled = self.compiled(soql)
        with self._store.read() as db:
            (held,) = db.execute(f"SELECT COUNT(*) FROM {compiled.entity.table}").fetchone()
            (found,) = db.execute(f"SELECT COUNT(*) FROM ({compiled.select('1')})", tuple(compiled.params)).fetchone()
        plan = {
            "cardinality": found,
            "fields": [],
            "leadingOperationType": "TableScan",
            "notes": [],
            "relativeCost": 1.0,
            "sobjectCardinality": held,
            "sobjectType": compiled.entity.name,
        }
        return {"plans": [plan], "sourceQuery": soql}

    def _column(self, compiled: Compiled, path: str, name: str) -> dict[str, Any]:
        found = compiled.entity.find(name) if path == name else None
        kind = found.type if found is not None else "string"
        return {
            "aggregate": compiled.aggregate and found is None,
            "apexType": {"boolean": "Boolean", "int": "Integer", "id": "Id", "date": "Date"}.get(kind, "String"),
            "booleanType": kind == "boolean",
            "columnName": path,
            "custom": found.custom if found is not None else False,
            "displayName": path,
            "foreignKeyName": found.relationship if found is not None else None,
            "insertable": found.createable if found is not None else False,
            "joinColumns": [],
            "numberType": kind in ("currency", "double", "percent", "int"),
            "textType": kind not in ("currency", "double", "percent", "int", "boolean", "date", "datetime"),
            "updatable": found.updateable if found is not None else False,
        }

    def _nested(self, node: Node, row: tuple[Any, ...], base: str) -> dict[str, Any]:
        record_id = row[node.id_index]
        entity = node.entity or self._schema.by_id(record_id)
        name = entity.name if entity is not None else "Name"
        record: dict[str, Any] = {"attributes": {"type": name, "url": f"{base}/sobjects/{name}/{record_id}"}}
        for leaf, index, is_flag, parent in node.slots:
            if parent is not None:
                record[leaf] = None if row[parent.id_index] is None else self._nested(parent, row, base)
            elif index < 0:
                record[leaf] = None
            else:
                record[leaf] = row[index] == 1 if is_flag else row[index]
        return record

    def _attach(self, db: Any, child: Child, rows: Sequence[tuple[Any, ...]], records: list[Any], base: str) -> None:
        inner = child.query
        ids = orjson.dumps([row[0] for row in rows]).decode()
        mine = f'{inner.tables.main}."{child.lookup}" IN (SELECT value FROM json_each(?))'
        sql = (
            f"SELECT {', '.join(inner.columns)} {inner.tables.from_sql()}"
            f" WHERE {inner.where_sql} AND {mine} {inner.order_sql}"
        )
        groups: dict[str, list[tuple[Any, ...]]] = {}
        for row in db.execute(sql, (*inner.params, ids)):
            groups.setdefault(row[0], []).append(row)
        for row, record in zip(rows, records, strict=True):
            found = groups.get(row[0], [])
            start = inner.offset or 0
            found = found[start : start + inner.limit] if inner.limit is not None else found[start:]
            record[child.name] = (
                {
                    "totalSize": len(found),
                    "done": True,
                    "records": [self._nested(inner.node, one, base) for one in found],
                }
                if found
                else None
            )

    def _remember(self, soql: str, with_deleted: bool, batch: int, rids: "array[int]") -> str:
        identity = with_suffix("01gSb" + secrets.token_hex(5))
        now = self._clock.now_ms()
        with self._store.write(hooked=False) as db:
            db.execute(
                "DELETE FROM sf_cursor WHERE created_ms < ?",
                (now - self._settings.salesforce.cursor_lifetime_s * 1000,),
            )
            db.execute(
                "INSERT INTO sf_cursor VALUES (?, ?, ?, ?, ?, ?, ?)",
                (identity, now, soql, int(with_deleted), batch, len(rids), rids.tobytes()),
            )
        return identity

    def _batch(self, asked: int | None) -> int:
        size = _MOST_BATCH if asked is None else min(max(asked, _LEAST_BATCH), _MOST_BATCH)
        return max(1, min(size, self._settings.salesforce.page_size))

    def _page(self, soql: str, offset: int, size: int) -> int:
        seed = self._settings.salesforce.page_jitter_seed
        return size if seed is None else random.Random(f"{seed}:{offset}:{soql}").randint(1, size)

    def _breaks(self) -> bool:
        every = self._settings.salesforce.locator_breaks
        with self._lock:
            self._asked += 1
            return every is not None and self._asked % every == 0

    def _setting(self, with_deleted: bool) -> Setting:
        switches = self._settings.salesforce
        now = self._clock.now()
        purged = now - timedelta(days=BIN_DAYS)
        return Setting(
            self._schema,
            now,
            ZoneInfo(switches.timezone),
            switches.multicurrency,
            switches.corporate_currency,
            round(purged.timestamp() * 1000),
            with_deleted,
        )


def _window(compiled: Compiled, most: int | None) -> tuple[int, int]:
    limits = [limit for limit in (compiled.limit, most) if limit is not None]
    return min(limits, default=-1), compiled.offset or 0


def _fetch(db: Any, compiled: Compiled, most: int | None) -> list[tuple[Any, ...]]:
    sql = f"{compiled.select(', '.join(compiled.columns))} {compiled.order_sql} LIMIT ? OFFSET ?"
    rows: list[tuple[Any, ...]] = db.execute(
        sql, (*compiled.params, *compiled.group_params, *_window(compiled, most))
    ).fetchall()
    return rows


def row_ids(db: Any, compiled: Compiled) -> "array[int]":
    """Every row of the result, in its order, as row numbers."""
    sql = f"{compiled.select(f'{compiled.tables.main}.rid')} {compiled.order_sql} LIMIT ? OFFSET ?"
    found = db.execute(sql, (*compiled.params, *_window(compiled, None))).fetchall()
    return array("q", (rid for (rid,) in found))


def rows_by_id(db: Any, compiled: Compiled, rids: "array[int]") -> list[tuple[Any, ...]]:
    """Those rows as they are now, in that order."""
    tables = compiled.tables
    sql = (
        f"SELECT {', '.join(compiled.columns)} {tables.from_sql('json_each(?) j CROSS JOIN ')}"
        f" WHERE {tables.main}.rid = j.value ORDER BY j.key"
    )
    rows: list[tuple[Any, ...]] = db.execute(sql, (orjson.dumps(list(rids)).decode(),)).fetchall()
    return rows


def _aggregate(node: Node, row: tuple[Any, ...]) -> dict[str, Any]:
    record: dict[str, Any] = {"attributes": {"type": "AggregateResult"}}
    for name, index, is_flag in node.leaves:
        record[name] = row[index] == 1 if is_flag else row[index]
    return record


def _leaves(node: Node, before: str = "") -> list[tuple[str, str]]:
    found = [(before + name, name) for name, _, _ in node.leaves]
    for relationship, parent in node.parents.items():
        found += _leaves(parent, f"{before}{relationship}.")
    return found
