"""A slice of the worlds of ``make faults``: a few seeded ones, a state machine over the same steps, and three defects noticed."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.faults.model.defects import DEFECTS
from tests.faults.model.drawing import drawn
from tests.faults.model.ground import Ground
from tests.faults.model.harms import BY_NAME, FAULTS, HARMS, Struck, possible
from tests.faults.model.moments import PLACES
from tests.faults.model.mutants import Patched, tried
from tests.faults.model.picking import Step
from tests.faults.model.steps import STEPS, Play, played
from tests.faults.model.worlds import judged, smaller

pytestmark = pytest.mark.fault
SEED, STEPS_OF_ONE = 20261121, 24


@pytest.mark.parametrize("world", range(4))
def test_no_row_is_lost_and_no_effect_is_doubled_or_missing(here: Ground, world: int) -> None:
    struck = Struck()
    steps = drawn(SEED, world, STEPS_OF_ONE)

    wrong = judged(here, struck, world, steps)

    assert not wrong, f"--seed {SEED} --steps {STEPS_OF_ONE} --only {world}: {wrong}"


class Machine(RuleBasedStateMachine):
    """The steps as Hypothesis draws them, and shrinks them where a world ends wrong."""

    ground: ClassVar[Ground]

    def __init__(self) -> None:
        super().__init__()
        self.play = Play(self.ground, Struck())

    @initialize(a=st.integers(0, 59))
    def begin(self, a: int) -> None:
        self.play.begin("machine", a)

    @rule(
        name=st.sampled_from(sorted(STEPS)),
        a=st.integers(0, 255),
        b=st.integers(0, 255),
        c=st.integers(0, 255),
        d=st.integers(0, 8),
    )
    def step(self, name: str, a: int, b: int, c: int, d: int) -> None:
        self.play.do(Step(name, a, b, c, d))
        assert not self.play.wrong

    def teardown(self) -> None:
        assert self.play.judge() == []


def test_worlds_that_a_state_machine_makes_come_to_rest_as_they_should(here: Ground) -> None:
    Machine.ground = here
    few: Any = settings(
        max_examples=4,
        stateful_step_count=8,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )

    run_state_machine_as_test(Machine, settings=few)


@pytest.mark.parametrize("defect", ["blind retry of a create", "mark before send", "no fence"])
def test_a_defect_of_our_own_is_noticed(defect: str) -> None:
    """All of them, each within 200 worlds, in ``make faults``."""
    caught = tried(defect, 7, range(40), 30)

    assert caught.worlds, "forty worlds show nothing"


@pytest.mark.parametrize("defect", [each.name for each in DEFECTS])
def test_every_defect_can_play_a_world(here: Ground, defect: str) -> None:
    """A defect that breaks down in every world is never noticed; one whose patches no longer fit does that."""
    refused = FAULTS.index(BY_NAME["401 in the middle"])
    patched = Patched(next(each for each in DEFECTS if each.name == defect))
    patched.put_in()
    try:
        played(here, Struck(), defect, [Step("begin", 2), Step("fault", refused, 8, 4), Step("run", 6)], patched.lifted)
    finally:
        patched.take_out()


def test_a_world_that_fails_is_made_small() -> None:
    """Steps are left out for as long as what is left still fails."""
    steps = [
        Step("begin"),
        *(Step("edit", n) for n in range(20)),
        Step("crash", 1),
        *(Step("run", n) for n in range(9)),
    ]

    kept = smaller(steps, lambda some: {each.name for each in some} >= {"crash", "run"}, 5)

    assert [steps[n].name for n in kept] == ["begin", "crash", "run"]


def test_every_harm_can_strike_somewhere_or_says_why_not() -> None:
    assert all(any(not possible(harm, place) for place in PLACES) for harm in HARMS)
    assert all(possible(harm, place) or harm for harm in HARMS for place in PLACES)
