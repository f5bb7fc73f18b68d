"""What was seen where: the files of a listing compared with those known, and the jobs that follow."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    String,
    and_,
    any_,
    bindparam,
    func,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.orm import Session

from ...errors import ErrorCode
from ..database import SIGHT_TURN, chunks, is_sqlite, take_turn
from ..models import Job, JobState, Sighting
from ..paths import hashed, raw, shown
from .requests import Request, add_jobs, answer_known


@dataclass(frozen=True)
class SeenFile:
    """A regular file as a listing found it. `path` is absolute and comes from `os.fsdecode`."""

    path: str
    size_bytes: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True)
class Sighted:
    """What became of a listing: numbers of files, and the jobs that answer for them in the order of the files.

    A file known for long has no job here, unless one was asked for.
    """

    new: int
    changed: int
    known: int
    job_ids: tuple[int, ...]


class Known(NamedTuple):
    """A sighting as far as it is compared."""

    id: int
    path_hash: str
    state: tuple[int, int, int]
    is_current: bool


def signed(number: int) -> int:
    """Return a 64-bit number as databases store it; inode numbers of some file systems use all bits."""
    return (number + 2**63) % 2**64 - 2**63


def unsigned(number: int) -> int:
    """Return an inode number as the file system gave it."""
    return number % 2**64


def state_of(file: SeenFile) -> tuple[int, int, int]:
    """Return what tells whether a file has changed, as stored."""
    return file.size_bytes, signed(file.mtime_ns), signed(file.inode)


def sight(
    session: Session,
    files: Iterable[SeenFile],
    now: datetime,
    *,
    parameters: Mapping[str, Any] | None = None,
    priority: int = 0,
    case: str | None = None,
    exhibit: str | None = None,
    is_default: bool = True,
    force: bool = False,
    again: bool = False,
) -> Sighted:
    """Record a listing and queue a job for each file that is new or was rewritten; hashes and opens nothing.

    A known file gets a job when it has none with these parameters, with `force`, or, once its job has ended, with
    `again`. One that was taken for gone and is back is known. A rewritten file is a new sighting; a job still queued
    for the old one fails as `changed`, so that new bytes are never analysed under an old sighting. A path given twice
    counts once. Writers wait for each other: give it some thousand files at a time.
    """
    parameters = {**(parameters or {}), **({"force": True} if force else {})}
    request = Request(parameters, priority, case, exhibit, is_default, force, again)
    take_turn(session, SIGHT_TURN)
    unique = {file.path: file for file in files}
    parts = [sight_chunk(session, chunk, now, request) for chunk in chunks(unique.values())]
    return Sighted(
        sum(part.new for part in parts),
        sum(part.changed for part in parts),
        sum(part.known for part in parts),
        tuple(job_id for part in parts for job_id in part.job_ids),
    )


def sight_chunk(
    session: Session, files: Sequence[SeenFile], now: datetime, request: Request
) -> Sighted:
    """Do what `sight` says for files that fit into one statement."""
    hashes = {hashed(file.path): file for file in files}
    before = known_sightings(session, hashes)
    same = {k.path_hash: k for k in before if k.state == state_of(hashes[k.path_hash])}
    current = {k.path_hash: k for k in before if k.is_current}
    replaced = [k for k in current.values() if same.get(k.path_hash) != k]
    supersede(session, replaced, now)
    revive(session, [k.id for k in same.values() if not k.is_current])
    label(session, [k.id for k in same.values()], request)
    added = add(session, {h: f for h, f in hashes.items() if h not in same}, now, request)
    known_jobs = answer_known(session, [k.id for k in same.values()], now, request)
    new_jobs = add_jobs(session, list(added.values()), now, request)
    ids = added | {k.path_hash: k.id for k in same.values()}
    jobs = known_jobs | new_jobs
    changed = len({k.path_hash for k in replaced} & set(added))
    answered = tuple(jobs[ids[h]] for h in hashes if ids[h] in jobs)
    return Sighted(len(added) - changed, changed, len(same), answered)


def known_sightings(session: Session, hashes: Iterable[str]) -> list[Known]:
    """Return every sighting of these paths, former ones included."""
    rows = session.execute(
        select(
            Sighting.id,
            Sighting.path_hash,
            Sighting.size_bytes,
            Sighting.mtime_ns,
            Sighting.inode,
            Sighting.is_current,
        ).where(Sighting.path_hash.in_(list(hashes)))
    )
    return [Known(row[0], row[1], (row[2], row[3], row[4]), row[5]) for row in rows]


def supersede(session: Session, replaced: Sequence[Known], now: datetime) -> None:
    """Take `is_current` from sightings whose file was rewritten, and fail their queued jobs."""
    if not replaced:
        return
    ids = [known.id for known in replaced]
    session.execute(
        update(Sighting).where(Sighting.id.in_(ids)).values(is_current=False, gone_at=now)
    )
    session.execute(
        update(Job)
        .where(Job.sighting_id.in_(ids), Job.state == JobState.QUEUED)
        .values(
            state=JobState.FAILED,
            error=ErrorCode.CHANGED,
            error_message="the file was rewritten before it was analysed; its new content has a job of its own",
            finished_at=now,
            updated_at=now,
        )
    )


def revive(session: Session, ids: Sequence[int]) -> None:
    """Make sightings current again whose files are back as they were."""
    if ids:
        session.execute(
            update(Sighting).where(Sighting.id.in_(ids)).values(is_current=True, gone_at=None)
        )


def label(session: Session, ids: Sequence[int], request: Request) -> None:
    """File known sightings under the case and exhibit that were given."""
    given = {"case": request.case, "exhibit": request.exhibit}
    values = {getattr(Sighting, name): value for name, value in given.items() if value is not None}
    if ids and values:
        session.execute(update(Sighting).where(Sighting.id.in_(ids)).values(values))


def add(
    session: Session, files: Mapping[str, SeenFile], now: datetime, request: Request
) -> dict[str, int]:
    """Insert sightings; returns their ids by the hash of their path."""
    if not files:
        return {}
    rows = [sighting_row(path_hash, file, now, request) for path_hash, file in files.items()]
    returning = insert(Sighting).returning(Sighting.path_hash, Sighting.id)
    return {row[0]: row[1] for row in session.execute(returning, rows)}


def sighting_row(path_hash: str, file: SeenFile, now: datetime, request: Request) -> dict[str, Any]:
    """Return the values of a new sighting."""
    size_bytes, mtime_ns, inode = state_of(file)
    return {
        "path_key": raw(file.path),
        "path_hash": path_hash,
        "path": shown(file.path),
        "size_bytes": size_bytes,
        "mtime_ns": mtime_ns,
        "inode": inode,
        "seen_at": now,
        "case": request.case,
        "exhibit": request.exhibit,
    }


def mark_gone(session: Session, paths: Iterable[str], now: datetime) -> int:
    """Record that files are no longer where they were; what was found in them stays. Returns how many were there."""
    return sum(mark_chunk(session, chunk, now) for chunk in chunks(paths))


def mark_chunk(session: Session, paths: Sequence[str], now: datetime) -> int:
    """Do what `mark_gone` says for as many paths as fit into one statement."""
    hashes = [hashed(path) for path in paths]
    gone = session.scalars(
        update(Sighting)
        .where(Sighting.path_hash.in_(hashes), Sighting.is_current)
        .values(is_current=False, gone_at=now)
        .returning(Sighting.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())


def compared(session: Session, files: Sequence[SeenFile]) -> tuple[list[SeenFile], int]:
    """Return the files that `sight` has something to do for, and the number of paths at which a file was seen before.

    As many as fit into one statement. A path counts while it is current, whatever has become of its content.
    """
    hashes = {hashed(file.path): file for file in files}
    asked = CURRENT_SQLITE if is_sqlite(session) else CURRENT
    rows = session.connection().execute(asked, {"hashes": list(hashes)})
    current = {row[0]: (row[1], row[2], row[3]) for row in rows}
    news = [f for path_hash, f in hashes.items() if current.get(path_hash) != state_of(f)]
    return news, len(current)


SIGHTING = Sighting.metadata.tables["sighting"]
SEEN = select(
    SIGHTING.c.path_hash, SIGHTING.c.size_bytes, SIGHTING.c.mtime_ns, SIGHTING.c.inode
).where(SIGHTING.c.is_current)
HASHES = bindparam("hashes", type_=ARRAY(String))
CURRENT = SEEN.where(
    SIGHTING.c.path_hash == any_(HASHES)
)  # one value, whose text is always the same
CURRENT_SQLITE = SEEN.where(SIGHTING.c.path_hash.in_(bindparam("hashes", expanding=True)))


def count_current(session: Session, under: Sequence[str]) -> int:
    """Return how many files are current below some folders."""
    counted = select(func.count()).select_from(Sighting)
    return session.scalar(counted.where(Sighting.is_current, or_(*map(below, under)))) or 0


def known_files(session: Session, under: Sequence[str] = ()) -> Iterator[SeenFile]:
    """Yield the current files, or those below some folders, in no order and without holding them all in memory."""
    rows = session.execute(
        select(Sighting.path_key, Sighting.size_bytes, Sighting.mtime_ns, Sighting.inode)
        .where(Sighting.is_current, or_(*map(below, under)) if under else true())
        .execution_options(yield_per=1000)
    )
    for path_key, size_bytes, mtime_ns, inode in rows:
        yield SeenFile(os.fsdecode(path_key), size_bytes, mtime_ns, unsigned(inode))


def below(folder: str) -> ColumnElement[bool]:
    """Return the condition that a path lies below a folder: between "folder/" and the same with the next byte."""
    start = raw(folder).rstrip(b"/")
    return and_(Sighting.path_key > start + b"/", Sighting.path_key < start + b"0")
