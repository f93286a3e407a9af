"""A body read as it comes: lines of text from an answer that is too large to hold, its breaks told as our errors."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator

import requests
from urllib3.exceptions import HTTPError

from partnersync.errors import UnavailableError

_A_MEGABYTE = 1 << 20


class _Body(io.RawIOBase):
    """The raw bytes. ``patience`` is the seconds that may pass waiting for each megabyte, so that a server that drips
    bytes holds nobody up for ever; what the caller does in between does not count."""

    def __init__(self, answer: requests.Response, patience: float) -> None:
        self._answer = answer
        self._patience = patience
        self._waited = 0.0
        self._came = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        begun = time.monotonic()
        try:
            piece: bytes = self._answer.raw.read1(len(buffer), decode_content=True)
        except (HTTPError, OSError, ValueError) as error:
            raise UnavailableError(f"no whole answer came: {type(error).__name__}", code="network") from error
        self._waited += time.monotonic() - begun
        self._came += len(piece)
        if self._waited > self._patience * (1 + self._came // _A_MEGABYTE):
            raise UnavailableError("the answer came too slowly", code="network")
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        """Give the socket back; one with an unread rest is closed."""
        super().close()
        self._answer.close()


def lines(answer: requests.Response, patience: float) -> Iterator[str]:
    """The lines of an answer sent with ``stream=True``, as they come, with their ends as they are.

    Raises:
        UnavailableError: the connection broke, or the body comes too slowly; what was given until then is good.
    """
    with io.TextIOWrapper(io.BufferedReader(_Body(answer, patience), 1 << 16), "utf-8", newline="") as text:
        yield from text
