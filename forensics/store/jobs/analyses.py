"""Which content was or is being examined by which pipeline: the same bytes are analysed once per pipeline."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from ...errors import ErrorCode
from ...records import Failure
from ...serialization import plain
from ..database import insert_unless_there
from ..models import Analysis, Job, JobState, Media, Pipeline, VerdictRow
from .leases import Claim, end_claimed, held, holds, requeue

WAIT_S = 2.0
JOB, PIPELINE, SIGHTING = (Job.metadata.tables[n] for n in ("job", "pipeline", "sighting"))
LETHAL = (ErrorCode.WORKER_DIED, ErrorCode.OUT_OF_MEMORY, ErrorCode.DEADLINE)


class BegunState(StrEnum):
    """What a worker that knows its file's hash is to do."""

    GO = "go"
    LINKED = "linked"
    WAIT = "wait"
    REFUSED = "refused"


@dataclass(frozen=True)
class Begun:
    """The answer to `begin`. LINKED: the job ended with `verdict_id`. WAIT: it went back into the queue.

    REFUSED: it failed with `failure`: the same bytes under another name have cost a worker its life, time or memory.
    """

    state: BegunState
    verdict_id: int | None = None
    failure: Failure | None = None


def canonical(value: Any) -> str:
    """Return JSON with sorted keys and no spaces: one text for one value, whose UTF-8 bytes are hashed."""
    return canonical_text(plain(value))


def canonical_text(value: Any) -> str:
    """Return the same for a value that consists of JSON values already."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
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
    live lease works on the same, this one goes back into the queue for 2 s, which counts as nothing. A content that
    has cost a worker under another name is refused. Otherwise the analysis is this job's. Raises LeaseLostError.
    """
    sighting_id, _ = holds(session, claim)
    media_id = media_of(session, sha256, size_bytes, now)
    sql = session.connection()
    sql.execute(SEEN_AS, {"sighting": sighting_id, "media": media_id})
    pipeline_id = register_pipeline(session, pipeline, is_default=is_default, now=now)
    analysis_id, is_new = analysis_of(session, media_id, pipeline_id, now)
    if not is_new:
        known = answered(session, claim, media_id, analysis_id, pipeline_id, now, force=force)
        known = known or refused(session, claim, sighting_id, analysis_id, now, force=force)
        if known:
            return known
        if is_taken(session, analysis_id, claim.job_id, now):
            requeue(held(session, claim), now, delay_s=WAIT_S)
            return Begun(BegunState.WAIT)
        take_over(session, analysis_id, claim.job_id)
    sql.execute(TAKE, {"job": claim.job_id, "analysis": analysis_id})
    return Begun(BegunState.GO)


SEEN_AS = (
    update(SIGHTING)
    .where(SIGHTING.c.id == bindparam("sighting"))
    .values(media_id=bindparam("media"))
)
TAKE = update(JOB).where(JOB.c.id == bindparam("job")).values(analysis_id=bindparam("analysis"))


def answered(
    session: Session,
    claim: Claim,
    media_id: int,
    analysis_id: int,
    pipeline_id: int,
    now: datetime,
    *,
    force: bool,
) -> Begun | None:
    """End a job with the verdict that its content has; returns None when there is none or another is asked for."""
    verdict_id = None if force else newest_verdict(session, analysis_id)
    if verdict_id is None:
        return None
    end_claimed(session, claim, now, verdict_id=verdict_id, analysis_id=analysis_id)
    put_in_force(session, media_id, verdict_id, pipeline_id)
    return Begun(BegunState.LINKED, verdict_id)


def refused(
    session: Session,
    claim: Claim,
    sighting_id: int,
    analysis_id: int,
    now: datetime,
    *,
    force: bool,
) -> Begun | None:
    """Fail a job whose content, under another name, has killed its worker or hit a limit: not every copy is to cost one.

    `forensics jobs retry` of the job that failed first tries again.
    """
    lethal = (
        select(Job.id, Job.error, Job.error_message)
        .where(Job.analysis_id == analysis_id, Job.sighting_id != sighting_id)
        .where(Job.state == JobState.FAILED, Job.error.in_(LETHAL))
        .limit(1)
    )
    failed = None if force else session.execute(lethal).one_or_none()
    if failed is None or failed[1] is None:
        return None
    first, error, why = failed[0], failed[1], failed[2]
    message = f"the same bytes as job {first}, which failed: {why}; to try again: 'forensics jobs retry {first}'"
    end_claimed(session, claim, now, error=error, error_message=message)
    return Begun(BegunState.REFUSED, failure=Failure(error, message))


def media_of(session: Session, sha256: str, size_bytes: int, now: datetime) -> int:
    """Return the id of the content's row, made if there is none."""
    values = {"sha256": sha256, "size_bytes": size_bytes, "first_seen_at": now}
    made = insert_unless_there(session, Media, values)
    return made or session.scalars(select(Media.id).where(Media.sha256 == sha256)).one()


def register_pipeline(
    session: Session, description: dict[str, Any], *, is_default: bool, now: datetime
) -> int:
    """Return a pipeline's id, made if there is none; a default one becomes the default pipeline now."""
    text, digest = digested(json.dumps(description))
    known = session.connection().execute(REGISTERED, {"hash": digest}).one_or_none()
    if known is None:
        values = {"hash": digest, "description": json.loads(text), "created_at": now}
        insert_unless_there(session, Pipeline, values)
        known = session.connection().execute(REGISTERED, {"hash": digest}).one()
    pipeline_id: int = known[0]
    if is_default and known[1] != pipeline_id:
        session.execute(
            update(Pipeline).where(Pipeline.id == pipeline_id).values(default_since=now)
        )
    return pipeline_id


@lru_cache(maxsize=64)
def digested(description: str) -> tuple[str, str]:
    """Return the canonical text of a description in JSON, and its hash; every file of a run has the same."""
    text = canonical(json.loads(description))
    return text, hashlib.sha256(text.encode()).hexdigest()


def default_pipeline(session: Session) -> int | None:
    """Return the id of the default pipeline used last; verdicts of any other are stale."""
    return session.scalar(DEFAULT)


DEFAULT = (
    select(Pipeline.id)
    .where(Pipeline.default_since.is_not(None))
    .order_by(Pipeline.default_since.desc(), Pipeline.id.desc())
    .limit(1)
)
REGISTERED = select(PIPELINE.c.id, DEFAULT.scalar_subquery()).where(
    PIPELINE.c.hash == bindparam("hash")
)


def analysis_of(
    session: Session, media_id: int, pipeline_id: int, now: datetime
) -> tuple[int, bool]:
    """Return the id of the analysis of a content by a pipeline, locked, and whether it was made just now."""
    values = {"media_id": media_id, "pipeline_id": pipeline_id, "created_at": now}
    made = insert_unless_there(session, Analysis, values)
    if made is not None:
        return made, True
    of_both = (Analysis.media_id == media_id, Analysis.pipeline_id == pipeline_id)
    return session.scalars(select(Analysis.id).where(*of_both).with_for_update()).one(), False


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


def take_over(session: Session, analysis_id: int, job_id: int) -> None:
    """Take an analysis from a job whose lease ran out on it: that one can't finish any more."""
    session.execute(
        update(Job)
        .where(Job.analysis_id == analysis_id, Job.id != job_id, Job.state == JobState.RUNNING)
        .values(analysis_id=None)
    )


def put_in_force(session: Session, media_id: int, verdict_id: int, pipeline_id: int) -> None:
    """Make a verdict the one in force, if its pipeline is a default one and no newer default one has spoken."""
    mine = session.scalar(select(Pipeline.default_since).where(Pipeline.id == pipeline_id))
    theirs = session.scalar(
        select(Pipeline.default_since)
        .join(Analysis, Analysis.pipeline_id == Pipeline.id)
        .join(VerdictRow, VerdictRow.analysis_id == Analysis.id)
        .join(Media, Media.verdict_id == VerdictRow.id)
        .where(Media.id == media_id)
    )
    if mine is not None and (theirs is None or theirs <= mine):
        session.execute(update(Media).where(Media.id == media_id).values(verdict_id=verdict_id))
