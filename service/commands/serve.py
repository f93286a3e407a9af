"""``partnersync serve``: cycles on schedule, with the pages that an operator's machines read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import structlog
import typer

from connectors.base import Freshness
from partnersync.errors import ConflictError, HaltedError, PartnersyncError, UnsafePlanError
from service.cycle import Report, run_cycle
from service.health import HealthServer, application
from service.metrics import Metrics
from service.options import DEFAULT_CONFIG, ConfigFile
from service.schedule import Rhythm, Slot
from service.scheduler import Scheduler
from service.shop import Shop, opened
from state.slots import Slots
from state.standings import Standings

FRESHEST = ("hot", "warm", "cold")


def command(
    config: ConfigFile = DEFAULT_CONFIG,
    host: Annotated[str, typer.Option(help="The address of /livez, /readyz and /metrics.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Its port; 0 takes a free one.")] = 8766,
    console: Annotated[bool, typer.Option("--console", help="Log for people instead of JSON lines.")] = False,
) -> None:
    """Run on schedule until SIGTERM; every connection in its own rhythm, late ones caught up with once."""
    with opened(config, json_logs=not console, verbose=True) as shop:
        metrics = Metrics()
        service = Service(shop, metrics)
        app = application(metrics, service.alive, service.ready)
        log = structlog.get_logger("partnersync.serve")
        with HealthServer(app, host, port) as health:
            log.info("serving", workspace=shop.settings.workspace, pages=health.url)
            service.scheduler.run()
        log.info("stopped")


class Service:
    """The scheduler, what a due slot means, and how the two probes judge it."""

    def __init__(self, shop: Shop, metrics: Metrics) -> None:
        self._shop = shop
        self._metrics = metrics
        self._slots = Slots(shop.database)
        self._problem = ""
        self.scheduler = Scheduler(rhythms(shop), shop.clock, shop.stop, self._claim, self._slots.newest, self.cycle)

    def alive(self) -> str:
        """Whether the clock still ticks; a long cycle is not death."""
        return "" if self.scheduler.last_tick or not self._shop.stop.is_set() else "the scheduler has stopped"

    def ready(self) -> str:
        """Whether the database answers and the last cycle could run."""
        try:
            self._metrics.unresolved.set(Standings(self._shop.database).unresolved())
        except PartnersyncError as error:
            return str(error)
        return self._problem

    def cycle(self, slots: Sequence[Slot]) -> None:
        """Run one cycle for these slots: each connection in the freshest class that is due, then the deeper ones."""
        log = structlog.get_logger("partnersync.serve")
        structlog.contextvars.bind_contextvars(slots=[slot.name for slot in slots])
        outcome = "failed"
        try:
            for depth in reversed(FRESHEST):
                work: dict[str, Freshness] = {slot.connection: slot.kind for slot in slots if slot.kind == depth}
                if work and depth != "hot":
                    run_cycle(self._shop, work, apply=False, kind=depth)
            hot: dict[str, Freshness] = {slot.connection: "hot" for slot in slots if slot.kind == "hot"}
            report = run_cycle(self._shop, hot, kind="scheduled")
            self._told(report)
            outcome = "degraded" if report.failed else "done"
            self._problem = "; ".join(f"{name}: {why}" for name, why in report.failed.items())
            log.info("cycle done", **report.counts())
        except UnsafePlanError as error:
            outcome = "waiting"
            self._metrics.waiting.set(1)
            log.warning("plan waits for a person", plan=error.plan.digest[:12], reasons=list(error.reasons))
        except HaltedError as error:
            outcome = "halted"
            log.warning("nothing is written while the workspace is halted", error=str(error))
        except ConflictError as error:
            outcome = "refused"
            log.info("another run holds the workspace", error=str(error))
        except PartnersyncError as error:
            self._problem = str(error)
            raise
        except Exception as error:
            # Only its kind: whatever it says was not written for a page that strangers may read.
            self._problem = f"the last cycle failed unexpectedly ({type(error).__name__}): see the log"
            raise
        finally:
            self._metrics.cycles.labels(outcome).inc()
            for (connection, freshness), count in self._shop.meter.taken().items():
                self._metrics.calls.labels(connection, freshness).inc(count)
            structlog.contextvars.clear_contextvars()

    def _claim(self, slots: Sequence[Slot]) -> Sequence[Slot]:
        return [slot for slot in slots if self._slots.claim(slot.name, slot.at)]

    def _told(self, report: Report) -> None:
        self._metrics.waiting.set(0)
        self._metrics.last_success.set(self._shop.clock.now().timestamp())
        for step, (wall, _) in report.seconds.items():
            self._metrics.seconds.labels(step).observe(wall)
        for status, count in report.done.counts.items():
            self._metrics.writes.labels(status).inc(count)
        self._metrics.quarantined.set(Standings(self._shop.database).quarantined())


def rhythms(shop: Shop) -> tuple[Rhythm, ...]:
    """When each connection is due."""
    timezone = shop.settings.calendar.timezone
    return tuple(
        Rhythm(name, settings.every or timedelta(minutes=15), settings.warm_every, settings.cold_at, timezone)
        for name, settings in shop.settings.connections.items()
    )
