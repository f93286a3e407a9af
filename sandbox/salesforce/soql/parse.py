"""SOQL tokens to a tree, by recursive descent.

Salesforce's precedence is a refusal: `a AND b OR c` is MALFORMED_QUERY, and so is `a AND NOT b`; the parts of
AND and OR are simple expressions, and NOT takes one simple expression and stands alone or in parentheses
(`a AND (NOT b)`).
"""

from functools import lru_cache

from sandbox.salesforce.errors import SalesforceError
from sandbox.salesforce.soql.lexer import Token, tokens
from sandbox.salesforce.soql.refusals import refuse
from sandbox.salesforce.soql.tree import (
    All,
    Call,
    Comparison,
    Condition,
    Constant,
    Either,
    FieldSet,
    Includes,
    Membership,
    Not,
    Operator,
    Order,
    Path,
    Query,
    Selected,
)

_OPERATORS: dict[str, Operator] = {
    "=": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=",
}  # fmt: skip
_RESERVED = frozenset(
    (
        *("SELECT", "FROM", "USING", "WHERE", "WITH", "GROUP", "HAVING", "ORDER", "BY", "LIMIT", "OFFSET", "FOR"),
        *("AND", "OR", "NOT", "IN", "LIKE", "INCLUDES", "EXCLUDES", "ASC", "DESC", "NULLS", "ALL", "UPDATE"),
    )
)
_CONSTANTS = {"TRUE": "boolean", "FALSE": "boolean", "NULL": "null"}
_DEPTH = 60


@lru_cache(maxsize=512)
def parse(soql: str) -> Query:
    """The tree of a query. Raises: `SalesforceError` MALFORMED_QUERY."""
    parser = _Parser(soql)
    query = parser.query()
    parser.expect_end()
    return query


class _Parser:
    def __init__(self, soql: str) -> None:
        self._soql = soql
        self._tokens = tokens(soql)
        self._next = 0
        self._depth = 0

    def query(self) -> Query:
        self._word("SELECT")
        select = [self._selected()]
        while self._sign(","):
            select.append(self._selected())
        self._word("FROM")
        entity = self._name()
        self._word_if("AS")
        alias = self._alias()
        if self._word_if("USING"):
            self._word("SCOPE")
            self._name()
        where = self._condition() if self._word_if("WHERE") else None
        group: list[Path | Call] = []
        having: Condition | None = None
        if self._word_if("GROUP"):
            self._word("BY")
            group.append(self._operand())
            while self._sign(","):
                group.append(self._operand())
            having = self._condition() if self._word_if("HAVING") else None
        order: list[Order] = []
        if self._word_if("ORDER"):
            self._word("BY")
            order.append(self._order())
            while self._sign(","):
                order.append(self._order())
        limit = self._count() if self._word_if("LIMIT") else None
        offset = self._count() if self._word_if("OFFSET") else None
        if self._word_if("FOR"):
            self._name()
        all_rows = False
        if self._word_if("ALL"):
            self._word("ROWS")
            all_rows = True
        return Query(
            tuple(select), entity.text, entity.at, alias, where, tuple(group), having, tuple(order),
            limit, offset, all_rows, self._soql,
        )  # fmt: skip

    def expect_end(self) -> None:
        if self._peek().kind != "end":
            raise self._unexpected()

    def _selected(self) -> Selected:
        if self._peek().text == "(":
            self._advance()
            inner = self.query()
            self._require(")")
            return Selected(inner)
        token = self._field_name()
        if self._peek().text != "(":
            return Selected(Path(tuple(token.text.split(".")), token.at), self._alias())
        if token.word == "FIELDS":
            self._advance()
            kind = self._name()
            self._require(")")
            if kind.word not in ("ALL", "STANDARD", "CUSTOM"):
                raise refuse("MALFORMED_QUERY", f"unexpected token: '{kind.text}'", self._soql, kind.at)
            return Selected(FieldSet(kind.word, token.at))
        return Selected(self._call(token), self._alias())

    def _call(self, name: Token) -> Call:
        self._require("(")
        if self._sign(")"):
            if name.word != "COUNT":
                raise self._unexpected()
            return Call("COUNT", None, name.at)
        argument = self._operand()
        self._require(")")
        return Call(name.word, argument, name.at)

    def _operand(self) -> Path | Call:
        token = self._field_name()
        if self._peek().text == "(":
            return self._call(token)
        return Path(tuple(token.text.split(".")), token.at)

    def _order(self) -> Order:
        by = self._operand()
        descending = self._word_if("DESC")
        if not descending:
            self._word_if("ASC")
        nulls_last = False
        if self._word_if("NULLS"):
            nulls_last = self._word_if("LAST")
            if not nulls_last:
                self._word("FIRST")
        return Order(by, descending, nulls_last)

    def _condition(self) -> Condition:
        self._depth += 1
        if self._depth > _DEPTH:
            raise SalesforceError(
                "QUERY_TOO_COMPLICATED",
                "Query is either selecting too many fields or the filter conditions are too complicated.",
            )
        try:
            if self._word_if("NOT"):
                return Not(self._simple())
            parts = [self._simple()]
            joint = self._peek().word
            if joint not in ("AND", "OR"):
                return parts[0]
            while self._word_if(joint):
                parts.append(self._simple())
            if self._peek().word in ("AND", "OR"):
                raise self._unexpected()
            return All(tuple(parts)) if joint == "AND" else Either(tuple(parts))
        finally:
            self._depth -= 1

    def _simple(self) -> Condition:
        if self._sign("("):
            inner = self._condition()
            self._require(")")
            return inner
        operand = self._operand()
        token = self._peek()
        if token.text in _OPERATORS:
            self._advance()
            return Comparison(operand, _OPERATORS[token.text], self._literal())
        if self._word_if("LIKE"):
            return Comparison(operand, "LIKE", self._literal())
        if token.word in ("INCLUDES", "EXCLUDES") and isinstance(operand, Path):
            self._advance()
            return Includes(operand, token.word == "EXCLUDES", self._list())
        negated = self._word_if("NOT")
        if not self._word_if("IN"):
            raise self._unexpected()
        if self._peek().text == "(" and self._tokens[self._next + 1].word == "SELECT":
            self._advance()
            inner_query = self.query()
            self._require(")")
            return Membership(operand, negated, inner_query)
        return Membership(operand, negated, self._list())

    def _list(self) -> tuple[Constant, ...]:
        self._require("(")
        values = [self._literal()]
        while self._sign(","):
            values.append(self._literal())
        self._require(")")
        return tuple(values)

    def _literal(self) -> Constant:
        token = self._peek()
        match token.kind:
            case "string" | "number" | "date" | "datetime" | "currency" | "range":
                self._advance()
                return Constant(token.kind, token.text, token.at)
            case "name" if token.word in _CONSTANTS:
                self._advance()
                kind = "null" if token.word == "NULL" else "boolean"
                return Constant(kind, token.word, token.at)  # type: ignore[arg-type]
            case "name" if "." not in token.text and token.word not in _RESERVED:
                self._advance()
                return Constant("range", token.text, token.at)
            case _:
                raise self._unexpected()

    def _count(self) -> int:
        token = self._peek()
        if token.kind != "number" or not token.text.isdigit():
            raise self._unexpected()
        self._advance()
        return int(token.text)

    def _alias(self) -> str | None:
        token = self._peek()
        named = token.kind == "currency" or (token.kind == "name" and "." not in token.text)
        if named and token.word not in _RESERVED:
            self._advance()
            return token.text
        return None

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _advance(self) -> Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _field_name(self) -> Token:
        if self._peek().word in _RESERVED:
            raise self._unexpected()
        return self._name()

    def _name(self) -> Token:
        token = self._peek()
        if token.kind not in ("name", "currency"):
            raise self._unexpected()
        return self._advance()

    def _word(self, word: str) -> None:
        if not self._word_if(word):
            raise self._unexpected()

    def _word_if(self, word: str) -> bool:
        token = self._peek()
        if token.kind == "name" and token.word == word:
            self._advance()
            return True
        return False

    def _sign(self, sign: str) -> bool:
        if self._peek().text == sign and self._peek().kind == "sign":
            self._advance()
            return True
        return False

    def _require(self, sign: str) -> None:
        if not self._sign(sign):
            raise self._unexpected()

    def _unexpected(self) -> SalesforceError:
        token = self._peek()
        return refuse("MALFORMED_QUERY", f"unexpected token: '{token.text}'", self._soql, token.at)
