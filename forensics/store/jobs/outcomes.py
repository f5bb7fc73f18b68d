"""What becomes of jobs: failed, handed back, tried again."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from ...errors import ErrorCode
from ...records import Failure
from ...serialization import plain
from ..database import chunks
from ..models import Analysis, Job, JobState, Media, Sighting, VerdictRow
from .analyses import default_pipeline
from .leases import Claim, end, held, interrupt, requeue
from .requests import MOST_INTERRUPTIONS, QUEUED_AGAIN, UNFINISHED, Request, add_jobs, is_newest

CHANGED_DELAY_S = 5.0
MOST_UNREADABLE, UNREADABLE_DELAY_S = 4, 5.0  # 5, 10, 20 and 40 s
MOST_DEATHS = 2
ALONE = -1


def fail(
    session: Session, claim: Claim, failure: Failure, now: datetime, *, is_patient: bool = False
) -> JobState:
    """Record why a job has no verdict; returns FAILED, or QUEUED when it is tried again. Raises LeaseLostError.

    `worker_died` is tried once more, after all other jobs and alone. `changed` is tried again a little later, ten
    times at most, and not when the new content has a job of its own. Who is patient tries `unreadable` again too, a
    few times and later each time: a lock or a network may be to blame. A file that vanished is no longer current.
    """
    job = held(session, claim)
    if failure.code is ErrorCode.CHANGED and may_settle(job):
        interrupt(job, now, delay_s=CHANGED_DELAY_S)
        return job.state
    if is_patient and failure.code is ErrorCode.UNREADABLE and job.interruptions < MOST_UNREADABLE:
        interrupt(job, now, delay_s=UNREADABLE_DELAY_S * 2**job.interruptions)
        return job.state
    if failure.code is ErrorCode.WORKER_DIED:
        job.attempts += 1
        if job.attempts < MOST_DEATHS:
            job.priority = ALONE
            requeue(job, now)
            return job.state
    if failure.code is ErrorCode.VANISHED:
        job.sighting.is_current, job.sighting.gone_at = False, now
    end(job, now, error=failure.code, message=said(failure))
    return job.state


def may_settle(job: Job) -> bool:
    """Say whether a file that changed under the worker is tried again."""
    return job.sighting.is_current and job.interruptions + 1 < MOST_INTERRUPTIONS


def said(failure: Failure) -> str:
    """Return a failure's message as it can be stored."""
    message: str = plain(failure.message)
    return f"{plain(failure.detector)}: {message}" if failure.detector else message


def hand_back(
    session: Session, claim: Claim, now: datetime, *, delay_s: float = 0.0, interrupted: bool
) -> None:
    """Put a job back into the queue; `interrupted` counts that, for the cap of ten. Raises LeaseLostError."""
    job = held(session, claim)
    if interrupted:
        interrupt(job, now, delay_s=delay_s)
    else:
        requeue(job, now, delay_s=delay_s)


def retry(session: Session, ids: Collection[int] | None, now: datetime) -> int:
    """Queue failed jobs again: those named, or each current file's newest job if that failed. Returns how many."""
    if ids is None:
        ids = session.scalars(failed_files()).all()
    again = {**QUEUED_AGAIN, "attempts": 0, "interruptions": 0, "priority": 0}
    count = 0
    for chunk in chunks(ids):
        jobs = update(Job).where(Job.id.in_(chunk), Job.state == JobState.FAILED)
        count += len(
            session.scalars(
                jobs.values(**again, not_before=now, updated_at=now).returning(Job.id)
            ).all()
        )
    return count


def failed_files() -> Select[int]:
    """Return the statement for the current files whose newest job failed; of jobs that a daemon can do."""
    return (
        select(Job.id)
        .join(Sighting)
        .where(Sighting.is_current, Job.is_default, Job.state == JobState.FAILED, is_newest())
    )


def rescan_stale(session: Session, now: datetime) -> int:
    """Queue a job for each current file that has a verdict, but not one in force by the default pipeline used last.

    Files that wait for a job already are left out. Returns how many jobs were made.
    """
    current = default_pipeline(session)
    if current is None:
        return 0
    stale = session.scalars(stale_files(current)).all()
    return sum(len(add_jobs(session, chunk, now, Request())) for chunk in chunks(stale))


def stale_files(pipeline_id: int) -> Select[int]:
    """Return the statement for sightings with a verdict, none in force by this pipeline, and nothing under way."""
    in_force = (
        select(VerdictRow.id)
        .join(Analysis)
        .where(VerdictRow.id == Media.verdict_id, Analysis.pipeline_id == pipeline_id)
    )
    jobs = select(Job.id).where(Job.sighting_id == Sighting.id)
    waits = jobs.where(Job.is_default, Job.state.in_(UNFINISHED))
    answered = jobs.where(Job.state == JobState.DONE)
    return (
        select(Sighting.id)
        .join(Media)
        .where(Sighting.is_current, answered.exists(), ~waits.exists(), ~in_force.exists())
        .order_by(Sighting.id)
    )
