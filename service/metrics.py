"""What Prometheus is told: cycles, freshness, calls, open writes. Labels are bounded: connections and steps, never records."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Metrics:
    """One registry per process; the scheduler writes, the ``/metrics`` page reads."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.cycles = Counter("partnersync_cycles", "Cycles by how they ended", ["outcome"], registry=self.registry)
        self.last_success = Gauge(
            "partnersync_last_success_timestamp_seconds",
            "When the last cycle ended well; alert when it grows old",
            registry=self.registry,
        )
        self.seconds = Histogram(
            "partnersync_step_seconds",
            "Wall time by step",
            ["step"],
            buckets=(0.01, 0.05, 0.25, 1, 5, 30, 120, 600),
            registry=self.registry,
        )
        self.calls = Counter(
            "partnersync_calls",
            "HTTP calls by connection and freshness",
            ["connection", "freshness"],
            registry=self.registry,
        )
        self.writes = Counter("partnersync_writes", "Writes by outcome", ["outcome"], registry=self.registry)
        self.unresolved = Gauge(
            "partnersync_unresolved_writes", "Writes whose fate is not known yet", registry=self.registry
        )
        self.quarantined = Gauge(
            "partnersync_quarantined_records", "Records that could not be read", registry=self.registry
        )
        self.waiting = Gauge("partnersync_plan_waiting", "1 while a plan waits for a person", registry=self.registry)

    def page(self) -> bytes:
        """The text of ``/metrics``."""
        return generate_latest(self.registry)
