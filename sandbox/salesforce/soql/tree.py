"""The tree of a SOQL query. Every node that can be refused knows its position in the text."""

from dataclasses import dataclass, field
from typing import Literal

Operator = Literal["=", "!=", "<", "<=", ">", ">=", "LIKE"]


@dataclass(frozen=True, slots=True)
class Path:
    """A field, perhaps through relationships: `Owner.Email` is ("Owner", "Email")."""

    names: tuple[str, ...]
    at: int

    @property
    def text(self) -> str:
        """As written."""
        return ".".join(self.names)


@dataclass(frozen=True, slots=True)
class Call:
    """A function of a field: `COUNT(Id)`, `toLabel(StageName)`, `CALENDAR_YEAR(CloseDate)`."""

    name: str
    argument: "Path | Call | None"
    at: int


@dataclass(frozen=True, slots=True)
class FieldSet:
    """`FIELDS(ALL)`, `FIELDS(STANDARD)` or `FIELDS(CUSTOM)`."""

    kind: str
    at: int


@dataclass(frozen=True, slots=True)
class Selected:
    """One entry of the select list."""

    what: "Path | Call | FieldSet | Query"
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Constant:
    """A value: its kind, its text, and what comes of it."""

    kind: Literal["string", "number", "currency", "boolean", "null", "date", "datetime", "range"]
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """`operand operator value`."""

    operand: Path | Call
    operator: Operator
    value: Constant


@dataclass(frozen=True, slots=True)
class Membership:
    """`operand [NOT] IN (…)`: a list of values or a query."""

    operand: Path | Call
    negated: bool
    values: "tuple[Constant, ...] | Query"


@dataclass(frozen=True, slots=True)
class Includes:
    """`operand INCLUDES ('a;b', 'c')` on a multi-select picklist, or EXCLUDES."""

    operand: Path
    negated: bool
    values: tuple[Constant, ...]


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Either:
    """Some part holds."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "Condition"


Condition = Comparison | Membership | Includes | All | Either | Not


@dataclass(frozen=True, slots=True)
class Order:
    """One entry of ORDER BY; without NULLS, nulls come first."""

    by: Path | Call
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query."""

    select: tuple[Selected, ...]
    entity: str
    entity_at: int
    alias: str | None = None
    where: Condition | None = None
    group_by: tuple[Path | Call, ...] = ()
    having: Condition | None = None
    order_by: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int | None = None
    all_rows: bool = False
    text: str = field(default="", compare=False)

    @property
    def counts_only(self) -> bool:
        """Whether it is `SELECT COUNT() FROM …`."""
        what = self.select[0].what
        return isinstance(what, Call) and what.name == "COUNT" and what.argument is None
