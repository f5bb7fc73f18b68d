"""Waiting for what is away: longer each time, and said once."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..errors import UnreachableError

log = logging.getLogger(__name__)

FIRST_S, MOST_S = 0.5, 10.0
AWAY_FIRST_S, AWAY_MOST_S = 2.0, 60.0


class Backoff:
    """Counts failures of the database in a row; `wait` is given the seconds to wait after each."""

    def __init__(self, wait: Callable[[float], object], first_s: float = FIRST_S) -> None:
        self._wait, self._first_s, self._next_s = wait, first_s, first_s

    @contextmanager
    def patience(self) -> Iterator[None]:
        """Swallow an UnreachableError and wait: what the block did not do is to be tried again."""
        try:
            yield
        except UnreachableError as error:
            self.failed(error)
        else:
            self.worked()

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


class Delays:
    """How long each job of a folder that is away waits for its next try."""

    def __init__(self) -> None:
        self._last_s: dict[int, float] = {}

    def next_s(self, job_id: int) -> float:
        """Return the seconds until a job is tried again: twice as many each time."""
        last_s = self._last_s.get(job_id, AWAY_FIRST_S / 2)
        self._last_s[job_id] = min(last_s * 2, AWAY_MOST_S)
        return self._last_s[job_id]

    def forget(self, job_id: int) -> None:
        """Drop a job that has ended."""
        self._last_s.pop(job_id, None)
