"""What people and scripts ask. Filters are SQL, and lists go on after the key of the last row, never by offset.

All that reads is found here; `outcomes`, `shown` and `status` hold the parts.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, Select, SQLColumnExpression, and_, or_, select
from sqlalchemy.orm import Session

from ..errors import ErrorCode, UsageError
from ..records import Label, Reason
from .analyses import default_pipeline
from .answers import ENDED, is_newest
from .globs import expression
from .history import Judged, Seen, Shown, show
from .models import Analysis, FindingRow, Job, JobState, Media, Sighting, VerdictRow
from .outcomes import OUTCOME_FIELDS, ended_jobs, job_outcome
from .status import DaemonLine, JobLine, LastError, Status, job_list, status

__all__ = [
    "OUTCOME_FIELDS",
    "DaemonLine",
    "JobLine",
    "Judged",
    "LastError",
    "Result",
    "ResultFilter",
    "Seen",
    "Shown",
    "Status",
    "ended_jobs",
    "job_list",
    "job_outcome",
    "results",
    "show",
    "status",
]

STATES = (None, "done", "failed", "all")


@dataclass(frozen=True)
class ResultFilter:
    """Which results are wanted; None is any. `state`: done, failed, all; None is done and failed.

    `since` is compared with the time a job ended (or was queued or claimed, if it has not), `path_glob` with the
    path as it is shown.
    """

    label: Label | None = None
    state: str | None = None
    since: datetime | None = None
    path_glob: str | None = None
    detector: str | None = None
    case: str | None = None


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
    rows = session.execute(
        selected()
        .where(*conditions(wanted), *after(before))
        .order_by(Job.updated_at.desc(), Job.id.desc())
        .limit(limit)
    )
    return [result(row, current) for row in rows]


def selected() -> "Select[Job, str, str, VerdictRow, int]":
    """Return the statement for all results, unfiltered."""
    return (
        select(Job, Sighting.path, Media.sha256, VerdictRow, Analysis.pipeline_id)
        .select_from(Job)
        .join(Sighting)
        .outerjoin(Media, Media.id == Sighting.media_id)
        .outerjoin(VerdictRow, VerdictRow.id == Job.verdict_id)
        .outerjoin(Analysis, Analysis.id == VerdictRow.analysis_id)
    )


def conditions(wanted: ResultFilter) -> list[SQLColumnExpression[bool]]:
    """Return the filter in SQL."""
    if wanted.state not in STATES:
        raise UsageError(f"no state is called {wanted.state!r}; choose done, failed or all")
    found = [Sighting.is_current, *states(wanted.state)]
    if wanted.label is not None:
        found.append(VerdictRow.label == wanted.label)
    if wanted.since is not None:
        found.append(Job.updated_at >= wanted.since)
    if wanted.path_glob is not None:
        found.append(Sighting.path.regexp_match(expression(wanted.path_glob)))
    if wanted.detector is not None:
        found.append(found_by(wanted.detector))
    if wanted.case is not None:
        found.append(Sighting.case == wanted.case)
    return found


def states(state: str | None) -> list[SQLColumnExpression[bool]]:
    """Return the conditions that a job counts for its path, and is in the state asked for.

    `finished_at` says the same as two of the states, and leaves SQLite to read the index in the order of the list.
    """
    if state == "all":
        return [is_newest()]
    if state == "failed":
        return [is_newest(ENDED), Job.state == JobState.FAILED]
    if state == "done":
        return [is_newest(ENDED), Job.finished_at.is_not(None), Job.error.is_(None)]
    return [is_newest(ENDED), Job.finished_at.is_not(None)]


def found_by(detector: str) -> SQLColumnExpression[bool]:
    """Return the condition that a detector contributed to the verdict."""
    return (
        select(FindingRow.id)
        .where(FindingRow.verdict_id == VerdictRow.id, FindingRow.detector == detector)
        .exists()
    )


def after(key: str | None) -> list[SQLColumnExpression[bool]]:
    """Return the condition that a job comes after the one with this key."""
    if key is None:
        return []
    try:
        moment, job_id = key.split("/")
        updated_at, last = datetime.fromisoformat(moment), int(job_id)
    except ValueError as error:
        raise UsageError(f"{key!r} is not the key of a result") from error
    same = and_(Job.updated_at == updated_at, Job.id < last)
    return [Job.updated_at <= updated_at, or_(Job.updated_at < updated_at, same)]


def result(row: "Row[Job, str, str, VerdictRow, int]", current: int | None) -> Result:
    """Return a row as a result; `current` is the default pipeline's id."""
    job, path, sha256, verdict, pipeline_id = row
    return Result(
        path=path,
        sha256=sha256,
        state=job.state,
        label=verdict.label if verdict else None,
        reason=verdict.reason if verdict else None,
        fake=verdict.fake if verdict else None,
        log10_lr=verdict.log10_lr if verdict else None,
        error=job.error,
        error_message=job.error_message,
        stale=verdict is not None and pipeline_id != current,
        created_at=verdict.created_at if verdict else job.updated_at,
        verdict_id=job.verdict_id,
        job_id=job.id,
        key=f"{job.updated_at.isoformat()}/{job.id}",
    )
