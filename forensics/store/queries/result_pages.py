"""How a page of results is found among a million: no database plans these joins well by itself.

First the newest jobs are looked through, some thousand at a time, in the order of an index; most filters fill a page
there. If not, and one of the filters names only few jobs, the page is made of those. Otherwise the search goes on
through older and older jobs, more of them at a time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    SQLColumnExpression,
    and_,
    func,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import Session

from ...errors import UsageError
from ...records import Label
from ..database import is_sqlite
from ..jobs.requests import ENDED, is_newest
from ..models import Analysis, FindingRow, Job, JobState, Media, Sighting, VerdictRow
from .globs import expression, longest_text, start

SHORT_PATH, LONG_PATH = "length(sighting.path) < 600", "length(sighting.path) >= 600"  # indexes
STATES = (None, "done", "failed", "all")
WINDOW = 1000  # jobs that are looked through first; a page takes about 10 ms from these
GROWTH = 5
MOST = 25_000
FEW = 5000  # jobs that are worth being collected by a filter and sorted


@dataclass(frozen=True)
class ResultFilter:
    """Which results are wanted; None is any. `state`: done, failed, all; None is done and failed.

    `since` is compared with the time a job ended (or was queued or claimed, if it has not), `path_glob` with the
    path as it is shown. `past` asks also for paths that were rewritten since or are gone.
    """

    label: Label | None = None
    state: str | None = None
    since: datetime | None = None
    path_glob: str | None = None
    detector: str | None = None
    case: str | None = None
    past: bool = False

    @property
    def moment(self) -> SQLColumnExpression[Any]:
        """The time that lists go by. For ended jobs it is the same as `updated_at`, and those that wait have none."""
        return Job.updated_at if self.state == "all" else Job.finished_at


@dataclass(frozen=True)
class Place:
    """Where a list goes on: after the job with this time and number."""

    moment: datetime
    job_id: int


def place(key: str | None) -> Place | None:
    """Return the place after a result with this key. Raises UsageError for what is no key."""
    if key is None:
        return None
    try:
        moment, job_id = key.split("/")
        return Place(datetime.fromisoformat(moment), int(job_id))
    except ValueError as error:
        raise UsageError(f"{key!r} is not the key of a result") from error


def page_of(
    session: Session, wanted: ResultFilter, limit: int, after: Place | None
) -> "list[Row[tuple[object, ...]]]":
    """Return the rows of one page, the last to end first. Raises UsageError for a state that there is not."""
    if wanted.state not in STATES:
        raise UsageError(f"no state is called {wanted.state!r}; choose done, failed or all")
    page = among(session, wanted, limit, window(wanted, after, WINDOW))
    if len(page) == limit or (edge := last(session, wanted, after, WINDOW)) is None:
        return page
    few = collected(session, wanted)
    if few is not None:
        return among(session, wanted, limit, few, after)
    size = WINDOW
    while edge is not None and len(page) < limit:
        after, size = edge, min(size * GROWTH, MOST)
        page += among(session, wanted, limit - len(page), window(wanted, after, size))
        edge = last(session, wanted, after, size)
    return page


def window(wanted: ResultFilter, after: Place | None, size: int) -> "Select[int, Any]":
    """Return the statement for the next jobs in the order of the list; an index has them in this order."""
    moment: Any = wanted.moment
    jobs = select(Job.id, moment.label("moment")).where(*listed(wanted, after))
    return jobs.order_by(wanted.moment.desc(), Job.id.desc()).limit(size)


def listed(wanted: ResultFilter, after: Place | None) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions that the index of the list's order meets."""
    moment = wanted.moment
    if wanted.state in ("done", "failed"):
        yield Job.state == JobState(wanted.state)
    if wanted.state != "all":
        yield moment.is_not(None)
    if wanted.since is not None:
        yield moment >= wanted.since
    if after is not None:
        yield moment <= after.moment
        yield or_(moment < after.moment, and_(moment == after.moment, Job.id < after.job_id))


def last(session: Session, wanted: ResultFilter, after: Place | None, size: int) -> Place | None:
    """Return the place after a window, or None when nothing comes after it."""
    jobs = window(wanted, after, size).subquery()
    count = func.count().over()
    oldest = select(jobs.c.id, jobs.c.moment, count).order_by(jobs.c.moment, jobs.c.id).limit(1)
    row = session.execute(oldest).one_or_none()
    return Place(row.moment, row.id) if row and row[2] == size else None


def collected(session: Session, wanted: ResultFilter) -> "Select[int] | None":
    """Return the statement for the jobs that one of the filters names, if one names only few."""
    for jobs in named(session, wanted):
        ids = session.scalars(jobs.limit(FEW + 1)).all()
        if len(ids) <= FEW:
            return select(Job.id).where(Job.id.in_(ids))
    return None


def named(session: Session, wanted: ResultFilter) -> "Iterator[Select[int]]":
    """Yield for each filter the statement for the jobs that it names."""
    if wanted.case is not None:
        yield select(Job.id).join(Sighting).where(Sighting.case == wanted.case)
    if wanted.detector is not None:
        findings = FindingRow.verdict_id == Job.verdict_id
        yield (
            select(Job.id).join(FindingRow, findings).where(FindingRow.detector == wanted.detector)
        )
    if wanted.path_glob is not None:
        yield at_paths(session, wanted.path_glob)
    if wanted.label is not None:
        verdicts = VerdictRow.id == Job.verdict_id
        yield select(Job.id).join(VerdictRow, verdicts).where(VerdictRow.label == wanted.label)


def at_paths(session: Session, glob: str) -> "Select[int]":
    """Return the statement for the jobs at the paths that match a pattern."""
    matches = tuple(path_conditions(session, glob))
    starting = tuple(path_range(session, glob))
    short = select(Sighting.id).where(text(SHORT_PATH), *starting, *matches)
    long = select(Sighting.id).where(text(LONG_PATH), *matches)
    paths = union_all(short, long).subquery()
    return select(Job.id).join(paths, paths.c.id == Job.sighting_id)


def path_range(session: Session, glob: str) -> Iterator[ColumnElement[bool]]:
    """Yield conditions, met by the index, that paths begin as a pattern does."""
    begins = start(glob)
    if begins and is_sqlite(session):
        yield Sighting.path >= begins
        yield Sighting.path < begins + "\U0010ffff"
    elif begins:
        yield Sighting.path.startswith(begins, autoescape=True)


def path_conditions(session: Session, glob: str) -> Iterator[ColumnElement[bool]]:
    """Yield conditions that paths match a pattern: its longest text is looked for first, which is quick."""
    literal = longest_text(glob)
    if literal and is_sqlite(session):
        yield func.instr(Sighting.path, literal) > 0
    elif literal:
        yield Sighting.path.contains(literal, autoescape=True)
    yield Sighting.path.regexp_match(expression(glob))


def among(
    session: Session,
    wanted: ResultFilter,
    limit: int,
    jobs: "Select[int] | Select[int, Any]",
    after: Place | None = None,
) -> "list[Row[tuple[object, ...]]]":
    """Return the results among some jobs."""
    ids = jobs.subquery()
    rows = (
        selected()
        .join_from(ids, Job, Job.id == ids.c.id)
        .join(Sighting, Sighting.id == Job.sighting_id)
        .outerjoin(Media, Media.id == Sighting.media_id)
        .outerjoin(VerdictRow, VerdictRow.id == Job.verdict_id)
        .outerjoin(Analysis, Analysis.id == VerdictRow.analysis_id)
        .where(*conditions(session, wanted), *listed(wanted, after))
        .order_by(wanted.moment.desc(), Job.id.desc())
        .limit(limit)
    )
    return list(session.execute(rows))


def selected() -> "Select[*tuple[object, ...]]":
    """Return the columns of a result."""
    return select(
        Sighting.path,
        Media.sha256,
        Job.state,
        VerdictRow.label,
        VerdictRow.reason,
        VerdictRow.fake,
        VerdictRow.log10_lr,
        Job.error,
        Job.error_message,
        Analysis.pipeline_id,
        VerdictRow.created_at,
        Job.updated_at,
        Job.verdict_id,
        Job.id.label("job_id"),
    )


def conditions(session: Session, wanted: ResultFilter) -> Iterator[SQLColumnExpression[bool]]:
    """Yield the filter in SQL, as far as the order of the list does not meet it."""
    if not wanted.past:
        yield Sighting.is_current
    yield is_newest() if wanted.state == "all" else is_newest(ENDED)
    if wanted.label is not None:
        yield func.coalesce(VerdictRow.label, "") == wanted.label  # not by the label's own index
    if wanted.path_glob is not None:
        yield from path_conditions(session, wanted.path_glob)
    if wanted.detector is not None:
        yield found_by(wanted.detector)
    if wanted.case is not None:
        yield Sighting.case == wanted.case


def found_by(detector: str) -> SQLColumnExpression[bool]:
    """Return the condition that a detector contributed to the verdict."""
    return (
        select(FindingRow.id)
        .where(FindingRow.verdict_id == VerdictRow.id, FindingRow.detector == detector)
        .exists()
    )
