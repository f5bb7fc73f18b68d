"""One run over files: queue them, work until each has ended, tell what became of it. Ctrl-C leaves the rest queued."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from sqlalchemy import Engine

from ..analysis.messages import DetectorStarted, Message, Ready
from ..clock import utc_now
from ..daemon.intake import SIGHT_CHUNK
from ..daemon.run import Run, ready_pool
from ..escaping import shown
from ..settings import Settings
from ..store import jobs, queries
from ..store.database import chunks, reading, writing
from ..store.models import JobState
from ..workers.pool import ProcessPool
from .common import console, printed

NAME = 40  # characters of a file's name beside the bar
RATE_S = 600.0  # the time left is reckoned from what ended within


@dataclass(frozen=True)
class Order:
    """What is asked for. `parameters` are what makes this scan differ from the default one; stored with its jobs."""

    parameters: dict[str, Any]
    detectors: Sequence[str]
    case: str | None
    exhibit: str | None
    force: bool

    @property
    def is_default(self) -> bool:
        """Say whether its verdicts are those of the default pipeline."""
        return not set(self.parameters) - {"force"}


class Scan:
    """Runs an order. Its jobs are in the database: a daemon may do some of them, a later scan goes on."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        order: Order,
        tell: Callable[[queries.JobOutcome], None],
    ) -> None:
        """Prepare a run; `tell` is given every outcome, with the bar out of the way."""
        self._engine, self._settings, self._order, self._tell = engine, settings, order, tell
        self._bar = progress()
        self._line: TaskID = self._bar.add_task("starting", total=None)
        self._failed = 0

    def run(self, files: Collection[jobs.SeenFile]) -> int:
        """Analyse the files; returns how many failed. Raises UsageError for a detector that does not exist."""
        with self._bar, ready_pool(self._settings, self._order.detectors) as pool:
            left = self._queue(files)
            self._bar.update(self._line, total=len(left))
            self._work(pool, left)
        return self._failed

    def _queue(self, files: Collection[jobs.SeenFile]) -> set[int]:
        order, job_ids = self._order, set[int]()
        for some in chunks(files, SIGHT_CHUNK):
            with writing(self._engine) as session:
                sighted = jobs.sight(
                    session,
                    some,
                    utc_now(),
                    parameters=order.parameters,
                    priority=10,
                    case=order.case,
                    exhibit=order.exhibit,
                    is_default=order.is_default,
                    force=order.force,
                    again=True,
                )
            job_ids.update(sighted.job_ids)
        return job_ids

    def _work(self, pool: ProcessPool, left: set[int]) -> None:
        """Work until every job has ended, here or in a daemon on the same database."""
        run = Run(
            self._engine,
            self._settings,
            pool,
            time.sleep,
            only=left,
            is_default=self._order.is_default,
            on_ready=self._say_ready,
            on_event=self._follow,
        )
        try:
            with run:
                run.work_off(left, self._report)
        except KeyboardInterrupt:
            raise click.ClickException(
                f"interrupted, {len(left)} files left; the same command goes on from here"
            ) from None

    def _report(self, job_id: int) -> None:
        """Print what became of one job."""
        with reading(self._engine) as session:
            outcome = queries.job_outcome(session, job_id)
        self._failed += outcome.state is JobState.FAILED
        self._bar.stop()
        self._tell(outcome)
        self._bar.start()
        self._bar.update(self._line, advance=1)

    def _follow(self, message: Message, path: str) -> None:
        doing = message.detector if isinstance(message, DetectorStarted) else "reading"
        self._bar.update(self._line, description=f"{shown(Path(path).name)[:NAME]}: {doing}")

    def _say_ready(self, ready: Ready) -> None:
        """Say once, on stderr, what the weights may be used for and what is broken."""
        for use in ready.permitted_use:
            self._bar.console.print(printed(f"Permitted use of {use}"), soft_wrap=True)
        for broken in ready.broken:
            self._bar.console.print(printed(f"Plugin left out: {broken}"), soft_wrap=True)


def progress() -> Progress:
    """Return a progress bar on stderr; none when that is no terminal."""
    out = console(stderr=True)
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=out,
        transient=True,
        speed_estimate_period=RATE_S,
        disable=not out.is_terminal,
    )
