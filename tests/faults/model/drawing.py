"""Which steps a world has: drawn from a seed, so that a number names a world."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Final

from tests.faults.model.picking import Step

WEIGHTS: Final[Mapping[str, int]] = {
    "pull": 5, "run": 12, "fault": 20, "condition": 10, "crash": 8, "cut off": 5, "pause": 6, "config": 2, "jump": 2,
    "back up": 1, "put back": 1, "edit": 16, "type over": 5, "undo": 2, "create": 4, "delete": 3, "restore": 3, "merge": 2,
    "task": 4, "touch many": 3, "register": 3, "begin transaction": 3, "end transaction": 3, "lagging": 4,
}  # fmt: skip

_HARM: Final = ("cut off", "condition", "fault")
AT_LAST: Final = (("touch many", "lagging", "end transaction"), _HARM, (*_HARM, "lagging"))
"""What the last steps of a world are drawn from: a change that is easily missed, and then, because a later change would have
what they lost read once more, harm that no step may mend."""


def drawn(seed: int, world: int, most: int) -> list[Step]:
    """The steps of a world: up to ``most`` of them, the first telling its kind.

    Short worlds are more than long ones: a failure needs a few steps, and what a late step mends is not seen by the judge.
    """
    draw = Random(f"{seed}:{world}")
    names, weights = list(WEIGHTS), list(WEIGHTS.values())
    count = min(draw.randrange(most // 6, most + 1) for _ in range(2))
    kinds = [*draw.choices(names, weights, k=count - 1 - len(AT_LAST)), *map(draw.choice, AT_LAST)]
    begin = Step("begin", draw.randrange(1 << 16))
    return [begin, *(Step(name, *(draw.randrange(1 << 16) for _ in range(4))) for name in kinds)]
