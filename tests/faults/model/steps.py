"""The steps of a world: a name and four numbers, drawn from a seed or by Hypothesis, that any world can carry out.

A number picks among what is there when the step comes (the third deal, the second fault), so that a list of steps with some
of them left out is still a world: that is how a failure is made small.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Final

from connectors.base import Freshness
from connectors.hubspot.changes import Reach
from connectors.hubspot.pulling import Pages
from partnersync.errors import ConflictError
from state.backup import backup, restore
from tests.faults.model.ground import CRMS, HELD_BACK, Ended, Ground
from tests.faults.model.harms import CALM, CONDITIONS, CRASHES, FAULTS, READS, WRITES, Armed, Struck, possible
from tests.faults.model.moments import PLACES, Crash, Place, Point
from tests.faults.model.oracle import Oracle
from tests.faults.model.people import People
from tests.faults.model.picking import CLASSES, MOVES, SKEWS, Step, crm_of, kind_of, nth_of, work_of

TOO_LATE: Final = 130
"""Seconds; a little more than any read looks back: a cycle that long after a change is the last to read it."""
SHORT: Final = {"page_size": 3}
GHOSTS: Final = CONDITIONS["empty pages"][1]
SMALL: Final = Pages(listed=3, searched=Reach(page=3, cap=9))
PAUSES: Final[tuple[Point, ...]] = ("before begin", "after commit", "before send", "after answer")


@dataclass(slots=True)
class Play:
    """One world being played."""

    ground: Ground
    struck: Struck
    honest: Callable[[], AbstractContextManager[None]] = nullcontext
    people: People = field(init=False)
    oracle: Oracle = field(init=False)
    wrong: list[str] = field(default_factory=list)
    usual: Mapping[str, Mapping[str, object]] = field(default_factory=lambda: CALM)
    """How the CRMs of this world behave while no condition says otherwise."""

    def begin(self, number: str, a: int) -> None:
        """A new world: customers and deals in both CRMs; the first number says which kind of world."""
        self.ground.enter(keyed=a % 3 != 0)
        self.ground.lives_on = a // 9 % 2 == 0
        self.people = People(self.ground)
        self.oracle = Oracle(self.ground, self.people, self.honest)
        self.wrong = []
        small = a // 3 % 3 == 2
        if small:
            self.ground.pages = SMALL
            self.ground.world.settings.update("hubspot", {"search_cap": 9})
        short = a % 5 < 2
        self.usual = {**CALM, "salesforce": {**CALM["salesforce"], **(SHORT if short else {})}}
        self.ground.world.settings.update("salesforce", self.usual["salesforce"])
        if small or short:
            self.ground.together = 3
        draw = Random(a)
        for crm in CRMS:
            for _ in range(draw.randrange(2, 4)):
                self.people.create(crm, "account", draw.randrange(1 << 16))
            for _ in range(draw.randrange(2, 6) + 4 * small):
                self.people.create(crm, "deal", draw.randrange(1 << 16))

    def do(self, step: Step) -> None:
        """Carry out one step; what it shows to be wrong is kept in ``wrong``."""
        self.ground.move(MOVES[step.d % len(MOVES)])
        STEPS[step.name](self, step)

    def judge(self) -> list[str]:
        """What is wrong, after everything came to rest."""
        self.ground.world.settings.update("salesforce", CALM["salesforce"])
        self.ground.world.settings.update("hubspot", CALM["hubspot"])
        return self.wrong or self.oracle.at_rest()

    # -- our side ----------------------------------------------------------------------------------------------------

    def cycle(self, work: Mapping[str, Freshness] | Freshness, **how: object) -> Ended:
        """A cycle, and what must hold after any cycle."""
        self.ground.move(0.003)  # no CRM takes an edit, a read and another edit in one millisecond
        self.oracle.before_a_cycle()
        ended = self.ground.cycle(work, **how)
        self.wrong += self.oracle.still_appended() + self.oracle.insisted()
        return ended

    def pull(self, step: Step) -> None:
        """Read and plan, write nothing."""
        self.cycle(CLASSES[step.a % len(CLASSES)], apply=False)

    def run(self, step: Step) -> None:
        """A whole cycle, one in three approved by a person."""
        self.cycle(CLASSES[step.a % len(CLASSES)], approve="dana" if step.b % 3 == 0 else None)

    def fault(self, step: Step) -> None:
        """A cycle during which calls of one kind fail, once or until it ends."""
        fault = FAULTS[step.a % len(FAULTS)]
        places = (*fault.places, *(each for each in WRITES * 2 if each in fault.places))
        place = places[step.b % len(places)]
        crm = fault.crms[step.c // 4 % len(fault.crms)]
        often = step.c % 4
        at = 1 + (often == 1 and place in READS)
        armed = Armed(self.ground, self.struck, fault, place, crm, at, fault.times[often])
        self._stir(place, crm, step.c)
        self.ground.impatient = fault.slow
        self.ground.patience.calm()
        with armed.waiting():
            ended = self.cycle(work_of(place, step.c))
        self.ground.impatient = False
        if fault.slow and armed.fired:
            time.sleep(HELD_BACK)  # the answer that was not waited for may still land
        if fault.passes and armed.fired == 1 and ended.report is not None and ended.report.failed:
            self.wrong.append(f"one {fault.name} at {place} stops a cycle: {dict(ended.report.failed)}")

    def condition(self, step: Step) -> None:
        """A cycle with a CRM that behaves in a way of its own."""
        name = sorted(CONDITIONS)[step.a % len(CONDITIONS)]
        crm, settings, places, _ = CONDITIONS[name]
        place = places[step.b % len(places)]
        self._stir(place, crm, step.c)
        self.ground.world.settings.update(crm, settings)
        moments, pages = self.ground.moments, self.ground.pages
        if place == "hot read":
            self.ground.pages = SMALL  # so that there is something behind a short page

        def entered(caller: str, at: Place) -> None:
            if (caller, at) == (crm, place):
                self.struck.note(name, at)

        moments.entered.append(entered)
        try:
            self.cycle(work_of(place, step.c))
        finally:
            moments.entered.remove(entered)
            self.ground.pages = pages
            self.ground.world.settings.update(crm, {key: self.usual[crm][key] for key in settings})

    def crash(self, step: Step) -> None:
        """Our process dies; what it holds is gone, and the lease is noticed to be a dead process's."""
        point = CRASHES[step.a % len(CRASHES)]
        places = [place for place in PLACES if not possible(f"crash {point}", place)]
        place = places[step.b % len(places)]
        self._stir(place, CRMS[step.c // 4 % 2], step.c)
        died = self._die_at(point, place, nth_of(place, step.c), work_of(place, step.c), approve=step.c % 2 == 1)
        self.struck.note(f"crash {point}", place, died)

    def cut_off(self, step: Step) -> None:
        """Our process dies in the middle of a read of everything: the first one, or that of a field more or less."""
        if step.a % 4:
            self.ground.terms.status = not self.ground.terms.status
        point: Point = ("before commit", "after commit")[step.b % 2]
        died = self._die_at(point, "remember", 1 + step.c % 12, "hot")
        self.struck.note(f"crash {point}", "remember", died)

    def _die_at(self, point: Point, place: Place, nth: int, work: Freshness, *, approve: bool = False) -> bool:
        """A cycle whose process dies at the n-th passing of a point; whether it came there."""
        moments = self.ground.moments
        moments.at, moments.what, moments.passed = (point, place, nth), moments.die, 0
        died = False
        try:
            self.cycle(work, approve="dana" if approve else None)
        except Crash:
            self.ground.gone.add(self.ground.owner())
            died = True
        moments.begin()
        self.wrong += self.oracle.still_appended()
        return died

    def pause(self, step: Step) -> None:
        """Our process stands still past its lease, another one runs meanwhile, and then it goes on."""
        point = PAUSES[step.a % len(PAUSES)]
        places = [place for place in PLACES if not possible(f"pause {point}", place)]
        place = places[step.b % len(places)]
        self._stir(place, CRMS[step.c // 4 % 2], step.c)
        self.stand_still(point, place, step)

    def stand_still(self, point: Point, place: Place, step: Step) -> None:
        """A cycle that stands still at such a place, if it comes there, while another one runs."""
        moments, overtaken, running = self.ground.moments, list[int](), list[bool]()
        there: dict[tuple[str, str], str | None] = {}

        def meanwhile() -> None:
            self.struck.note(f"pause {point}", place)
            before = (moments.step, moments.call, moments.crm, moments.sent)
            running.append(self.oracle.runs(self.ground.owner()))
            self.ground.run_out()
            if step.c % 2:
                self.people.edit_fact(CRMS[step.c // 2 % 2], step.c, step.c // 7, step.c // 3)
            self.ground.move(0.003)
            self.ground.cycle("hot")
            self.ground.move(0.003)
            overtaken.append(self.ground.world.counters.total(write=True))
            there.update(self.people.tasks())
            moments.step, moments.call, moments.crm, moments.sent = before

        moments.at, moments.what, moments.passed = (point, place, nth_of(place, step.c)), meanwhile, 0
        ended = self.cycle(work_of(place, step.c))
        moments.begin()
        if not overtaken:
            return
        landed = self.ground.world.counters.total(write=True) - overtaken[0]
        past_the_check = point in ("before send", "after commit")
        if past_the_check and not self.ground.terms.keyed:
            made = self.people.tasks().items() - there.items()
            self.oracle.doubles.update(task for task, key in made if key in there.values())
        if running[0] and landed > past_the_check:
            self.wrong.append(f"a runner that was overtaken {point} at {place} sent {landed} writes")
        if not isinstance(ended.error, ConflictError) and running[0]:
            self.wrong.append(f"a runner that was overtaken {point} at {place} did not notice")

    def _stir(self, place: Place, crm: str, number: int) -> None:
        """Make sure that there is work of this kind, as far as the world has it."""
        match place:
            case "hot read":
                self.people.touch_many(crm, "deal", number | 0b1011)
                if number // 16 % 4:
                    self.ground.move(TOO_LATE)
                    self.people.edit_fact(crm, number // 3, 0, number // 5)
            case "write fields" | "pre-read" | "read back" | "journal" | "attribute" | "post" | "plan":
                self.people.stir(crm, number, "")
            case "write tasks":
                self.people.stir(crm, number, "ask")
            case "find tasks":
                self.people.stir(crm, number, "ask")
                self.cycle("hot")
                self.ground.move(1)
                self.people.stir(crm, number, "moot")
            case "settle open":
                self.people.stir(crm, number, "ask")
                point: Point = ("before send", "after answer")[number % 2]
                self._die_at(point, ("write fields", "write tasks")[number // 2 % 2], 1, "hot")
            case _:
                pass

    def touch_many(self, step: Step) -> None:
        """A bulk load, and mostly a cycle after it, at once or when the next one no longer looks back so far (``TOO_LATE``).

        It does not fit into one page then, so that pages end among records of one stamp; HubSpot's may have ghosts.
        """
        self.people.touch_many(crm_of(step.a), kind_of(step.b), step.c | step.d)
        if step.b // 4 % 4:
            self.ground.move((0, 0, TOO_LATE, TOO_LATE)[step.b // 4 % 4])
            with self._short_pages(GHOSTS if step.a // 2 % 2 else {}):
                self.cycle("hot")

    @contextmanager
    def _short_pages(self, ghosts: Mapping[str, object]) -> Iterator[None]:
        pages, settings = self.ground.pages, self.ground.world.settings
        self.ground.pages = SMALL
        settings.update("salesforce", SHORT)
        settings.update("hubspot", ghosts)
        try:
            yield
        finally:
            self.ground.pages = pages
            settings.update("salesforce", self.usual["salesforce"])
            settings.update("hubspot", self.usual["hubspot"])

    def end_transaction(self, step: Step) -> None:
        """A long transaction of Salesforce commits; half of the time it was under way while a cycle looked past it."""
        if step.a // 2 % 2:
            self.people.begin_transaction()
            self.ground.move(TOO_LATE)
            self.cycle("hot")
        self.people.end_transaction(step.a, step.b, step.c)

    def lagging(self, step: Step) -> None:
        """An edit that HubSpot's search shows later; mostly another one, and a cycle that sees that one alone."""
        self.people.lagging((8, 25, 55)[step.a % 3], step.a, step.b, step.c)
        if step.a // 3 % 4:
            self.ground.move(1)
            self.people.edit_fact("hubspot", step.b, 0, step.c)
            self.cycle("hot")

    def undo(self, step: Step) -> None:
        """Facts change, a cycle writes what follows, and a rep puts back what stood there before, mostly at once."""
        crm = crm_of(step.a)
        self.cycle("hot")
        before = self.people.ours(crm)
        self.ground.move((5, 70)[step.a // 2 % 2])
        for nth in range(3):
            self.people.edit_fact(crm, step.b + nth, (0, 1, 4)[step.c // (nth + 1) % 3], step.a // 4 + nth)
        self.cycle("hot")
        self.ground.move((0, 0, 1, 65)[step.c // 8 % 4])
        self.people.undo(crm, before, step.b)

    def config(self, step: Step) -> None:
        """A person edits the config; the next cycle goes by it."""
        terms = self.ground.terms
        match step.a % 4:
            case 0:
                terms.rate = ("12%", "13%", "11.5%")[step.b % 3]
            case 1:
                terms.rule = not terms.rule
            case 2:
                terms.status = not terms.status
            case _:
                terms.moved = not terms.moved

    def jump(self, step: Step) -> None:
        """Our clock jumps, forward or back; the CRMs' do not."""
        self.ground.skew = timedelta(seconds=SKEWS[step.a % len(SKEWS)])

    def back_up(self, step: Step) -> None:
        """The database is copied."""
        backup(self._url, self.ground.folder / "backup.db")

    def put_back(self, step: Step) -> None:
        """The last copy takes the database's place."""
        copy = self.ground.folder / "backup.db"
        if not copy.exists():
            return
        self.ground.end()  # stop serve first
        try:
            restore(self._url, copy)
        except ConflictError:
            return  # a process died just now, and its lease has not run out
        self.oracle.restored()

    @property
    def _url(self) -> str:
        return f"sqlite:///{self.ground.folder / 'state.db'}"


STEPS: Final[Mapping[str, Callable[[Play, Step], None]]] = {
    "pull": Play.pull,
    "run": Play.run,
    "fault": Play.fault,
    "condition": Play.condition,
    "crash": Play.crash,
    "cut off": Play.cut_off,
    "pause": Play.pause,
    "config": Play.config,
    "jump": Play.jump,
    "back up": Play.back_up,
    "put back": Play.put_back,
    "edit": lambda play, s: play.people.edit_fact(crm_of(s.a), s.b, s.c, s.a // 2),
    "type over": lambda play, s: play.people.type_over(crm_of(s.a), s.b, s.c, s.a // 2),
    "undo": Play.undo,
    "create": lambda play, s: _unused(play.people.create(crm_of(s.a), kind_of(s.b), s.c)),
    "delete": lambda play, s: play.people.delete(crm_of(s.a), kind_of(s.b), s.c),
    "restore": lambda play, s: play.people.restore(crm_of(s.a), kind_of(s.b), s.c),
    "merge": lambda play, s: play.people.merge(crm_of(s.a), kind_of(s.b), s.c, s.a // 2),
    "task": lambda play, s: play.people.task(crm_of(s.a), s.b, s.c),
    "touch many": Play.touch_many,
    "register": lambda play, s: play.people.register(s.a, s.b),
    "begin transaction": lambda play, s: play.people.begin_transaction(),
    "end transaction": Play.end_transaction,
    "lagging": Play.lagging,
}


def played(
    ground: Ground,
    struck: Struck,
    number: str,
    steps: Sequence[Step],
    honest: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> list[str]:
    """Play a world to its end; gives what is wrong with it. ``honest`` lifts a defect while the judge looks."""
    play = Play(ground, struck, honest)
    play.begin(number, steps[0].a)
    for step in steps[1:]:
        play.do(step)
        if play.wrong:
            return play.wrong
    return play.judge()


def _unused(_: object) -> None:
    """A step gives nothing."""
