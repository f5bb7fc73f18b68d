"""The list of results: what is known of every current path."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from ...errors import ErrorCode
from ...records import Label, Reason
from ..jobs.analyses import default_pipeline
from ..models import JobState
from .result_pages import ResultFilter, page_of, place

RESULT_COLUMNS = (
    "path",
    "sha256",
    "state",
    "label",
    "reason",
    "fake",
    "log10_lr",
    "error",
    "stale",
    "created_at",
    "verdict_id",
)
"""What tables of results have for scripts, in this order; each is a field of Result."""


@dataclass(frozen=True)
class Result:
    """What is known of one current path. `created_at` is the verdict's time, or that of the job's last change.

    A result is stale when its verdict was made by another pipeline than the default one used last. `key` is where a
    list goes on after it.
    """

    path: str
    sha256: str | None
    state: JobState
    label: Label | None
    reason: Reason | None
    fake: float | None
    log10_lr: float | None
    error: ErrorCode | None
    error_message: str | None
    stale: bool
    created_at: datetime
    verdict_id: int | None
    job_id: int
    key: str


def results(
    session: Session, wanted: ResultFilter, limit: int, before: str | None = None
) -> list[Result]:
    """Return at most `limit` results, one for each current path, the last to end first; `before` is a result's key.

    The newest job of a path that has ended counts, or with the state `all` the newest of any state.
    Raises UsageError for a state or key that there is not.
    """
    current = default_pipeline(session)
    return [result(row, current) for row in page_of(session, wanted, limit, place(before))]


def result(row: "Row[tuple[Any, ...]]", current: int | None) -> Result:
    """Return a row as a result; `current` is the default pipeline's id."""
    return Result(
        path=row.path,
        sha256=row.sha256,
        state=row.state,
        label=row.label,
        reason=row.reason,
        fake=row.fake,
        log10_lr=row.log10_lr,
        error=row.error,
        error_message=row.error_message,
        stale=row.verdict_id is not None and row.pipeline_id != current,
        created_at=row.created_at or row.updated_at,
        verdict_id=row.verdict_id,
        job_id=row.job_id,
        key=f"{row.updated_at.isoformat()}/{row.job_id}",
    )
