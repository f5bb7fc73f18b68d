"""Stopwatches around what is there already: nothing in the program itself knows that it is timed."""

import inspect
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from statistics import median
from typing import Any


class Stopwatch:
    """Adds up seconds by stage. A stage within another counts for itself only, so that all add up to the whole.

    What other threads do meanwhile is kept apart in `beside`: it overlaps.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.clock = clock
        self.seconds: dict[str, float] = defaultdict(float)
        self.beside: dict[str, float] = defaultdict(float)
        self._thread = threading.get_ident()
        self._within: list[float] = []

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Count the time until the end of the block."""
        started = self.clock()
        if threading.get_ident() != self._thread:
            yield
            self.beside[stage] += self.clock() - started
            return
        self._within.append(0.0)
        try:
            yield
        finally:
            took = self.clock() - started
            self.seconds[stage] += took - self._within.pop()
            if self._within:
                self._within[-1] += took

    def iterated(self, stage: str, items: Iterable[Any]) -> Iterator[Any]:
        """Yield the items, counting the time until each comes."""
        rest = iter(items)
        while True:
            with self.measure(stage):
                item = next(rest, self)
            if item is self:
                return
            yield item


class Timed:
    """Stands for another object, and counts the time in its methods for a stage; `stages` names others for some."""

    def __init__(
        self, of: Any, watch: Stopwatch, stage: str, stages: Mapping[str, str] | None = None
    ) -> None:
        self._of, self._watch, self._stage, self._stages = of, watch, stage, stages or {}

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._of, name)
        if not inspect.ismethod(found):
            return found
        stage = self._stages.get(name, self._stage)

        def timed(*args: Any, **kwargs: Any) -> Any:
            with self._watch.measure(stage):
                return found(*args, **kwargs)

        return timed

    def __iter__(self) -> Iterator[Any]:
        return self._watch.iterated(self._stage, self._of)


def medians(runs: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Return each stage's median."""
    columns: dict[str, list[float]] = defaultdict(list)
    for run in runs:
        for stage, seconds in run.items():
            columns[stage].append(seconds)
    return {stage: median(seconds) for stage, seconds in columns.items()}
