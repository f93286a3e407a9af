"""One object's failure stops only that object: kept until all others are done, and told with its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from partnersync.errors import ConnectorError


class Failures:
    """What went wrong with single objects so far; ``concerns_one`` says of an error whether it tells nothing of the others."""

    def __init__(
        self, concerns_one: Callable[[ConnectorError], bool], next_step: Callable[[ConnectorError], str] = lambda _: ""
    ) -> None:
        self._concerns_one = concerns_one
        self._next_step = next_step
        self._kept: list[ConnectorError] = []

    @contextmanager
    def of(self, object_: str) -> Iterator[None]:
        """Keep a failure that concerns this object alone, with its name and what to do about it.

        Raises:
            ConnectorError: the failure concerns the whole org or portal, or the way to it.
        """
        try:
            yield
        except ConnectorError as error:
            if not self._concerns_one(error):
                raise
            step = self._next_step(error)
            error.object = object_
            error.args = (f"{object_}: {error}" + (f" ({step})" if step else ""),)
            self._kept.append(error)

    def tell(self) -> None:
        """Nothing where nothing failed.

        Raises:
            ConnectorError: the first of the failures.
        """
        if self._kept:
            raise self._kept[0]
