"""What is going on, for a view that asks again and again: every answer comes from an index."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ...errors import ErrorCode
from ...records import Label, Reason
from ..jobs.requests import ENDED
from ..models import Job, JobState, Sighting, VerdictRow
from .queue_status import RunningLine, files_a_minute, queue, running


@dataclass(frozen=True)
class EndedLine:
    """A job that ended: its file, and the verdict or the error."""

    path: str
    label: Label | None
    reason: Reason | None
    error: ErrorCode | None
    at: datetime


@dataclass(frozen=True)
class Recent:
    """How the work goes. `per_minute` is how many jobs ended a minute lately."""

    queued: int
    oldest_waiting: datetime | None
    running: tuple[RunningLine, ...]
    per_minute: float
    ended: tuple[EndedLine, ...]


def recent(session: Session, now: datetime, limit: int) -> Recent:
    """Return how the work goes, with the last `limit` jobs that ended, the newest first."""
    states, oldest = queue(session)
    return Recent(
        states[JobState.QUEUED],
        oldest,
        running(session),
        files_a_minute(session, now),
        last_ended(session, limit),
    )


def last_ended(session: Session, limit: int) -> tuple[EndedLine, ...]:
    """Return the jobs that ended last."""
    jobs = (
        select(Sighting.path, VerdictRow.label, VerdictRow.reason, Job.error, Job.finished_at)
        .select_from(Job)
        .join(Sighting, Sighting.id == Job.sighting_id)
        .outerjoin(VerdictRow, VerdictRow.id == Job.verdict_id)
        .where(Job.finished_at.is_not(None), Job.state.in_(ENDED))
        .order_by(Job.finished_at.desc(), Job.id.desc())
        .limit(limit)
    )
    return tuple(
        EndedLine(path, label, reason, error, at)
        for path, label, reason, error, at in session.execute(jobs)
        if at is not None
    )
