"""What became of a job, with everything its verdict says, as JSON values."""

import json
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..database import chunks
from ..jobs.requests import ENDED
from ..models import Job, Media, Sighting, VerdictRow
from . import validations

OUTCOME_FIELDS = (
    "path",
    "sha256",
    "state",
    "label",
    "reason",
    "fake",
    "log10_lr",
    "error",
    "error_message",
    "examined",
    "not_examined",
    "coverage",
    "findings",
    "media",
    "provenance",
    "verdict_id",
    "validations",
)
EMPTY: dict[str, Any] = {
    **dict.fromkeys(OUTCOME_FIELDS),
    "examined": [],
    "not_examined": [],
    "findings": [],
    "validations": [],
}


def ended_jobs(session: Session, job_ids: Collection[int]) -> Iterator[int]:
    """Yield those of the jobs that are done or failed."""
    for chunk in chunks(sorted(job_ids)):
        yield from session.scalars(select(Job.id).where(Job.id.in_(chunk), Job.state.in_(ENDED)))


def job_outcome(session: Session, job_id: int) -> dict[str, Any]:
    """Return OUTCOME_FIELDS of one job; a job without a verdict has them null or empty. Raises NoResultFound."""
    job, path, sha256, payload = session.execute(
        select(Job, Sighting.path, Media.sha256, VerdictRow.payload)
        .select_from(Job)
        .join(Sighting)
        .outerjoin(Media, Media.id == Sighting.media_id)
        .outerjoin(VerdictRow, VerdictRow.id == Job.verdict_id)
        .where(Job.id == job_id)
    ).one()
    told = json.loads(payload) if payload else {}
    own = {
        "path": path,
        "sha256": sha256,
        "state": job.state.value,
        "error": job.error and job.error.value,
        "error_message": job.error_message,
        "verdict_id": job.verdict_id,
        "validations": validations.told(session, told["pipeline"]) if told else [],
    }
    return {name: (EMPTY | told | own)[name] for name in OUTCOME_FIELDS}
