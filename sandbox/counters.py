"""Every call counted by vendor, endpoint, method and status, and the last ones listed."""

import threading
from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it was answered; `status` 0 means that no answer was sent."""

    at: str
    vendor: str
    endpoint: str
    method: str
    target: str
    status: int
    write: bool
    milliseconds: float
    user_agent: str


class Counters:
    """Thread-safe counts since the start or the last reset, and a bounded log."""

    def __init__(self, keep: int = 2000) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str, str, int, bool]] = Counter()
        self._calls: deque[Call] = deque(maxlen=keep)

    def count(self, call: Call) -> None:
        """Add one call."""
        with self._lock:
            self._counts[(call.vendor, call.endpoint, call.method, call.status, call.write)] += 1
            self._calls.append(call)

    def total(
        self,
        vendor: str | None = None,
        endpoint: str | None = None,
        write: bool | None = None,
    ) -> int:
        """How many calls match; `endpoint` may end in `*`."""
        with self._lock:
            return sum(
                number
                for (
                    its_vendor,
                    its_endpoint,
                    _,
                    _,
                    its_write,
                ), number in self._counts.items()
                if (vendor is None or vendor == its_vendor)
                and (endpoint is None or label_matches(endpoint, its_endpoint))
                and (write is None or write == its_write)
            )

    def calls(self) -> list[Call]:
        """The last calls, oldest first."""
        with self._lock:
            return list(self._calls)

    def reset(self) -> None:
        """Forget everything counted so far."""
        with self._lock:
            self._counts.clear()
            self._calls.clear()

    def report(self, log: int = 0) -> dict[str, Any]:
        """Counts as JSON can carry them: a row per combination, totals by vendor, the last `log` calls."""
        with self._lock:
            counts = sorted(self._counts.items())
            calls = list(self._calls)[-log:] if log else []
        rows = [
            {
                "vendor": v,
                "endpoint": e,
                "method": m,
                "status": s,
                "write": w,
                "calls": n,
            }
            for (v, e, m, s, w), n in counts
        ]
        totals: dict[str, dict[str, int]] = {}
        for (vendor, _, _, _, write), number in counts:
            total = totals.setdefault(vendor, {"calls": 0, "writes": 0})
            total["calls"] += number
            total["writes"] += number if write else 0
        return {
            "totals": totals,
            "counts": rows,
            "log": [asdict(call) for call in calls],
        }


def label_matches(pattern: str, label: str) -> bool:
    """Whether an endpoint label equals the pattern, or begins with it where that ends in `*`."""
    return label.startswith(pattern[:-1]) if pattern.endswith("*") else label == pattern
