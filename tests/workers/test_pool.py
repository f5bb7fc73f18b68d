"""Workers can be killed, and what they were doing is known."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from forensics.analysis.messages import (
    Done,
    Event,
    Failed,
    FindingReady,
    Hashed,
    Message,
    Ready,
    Task,
)
from forensics.errors import ErrorCode, UsageError
from forensics.records import Label, Outcome
from forensics.settings import Settings
from forensics.workers.pool import ProcessPool

from ..distributions import COLOUR, write_still
from ..distributions.colour.forensics_colour import ABORTS, FAKE, HANGS, RAISES, REAL

SETTINGS = Settings(plugins=("colour",), deadline_s=30, threads=1)


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProcessPool]:
    monkeypatch.syspath_prepend(str(COLOUR))
    found = ProcessPool(SETTINGS)
    yield found
    found.close()


def finish(pool: ProcessPool, task: Task, go: bool = True) -> list[Message]:
    """Run one task to its end and return all events."""
    pool.submit(task)
    seen: list[Message] = []
    for _ in range(6000):
        for event in pool.events(0.1):
            seen.append(event)
            if isinstance(event, Hashed):
                pool.decide(task.id, go)
                if not go:
                    return seen
            if isinstance(event, Done | Failed):
                return seen
    raise TimeoutError(seen)


def last(events: list[Message]) -> Event:
    assert not isinstance(events[-1], Ready)
    return events[-1]


@pytest.mark.parametrize(("colour", "label"), [(FAKE, Label.FAKE), (REAL, Label.REAL)])
def test_file_comes_back_as_a_verdict(
    pool: ProcessPool, tmp_path: Path, colour: tuple[int, int, int], label: Label
) -> None:
    events = finish(pool, Task(7, str(write_still(tmp_path / "a.png", colour))))
    assert [type(event).__name__ for event in events] == [
        "Ready", "Started", "Hashed", "DetectorStarted", "FindingReady", "Done",
    ]  # fmt: skip
    done = last(events)
    assert isinstance(done, Done)
    assert (done.task_id, done.verdict.label) == (7, label)


def test_worker_is_used_again(pool: ProcessPool, tmp_path: Path) -> None:
    path = str(write_still(tmp_path / "a.png", FAKE))
    finish(pool, Task(1, path))
    events = finish(pool, Task(2, path))
    assert not any(isinstance(event, Ready) for event in events)
    assert isinstance(last(events), Done)


def test_file_that_cannot_be_read_fails_with_its_code(pool: ProcessPool, tmp_path: Path) -> None:
    failed = last(finish(pool, Task(1, str(tmp_path / "none.png"))))
    assert isinstance(failed, Failed)
    assert failed.failure.code is ErrorCode.VANISHED


def test_exception_in_the_only_detector_fails_the_job(pool: ProcessPool, tmp_path: Path) -> None:
    events = finish(pool, Task(1, str(write_still(tmp_path / "a.png", RAISES))))
    finding = next(e.finding for e in events if isinstance(e, FindingReady))
    assert (finding.outcome, finding.message) == (
        Outcome.ERROR,
        "ValueError: black is not a colour",
    )
    failed = last(events)
    assert isinstance(failed, Failed)
    assert failed.failure.code is ErrorCode.INTERNAL


def test_detector_that_hangs_is_killed_at_its_deadline(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(str(COLOUR))
    pool = ProcessPool(Settings(plugins=("colour",), deadline_s=2, threads=1))
    try:
        failed = last(finish(pool, Task(1, str(write_still(tmp_path / "a.png", HANGS)))))
        assert isinstance(failed, Failed)
        assert (failed.failure.code, failed.failure.detector) == (ErrorCode.DEADLINE, "colour")
        assert pool.deaths == 1
        good = str(write_still(tmp_path / "b.png", REAL))
        assert isinstance(last(finish(pool, Task(2, good))), Done)
    finally:
        pool.close()


def test_detector_that_aborts_costs_its_worker_only(pool: ProcessPool, tmp_path: Path) -> None:
    failed = last(finish(pool, Task(1, str(write_still(tmp_path / "a.png", ABORTS)))))
    assert isinstance(failed, Failed)
    assert (failed.failure.code, failed.failure.detector) == (ErrorCode.WORKER_DIED, "colour")
    assert pool.deaths == 1
    good = str(write_still(tmp_path / "b.png", REAL))
    assert isinstance(last(finish(pool, Task(2, good))), Done)


def test_time_spent_waiting_for_an_answer_does_not_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(str(COLOUR))
    now = 0.0
    pool = ProcessPool(SETTINGS, clock=lambda: now)
    try:
        pool.submit(Task(1, str(write_still(tmp_path / "a.png", REAL))))
        seen: list[Message] = []
        while not any(isinstance(event, Hashed) for event in seen):
            seen += pool.events(0.1)
        now += 1e6
        assert list(pool.events(0.0)) == []
        pool.decide(1, True)
        while not any(isinstance(event, Done | Failed) for event in seen):
            seen += pool.events(0.1)
        assert isinstance(seen[-1], Done)
    finally:
        pool.close()


def test_idle_worker_that_dies_is_replaced(pool: ProcessPool, tmp_path: Path) -> None:
    path = str(write_still(tmp_path / "a.png", REAL))
    finish(pool, Task(1, path))
    (worker,) = pool.workers
    worker.process.kill()
    worker.process.join()
    assert list(pool.events(0.1)) == []
    assert pool.deaths == 1
    assert isinstance(last(finish(pool, Task(2, path))), Done)
    assert pool.deaths == 1


def test_known_content_is_not_examined(pool: ProcessPool, tmp_path: Path) -> None:
    path = str(write_still(tmp_path / "a.png", ABORTS))
    assert isinstance(last(finish(pool, Task(1, path), go=False)), Hashed)
    assert pool.slots == 1


def test_cancelled_task_is_gone(pool: ProcessPool, tmp_path: Path) -> None:
    pool.submit(Task(1, str(write_still(tmp_path / "a.png", HANGS))))
    assert pool.slots == 0
    pool.cancel(1)
    assert (pool.slots, pool.deaths) == (1, 0)
    assert list(pool.events(0.0)) == []


def test_unknown_detector_is_an_error_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(COLOUR))
    pool = ProcessPool(SETTINGS, ["coluor"])
    with pytest.raises(UsageError, match="no detector is called 'coluor'"):
        pool.warm_up()
    pool.close()
