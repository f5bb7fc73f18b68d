"""Which content was or is being examined by which pipeline: the same bytes are analysed once per pipeline."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ..plain import plain
from .database import insert_new
from .leases import Claim, end, held, requeue
from .models import Analysis, Job, JobState, Media, Pipeline, Sighting, VerdictRow

WAIT_S = 2.0


class BegunState(StrEnum):
    """What a worker that knows its file's hash is to do."""

    GO = "go"
    LINKED = "linked"
    WAIT = "wait"


@dataclass(frozen=True)
class Begun:
    """The answer to `begin`. LINKED: the job ended with `verdict_id`. WAIT: it went back into the queue."""

    state: BegunState
    verdict_id: int | None = None


def canonical(value: Any) -> str:
    """Return JSON with sorted keys and no spaces: one text for one value, whose UTF-8 bytes are hashed."""
    return json.dumps(
        plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def begin(
    session: Session,
    claim: Claim,
    sha256: str,
    size_bytes: int,
    pipeline: dict[str, Any],
    *,
    is_default: bool,
    force: bool,
    now: datetime,
) -> Begun:
    """Decide what becomes of a claimed job now that its content is known.

    A verdict of this content by this pipeline is linked, unless `force` asks for another. While another job with a
    live lease works on the same, this one goes back into the queue for 2 s, which counts as nothing. Otherwise the
    analysis is this job's. Raises LeaseLostError.
    """
    job = held(session, claim)
    media = media_of(session, sha256, size_bytes, now)
    session.execute(
        update(Sighting).where(Sighting.id == job.sighting_id).values(media_id=media.id)
    )
    pipeline_id = register_pipeline(session, pipeline, is_default=is_default, now=now)
    analysis = analysis_of(session, media.id, pipeline_id, now)
    verdict_id = None if force else newest_verdict(session, analysis.id)
    if verdict_id is not None:
        job.analysis_id = analysis.id
        end(job, now, verdict_id=verdict_id)
        put_in_force(session, media, verdict_id, pipeline_id)
        return Begun(BegunState.LINKED, verdict_id)
    if is_taken(session, analysis.id, job.id, now):
        requeue(job, now, delay_s=WAIT_S)
        return Begun(BegunState.WAIT)
    take_over(session, analysis.id, job)
    return Begun(BegunState.GO)


def media_of(session: Session, sha256: str, size_bytes: int, now: datetime) -> Media:
    """Return the content's row, made if there is none."""
    values = {"sha256": sha256, "size_bytes": size_bytes, "first_seen_at": now}
    insert_new(session, Media, values)
    return session.scalars(select(Media).where(Media.sha256 == sha256)).one()


def register_pipeline(
    session: Session, description: dict[str, Any], *, is_default: bool, now: datetime
) -> int:
    """Return a pipeline's id, made if there is none; a default one becomes the default pipeline now."""
    text = canonical(description)
    digest = hashlib.sha256(text.encode()).hexdigest()
    values = {"hash": digest, "description": json.loads(text), "created_at": now}
    found = session.scalar(select(Pipeline.id).where(Pipeline.hash == digest))
    if found is None:
        insert_new(session, Pipeline, values)
        found = session.scalars(select(Pipeline.id).where(Pipeline.hash == digest)).one()
    if is_default and default_pipeline(session) != found:
        session.execute(update(Pipeline).where(Pipeline.id == found).values(default_since=now))
    return found


def default_pipeline(session: Session) -> int | None:
    """Return the id of the default pipeline used last; verdicts of any other are stale."""
    return session.scalar(
        select(Pipeline.id)
        .where(Pipeline.default_since.is_not(None))
        .order_by(Pipeline.default_since.desc(), Pipeline.id.desc())
        .limit(1)
    )


def analysis_of(session: Session, media_id: int, pipeline_id: int, now: datetime) -> Analysis:
    """Return the analysis of a content by a pipeline, locked; made if there is none."""
    values = {"media_id": media_id, "pipeline_id": pipeline_id, "created_at": now}
    insert_new(session, Analysis, values)
    of_both = (Analysis.media_id == media_id, Analysis.pipeline_id == pipeline_id)
    return session.scalars(select(Analysis).where(*of_both).with_for_update()).one()


def newest_verdict(session: Session, analysis_id: int) -> int | None:
    """Return the id of an analysis's newest verdict."""
    return session.scalar(
        select(VerdictRow.id)
        .where(VerdictRow.analysis_id == analysis_id)
        .order_by(VerdictRow.id.desc())
        .limit(1)
    )


def is_taken(session: Session, analysis_id: int, job_id: int, now: datetime) -> bool:
    """Say whether another job that is alive works on an analysis."""
    others = select(Job.id).where(
        Job.analysis_id == analysis_id,
        Job.id != job_id,
        Job.state == JobState.RUNNING,
        Job.lease_expires_at >= now,
    )
    return session.scalar(others.limit(1)) is not None


def take_over(session: Session, analysis_id: int, job: Job) -> None:
    """Give an analysis to a job. One whose lease ran out on it loses it, and can't finish any more."""
    session.execute(
        update(Job)
        .where(Job.analysis_id == analysis_id, Job.id != job.id, Job.state == JobState.RUNNING)
        .values(analysis_id=None)
    )
    job.analysis_id = analysis_id


def put_in_force(session: Session, media: Media, verdict_id: int, pipeline_id: int) -> None:
    """Make a verdict the one in force, if its pipeline is a default one and no newer default one has spoken."""
    mine = session.scalar(select(Pipeline.default_since).where(Pipeline.id == pipeline_id))
    theirs = session.scalar(
        select(Pipeline.default_since)
        .join(Analysis, Analysis.pipeline_id == Pipeline.id)
        .join(VerdictRow, VerdictRow.analysis_id == Analysis.id)
        .where(VerdictRow.id == media.verdict_id)
    )
    if mine is not None and (theirs is None or theirs <= mine):
        media.verdict_id = verdict_id
