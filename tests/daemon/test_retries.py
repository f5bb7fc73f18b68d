"""What is tried again, when, how often, and beside whom."""

import errno
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from forensics.analysis.messages import Failed, Message
from forensics.daemon.dispatcher import Dispatcher
from forensics.errors import ErrorCode
from forensics.media.descriptor import refusal
from forensics.records import Failure, Outcome
from forensics.store import queries
from forensics.store.database import reading

from ..distributions import write_still
from ..distributions.colour.forensics_colour import FAKE, ColourDetector
from .test_dispatcher import EQUIPMENT, NOW, Scripted, labels, queue, ready


def test_job_that_cost_a_worker_is_done_alone(engine: Engine, tmp_path: Path) -> None:
    bad, *others = [write_still(tmp_path / f"{n}.png", FAKE, side=32 + n) for n in range(4)]
    (bad_id,) = queue(engine, bad)
    died: list[Message] = [Failed(bad_id, Failure(ErrorCode.WORKER_DIED, "died"))]
    scripted = Scripted(died)
    dispatcher = Dispatcher(engine, scripted, now=lambda: NOW)
    for _ in range(2):
        dispatcher.look_again()
        dispatcher.step(0.0)
    assert [task.id for task in scripted.tasks] == [bad_id, bad_id]
    queue(engine, *others)
    dispatcher.look_again()
    dispatcher.step(0.0)
    assert dispatcher.busy == 1


def test_job_of_a_folder_that_is_away_waits_longer_each_time_and_counts_nothing(
    engine: Engine, tmp_path: Path
) -> None:
    (job_id,) = queue(engine, write_still(tmp_path / "red.png", FAKE))
    gone: list[Message] = [Failed(job_id, Failure(ErrorCode.VANISHED, "gone"))]
    scripted, now = Scripted(*[gone] * 40), NOW
    dispatcher = Dispatcher(
        engine, scripted, is_patient=True, is_away=lambda path: True, now=lambda: now
    )
    waits: list[float] = []
    for _ in range(7):
        dispatcher.look_again()
        dispatcher.step(0.0)
        with reading(engine) as session:
            (job,) = queries.job_list(session, None, 1)
        waits.append((job.not_before - now).total_seconds())
        assert (job.state, job.attempts, job.interruptions) == ("queued", 0, 0)
        now = job.not_before
    assert waits == [2, 4, 8, 16, 32, 60, 60]


def test_unreadable_file_is_tried_again_by_who_is_patient(engine: Engine, tmp_path: Path) -> None:
    (job_id,) = queue(engine, write_still(tmp_path / "red.png", FAKE))
    locked: list[Message] = [Failed(job_id, Failure(ErrorCode.UNREADABLE, "locked"))]
    scripted, now = Scripted(*[locked] * 40), NOW
    dispatcher = Dispatcher(engine, scripted, is_patient=True, now=lambda: now)
    for _ in range(4):
        dispatcher.look_again()
        dispatcher.step(0.0)
        assert labels(engine) == {}
        now += timedelta(seconds=60)
    dispatcher.look_again()
    dispatcher.step(0.0)
    assert labels(engine) == {"red.png": "unreadable"}


@pytest.mark.parametrize(
    ("is_patient", "found"),
    [
        pytest.param(True, ("queued", None), id="daemon"),
        pytest.param(False, ("failed", "busy"), id="scan"),
    ],
)
def test_locked_file_is_waited_for_by_who_is_patient_and_fails_otherwise(
    engine: Engine, tmp_path: Path, is_patient: bool, found: tuple[str, str | None]
) -> None:
    (job_id,) = queue(engine, write_still(tmp_path / "red.png", FAKE))
    locked: list[Message] = [Failed(job_id, Failure(ErrorCode.BUSY, "locked"))]
    Dispatcher(engine, Scripted(locked), is_patient=is_patient, now=lambda: NOW).step(0.0)
    with reading(engine) as session:
        (job,) = queries.job_list(session, None, 1)
    assert (job.state, job.error) == found
    assert (job.attempts, job.interruptions) == (0, 0)


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.EBUSY, errno.EMFILE])
def test_lock_and_want_of_descriptors_are_no_fault_of_the_file(number: int) -> None:
    refused = refusal("/in/a.mp4", OSError(number, "no"))
    assert refused.code is ErrorCode.BUSY
    assert str(refused).startswith("/in/a.mp4: ")


def test_detector_that_runs_out_of_memory_loses_its_finding_only(
    engine: Engine, tmp_path: Path
) -> None:
    (job_id,) = queue(engine, write_still(tmp_path / "red.png", FAKE))
    both = replace(
        EQUIPMENT, detectors=(*EQUIPMENT.detectors, ColourDetector("steady", steady=True))
    )
    short = Failed(job_id, Failure(ErrorCode.OUT_OF_MEMORY, "too much", "colour"))
    scripted = Scripted([ready(both), short])
    Dispatcher(engine, scripted, now=lambda: NOW).step(0.0)
    (lost,) = scripted.tasks[1].without
    assert (lost.detector, lost.outcome) == ("colour", Outcome.CRASHED)
