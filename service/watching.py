"""What a person sees while a cycle works: one progress line on standard error, and only on a terminal."""

from __future__ import annotations

from types import TracebackType

from service.render import progress

STEPS = {
    "pull": "Reading the CRMs",
    "attribute": "Giving credit",
    "settle": "Working out what is owed",
    "plan": "Comparing with the CRMs",
    "post": "Posting to the ledger",
    "apply": "Writing to the CRMs",
}


class Bars:
    """A watcher that draws; a context manager."""

    def __init__(self) -> None:
        self._progress = progress()
        self._task = self._progress.add_task("", total=None)
        self._step = ""

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def step(self, name: str) -> None:
        """A step begins."""
        self._step = STEPS.get(name, name)
        self._progress.reset(self._task, description=self._step, total=None)

    def at(self, what: str, done: int, total: int | None = None) -> None:
        """So far."""
        self._progress.update(self._task, description=f"{self._step}: {what}", completed=done, total=total)
