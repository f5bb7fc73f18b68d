"""How the queue, the files and the daemons are doing."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, not_, or_, select, union
from sqlalchemy.orm import Session

from ...errors import ErrorCode
from ...serialization import plain
from ..jobs.requests import ENDED, UNFINISHED, is_newest
from ..models import Daemon, Job, JobState, Sighting

ALIVE_S = 30.0
LATELY_MIN = 10.0


@dataclass(frozen=True)
class DaemonLine:
    """A daemon that beats."""

    host: str
    pid: int
    folders: tuple[str, ...]
    workers: int
    started_at: datetime
    beat_at: datetime


@dataclass(frozen=True)
class RunningLine:
    """A file that is being analysed, and since when."""

    path: str
    since: datetime | None


@dataclass(frozen=True)
class LastError:
    """The failure of the current file that failed last."""

    path: str
    error: ErrorCode
    message: str | None
    at: datetime


@dataclass(frozen=True)
class Status:
    """`states` counts jobs that are queued and running, and current files whose newest ended job is done or failed.

    `oldest_waiting` is when the job that waits longest was queued; `failed_by_code` splits up the failed files;
    `per_minute` is how many jobs ended a minute lately (`files_a_minute`).
    """

    states: dict[JobState, int]
    oldest_waiting: datetime | None
    daemons: tuple[DaemonLine, ...]
    running: tuple[RunningLine, ...]
    per_minute: float
    failed_by_code: dict[ErrorCode, int]
    last_error: LastError | None

    def plain(self) -> dict[str, Any]:
        """Return it as JSON values."""
        values: dict[str, Any] = plain(self)
        return values


@dataclass(frozen=True)
class JobLine:
    """A job in a list. `message` says more about its error."""

    id: int
    path: str
    state: JobState
    priority: int
    attempts: int
    interruptions: int
    created_at: datetime
    not_before: datetime
    finished_at: datetime | None
    error: ErrorCode | None
    message: str | None
    verdict_id: int | None

    def plain(self) -> dict[str, Any]:
        """Return it as JSON values."""
        values: dict[str, Any] = plain(asdict(self))
        return values


def status(session: Session, now: datetime) -> Status:
    """Return how things stand."""
    ended = ended_files(session)
    waiting, oldest = queue(session)
    failed = {error: n for (state, error), n in ended.items() if error is not None}
    done = sum(n for (state, error), n in ended.items() if state is JobState.DONE)
    return Status(
        waiting | {JobState.DONE: done, JobState.FAILED: sum(failed.values())},
        oldest,
        alive(session, now),
        running(session),
        files_a_minute(session, now),
        failed,
        last_error(session),
    )


def queue(session: Session) -> tuple[dict[JobState, int], datetime | None]:
    """Return the number of jobs that are queued and running, and when the one that waits longest was queued."""
    states = select(Job.state, func.count()).where(Job.state.in_(UNFINISHED)).group_by(Job.state)
    counts = dict.fromkeys(UNFINISHED, 0) | {row[0]: row[1] for row in session.execute(states)}
    oldest = select(func.min(Job.created_at)).where(Job.state == JobState.QUEUED)
    return counts, session.scalar(oldest)


def ended_files(session: Session) -> dict[tuple[JobState, ErrorCode | None], int]:
    """Count the current files by what their newest ended job came to.

    All ended jobs are counted, less those that stand for no file any more: mostly few. To look up each job's file
    and successor takes ten times as long.
    """
    done = select(func.count()).select_from(Job).where(Job.state == JobState.DONE)
    counts: dict[tuple[JobState, ErrorCode | None], int] = {
        (JobState.DONE, None): session.scalar(done) or 0
    }
    for state, error, count in session.execute(jobs_by_kind().where(Job.state == JobState.FAILED)):
        counts[state, error] = count
    for state, error, count in session.execute(past_jobs()):
        if state in ENDED:
            counts[state, error] = counts.get((state, error), 0) - count
    return {kind: count for kind, count in counts.items() if count > 0}


def jobs_by_kind() -> "Select[JobState, ErrorCode | None, int]":
    """Return the statement that counts jobs by what they came to."""
    kinds = (Job.state, Job.error)
    return select(*kinds, func.count()).group_by(*kinds)


def past_jobs() -> "Select[JobState, ErrorCode | None, int]":
    """Return the statement for jobs of files that are gone or were rewritten, and for those with an ended successor.

    Nothing in it but the files may be met by an index: these are the fewest.
    """
    gone = select(Sighting.id).where(Sighting.gone_at.is_not(None))
    often = select(Job.sighting_id).group_by(Job.sighting_id).having(func.count() > 1)
    past = or_(Sighting.gone_at.is_not(None), not_(is_newest(ENDED)))
    jobs = jobs_by_kind().select_from(Job).join(Sighting)
    return jobs.where(Job.sighting_id.in_(union(gone, often)), past)


def alive(session: Session, now: datetime) -> tuple[DaemonLine, ...]:
    """Return the daemons that have beaten lately and not stopped."""
    rows = session.scalars(
        select(Daemon)
        .where(Daemon.stopped_at.is_(None), Daemon.beat_at > now - timedelta(seconds=ALIVE_S))
        .order_by(Daemon.id)
    )
    return tuple(
        DaemonLine(d.host, d.pid, tuple(d.folders), d.workers, d.started_at, d.beat_at)
        for d in rows
    )


def running(session: Session) -> tuple[RunningLine, ...]:
    """Return the files that are being analysed, in the order of their jobs."""
    jobs = select(Sighting.path, Job.started_at).join(Job, Job.sighting_id == Sighting.id)
    rows = session.execute(jobs.where(Job.state == JobState.RUNNING).order_by(Job.id))
    return tuple(RunningLine(path, since) for path, since in rows)


def files_a_minute(session: Session, now: datetime) -> float:
    """Return the jobs that ended per minute over the last 10 minutes, counted from when the first of them was begun.

    So a queue that has just filled is not held against the idle time before it.
    """
    start = now - timedelta(minutes=LATELY_MIN)
    jobs = select(func.count(), func.min(Job.started_at)).where(Job.finished_at > start)
    count, begun = session.execute(jobs).one()
    if not count:
        return 0.0
    seconds = (now - max(begun or start, start)).total_seconds()
    return round(60 * float(count) / max(seconds, 1.0), 2)


def last_error(session: Session) -> LastError | None:
    """Return the last failure among current files that has not been made good since."""
    row = session.execute(
        select(Sighting.path, Job.error, Job.error_message, Job.updated_at)
        .join(Job, Job.sighting_id == Sighting.id)
        .where(Job.state == JobState.FAILED, Sighting.is_current, is_newest(ENDED))
        .order_by(Job.finished_at.desc(), Job.id.desc())
        .limit(1)
    ).one_or_none()
    return LastError(row[0], row[1], row[2], row[3]) if row and row[1] else None


def job_list(
    session: Session, state: JobState | None, limit: int, before: int | None = None
) -> list[JobLine]:
    """Return jobs, the newest first; `before` is the last job's id on the page before."""
    jobs = select(Job, Sighting.path).join(Sighting).order_by(Job.id.desc()).limit(limit)
    if state is not None:
        jobs = jobs.where(Job.state == state)
    if before is not None:
        jobs = jobs.where(Job.id < before)
    return [job_line(job, path) for job, path in session.execute(jobs)]


def job_line(job: Job, path: str) -> JobLine:
    """Return a job as a line of a list."""
    return JobLine(
        job.id,
        path,
        job.state,
        job.priority,
        job.attempts,
        job.interruptions,
        job.created_at,
        job.not_before,
        job.finished_at,
        job.error,
        job.error_message,
        job.verdict_id,
    )
