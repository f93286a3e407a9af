"""The ticking part of ``serve``: APScheduler ticks, slot rows in the database decide, and SIGTERM ends it within a second.

APScheduler only makes ticks (memory store, misfires coalesced): a tick that is missed, doubled or late does no harm, since
what runs is decided by which slots are due and not yet claimed. A slot is claimed in the database before it runs, so two
schedulers on one database share the work and do nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from partnersync.clock import Clock
from partnersync.errors import PartnersyncError
from service.schedule import Rhythm, Slot, due

TICK_SECONDS = 1


@dataclass(slots=True)
class Scheduler:
    """Runs ``cycle`` for the slots that fall due until ``stop`` is set.

    ``claim`` takes slots in the database and returns those that this process got; ``done`` says which were claimed last.
    """

    rhythms: Sequence[Rhythm]
    clock: Clock
    stop: Event
    claim: Callable[[Sequence[Slot]], Sequence[Slot]]
    done: Callable[[], Mapping[str, datetime]]
    cycle: Callable[[Sequence[Slot]], None]
    last_tick: datetime | None = None
    _claimed: dict[str, datetime] = field(default_factory=dict)

    def run(self) -> None:
        """Tick until told to stop; returns when the running cycle has come to its next stopping point."""
        self._claimed = dict(self.done())
        ticker = BackgroundScheduler(executors={"default": ThreadPoolExecutor(1)}, timezone="UTC")
        ticker.add_job(
            self.tick,
            IntervalTrigger(seconds=TICK_SECONDS, timezone="UTC"),
            coalesce=True,
            misfire_grace_time=None,
            max_instances=1,
            next_run_time=self.clock.now(),
        )
        ticker.start()
        self.stop.wait()
        ticker.shutdown(wait=True)

    def tick(self) -> None:
        """Run what is due now; an error ends the cycle, never the scheduler."""
        if self.stop.is_set():
            return
        now = self.clock.now()
        self.last_tick = now
        wanted = due(now, self.rhythms, self._claimed)
        if not wanted:
            return
        log = structlog.get_logger("partnersync.scheduler")
        try:
            mine = self.claim(wanted)
            self._claimed |= {slot.name: slot.at for slot in wanted}
            if mine:
                self.cycle(mine)
        except PartnersyncError as error:
            log.error("cycle failed", error=str(error), kind=type(error).__name__)
        except Exception:
            log.exception("cycle failed unexpectedly")
