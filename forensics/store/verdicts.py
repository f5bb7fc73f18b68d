"""Writing verdicts. Each row's hash covers its canonical text and the hash of the row before: a chain.

A change, a removal or an insertion in the middle shows. That the newest rows were cut off does not: whoever must rule
that out keeps the newest hash elsewhere.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from ..errors import LeaseLostError
from ..plain import plain
from ..records import Finding, Verdict
from .analyses import canonical, put_in_force
from .database import CHAIN_TURN, take_turn
from .leases import Claim, end, held
from .models import Analysis, ArtifactRow, FindingRow, Job, Media, Pipeline, VerdictRow

NO_HASH = "0" * 64
SHOWN = ("label", "reason", "fake", "log10_lr")
FOUND = ("detector", "version", "weights", "outcome", "score", "fake", "log10_lr", "seconds")


def finish(session: Session, claim: Claim, verdict: Verdict, now: datetime) -> int:
    """Write a verdict with its findings, end its job, and return the verdict's id.

    Raises LeaseLostError, having written nothing, when the job or its analysis is somebody else's by now.
    """
    job = held(session, claim)
    analysis, media, pipeline = analysed(session, job)
    if verdict.media.sha256 != media.sha256:
        raise ValueError(f"job {job.id} is about {media.sha256}, not {verdict.media.sha256}")
    body = {**plain(verdict), "created_at": plain(now), "pipeline": pipeline.hash}
    row = append(session, analysis.id, body, now)
    row.findings = [finding_row(finding) for finding in verdict.findings]
    session.flush()
    end(job, now, verdict_id=row.id)
    media.info = plain(verdict.media)
    put_in_force(session, media, row.id, pipeline.id)
    return row.id


def analysed(session: Session, job: Job) -> tuple[Analysis, Media, Pipeline]:
    """Return the analysis that a job owns, with its content and pipeline. Raises LeaseLostError if it owns none."""
    found = session.execute(
        select(Analysis, Media, Pipeline)
        .join(Media, Media.id == Analysis.media_id)
        .join(Pipeline, Pipeline.id == Analysis.pipeline_id)
        .where(Analysis.id == job.analysis_id)
    ).one_or_none()
    if found is None:
        raise LeaseLostError(f"job {job.id} has lost its analysis to another job")
    return found[0], found[1], found[2]


def append(session: Session, analysis_id: int, body: dict[str, Any], now: datetime) -> VerdictRow:
    """Add a verdict to the end of the chain; one at a time, so that it does not fork."""
    take_turn(session, CHAIN_TURN)
    previous = newest_hash(session)
    payload = canonical(body)
    row = VerdictRow(
        analysis_id=analysis_id,
        created_at=now,
        payload=payload,
        hash=link(previous, payload),
        previous_hash=previous,
        **{name: body[name] for name in SHOWN},
    )
    session.add(row)
    return row


def newest_hash(session: Session) -> str:
    """Return the hash at the end of the chain."""
    newest = select(VerdictRow.hash).order_by(VerdictRow.id.desc()).limit(1)
    return session.scalar(newest) or NO_HASH


def link(previous: str, payload: str) -> str:
    """Return the hash of a row: SHA-256 of the previous row's hash and this row's text."""
    return hashlib.sha256((previous + payload).encode()).hexdigest()


def finding_row(finding: Finding) -> FindingRow:
    """Return a finding as a row, its artifacts' hashes and sizes included."""
    body = plain(finding)
    artifacts = [
        ArtifactRow(
            name=item["name"],
            media_type=item["media_type"],
            sha256=item["sha256"],
            size_bytes=item["bytes"],
        )
        for item in body["evidence"]["artifacts"]
    ]
    return FindingRow(**body, artifacts=artifacts)


def chain_errors(session: Session) -> Iterator[str]:
    """Yield a sentence for each verdict that is not as it was written; nothing for a sound chain."""
    previous = NO_HASH
    rows = session.scalars(
        select(VerdictRow)
        .order_by(VerdictRow.id)
        .options(selectinload(VerdictRow.findings))
        .execution_options(yield_per=200)
    )
    for row in rows:
        yield from (f"verdict {row.id}: {problem}" for problem in problems(row, previous))
        previous = row.hash
        session.expunge(row)


def problems(row: VerdictRow, previous: str) -> Iterator[str]:
    """Yield what is wrong with one row of the chain."""
    if row.previous_hash != previous:
        yield "a row before it was removed, inserted or changed"
    if row.hash != link(row.previous_hash, row.payload):
        yield "its text or hash was changed"
        return
    body = json.loads(row.payload)
    told = {**body, "findings": [{name: f[name] for name in FOUND} for f in body["findings"]]}
    stored = {name: getattr(row, name) for name in (*SHOWN, "created_at")}
    stored["findings"] = [{n: getattr(f, n) for n in FOUND} for f in row.findings]
    for name, value in plain(stored).items():
        if value != told[name]:
            yield f"its {name} differs from its text"
    if [f.evidence for f in row.findings] != [f["evidence"] for f in body["findings"]]:
        yield "its evidence differs from its text"
