"""Rate limits: ten seconds per token, searches per second per account, calls per day per account.

The windows roll in real time, whatever the sandbox's clock says, so that freezing time cannot lock a client
out; only the day is the portal's own. Refused calls do not count.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sandbox.hubspot import refusals
from sandbox.settings import HubSpotSettings

BURST_SECONDS = 10.0
SECONDLY_SHOWN = 10
_PREFIX = "X-HubSpot-RateLimit"


@dataclass(slots=True)
class _Window:
    """The instants of the calls of the last so many seconds."""

    seconds: float
    calls: deque[float] = field(default_factory=deque)

    def recent(self, now: float) -> int:
        while self.calls and now - self.calls[0] >= self.seconds:
            self.calls.popleft()
        return len(self.calls)


@dataclass(slots=True)
class Limits:
    """The buckets of one portal."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _bursts: dict[str, _Window] = field(default_factory=dict)
    _search: _Window = field(default_factory=lambda: _Window(1.0))
    _day: tuple[str, int] = ("", 0)

    def admit(
        self, settings: HubSpotSettings, token: str, search: bool, now_ms: int, request_id: str, *, oauth: bool
    ) -> dict[str, str]:
        """Count one call; the headers its answer carries, without the day's for OAuth tokens. Raises: `Refusal` 429."""
        now = time.monotonic()
        with self._lock:
            day, used = self._today(settings, now_ms)
            if settings.daily_limit is not None and used >= settings.daily_limit:
                raise refusals.daily(request_id)
            if search:
                if settings.search_per_second is not None and self._search.recent(now) >= settings.search_per_second:
                    raise refusals.search_secondly()
                self._search.calls.append(now)
                self._day = (day, used + 1)
                return {}
            burst = self._bursts.setdefault(token, _Window(BURST_SECONDS))
            recent = burst.recent(now)
            if settings.burst_limit is not None and recent >= settings.burst_limit:
                refusal = refusals.ten_secondly(settings.burst_form, f"publicapi:{settings.portal_id}")
                if settings.retry_after_s is not None:
                    refusal.headers["Retry-After"] = str(settings.retry_after_s)
                raise refusal
            burst.calls.append(now)
            self._day = (day, used + 1)
            in_second = sum(1 for at in burst.calls if now - at < 1.0)
        if not settings.rate_headers:
            return {}
        return ({} if oauth else _daily(settings, used + 1)) | _burst(settings, recent + 1, in_second)

    def _today(self, settings: HubSpotSettings, now_ms: int) -> tuple[str, int]:
        local = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(ZoneInfo(settings.timezone))
        day = local.date().isoformat()
        return day, self._day[1] if self._day[0] == day else 0


def _daily(settings: HubSpotSettings, today: int) -> dict[str, str]:
    if settings.daily_limit is None:
        return {}
    return {
        f"{_PREFIX}-Daily": str(settings.daily_limit),
        f"{_PREFIX}-Daily-Remaining": str(settings.daily_limit - today),
    }


def _burst(settings: HubSpotSettings, recent: int, in_second: int) -> dict[str, str]:
    if settings.burst_limit is None:
        return {}
    return {
        f"{_PREFIX}-Interval-Milliseconds": str(round(BURST_SECONDS * 1000)),
        f"{_PREFIX}-Max": str(settings.burst_limit),
        f"{_PREFIX}-Remaining": str(settings.burst_limit - recent),
        f"{_PREFIX}-Secondly": str(SECONDLY_SHOWN),
        f"{_PREFIX}-Secondly-Remaining": str(max(0, SECONDLY_SHOWN - in_second)),
    }
