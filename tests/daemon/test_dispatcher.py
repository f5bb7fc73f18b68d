"""From the job table to the executor and back, on both databases."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from forensics.analysis.analyse import Equipment
from forensics.analysis.messages import Failed, Hashed, Message, Ready, Started, Task
from forensics.daemon import listing
from forensics.daemon.active_job import Ended
from forensics.daemon.dispatcher import Dispatcher
from forensics.errors import ErrorCode
from forensics.records import Failure, Label, Outcome
from forensics.settings import Settings
from forensics.store import jobs, queries
from forensics.store.database import reading, writing
from tests.inline import InlineExecutor

from ..distributions import write_still
from ..distributions.colour.forensics_colour import FAKE, RAISES, REAL, ColourDetector

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
EQUIPMENT = Equipment(Settings(), (ColourDetector("colour", steady=False),), None, {})


class Scripted:
    """An executor that replays events, for what real workers do too rarely; `after` them another one works."""

    def __init__(self, *scripts: list[Message]) -> None:
        self.scripts, self.tasks = list(scripts), list[Task]()
        self.deaths = 0
        self.decided: list[bool] = []
        self.cancelled: list[int] = []
        self.after: InlineExecutor | None = None

    @property
    def slots(self) -> int:
        return 1

    def submit(self, task: Task) -> None:
        self.tasks.append(task)
        if self.after and not self.scripts:
            self.after.submit(task)

    def events(self, timeout_s: float) -> Iterator[Message]:
        if self.tasks and self.scripts:
            yield from self.scripts.pop(0)
        elif self.after:
            yield from self.after.events(timeout_s)

    def decide(self, task_id: int, go: bool) -> None:
        self.decided.append(go)
        if self.after:
            self.after.decide(task_id, go)

    def cancel(self, task_id: int) -> None:
        self.cancelled.append(task_id)

    def close(self) -> None:
        pass


def queue(
    engine: Engine, *paths: Path, now: datetime = NOW, again: bool = False
) -> tuple[int, ...]:
    files = [file for path in paths if (file := listing.see(path))]
    with writing(engine) as session:
        return jobs.sight(session, files, now, again=again).job_ids


def work(engine: Engine, *, equipment: Equipment = EQUIPMENT, steps: int = 10) -> list[Ended]:
    ended: list[Ended] = []
    executor = InlineExecutor(equipment)
    dispatcher = Dispatcher(engine, executor, on_ended=ended.append, now=lambda: NOW)
    for _ in range(steps):
        dispatcher.step(0.0)
    assert dispatcher.busy == 0
    return ended


def labels(engine: Engine) -> dict[str, Any]:
    with reading(engine) as session:
        rows = queries.results(session, queries.ResultFilter(), 100, None)
    return {Path(row.path).name: row.label or row.error for row in rows}


def test_each_queued_file_ends_with_one_verdict_or_failure(engine: Engine, tmp_path: Path) -> None:
    write_still(tmp_path / "red.png", FAKE)
    write_still(tmp_path / "green.png", REAL)
    write_still(tmp_path / "black.png", RAISES)
    (tmp_path / "text.mp4").write_text("no video")
    queue(engine, *sorted(tmp_path.iterdir()))
    assert len(work(engine)) == 4
    assert labels(engine) == {
        "red.png": "fake",
        "green.png": "real",
        "black.png": "internal",
        "text.mp4": "unsupported",
    }


def test_same_bytes_are_examined_once(engine: Engine, tmp_path: Path) -> None:
    one = write_still(tmp_path / "one.png", FAKE)
    (tmp_path / "two.png").write_bytes(one.read_bytes())
    queue(engine, one, tmp_path / "two.png")
    first, second = work(engine)
    assert first.verdict_id == second.verdict_id
    assert labels(engine) == {"one.png": "fake", "two.png": "fake"}


def test_rewritten_file_is_new_evidence(engine: Engine, tmp_path: Path) -> None:
    path = write_still(tmp_path / "a.png", FAKE)
    queue(engine, path)
    work(engine)
    write_still(path, REAL, side=50)
    queue(engine, path)
    work(engine)
    assert labels(engine) == {"a.png": "real"}


def test_other_weights_make_verdicts_stale(engine: Engine, tmp_path: Path) -> None:
    path = write_still(tmp_path / "a.png", FAKE)
    queue(engine, path)
    work(engine)
    detector = replace(ColourDetector("colour", steady=False), weights="ffff")
    queue(engine, write_still(tmp_path / "b.png", REAL))
    work(engine, equipment=replace(EQUIPMENT, detectors=(detector,)))
    with reading(engine) as session:
        rows = queries.results(session, queries.ResultFilter(), 100, None)
    assert {Path(row.path).name: row.stale for row in rows} == {"a.png": True, "b.png": False}


def test_detector_that_hangs_loses_its_finding_only(engine: Engine, tmp_path: Path) -> None:
    path = write_still(tmp_path / "red.png", FAKE)
    (job_id,) = queue(engine, path)
    both = replace(
        EQUIPMENT, detectors=(*EQUIPMENT.detectors, ColourDetector("steady", steady=True))
    )
    late = Failed(job_id, Failure(ErrorCode.DEADLINE, "colour took longer than 60 s", "colour"))
    scripted = Scripted([ready(both), Started(job_id, 0), late])
    scripted.after = InlineExecutor(both)
    ended: list[Ended] = []
    dispatcher = Dispatcher(engine, scripted, on_ended=ended.append, now=lambda: NOW)
    dispatcher.step(0.0)
    again = scripted.tasks[1]
    assert [(f.detector, f.outcome) for f in again.without] == [("colour", Outcome.DEADLINE)]
    for _ in range(3):
        dispatcher.step(0.0)
    assert ended[0].verdict_id is not None
    with reading(engine) as session:
        found = queries.job_outcome(session, job_id)
    assert found.verdict
    assert found.verdict.label == "fake"
    assert [(f.detector, f.outcome) for f in found.verdict.findings] == [
        ("colour", "deadline"),
        ("steady", "scored"),
    ]


def ready(equipment: Equipment) -> Ready:
    return Ready(
        {
            "detectors": [
                {"name": d.name, "version": "1", "weights": None} for d in equipment.detectors
            ]
        },
        (),
        (),
    )


def test_deadline_is_final_when_no_detector_is_left(engine: Engine, tmp_path: Path) -> None:
    (job_id,) = queue(engine, write_still(tmp_path / "red.png", FAKE))
    late = Failed(job_id, Failure(ErrorCode.DEADLINE, "late", "colour"))
    ended: list[Ended] = []
    dispatcher = Dispatcher(
        engine, Scripted([ready(EQUIPMENT), late]), on_ended=ended.append, now=lambda: NOW
    )
    dispatcher.step(0.0)
    assert labels(engine) == {"red.png": "deadline"}


def test_dead_worker_is_given_one_more_try(engine: Engine, tmp_path: Path) -> None:
    (job_id,) = queue(engine, write_still(tmp_path / "red.png", FAKE))
    died: list[Message] = [Failed(job_id, Failure(ErrorCode.WORKER_DIED, "died"))]
    scripted = Scripted(died, died)
    now = NOW
    dispatcher = Dispatcher(engine, scripted, now=lambda: now)
    dispatcher.step(0.0)
    assert labels(engine) == {}
    now = NOW + timedelta(hours=1)
    dispatcher.step(0.0)
    assert labels(engine) == {"red.png": "worker_died"}


def test_job_handed_back_is_done_by_the_next_start(engine: Engine, tmp_path: Path) -> None:
    (job_id,) = queue(engine, write_still(tmp_path / "red.png", FAKE))
    scripted = Scripted([Started(job_id, 0)])
    dispatcher = Dispatcher(engine, scripted, now=lambda: NOW)
    dispatcher.step(0.0)
    assert dispatcher.busy == 1
    dispatcher.hand_back()
    assert scripted.cancelled == [job_id]
    assert len(work(engine)) == 1
    assert labels(engine) == {"red.png": Label.FAKE}


def test_job_of_a_process_that_died_is_taken_over_when_its_lease_ends(
    engine: Engine, tmp_path: Path
) -> None:
    queue(engine, write_still(tmp_path / "red.png", FAKE))
    with writing(engine) as session:
        jobs.claim(session, NOW - timedelta(seconds=31), 1)
    now = NOW
    ended: list[Ended] = []
    dispatcher = Dispatcher(
        engine, InlineExecutor(EQUIPMENT), on_ended=ended.append, now=lambda: now
    )
    for _ in range(5):
        dispatcher.step(0.0)
        now += timedelta(seconds=1)
    assert labels(engine) == {"red.png": "fake"}


def test_job_that_another_process_took_over_is_dropped(engine: Engine, tmp_path: Path) -> None:
    (job_id,) = queue(engine, write_still(tmp_path / "red.png", FAKE))
    scripted, now = Scripted([Started(job_id, 0)]), NOW
    dispatcher = Dispatcher(engine, scripted, now=lambda: now)
    dispatcher.step(0.0)
    now = NOW + timedelta(seconds=40)
    with writing(engine) as session:
        jobs.reclaim(session, now)
    dispatcher.step(0.0, claim=False)
    assert (scripted.cancelled, dispatcher.busy) == ([job_id], 0)


def test_handing_back_a_job_that_was_taken_over_harms_no_other(
    engine: Engine, tmp_path: Path
) -> None:
    queue(engine, write_still(tmp_path / "red.png", FAKE))
    dispatcher = Dispatcher(engine, Scripted([]), now=lambda: NOW)
    dispatcher.step(0.0)
    with writing(engine) as session:
        jobs.reclaim(session, NOW + timedelta(hours=1))
    dispatcher.hand_back()
    assert dispatcher.busy == 0


def test_content_that_another_job_examines_is_waited_for(engine: Engine, tmp_path: Path) -> None:
    one = write_still(tmp_path / "one.png", FAKE)
    two = tmp_path / "two.png"
    two.write_bytes(one.read_bytes())
    first, second = queue(engine, one, two)
    pipeline: dict[str, Any] = {"detectors": []}
    scripted = Scripted(
        [Hashed(first, "ab" * 32, 9, pipeline)], [Hashed(second, "ab" * 32, 9, pipeline)]
    )
    dispatcher = Dispatcher(engine, scripted, now=lambda: NOW)
    dispatcher.step(0.0)
    dispatcher.step(0.0)
    assert scripted.decided == [True, False]
    assert dispatcher.busy == 1


def test_empty_queue_is_asked_again_when_something_was_put_into_it(
    engine: Engine, tmp_path: Path
) -> None:
    dispatcher = Dispatcher(engine, Scripted(), now=lambda: NOW)
    dispatcher.step(0.0)
    write_still(tmp_path / "red.png", FAKE)
    queue(engine, tmp_path / "red.png")
    dispatcher.step(0.0)
    assert dispatcher.busy == 0
    dispatcher.look_again()
    dispatcher.step(0.0)
    assert dispatcher.busy == 1
