"""Writing verdicts: each is an entry of the chain, its findings and artifacts stand in tables of their own."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Insert, bindparam, func, insert, select, union_all, update
from sqlalchemy.orm import Session

from ...errors import LeaseLostError
from ...records import Verdict
from ...serialization import plain
from ..database import is_sqlite
from ..jobs.analyses import canonical_text, put_in_force
from ..jobs.leases import IS_HELD, Claim, end_claimed, holds
from ..models import (
    Analysis,
    ArtifactRow,
    Entry,
    EntryKind,
    FindingRow,
    Job,
    Media,
    Pipeline,
    VerdictRow,
)
from . import chain

SHOWN = ("label", "reason", "fake", "log10_lr")


def finish(session: Session, claim: Claim, verdict: Verdict, now: datetime) -> int:
    """Write a verdict with its findings, end its job, and return the verdict's id.

    Raises LeaseLostError, having written nothing, when the job or its analysis is somebody else's by now.
    """
    owned = analysed(session, claim)
    if verdict.media.sha256 != owned.sha256:
        raise ValueError(f"job {claim.job_id} is about {owned.sha256}, not {verdict.media.sha256}")
    record = plain(verdict)
    body = {**record, "created_at": plain(now), "pipeline": owned.pipeline_hash}
    verdict_id = append(session, owned.analysis_id, body, now)
    for finding in record["findings"]:
        add_finding(session, verdict_id, finding)
    end_claimed(session, claim, now, verdict_id=verdict_id)
    is_first = owned.in_force is None and owned.default_since is not None
    values = {"info": record["media"], **({"verdict_id": verdict_id} if is_first else {})}
    session.connection().execute(KNOWN, {"media": owned.media_id, **values})
    if not is_first:
        put_in_force(session, owned.media_id, verdict_id, owned.pipeline_id)
    return verdict_id


class Owned(NamedTuple):
    """What a job's verdict belongs to."""

    analysis_id: int
    media_id: int
    sha256: str
    in_force: int | None
    pipeline_id: int
    pipeline_hash: str
    default_since: datetime | None


MEDIA = Media.metadata.tables["media"]
KNOWN = update(MEDIA).where(MEDIA.c.id == bindparam("media"))
OWNED = (
    select(Analysis.id, Media.id, Media.sha256, Media.verdict_id)
    .add_columns(Pipeline.id, Pipeline.hash, Pipeline.default_since)
    .join(Media, Media.id == Analysis.media_id)
    .join(Pipeline, Pipeline.id == Analysis.pipeline_id)
    .join(Job, Job.analysis_id == Analysis.id)
    .where(Job.id == bindparam("job"), *IS_HELD)
    .with_for_update(of=Job)
)


def analysed(session: Session, claim: Claim) -> Owned:
    """Return the analysis that a claimed job owns, with its content and pipeline; lock the job.

    Raises LeaseLostError if the claim is lost, or the analysis.
    """
    which = {"job": claim.job_id, "token": claim.token}
    row = session.connection().execute(OWNED, which).one_or_none()
    if row is None:
        holds(session, claim)
        raise LeaseLostError(f"job {claim.job_id} has lost its analysis to another job")
    return Owned(*row)


def append(session: Session, analysis_id: int, body: dict[str, Any], now: datetime) -> int:
    """Add a verdict to the end of the chain and return its id; one at a time, so that it does not fork."""
    payload = canonical_text(body)
    link = chain.next_link(session, EntryKind.VERDICT, payload, now)
    values = {
        "analysis_id": analysis_id,
        "created_at": now,
        "payload": payload,
        "hash": link.hash,
        "previous_hash": link.previous_hash,
        **{name: body[name] for name in SHOWN},
    }
    statement = ADD_SQLITE if is_sqlite(session) else ADD
    verdict_id = int(session.connection().execute(statement, values).scalar_one())
    chain.add(session, EntryKind.VERDICT, link, now, verdict_id=verdict_id)
    return verdict_id


VERDICT = VerdictRow.metadata.tables["verdict"]
ADD = insert(VERDICT).returning(VERDICT.c.id)
USED = union_all(select(func.max(VerdictRow.id)), select(func.max(Entry.verdict_id))).subquery()
UNUSED = select(1 + func.coalesce(func.max(USED.c[0]), 0)).scalar_subquery()
ADD_SQLITE = ADD.values(id=UNUSED)  # SQLite would give the number of an erased verdict again


def inserted(session: Session, table: type[Any], values: dict[str, Any]) -> int:
    """Insert a row and return its id."""
    key = session.connection().execute(INSERT[table], values).inserted_primary_key
    return int(key[0]) if key else 0


INSERT: dict[type[Any], Insert] = {
    table: insert(table.metadata.tables[table.__tablename__]) for table in (FindingRow, ArtifactRow)
}


def add_finding(session: Session, verdict_id: int, finding: dict[str, Any]) -> None:
    """Add a finding, its artifacts' hashes and sizes included."""
    finding_id = inserted(session, FindingRow, {"verdict_id": verdict_id, **finding})
    for item in finding["evidence"]["artifacts"]:
        row = {name: item[name] for name in ("name", "media_type", "sha256")}
        row |= {"finding_id": finding_id, "size_bytes": item["bytes"]}
        inserted(session, ArtifactRow, row)
