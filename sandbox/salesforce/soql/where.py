"""Conditions to parameterised SQL.

SOQL knows two truth values where SQL knows three: `Type != 'x'` holds for a null Type, and so does
`(NOT Type = 'x')`. So equality is `IS`, and other comparisons under a NOT are false rather than unknown on null.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

import orjson

from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.fields import NUMBERS, Field
from sandbox.salesforce.ids import full_id
from sandbox.salesforce.moments import instant_text, parse_date, parse_instant
from sandbox.salesforce.soql.columns import Column, Tables
from sandbox.salesforce.soql.functions import corporate_amount, operand_column
from sandbox.salesforce.soql.lexer import like_pattern, unquoted
from sandbox.salesforce.soql.ranges import day_range
from sandbox.salesforce.soql.refusals import refuse
from sandbox.salesforce.soql.tree import (
    All,
    Call,
    Comparison,
    Condition,
    Constant,
    Either,
    Includes,
    Membership,
    Not,
    Operator,
    Path,
)

_INLINE = 20


@dataclass(slots=True)
class Where:
    """Compiles the conditions of one query; `params` fill in the order of the SQL."""

    tables: Tables
    semi_join: Any
    """`(query, prefix) -> (sql, params)`: how a query inside IN is compiled."""
    bounded: str | None = None
    """The column already bounded from below by an index range; its other uses must not pick an index."""
    params: list[Any] = field(default_factory=list)
    _inner: int = 0

    def sql(self, condition: Condition, negated: bool = False) -> str:
        """The SQL of a condition. Raises: `SalesforceError`."""
        match condition:
            case All(parts):
                return "(" + " AND ".join(self.sql(part, negated) for part in parts) + ")"
            case Either(parts):
                return "(" + " OR ".join(self.sql(part, negated) for part in parts) + ")"
            case Not(part):
                return f"(NOT {self.sql(part, True)})"
            case Comparison(operand, operator, value):
                sql = self._comparison(operand, operator, value)
                return f"ifnull({sql}, 0)" if negated else sql
            case Membership():
                return self._membership(condition)
            case Includes(operand, excluded, values):
                return self._includes(operand, excluded, values)

    def _column(self, operand: Path | Call) -> Column:
        column = operand_column(operand, self.tables)
        if column.sql == self.bounded:
            return Column(f"+{column.sql}", column.field)
        return column

    def _comparison(self, operand: Path | Call, operator: Operator, literal: Constant) -> str:
        column = self._column(operand)
        kind = column.field.type
        if kind == "textarea" and column.field.length > 255:
            raise refuse(
                "INVALID_FIELD",
                f"field '{column.field.name}' can not be filtered in a query call",
                self.tables.soql,
                operand.at,
            )
        if literal.kind == "null":
            return self._null(column, operator, operand)
        if operator == "LIKE":
            return self._like(column, literal, operand)
        if literal.kind == "range" and kind in ("date", "datetime"):
            return self._in_range(column, operator, literal)
        if literal.kind == "currency" and kind == "currency":
            self.params.append(float(literal.text[3:]))
            sql = corporate_amount(column, self.tables)
            return f"{sql} {operator} ? / {self._rate(literal.text[:3])}"
        value = self._value(column.field, literal, operand)
        if kind == "boolean" and operator not in ("=", "!="):
            raise self._bad_operator(column.field, operand)
        if value is None:
            return self._null(column, operator, operand)
        if isinstance(value, str) and column.field.folds_case and not value.isascii():
            self.params.append(value.casefold())
            sql = f"sf_fold({column.sql})"
        else:
            self.params.append(value)
            sql = column.sql
        if operator == "=":
            return f"{sql} = ?" if not column.field.nillable else f"{sql} IS ?"
        return f"{sql} IS NOT ?" if operator == "!=" else f"{sql} {operator} ?"

    def _null(self, column: Column, operator: Operator, operand: Path | Call) -> str:
        if operator not in ("=", "!="):
            raise self._bad_operator(column.field, operand)
        if column.field.type == "boolean":
            return "0" if operator == "=" else "1"
        return f"{column.sql} IS {'' if operator == '=' else 'NOT '}NULL"

    def _like(self, column: Column, literal: Constant, operand: Path | Call) -> str:
        if literal.kind != "string" or column.field.type in ("id", "reference", "date", "datetime", "boolean"):
            raise self._bad_operator(column.field, operand)
        pattern = like_pattern(literal.text)
        if not pattern.isascii():
            self.params.append(pattern.casefold())
            return f"sf_fold({column.sql}) LIKE ? ESCAPE '\\'"
        self.params.append(pattern)
        return f"{column.sql} LIKE ? ESCAPE '\\'"

    def _in_range(self, column: Column, operator: Operator, literal: Constant) -> str:
        zone = self.tables.setting.zone
        days = day_range(literal.text, self.tables.setting.now.astimezone(zone).date())
        if days is None:
            raise refuse("MALFORMED_QUERY", f"unexpected token: '{literal.text}'", self.tables.soql, literal.at)
        start, end = (self._day_text(column.field, day) for day in days)
        sql = column.sql
        match operator:
            case "=":
                self.params += [start, end]
                return f"ifnull({sql} >= ? AND {sql} < ?, 0)"
            case "!=":
                self.params += [start, end]
                return f"ifnull(NOT ({sql} >= ? AND {sql} < ?), 1)"
            case "<":
                self.params.append(start)
                return f"{sql} < ?"
            case ">=":
                self.params.append(start)
                return f"{sql} >= ?"
            case "<=":
                self.params.append(end)
                return f"{sql} < ?"
            case _:
                self.params.append(end)
                return f"{sql} >= ?"

    def _day_text(self, of: Field, day: date) -> str:
        if of.type == "date":
            return day.isoformat()
        return instant_text(datetime.combine(day, time.min, self.tables.setting.zone))

    def _membership(self, condition: Membership) -> str:
        column = self._column(condition.operand)
        values = condition.values
        if not isinstance(values, tuple):
            self._inner += 1
            inner, params = self.semi_join(values, f"{self.tables.prefix}s{self._inner}_")
            self.params += params
            inside = f"{column.sql} IN ({inner})"
            return f"ifnull(NOT {inside}, 1)" if condition.negated else f"ifnull({inside}, 0)"
        ranges = [one for one in values if one.kind == "range"]
        if ranges:
            parts = [self._comparison(condition.operand, "=", one) for one in values]
            either = "(" + " OR ".join(parts) + ")"
            return f"(NOT {either})" if condition.negated else either
        found = [None if one.kind == "null" else self._value(column.field, one, condition.operand) for one in values]
        present = [value for value in found if value is not None]
        sql = column.sql
        if column.field.folds_case and any(not value.isascii() for value in present):
            sql, present = f"sf_fold({sql})", [value.casefold() for value in present]
        inside = f"{sql} IN ({self._listed(present)})"
        if None in found:
            inside = f"({column.sql} IS NULL OR {inside})"
        return f"ifnull(NOT {inside}, {0 if None in found else 1})" if condition.negated else f"ifnull({inside}, 0)"

    def _listed(self, values: Sequence[Any]) -> str:
        if len(values) <= _INLINE:
            self.params += values
            return ", ".join("?" * len(values))
        self.params.append(orjson.dumps(values).decode())
        return "SELECT value FROM json_each(?)"

    def _includes(self, operand: Path, excluded: bool, values: Sequence[Constant]) -> str:
        column = self._column(operand)
        if column.field.type != "multipicklist":
            raise self._bad_operator(column.field, operand)
        choices: list[str] = []
        for literal in values:
            wanted = str(self._value(column.field, literal, operand) or "").split(";")
            self.params += [f";{one.strip()};" for one in wanted]
            choices.append(" AND ".join(["instr(lower(';' || " + column.sql + " || ';'), lower(?)) > 0"] * len(wanted)))
        either = "ifnull((" + ") OR (".join(choices) + "), 0)"
        return f"NOT {either}" if excluded else either

    def _value(self, of: Field, literal: Constant, operand: Path | Call) -> Any:
        kind, at = of.type, operand.at
        match literal.kind:
            case "string" if kind in ("id", "reference"):
                return self._id(literal)
            case "string" if kind in NUMBERS or kind in ("int", "boolean", "date", "datetime"):
                raise self._mistyped(of, at, "should not be enclosed in quotes")
            case "string":
                return unquoted(literal.text) or None
            case "boolean" if kind == "boolean":
                return int(literal.text == "TRUE")
            case "number" if kind in NUMBERS:
                return float(literal.text)
            case "number" if kind == "int":
                amount = float(literal.text)
                return int(amount) if amount.is_integer() else amount
            case "date" if kind == "date":
                day = parse_date(literal.text)
                if day is not None:
                    return day.isoformat()
            case "datetime" if kind == "datetime":
                moment = parse_instant(literal.text.upper())
                if moment is not None:
                    return instant_text(moment)
            case _:
                pass
        if literal.kind == "range" and kind not in ("date", "datetime"):
            raise refuse("MALFORMED_QUERY", f"unexpected token: '{literal.text}'", self.tables.soql, literal.at)
        quoted = kind not in NUMBERS and kind not in ("int", "boolean", "date", "datetime")
        raise self._mistyped(of, at, f"should {'' if quoted else 'not '}be enclosed in quotes")

    def _id(self, literal: Constant) -> str | None:
        text = unquoted(literal.text)
        if not text:
            return None
        found = full_id(text)
        if found is None:
            raise refuse("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {text}", self.tables.soql, literal.at)
        return found

    def _rate(self, code: str) -> str:
        self.params.append(code.upper())
        return 'coalesce((SELECT r."ConversionRate" FROM "sf_CurrencyType" r WHERE r."IsoCode" = ?), 1.0)'

    def _mistyped(self, of: Field, at: int, tail: str) -> SalesforceError:
        shown = {"datetime": "dateTime", "currency": "double", "percent": "double"}.get(of.type, of.type)
        shown = shown if shown in ("dateTime", "double", "int", "boolean", "date") else "string"
        message = f"value of filter criterion for field '{of.name}' must be of type {shown} and {tail}"
        return refuse("INVALID_FIELD", message, self.tables.soql, at)

    def _bad_operator(self, of: Field, operand: Path | Call) -> SalesforceError:
        return refuse("INVALID_FIELD", f"invalid operator on {of.type} field", self.tables.soql, operand.at)
