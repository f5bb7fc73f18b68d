"""What became of a job, with everything its verdict says."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ...errors import ErrorCode
from ...records import StoredVerdict
from ..database import chunks
from ..jobs.requests import ENDED
from ..models import Job, JobState, Media, Sighting, VerdictRow
from . import validations
from .stored_verdicts import pipeline_hash, read_verdict
from .validations import OwnValidation

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


@dataclass(frozen=True)
class JobOutcome:
    """What became of a job: its verdict, or why it has none. `payload` is the verdict's stored text."""

    path: str
    sha256: str | None
    state: JobState
    error: ErrorCode | None
    error_message: str | None
    verdict_id: int | None
    payload: str | None
    validations: tuple[OwnValidation, ...]

    @cached_property
    def verdict(self) -> StoredVerdict | None:
        """The verdict, read when it is first asked for."""
        return read_verdict(self.payload) if self.payload else None

    def plain(self) -> dict[str, Any]:
        """Return OUTCOME_FIELDS as JSON values; without a verdict its fields are null or empty."""
        around = {
            "path": self.path,
            "sha256": self.sha256,
            "state": self.state.value,
            "error": self.error and self.error.value,
            "error_message": self.error_message,
            "verdict_id": self.verdict_id,
            "validations": [validation.plain() for validation in self.validations],
        }
        verdict = json.loads(self.payload) if self.payload else {}
        return {name: (EMPTY | verdict | around)[name] for name in OUTCOME_FIELDS}


def job_outcome(session: Session, job_id: int) -> JobOutcome:
    """Return what became of one job. Raises NoResultFound."""
    job, path, sha256, payload = session.execute(
        select(Job, Sighting.path, Media.sha256, VerdictRow.payload)
        .select_from(Job)
        .join(Sighting)
        .outerjoin(Media, Media.id == Sighting.media_id)
        .outerjoin(VerdictRow, VerdictRow.id == Job.verdict_id)
        .where(Job.id == job_id)
    ).one()
    return JobOutcome(
        path,
        sha256,
        job.state,
        job.error,
        job.error_message,
        job.verdict_id,
        payload,
        validations.beside(session, pipeline_hash(payload)) if payload else (),
    )
