"""The setting ``model``: a name, or a name with its numbers; one message for one mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from partnersync.errors import ConfigError
from partnersync.placing import place
from partnersync.source import parse_source
from service.agreement import AGREEMENTS
from service.settings import Settings

EXAMPLE = Path(__file__).resolve().parent.parent.parent / "config.example.yaml"
HERE = "attribution.influenced[0].model"


def read(written: str) -> Settings:
    text = EXAMPLE.read_text(encoding="utf-8").replace("model: linear ", f"model: {written} ", 1)
    return place(parse_source(text, "config.yaml"), Settings, AGREEMENTS)


@pytest.mark.parametrize(
    "written",
    [
        "position",
        "w_shaped",
        "{position: {first: 50%, middle: 0%, last: 50%}}",
        "{time_decay: {half_life: 1d}}",
        "{custom: {webinar: 3, demo: 0.5, mail: 0}}",
    ],
)
def test_every_model_can_be_written(written: str) -> None:
    rule = read(written).attribution.influenced[0]

    assert rule.use == "touchpoints"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("liner", f"{HERE}: expected one of first_touch, last_touch, linear, position, w_shaped, time_decay or custom"),
        ("time_decay", f"{HERE}: time_decay needs its numbers, such as {{time_decay: {{half_life: 30d}}}}"),
        ("[linear]", f"{HERE}: expected a model such as linear or"),
        ("{}", f"{HERE}: must not be empty"),
        ("{linear: {}}", f"{HERE}: linear takes no numbers; write model: linear"),
        ("{time_decy: {half_life: 30d}}", f"{HERE}.time_decy: expected one of position, time_decay, custom"),
        ("{time_decay: {half_lif: 30d}}", f"{HERE}.time_decay.half_lif: unknown setting (did you mean 'half_life'?)"),
        ("{time_decay: {half_life: 30}}", f"{HERE}.time_decay.half_life: expected a number of days such as 90d"),
        ("{time_decay: {half_life: 0d}}", f"{HERE}.time_decay.half_life: expected at least 1d"),
        ("{custom: {webinar: 0, demo: 0}}", f"{HERE}.custom: every weight is zero"),
        ("{custom: {webinar: -1}}", f"{HERE}.custom.webinar: expected a weight that is not negative"),
        ("{custom: {a: 1}, time_decay: {half_life: 1d}}", f"{HERE}: expected one model, found custom and time_decay"),
        (
            "{position: {first: 40%, middle: 20%, last: 30%}}",
            f"{HERE}.position: first, middle and last are 90% together",
        ),
        ("{position: {first: 40%, middle: 20%}}", f"{HERE}.position.last: 'last' is required here"),
        ("{position: {first: 0.4, middle: 20%, last: 40%}}", f"{HERE}.position.first: expected a percentage"),
        (
            "{position: {first: 140%, middle: 0%, last: 0%}}",
            f"{HERE}.position.first: expected a share between 0% and 100%",
        ),
    ],
)
def test_one_mistake_in_a_model_is_one_message(written: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(written)

    (problem,) = caught.value.problems
    assert f"{problem.path}: {problem.message} ({problem.hint})".startswith(told.removesuffix(")"))
