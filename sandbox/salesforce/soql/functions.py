"""SOQL functions as SQL: aggregates, currency conversion, and parts of dates."""

# ruff: noqa: S608 (only names from our own schema enter the SQL; values are parameters)

from sandbox.salesforce.fields import Field
from sandbox.salesforce.soql.columns import Column, Tables
from sandbox.salesforce.soql.refusals import refuse
from sandbox.salesforce.soql.tree import Call, Path

AGGREGATES = frozenset(("COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"))
_DATE_PARTS = {
    "CALENDAR_YEAR": "CAST(substr({0}, 1, 4) AS INTEGER)",
    "CALENDAR_MONTH": "CAST(substr({0}, 6, 2) AS INTEGER)",
    "CALENDAR_QUARTER": "(CAST(substr({0}, 6, 2) AS INTEGER) + 2) / 3",
    "DAY_IN_MONTH": "CAST(substr({0}, 9, 2) AS INTEGER)",
    "DAY_ONLY": "substr({0}, 1, 10)",
}
_DATE_PARTS |= {name.replace("CALENDAR", "FISCAL"): sql for name, sql in _DATE_PARTS.items()}
_WHOLE = Field("expr", "int", precision=18)


def is_aggregate(operand: object) -> bool:
    """Whether it is an aggregate function."""
    return isinstance(operand, Call) and operand.name in AGGREGATES


def corporate_amount(column: Column, tables: Tables) -> str:
    """A currency column in the corporate currency; elsewhere the column itself."""
    if column.field.type != "currency" or not tables.setting.multicurrency or "." not in column.sql:
        return column.sql
    alias = column.sql.split(".", 1)[0]
    rate = f'SELECT r."ConversionRate" FROM "sf_CurrencyType" r WHERE r."IsoCode" = {alias}."CurrencyIsoCode" LIMIT 1'
    return f"({column.sql} / coalesce(({rate}), 1.0))"


def operand_column(operand: Path | Call, tables: Tables) -> Column:
    """The SQL of a field or of a function of one. Raises: `SalesforceError`."""
    if isinstance(operand, Path):
        return tables.column(operand)
    name, argument = operand.name, operand.argument
    if argument is None:
        return Column("COUNT(*)", _WHOLE)
    column = operand_column(argument, tables)
    if name in ("COUNT", "COUNT_DISTINCT"):
        distinct = "DISTINCT " if name == "COUNT_DISTINCT" else ""
        return Column(f"COUNT({distinct}{column.sql})", _WHOLE)
    if name in AGGREGATES:
        _check_aggregate(operand, column, tables)
        sql = corporate_amount(column, tables)
        kind = column.field.type
        of_average = Field(column.field.name, "double", precision=18, scale=2) if kind == "int" else column.field
        return Column(f"{name}({sql})", of_average if name == "AVG" else column.field)
    if name in _DATE_PARTS and column.field.type in ("date", "datetime"):
        whole = _WHOLE if name != "DAY_ONLY" else Field("expr", "date")
        return Column(_DATE_PARTS[name].format(column.sql), whole)
    if name == "CONVERTTIMEZONE":
        return column
    if name == "CONVERTCURRENCY" and column.field.type == "currency":
        return Column(f"round({corporate_amount(column, tables)}, 2)", column.field)
    if name == "TOLABEL":
        return column
    if name == "FORMAT":
        shown = Field(column.field.name, "string", length=255)
        return Column(f"CAST({column.sql} AS TEXT)", shown)
    raise refuse("MALFORMED_QUERY", f"unexpected token: '{name}'", tables.soql, operand.at)


def _check_aggregate(operand: Call, column: Column, tables: Tables) -> None:
    numeric = column.field.type in ("currency", "double", "percent", "int")
    if operand.name in ("SUM", "AVG") and not numeric:
        raise refuse(
            "MALFORMED_QUERY",
            f"field {column.field.name} does not support aggregate operator {operand.name}",
            tables.soql,
            operand.at,
        )
