"""What every section of the config is built from: the base model, small texts, and unions told apart by one key."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import InitErrorDetails, ValidationError

from mapping.conditions.vocabulary import near

_SOURCE = re.compile(r"[a-z0-9][a-z0-9-]*\.[A-Za-z0-9_]+|file:[^\s:][^:]*")


class Section(BaseModel):
    """Unknown keys are mistakes, and nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


@dataclass(frozen=True, slots=True, order=True)
class SourceName:
    """Where records come from: an object of a connection, or a CSV file (connection ``file``)."""

    connection: str
    object: str

    def __str__(self) -> str:
        return f"file:{self.object}" if self.connection == "file" else f"{self.connection}.{self.object}"


def _source(value: object) -> SourceName:
    if isinstance(value, SourceName):
        return value
    if not isinstance(value, str) or not _SOURCE.fullmatch(value):
        raise ValueError(f"expected connection.Object or file:name.csv, found {value!r}")
    if value.startswith("file:"):
        return SourceName("file", value[5:])
    connection, _, object_ = value.partition(".")
    return SourceName(connection, object_)


def _filled(value: object) -> object:
    if isinstance(value, str) and not value.strip():
        raise ValueError("expected the name of a field, found nothing")
    return value.strip() if isinstance(value, str) else value


def _many(value: object) -> object:
    if not isinstance(value, list | tuple):
        raise ValueError(f"expected a list such as [a, b], found {value!r}")
    return value


SourceRef = Annotated[
    SourceName,
    PlainValidator(_source),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": f"^({_SOURCE.pattern})$", "examples": ["salesforce.Opportunity"]}),
]
FieldName = Annotated[str, BeforeValidator(_filled)]
"""The name of a field or column of a source."""
Texts = Annotated[tuple[str, ...], BeforeValidator(_many)]


def told_apart_by(key: str, models: Mapping[str, type[BaseModel]]) -> Callable[[Any, Any], Any]:
    """A wrap validator for a union whose members differ in the value of ``key``: one mistake, one message."""

    def choose(value: Any, inner: Any) -> Any:
        if not isinstance(value, Mapping):
            return inner(value) if isinstance(value, tuple(models.values())) else _not_a_group(value)
        if key not in value:
            slips = [each for each in value if near(str(each), [key]) is not None]
            wrong = [_detail("extra_forbidden", (str(each),), value[each], {}) for each in slips]
            raise ValidationError.from_exception_data("rule", [_detail("missing", (key,), value, {}), *wrong])
        model = models.get(str(value[key]))
        if model is None:
            context = {"discriminator": f"'{key}'", "tag": str(value[key]), "expected_tags": ", ".join(models)}
            raise ValidationError.from_exception_data("rule", [_detail("union_tag_invalid", (), value, context)])
        return model.model_validate(value)

    return choose


def told_apart_by_presence(key: str, with_it: type[BaseModel], without: type[BaseModel]) -> Callable[[Any, Any], Any]:
    """A wrap validator for a union whose members differ in whether ``key`` is there."""

    def choose(value: Any, inner: Any) -> Any:
        if not isinstance(value, Mapping):
            return inner(value) if isinstance(value, with_it | without) else _not_a_group(value)
        return (with_it if key in value else without).model_validate(value)

    return choose


def _not_a_group(value: Any) -> Any:
    raise ValidationError.from_exception_data("rule", [_detail("model_type", (), value, {"class_name": "rule"})])


def _detail(kind: str, loc: tuple[str, ...], value: Any, context: dict[str, Any]) -> InitErrorDetails:
    return InitErrorDetails(type=kind, loc=loc, input=value, ctx=context)
