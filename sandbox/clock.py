"""The sandbox's time: the machine's, moved, set or frozen, and remembered in the store."""

import threading
import time
from datetime import UTC, datetime, timedelta

from sandbox.store import Store

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock:
    """Milliseconds since 1970 = the machine's clock + an offset, or a frozen instant."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        with store.write(hooked=False) as db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS sandbox_clock"
                " (one INTEGER PRIMARY KEY CHECK (one = 1), offset_ms INTEGER NOT NULL, frozen_ms INTEGER)"
            )
            row = db.execute("SELECT offset_ms, frozen_ms FROM sandbox_clock").fetchone()
        self._offset: int = row[0] if row else 0
        self._frozen: int | None = row[1] if row else None

    def now_ms(self) -> int:
        """The sandbox's time in milliseconds since 1970."""
        with self._lock:
            return self._frozen if self._frozen is not None else _machine_ms() + self._offset

    def now(self) -> datetime:
        """The sandbox's time, aware, in UTC."""
        return _EPOCH + timedelta(milliseconds=self.now_ms())

    @property
    def frozen(self) -> bool:
        """Whether time stands still."""
        return self._frozen is not None

    def move(self, seconds: float) -> None:
        """Jump; negative seconds jump back."""
        with self._lock:
            if self._frozen is not None:
                self._frozen += round(seconds * 1000)
            else:
                self._offset += round(seconds * 1000)
        self._remember()

    def set(self, at: datetime) -> None:
        """Make it `at` now (an aware instant); a frozen clock stays frozen there."""
        millis = round((at - _EPOCH) / timedelta(milliseconds=1))
        with self._lock:
            if self._frozen is not None:
                self._frozen = millis
            else:
                self._offset = millis - _machine_ms()
        self._remember()

    def freeze(self) -> None:
        """Stop time where it is."""
        with self._lock:
            if self._frozen is None:
                self._frozen = _machine_ms() + self._offset
        self._remember()

    def unfreeze(self) -> None:
        """Let time run on from where it stood."""
        with self._lock:
            if self._frozen is not None:
                self._offset, self._frozen = self._frozen - _machine_ms(), None
        self._remember()

    def _remember(self) -> None:
        with self._store.write(hooked=False) as db:
            db.execute(
                "INSERT OR REPLACE INTO sandbox_clock VALUES (1, ?, ?)",
                (self._offset, self._frozen),
            )


def _machine_ms() -> int:
    return time.time_ns() // 1_000_000
