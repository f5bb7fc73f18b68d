"""What the pages ask besides `queries`: one job as it goes on, jobs with parameters of their own, files to serve."""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from ...errors import ErrorCode
from ...records import Label
from ..jobs.analyses import default_pipeline
from ..jobs.sightings import SeenFile, below, unsigned
from ..models import Job, JobState, Media, Pipeline, Sighting, VerdictRow
from ..paths import hashed, unshown

ASKED_FOR = {"frames", "detectors"}
"""The parameters that an upload may have; what else a scan asks for, only that scan can do."""


@dataclass(frozen=True)
class JobView:
    """One job. `ahead` counts the jobs that are taken before it; `name` is what its file came as, or its path's end."""

    id: int
    state: JobState
    path: str
    name: str
    sha256: str | None
    size_bytes: int
    parameters: dict[str, Any]
    created_at: datetime
    since: datetime | None
    ahead: int
    error: ErrorCode | None
    message: str | None
    verdict_id: int | None
    label: Label | None


def job_views(session: Session, ids: Collection[int]) -> list[JobView]:
    """Return jobs in the order of their numbers; those that there are not are left out."""
    rows = session.execute(
        select(Job, Sighting, Media.sha256, VerdictRow.label)
        .select_from(Job)
        .join(Sighting, Sighting.id == Job.sighting_id)
        .outerjoin(Media, Media.id == Sighting.media_id)
        .outerjoin(VerdictRow, VerdictRow.id == Job.verdict_id)
        .where(Job.id.in_(ids))
        .order_by(Job.id)
    ).all()
    return [job_view(session, *row) for row in rows]


def job_view(
    session: Session, job: Job, seen: Sighting, sha256: str | None, label: Label | None
) -> JobView:
    """Return a job with its file."""
    return JobView(
        job.id,
        job.state,
        seen.path,
        seen.exhibit or seen.path.rsplit("/", 1)[-1],
        sha256,
        seen.size_bytes,
        job.parameters,
        job.created_at,
        job.started_at if job.state is JobState.RUNNING else None,
        ahead_of(session, job) if job.state is JobState.QUEUED else 0,
        job.error,
        job.error_message,
        job.verdict_id,
        label,
    )


def ahead_of(session: Session, job: Job) -> int:
    """Return how many jobs of the same kind are taken before a queued one."""
    sooner = or_(Job.priority > job.priority, and_(Job.priority == job.priority, Job.id < job.id))
    waiting = select(func.count()).select_from(Job).where(Job.state == JobState.QUEUED, sooner)
    return session.scalar(waiting.where(Job.is_default == job.is_default)) or 0


def asked_jobs(session: Session, folder: str, now: datetime) -> dict[int, dict[str, Any]]:
    """Return the jobs with ASKED_FOR of their own for files below a folder that nobody works on, oldest first."""
    lost = and_(Job.state == JobState.RUNNING, Job.lease_expires_at < now)
    rows = session.execute(
        select(Job.id, Job.parameters)
        .join(Sighting, Sighting.id == Job.sighting_id)
        .where(or_(Job.state == JobState.QUEUED, lost), Job.is_default.is_(False), below(folder))
        .order_by(Job.id)
    )
    return {row[0]: row[1] for row in rows if row[1].keys() <= ASKED_FOR}


def default_detectors(session: Session) -> tuple[str, ...]:
    """Return the names of the default pipeline's detectors; none before a worker has started for the first time."""
    pipeline = session.get(Pipeline, default_pipeline(session) or 0)
    detectors = pipeline.description.get("detectors", ()) if pipeline else ()
    return tuple(sorted(str(detector["name"]) for detector in detectors))


def files_of(session: Session, sha256: str) -> Sequence[SeenFile]:
    """Return the current files that held a content when they were analysed, as they were then; the newest first."""
    rows = session.execute(
        select(Sighting.path_key, Sighting.size_bytes, Sighting.mtime_ns, Sighting.inode)
        .join(Media, Media.id == Sighting.media_id)
        .where(Media.sha256 == sha256, Sighting.is_current)
        .order_by(Sighting.id.desc())
        .limit(20)
    )
    return [SeenFile(os.fsdecode(row[0]), row[1], row[2], unsigned(row[3])) for row in rows]


def newest_job_of(session: Session, sha256: str | None, path: str | None) -> int | None:
    """Return the newest job about a content, or about a path as it is shown where no content is known yet."""
    if sha256 is None and path is None:
        return None
    jobs = select(func.max(Job.id)).join(Sighting, Sighting.id == Job.sighting_id)
    if sha256 is None:
        return session.scalar(jobs.where(Sighting.path_hash == hashed(unshown(path or ""))))
    return session.scalar(
        jobs.join(Media, Media.id == Sighting.media_id).where(Media.sha256 == sha256)
    )


def exhibits(session: Session, paths: Collection[str]) -> dict[str, str]:
    """Return what current files came as, by their path as it is shown; those without a name of their own are left out."""
    hashes = [hashed(unshown(path)) for path in paths]
    rows = session.execute(
        select(Sighting.path, Sighting.exhibit).where(
            Sighting.path_hash.in_(hashes), Sighting.is_current, Sighting.exhibit.is_not(None)
        )
    )
    return {path: exhibit for path, exhibit in rows if exhibit}
