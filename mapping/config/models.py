"""How touches are weighed: a model's name, or its name with the numbers it needs.

model: linear                                            first_touch, last_touch, linear, position, w_shaped
model: {position: {first: 40%, middle: 20%, last: 40%}}
model: {time_decay: {half_life: 30d}}
model: {custom: {webinar: 3, demo: 1}}                   by type of touch; a type that is not named weighs nothing
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, WrapValidator
from pydantic_core import InitErrorDetails, ValidationError

from mapping.config.section import Section
from partnersync.units import Amount, Days, Percent

NamedModel = Literal["first_touch", "last_touch", "linear", "position", "w_shaped"]
_NAMES: tuple[str, ...] = get_args(NamedModel)


def _share(value: Fraction) -> Fraction:
    if not 0 <= value <= 1:
        raise ValueError("expected a share between 0% and 100%")
    return value


def _weight(value: Decimal) -> Decimal:
    if value < 0:
        raise ValueError("expected a weight that is not negative")
    return value


def _some_days(value: int) -> int:
    if value < 1:
        raise ValueError("expected at least 1d")
    return value


Part = Annotated[Percent, AfterValidator(_share)]


class Position(Section):
    """What the first and the last touch get, and what those between them share; together exactly 100% (``checks``)."""

    first: Part
    middle: Part
    last: Part

    @property
    def whole(self) -> Fraction:
        """The parts together."""
        return self.first + self.middle + self.last


class TimeDecay(Section):
    """A touch counts half as much for every ``half_life`` that lies between it and the close."""

    half_life: Annotated[Days, AfterValidator(_some_days)]


def _not_all_zero(value: dict[str, Decimal]) -> dict[str, Decimal]:
    if not any(value.values()):
        raise ValueError("every weight is zero, so that no touch could count; give one type a weight above 0")
    return value


class PositionModel(Section):
    """``position: {first: 40%, middle: 20%, last: 40%}``."""

    position: Position


class TimeDecayModel(Section):
    """``time_decay: {half_life: 30d}``."""

    time_decay: TimeDecay


class CustomModel(Section):
    """``custom: {webinar: 3, demo: 1}``: weights by type of touch."""

    custom: Annotated[dict[str, Annotated[Amount, AfterValidator(_weight)]], AfterValidator(_not_all_zero)]


_GROUPS: Mapping[str, type[Section]] = {"position": PositionModel, "time_decay": TimeDecayModel, "custom": CustomModel}
_EXAMPLES = {"time_decay": "{time_decay: {half_life: 30d}}", "custom": "{custom: {webinar: 3, demo: 1}}"}


def _one_model(value: Any, inner: Any) -> Any:
    """One mistake, one message: which model is meant is settled before its numbers are looked at."""
    if isinstance(value, Mapping):
        return _group(value)
    if isinstance(value, tuple(_GROUPS.values())) or (isinstance(value, str) and value in _NAMES):
        return value
    if not isinstance(value, str):
        raise ValueError("expected a model such as linear or {time_decay: {half_life: 30d}}")
    if value in _EXAMPLES:
        raise ValueError(f"{value} needs its numbers, such as {_EXAMPLES[value]}")
    choices = [f"'{name}'" for name in (*_NAMES, *_EXAMPLES)]
    expected = f"{', '.join(choices[:-1])} or {choices[-1]}"
    raise _refused("literal_error", value, {"expected": expected})


def _group(value: Mapping[str, Any]) -> Any:
    if not value:
        raise _refused("too_short", value, {"field_type": "model", "min_length": 1, "actual_length": 0})
    known = [name for name in value if name in _GROUPS]
    if len(known) > 1:
        raise ValueError(f"expected one model, found {' and '.join(known)}")
    if known:
        return _GROUPS[known[0]].model_validate(value)
    name = str(next(iter(value)))
    if name in _NAMES:
        raise ValueError(f"{name} takes no numbers; write model: {name}")
    context = {"discriminator": f"'{name}'", "tag": name, "expected_tags": ", ".join(_GROUPS)}
    raise _refused("union_tag_invalid", value, context)


def _refused(kind: str, value: Any, context: dict[str, Any]) -> ValidationError:
    detail = InitErrorDetails(type=kind, loc=(), input=value, ctx=context)
    return ValidationError.from_exception_data("model", [detail])


Model = Annotated[
    NamedModel | PositionModel | TimeDecayModel | CustomModel,
    WrapValidator(_one_model),
    Field(json_schema_extra={"examples": ["linear"]}),
]
AnyModel = NamedModel | PositionModel | TimeDecayModel | CustomModel
