"""Waiting for a database that does not answer: longer each time, and said once."""

import logging
from collections.abc import Callable

from .errors import UnreachableError

log = logging.getLogger(__name__)

FIRST_S, MOST_S = 0.5, 30.0


class Backoff:
    """Counts failures in a row; `wait` is given the seconds to wait after each."""

    def __init__(self, wait: Callable[[float], object], first_s: float = FIRST_S) -> None:
        self._wait, self._first_s, self._next_s = wait, first_s, first_s

    def failed(self, error: UnreachableError) -> None:
        """Wait; the first failure in a row is logged."""
        if self._next_s == self._first_s:
            log.warning("database unreachable, waiting", extra={"why": str(error)})
        self._wait(self._next_s)
        self._next_s = min(self._next_s * 2, MOST_S)

    def worked(self) -> None:
        """Begin anew."""
        if self._next_s != self._first_s:
            log.info("database answers again")
        self._next_s = self._first_s
