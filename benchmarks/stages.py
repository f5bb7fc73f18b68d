"""Seconds per stage in a warm worker, on the program's own path from the open file to the stored verdict."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from unittest import mock

from sqlalchemy import Engine

from forensics import media
from forensics.analysis import analyse as analysis
from forensics.analysis.analyse import Equipment, analyse
from forensics.analysis.messages import Done, Failed, Hashed, Task
from forensics.clock import utc_now
from forensics.daemon.listing import see
from forensics.faces import FaceFinder
from forensics.hookspecs import Detector
from forensics.settings import Settings
from forensics.store import jobs, migrate
from forensics.store.database import connect, writing
from forensics.store.ledger.verdicts import finish as record_verdict
from forensics.workers.main import equip

from .report import Cell, Part, say
from .timing import Stopwatch, Timed, medians

MEDIA_STAGES = {"probe": "probe"}
FIRST = ("open+hash", "probe", "decode", "faces")
LAST = ("store", "other", "total")


class TimedMedia(Timed):
    """An open file whose samples are timed while they are decoded."""

    def sample(self, *args: Any, **kwargs: Any) -> Any:
        """Return the sampling, timed."""
        with self._watch.measure("decode"):
            return Timed(self._of.sample(*args, **kwargs), self._watch, "decode")


def warm_equipment(settings: Settings | None = None) -> Equipment:
    """Return what a worker loads, with detectors as they are installed."""
    equipment, _ = equip(settings or Settings(), ())
    return equipment


@contextmanager
def database() -> Iterator[Engine]:
    """Give a new SQLite database."""
    with tempfile.TemporaryDirectory() as folder:
        engine = connect(f"sqlite:///{folder}/forensics.sqlite3")
        migrate.upgrade(engine)
        yield engine
        engine.dispose()


@contextmanager
def watched_files(watch: Stopwatch) -> Iterator[None]:
    """Time what is done with files that are opened for analysis."""
    real = media.opened

    @contextmanager
    def opened(*args: Any, **kwargs: Any) -> Iterator[Any]:
        with watch.measure("open+hash"):
            context = real(*args, **kwargs)
            media = context.__enter__()
        try:
            yield TimedMedia(media, watch, "open+hash", MEDIA_STAGES)
        finally:
            context.__exit__(None, None, None)

    with mock.patch.object(analysis, "opened", opened):
        yield


def timed(equipment: Equipment, watch: Stopwatch) -> Equipment:
    """Return the equipment with its face finder and detectors timed."""
    detectors = tuple(
        cast(Detector, Timed(one, watch, f"network {one.name}")) for one in equipment.detectors
    )
    finder = Timed(equipment.finder, watch, "faces") if equipment.finder else None
    return replace(equipment, detectors=detectors, finder=cast(FaceFinder, finder))


def measured(path: Path, equipment: Equipment, engine: Engine) -> dict[str, float]:
    """Analyse one file and store its verdict; returns seconds by stage, with the rest and the total."""
    watch = Stopwatch()
    with writing(engine) as session:
        seen = see(path)
        if seen is None:
            raise SystemExit(f"{path}: is no file")
        jobs.sight(session, [seen], utc_now(), again=True, force=True)
    with watched_files(watch), watch.measure("other"):
        follow(timed(equipment, watch), engine, watch)
    return {**watch.seconds, "total": sum(watch.seconds.values())}


def follow(equipment: Equipment, engine: Engine, watch: Stopwatch) -> None:
    """Do what the daemon and its worker do for one job, in this process."""
    with watch.measure("store"), writing(engine) as session:
        claim = jobs.claim(session, utc_now(), 1)[0]
    task = Task(claim.job_id, claim.path, claim.size_bytes, claim.mtime_ns, claim.inode)
    work, answer = analyse(task, equipment), None
    while True:
        event = work.send(answer)
        if isinstance(event, Done | Failed):
            break
        answer = begin(event, claim, engine, watch) if isinstance(event, Hashed) else None
    work.close()
    if isinstance(event, Failed):
        raise SystemExit(f"{claim.path}: {event.failure.message}")
    with watch.measure("store"), writing(engine) as session:
        record_verdict(session, claim, event.verdict, utc_now())


def begin(event: Hashed, claim: jobs.Claim, engine: Engine, watch: Stopwatch) -> bool:
    """Answer the hash; the same bytes are analysed each time here."""
    with watch.measure("store"), writing(engine) as session:
        jobs.begin(
            session,
            claim,
            event.sha256,
            event.size_bytes,
            event.pipeline,
            is_default=True,
            force=True,
            now=utc_now(),
        )
    return True


def median_run(path: Path, equipment: Equipment, runs: int) -> dict[str, float]:
    """Return the median of each stage; a first run, which loads weights and warms caches, is not counted."""
    with database() as engine:
        measured(path, equipment, engine)
        return medians(measured(path, equipment, engine) for _ in range(runs))


def part(clips: Sequence[tuple[str, Path]], runs: int) -> Part:
    """Measure all clips."""
    equipment = warm_equipment()
    networks = tuple(f"network {one.name}" for one in equipment.detectors)
    columns = (*FIRST, *networks, *LAST)
    rows: list[tuple[Cell, ...]] = []
    for name, path in clips:
        say(f"stages: {name}")
        found = median_run(path, equipment, runs)
        rows.append((name, *(found.get(column, 0.0) for column in columns)))
    threads = equipment.versions["threads"]
    number = {str(one.parameters.get("number_type")) for one in equipment.detectors}
    note = f"median of {runs}; {threads} threads; networks in {', '.join(sorted(number))}"
    return Part("stages", "Seconds per stage in a warm worker", ("clip", *columns), rows, [note])
