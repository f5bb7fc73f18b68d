"""Leases on jobs: who works on what, until when, and what happens when nobody renews."""

import os
import secrets
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session, joinedload

from ..errors import ErrorCode, LeaseLostError
from .answers import MOST_INTERRUPTIONS, UNFINISHED
from .database import chunks
from .models import Job, JobState
from .sightings import unsigned

LEASE_S = 30.0


@dataclass(frozen=True)
class Claim:
    """A job that the caller may work on while it renews the lease. `path` is as `os.fsdecode` gives it."""

    job_id: int
    token: str
    path: str
    size_bytes: int
    mtime_ns: int
    inode: int
    parameters: dict[str, Any]
    attempts: int
    interruptions: int


def claim(
    session: Session,
    now: datetime,
    limit: int,
    lease_s: float = LEASE_S,
    only: Collection[int] | None = None,
) -> list[Claim]:
    """Take up to `limit` queued jobs, the highest priority first and the oldest of these; each job goes to one caller.

    Without `only` these are jobs for the default pipeline, which any daemon can do; with it they are among the jobs
    named, whatever their pipeline.
    """
    due = select(Job).where(Job.state == JobState.QUEUED, Job.not_before <= now)
    if only is None:
        found = by_priority(session, due.where(Job.is_default), limit)
    else:
        found = among(session, due, limit, sorted(only))
    return [lease(job, now, lease_s) for job in found]


def by_priority(session: Session, due: Select[Job], limit: int) -> list[Job]:
    """Return due jobs, one priority after the other: within one, the index has them in order."""
    found: list[Job] = []
    priority = session.scalar(highest())
    while priority is not None and len(found) < limit:
        found += locked(session, due.where(Job.priority == priority), limit - len(found))
        priority = session.scalar(highest().where(Job.priority < priority))
    return found


def highest() -> Select[int]:
    """Return the statement for the highest priority in the queue."""
    return select(func.max(Job.priority)).where(Job.state == JobState.QUEUED)


def among(session: Session, due: Select[Job], limit: int, only: Collection[int]) -> list[Job]:
    """Return due jobs among those named, as many names at a time as fit into one statement."""
    found: list[Job] = []
    for chunk in chunks(only):
        if len(found) >= limit:
            break
        some = due.where(Job.id.in_(chunk)).order_by(Job.priority.desc())
        found += locked(session, some, limit - len(found))
    return found


def locked(session: Session, due: Select[Job], limit: int) -> Collection[Job]:
    """Return the oldest of these jobs, passing over those that another transaction is just taking."""
    return session.scalars(
        due.options(joinedload(Job.sighting, innerjoin=True))
        .order_by(Job.id)
        .limit(limit)
        .with_for_update(of=Job, skip_locked=True)
    ).all()


def lease(job: Job, now: datetime, lease_s: float) -> Claim:
    """Mark a job as running and return the claim to it."""
    job.state, job.lease_token = JobState.RUNNING, secrets.token_hex(16)
    job.lease_expires_at = now + timedelta(seconds=lease_s)
    job.started_at = job.updated_at = now
    job.analysis_id = None
    seen = job.sighting
    return Claim(
        job.id,
        job.lease_token,
        os.fsdecode(seen.path_key),
        seen.size_bytes,
        seen.mtime_ns,
        unsigned(seen.inode),
        job.parameters,
        job.attempts,
        job.interruptions,
    )


def renew(
    session: Session, tokens: Collection[str], now: datetime, lease_s: float = LEASE_S
) -> frozenset[str]:
    """Extend leases; returns the tokens that still hold. A job whose token is missing there is somebody else's."""
    return frozenset(renewed(session, tokens, now + timedelta(seconds=lease_s)))


def renewed(session: Session, tokens: Collection[str], until: datetime) -> Iterator[str]:
    """Extend leases and yield the tokens that still hold."""
    for chunk in chunks(sorted(tokens)):
        held_on = update(Job).where(Job.lease_token.in_(chunk), Job.state == JobState.RUNNING)
        found = session.scalars(held_on.values(lease_expires_at=until).returning(Job.lease_token))
        yield from (token for token in found if token is not None)


def reclaim(session: Session, now: datetime) -> int:
    """Queue again the jobs whose holder stopped renewing; returns how many there were.

    That counts as an interruption; with the tenth the job fails as `worker_died`: it may be what kills its daemon.
    """
    expired = session.scalars(
        select(Job)
        .where(Job.state == JobState.RUNNING, Job.lease_expires_at < now)
        .with_for_update(skip_locked=True)
    ).all()
    for job in expired:
        interrupt(job, now)
    return len(expired)


def held(session: Session, claim: Claim) -> Job:
    """Return the job, locked, if the claim to it still holds. Raises LeaseLostError if not."""
    job = session.get(Job, claim.job_id, with_for_update=True, populate_existing=True)
    if job is None or job.state is not JobState.RUNNING or job.lease_token != claim.token:
        raise LeaseLostError(
            f"job {claim.job_id} is no longer this process's: its lease ran out; see 'forensics jobs list'"
        )
    return job


def interrupt(job: Job, now: datetime, *, delay_s: float = 0.0) -> None:
    """Queue a running job again and count that, up to the limit."""
    job.interruptions += 1
    if job.interruptions >= MOST_INTERRUPTIONS:
        end(job, now, error=ErrorCode.WORKER_DIED, message=f"interrupted {job.interruptions} times")
    else:
        requeue(job, now, delay_s=delay_s)


def requeue(job: Job, now: datetime, *, delay_s: float = 0.0) -> None:
    """Put a running job back into the queue."""
    job.state, job.updated_at = JobState.QUEUED, now
    job.not_before = now + timedelta(seconds=delay_s)
    job.lease_token = job.lease_expires_at = job.analysis_id = None


def end(
    job: Job, now: datetime, *, verdict_id: int | None = None, error: ErrorCode | None = None,
    message: str | None = None,
) -> None:  # fmt: skip
    """End a job with a verdict or with an error."""
    job.state = JobState.DONE if error is None else JobState.FAILED
    job.verdict_id, job.error, job.error_message = verdict_id, error, message
    job.finished_at = job.updated_at = now
    job.lease_token = job.lease_expires_at = None


def unfinished(session: Session) -> int:
    """Return how many jobs for the default pipeline are queued or running."""
    count = select(func.count()).where(Job.state.in_(UNFINISHED), Job.is_default)
    return session.scalar(count.select_from(Job)) or 0
