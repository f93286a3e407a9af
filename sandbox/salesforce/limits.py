"""How many API calls a day are left, and the header that says so on every answer."""

import threading
from typing import Any

from sandbox.clock import Clock
from sandbox.settings import Settings

_HOUR_MS = 3_600_000


class Quota:
    """Calls of the last 24 hours, counted by hour."""

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings
        self._lock = threading.Lock()
        self._hours: dict[int, int] = {}

    def spend(self, calls: int = 1) -> bool:
        """Count calls; whether the day's quota allowed them."""
        hour = self._clock.now_ms() // _HOUR_MS
        switches = self._settings.salesforce
        with self._lock:
            self._hours = {at: number for at, number in self._hours.items() if hour - 24 < at <= hour}
            used = sum(self._hours.values())
            if switches.enforce_daily_limit and used + calls > switches.daily_limit:
                return False
            self._hours[hour] = self._hours.get(hour, 0) + calls
            return True

    def used(self) -> int:
        """Calls in the last 24 hours."""
        hour = self._clock.now_ms() // _HOUR_MS
        with self._lock:
            return sum(number for at, number in self._hours.items() if hour - 24 < at <= hour)

    def header(self) -> dict[str, str]:
        """`Sforce-Limit-Info` in the form that is switched on."""
        switches = self._settings.salesforce
        if switches.limit_info == "none":
            return {}
        text = f"api-usage={self.used()}/{switches.daily_limit}"
        if switches.limit_info == "per_app":
            text += f"; per-app-api-usage={self.used()}/{switches.daily_limit}(appName=sandbox)"
        return {"Sforce-Limit-Info": text}

    def report(self) -> dict[str, Any]:
        """`GET /limits`."""
        daily = self._settings.salesforce.daily_limit

        def whole(most: int) -> dict[str, int]:
            return {"Max": most, "Remaining": most}

        return {
            "ConcurrentAsyncGetReportInstances": whole(200),
            "DailyApiRequests": {"Max": daily, "Remaining": max(0, daily - self.used())},
            "DailyAsyncApexExecutions": whole(250_000),
            "DailyBulkApiBatches": whole(15_000),
            "DailyBulkV2QueryFileStorageMB": whole(976_562),
            "DailyBulkV2QueryJobs": whole(10_000),
            "DailyStreamingApiEvents": whole(10_000),
            "DataStorageMB": whole(1024),
            "FileStorageMB": whole(1024),
            "HourlyAsyncReportRuns": whole(1200),
            "SingleEmail": whole(15),
        }
