"""Leases on jobs: who works on what, until when, and what happens when nobody renews."""

import os
import secrets
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, select, update
from sqlalchemy.orm import Session

from ...errors import ErrorCode, LeaseLostError
from ..database import chunks
from ..models import Job, JobState, Sighting
from .requests import MOST_INTERRUPTIONS, UNFINISHED
from .sightings import unsigned

LEASE_S = 30.0
JOB = Job.metadata.tables["job"]


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
    *,
    is_busy: bool = False,
) -> list[Claim]:
    """Take up to `limit` queued jobs, the highest priority first and the oldest of these; each job goes to one caller.

    Without `only` these are jobs for the default pipeline, which any daemon can do; with it they are among the jobs
    named, whatever their pipeline. A job that has cost a worker is given by itself, to a caller who is not busy.
    """
    if only is None:
        due = by_priority(session, now, limit)
    else:
        due = among(session, DUE.where(Job.not_before <= now), limit, sorted(only))
    return lease(session, together(due, is_busy), now, lease_s)


DUE: Select[Any] = (
    select(
        Job.id,
        Job.parameters,
        Job.attempts,
        Job.interruptions,
        Sighting.path_key,
        Sighting.size_bytes,
        Sighting.mtime_ns,
        Sighting.inode,
    )
    .join(Sighting, Sighting.id == Job.sighting_id)
    .where(Job.state == JobState.QUEUED)
)


def by_priority(session: Session, now: datetime, limit: int) -> list[Row[Any]]:
    """Return due jobs, one priority after the other: within one, the index has them in order."""
    sql = session.connection()
    due: list[Row[Any]] = []
    priority = sql.scalar(HIGHEST, {"below": MOST_PRIORITY})
    while priority is not None:
        which = {"now": now, "priority": priority, "limit": limit - len(due)}
        due += sql.execute(OLDEST, which).all()
        if len(due) >= limit:
            break
        priority = sql.scalar(HIGHEST, {"below": priority})
    return due


MOST_PRIORITY = 2**31 - 1
HIGHEST = select(func.max(JOB.c.priority)).where(
    JOB.c.state == JobState.QUEUED, JOB.c.priority < bindparam("below")
)
OLDEST = (
    DUE.where(Job.is_default, Job.not_before <= bindparam("now", type_=JOB.c.not_before.type))
    .where(Job.priority == bindparam("priority"))
    .order_by(Job.id)
    .limit(bindparam("limit"))
    .with_for_update(of=Job, skip_locked=True)
)


def among(session: Session, due: Select[Any], limit: int, only: Collection[int]) -> list[Row[Any]]:
    """Return due jobs among those named, as many names at a time as fit into one statement."""
    rows: list[Row[Any]] = []
    for chunk in chunks(only):
        if len(rows) >= limit:
            break
        some = due.where(Job.id.in_(chunk)).order_by(Job.priority.desc())
        rows += locked(session, some, limit - len(rows))
    return rows


def locked(session: Session, due: Select[Any], limit: int) -> Sequence[Row[Any]]:
    """Return the oldest of these jobs, passing over those that another transaction is just taking."""
    oldest = due.order_by(Job.id).limit(limit)
    return session.execute(oldest.with_for_update(of=Job, skip_locked=True)).all()


def together(due: Sequence[Row[Any]], is_busy: bool) -> Sequence[Row[Any]]:
    """Return those of due jobs that may be worked on at once: one that has cost a worker only by itself."""
    harmless = [job for job in due if not job.attempts]
    return harmless if harmless or is_busy else due[:1]


def lease(session: Session, due: Sequence[Row[Any]], now: datetime, lease_s: float) -> list[Claim]:
    """Mark jobs as running and return the claims to them."""
    claims = [claim_of(job) for job in due]
    values = {"until": now + timedelta(seconds=lease_s), "now": now}
    if claims:
        given = [{"job": claim.job_id, "token": claim.token, **values} for claim in claims]
        session.connection().execute(LEASE, given)
    return claims


LEASE = (
    update(JOB)
    .where(JOB.c.id == bindparam("job"))
    .values(
        state=JobState.RUNNING,
        lease_token=bindparam("token"),
        lease_expires_at=bindparam("until"),
        started_at=bindparam("now"),
        updated_at=bindparam("now"),
        analysis_id=None,
    )
)


def claim_of(job: Row[Any]) -> Claim:
    """Return the claim to a job, with a new token."""
    return Claim(
        job.id,
        secrets.token_hex(16),
        os.fsdecode(job.path_key),
        job.size_bytes,
        job.mtime_ns,
        unsigned(job.inode),
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
        extended = held_on.values(lease_expires_at=until).returning(Job.lease_token)
        yield from (token for token in session.scalars(extended) if token is not None)


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


def holds(session: Session, claim: Claim) -> tuple[int, int | None]:
    """Lock a claimed job; returns the ids of its sighting and its analysis. Raises LeaseLostError if the claim is lost."""
    values = {"job": claim.job_id, "token": claim.token}
    job = session.connection().execute(HELD, values).one_or_none()
    if job is None:
        raise lost(claim)
    return job[0], job[1]


IS_HELD = (JOB.c.state == JobState.RUNNING, JOB.c.lease_token == bindparam("token"))
HELD = (
    select(JOB.c.sighting_id, JOB.c.analysis_id)
    .where(JOB.c.id == bindparam("job"), *IS_HELD)
    .with_for_update()
)


def lost(claim: Claim) -> LeaseLostError:
    """Return the error for a claim that somebody else has."""
    return LeaseLostError(
        f"job {claim.job_id} is no longer this process's: its lease ran out; see 'forensics jobs list'"
    )


def held(session: Session, claim: Claim) -> Job:
    """Return the job, locked, if the claim to it still holds. Raises LeaseLostError if not."""
    job = session.get(Job, claim.job_id, with_for_update=True, populate_existing=True)
    if job is None or job.state is not JobState.RUNNING or job.lease_token != claim.token:
        raise lost(claim)
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


def end_claimed(session: Session, claim: Claim, now: datetime, **what: Any) -> None:
    """End a job whose claim was found to hold, in one statement; `what` as for `end`."""
    state = JobState.FAILED if what.get("error") else JobState.DONE
    times = {"finished_at": now, "updated_at": now, "lease_token": None, "lease_expires_at": None}
    session.connection().execute(ENDED, {"job": claim.job_id, "state": state, **times, **what})


ENDED = update(JOB).where(JOB.c.id == bindparam("job"))


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
