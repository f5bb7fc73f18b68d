"""Which job answers a request for a file: a new one, or one that is there already."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, insert, select, update
from sqlalchemy.orm import Session, aliased

from ...errors import ErrorCode
from ..models import Job, JobState

MOST_INTERRUPTIONS = 10
UNFINISHED = (JobState.QUEUED, JobState.RUNNING)
ENDED = (JobState.DONE, JobState.FAILED)
QUEUED_AGAIN: dict[str, Any] = {
    "state": JobState.QUEUED,
    "error": None,
    "error_message": None,
    "finished_at": None,
    "verdict_id": None,
}
"""What a job that ended forgets when it is queued again."""


@dataclass(frozen=True)
class Request:
    """What the jobs of a listing are to do. `again` asks for a job also where one has ended."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    priority: int = 0
    case: str | None = None
    exhibit: str | None = None
    is_default: bool = True
    force: bool = False
    again: bool = False


class KnownJob(NamedTuple):
    """A job as far as it is compared."""

    id: int
    state: JobState
    error: ErrorCode | None
    interruptions: int
    priority: int
    parameters: dict[str, Any]


def add_jobs(
    session: Session, sighting_ids: Sequence[int], now: datetime, request: Request
) -> dict[int, int]:
    """Queue a job for each of these sightings; returns the jobs' ids by those of the sightings."""
    if not sighting_ids:
        return {}
    common = {
        "priority": request.priority,
        "parameters": dict(request.parameters),
        "is_default": request.is_default,
        "created_at": now,
        "updated_at": now,
        "not_before": now,
    }
    rows = [{"sighting_id": sighting_id, **common} for sighting_id in sighting_ids]
    returning = insert(Job).returning(Job.sighting_id, Job.id)
    return {row[0]: row[1] for row in session.execute(returning, rows)}


def answer_known(
    session: Session, ids: Sequence[int], now: datetime, request: Request
) -> dict[int, int]:
    """Find or make the jobs that answer for known sightings; returns job ids by sighting ids."""
    if not ids:
        return {}
    answers: dict[int, int] = {}
    without: list[int] = []
    newest = newest_jobs(session, ids, request)
    for sighting_id in ids:
        job = newest.get(sighting_id)
        if job is None or wants_another(job, request):
            without.append(sighting_id)
        elif has_come_back(job) or request.again or request.force:
            take_up(session, job, now, request)
            answers[sighting_id] = job.id
    return answers | add_jobs(session, without, now, request)


def newest_jobs(session: Session, ids: Sequence[int], request: Request) -> dict[int, KnownJob]:
    """Return each sighting's newest job with the same parameters, whether forced or not."""
    wanted = without_force(request.parameters)
    rows = session.execute(
        select(*(getattr(Job, name) for name in ("sighting_id", *KnownJob._fields)))
        .where(Job.sighting_id.in_(ids))
        .order_by(Job.id)
    )
    return {row[0]: KnownJob(*row[1:]) for row in rows if without_force(row.parameters) == wanted}


def without_force(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that decide what is examined."""
    return {name: value for name, value in parameters.items() if name != "force"}


def has_come_back(job: KnownJob) -> bool:
    """Say whether a job failed only because its file was away or rewritten, and may try again; not for ever."""
    away = job.error in (ErrorCode.CHANGED, ErrorCode.VANISHED)
    return job.state is JobState.FAILED and away and job.interruptions < MOST_INTERRUPTIONS


def wants_another(job: KnownJob, request: Request) -> bool:
    """Say whether a known file gets a further job: a running one can't be forced any more, a queued one will do."""
    if request.force and job.state is not JobState.QUEUED:
        return True
    return request.again and job.state in ENDED


def take_up(session: Session, job: KnownJob, now: datetime, request: Request) -> None:
    """Let a job that is there already answer a request: queue it once more, sooner, or forced."""
    values: dict[str, Any] = {}
    if has_come_back(job):
        values = {**QUEUED_AGAIN, "interruptions": job.interruptions + 1}
        values |= {"not_before": now, "updated_at": now}
    if job.state is not JobState.RUNNING:
        values["priority"] = (
            max(job.priority, request.priority) if job.priority >= 0 else job.priority
        )
        values["parameters"] = {**job.parameters, **request.parameters}
    if any(getattr(job, name, None) != value for name, value in values.items()):
        session.execute(update(Job).where(Job.id == job.id).values(values))


def is_newest(states: Collection[JobState] = tuple(JobState)) -> ColumnElement[bool]:
    """Return the condition that a job is its sighting's newest one, of all or of those in some states."""
    other = aliased(Job)
    newest = select(func.max(other.id)).where(other.sighting_id == Job.sighting_id)
    if set(states) != set(JobState):
        newest = newest.where(other.state.in_(states))
    return Job.id == newest.correlate(Job).scalar_subquery()
