"""config.example.yaml documents every setting of every model, in use or in a comment beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel

from service.commands.init import example
from service.settings import Settings


def settings_of(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[tuple[str, str]]:
    """Every setting of a model and of the models in it, with the model's name."""
    if model in seen:
        return
    seen.add(model)
    for name, about in model.model_fields.items():
        yield model.__name__, about.alias or name
        for inner in models_in((about.annotation, about.metadata)):
            yield from settings_of(inner, seen)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif isinstance(annotation, list | tuple):
        for part in annotation:
            yield from models_in(part)
    else:
        for part in get_args(annotation):
            yield from models_in(part)


def test_every_setting_of_every_model_is_in_the_example() -> None:
    text = example()
    seen: set[type[BaseModel]] = set()
    silent = [
        f"{model}.{name}"
        for model, name in settings_of(Settings, seen)
        if not re.search(rf"(?<![\w.]){re.escape(name)}(?![\w])", text)
    ]

    assert len(seen) > 40
    assert silent == []
