"""The tables; `indexes` adds those of a part of a table. Times are UTC and timezone-aware on both databases; enums store their value; constraints are named."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from ..errors import ErrorCode
from ..records import Label, MediaKind, Outcome, Reason
from .columns import NAMES, BigKey, UtcDateTime, words


class JobState(StrEnum):
    """Where a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class EntryKind(StrEnum):
    """What an entry of the chain records."""

    VERDICT = "verdict"
    NOTE = "note"
    REVIEW = "review"
    EXPORT = "export"
    PURGE = "purge"


class Table(DeclarativeBase):
    """Common metadata of all tables."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        float: Double,
        str: Text,
        dict[str, Any]: JSON,
        list[Any]: JSON,
        JobState: words(JobState),
        Label: words(Label),
        Reason: words(Reason),
        Outcome: words(Outcome),
        MediaKind: words(MediaKind),
        ErrorCode: words(ErrorCode),
        EntryKind: words(EntryKind),
    }


class Sighting(Table):
    """A path where something was seen, as raw bytes (`path_key`) and escaped for display and search (`path`).

    `path_hash`, its SHA-256, is for the index: a path may be longer than what PostgreSQL indexes. Rewritten content makes a new sighting and takes `is_current` from the old one; `gone_at` is when that, or the
    file's absence, was noticed, and null for a current one. At most one sighting of a path is current.
    """

    __tablename__ = "sighting"
    __table_args__ = (UniqueConstraint("path_hash", "size_bytes", "mtime_ns", "inode"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    path_key: Mapped[bytes] = mapped_column(LargeBinary)
    path_hash: Mapped[str]
    path: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    mtime_ns: Mapped[int] = mapped_column(BigInteger)
    inode: Mapped[int] = mapped_column(BigInteger)
    seen_at: Mapped[datetime]
    is_current: Mapped[bool] = mapped_column(default=True)
    gone_at: Mapped[datetime | None]
    case: Mapped[str | None] = mapped_column("case_name", index=True)
    exhibit: Mapped[str | None]
    media_id: Mapped[int | None] = mapped_column(ForeignKey("media.id"), index=True)
    media: Mapped["Media | None"] = relationship()


class Job(Table):
    """Work on one sighting. `verdict_id` is the verdict that answered it, its own or an earlier one of the same bytes.

    While it runs, `analysis_id` is the analysis that it owns. `is_default` says that the default pipeline is asked
    for, so that any daemon may take it. `updated_at` is when it was queued, claimed or ended; lists are in its order.
    `finished_at` is the same for a job that ended, and null for others.
    """

    __tablename__ = "job"
    __table_args__ = (
        Index("ix_job_queue", "state", "priority", "id"),
        Index("ix_job_updated", "updated_at", "id"),
        Index("ix_job_finished", "finished_at", "id"),
        Index("ix_job_ended", "state", "finished_at", "id"),
        Index("ix_job_sighting", "sighting_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    sighting_id: Mapped[int] = mapped_column(ForeignKey("sighting.id"))
    sighting: Mapped[Sighting] = relationship()
    state: Mapped[JobState] = mapped_column(default=JobState.QUEUED)
    priority: Mapped[int] = mapped_column(default=0)
    parameters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    is_default: Mapped[bool] = mapped_column(default=True)
    attempts: Mapped[int] = mapped_column(default=0)
    interruptions: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    not_before: Mapped[datetime]
    lease_token: Mapped[str | None] = mapped_column(index=True)
    lease_expires_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    error: Mapped[ErrorCode | None]
    error_message: Mapped[str | None]
    analysis_id: Mapped[int | None] = mapped_column(ForeignKey("analysis.id"), index=True)
    verdict_id: Mapped[int | None] = mapped_column(ForeignKey("verdict.id"), index=True)
    verdict: Mapped["VerdictRow | None"] = relationship(foreign_keys=[verdict_id])


class Media(Table):
    """One content, by its SHA-256, with the verdict in force."""

    __tablename__ = "media"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    sha256: Mapped[str] = mapped_column(unique=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    first_seen_at: Mapped[datetime]
    info: Mapped[dict[str, Any] | None]
    verdict_id: Mapped[int | None] = mapped_column(
        ForeignKey("verdict.id", use_alter=True), index=True
    )


class Pipeline(Table):
    """Everything that decides a result beside the media: detectors, weights, thresholds, sampling. `hash` covers it.

    `default_since` is when it last took over as the default one; the newest of these is the default pipeline now, and
    a verdict of any other is stale. One that was only asked for by flags has none.
    """

    __tablename__ = "pipeline"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    hash: Mapped[str] = mapped_column(unique=True)
    description: Mapped[dict[str, Any]]
    default_since: Mapped[datetime | None] = mapped_column(index=True)
    created_at: Mapped[datetime]


class Analysis(Table):
    """One examination of one media by one pipeline; the running job that names it does the work."""

    __tablename__ = "analysis"
    __table_args__ = (UniqueConstraint("media_id", "pipeline_id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    media_id: Mapped[int] = mapped_column(ForeignKey("media.id"))
    pipeline_id: Mapped[int] = mapped_column(ForeignKey("pipeline.id"))
    pipeline: Mapped[Pipeline] = relationship()
    created_at: Mapped[datetime]


class VerdictRow(Table):
    """A verdict. `payload` is its canonical text; `hash` and `previous_hash` are those of its entry in the chain."""

    __tablename__ = "verdict"
    __table_args__ = (Index("ix_verdict_label_id", "label", "id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    analysis_id: Mapped[int] = mapped_column(ForeignKey("analysis.id"), index=True)
    analysis: Mapped[Analysis] = relationship()
    label: Mapped[Label]
    reason: Mapped[Reason | None]
    fake: Mapped[float | None]
    log10_lr: Mapped[float | None]
    created_at: Mapped[datetime] = mapped_column(index=True)
    payload: Mapped[str]
    hash: Mapped[str] = mapped_column(unique=True)
    previous_hash: Mapped[str] = mapped_column(unique=True)
    findings: Mapped[list["FindingRow"]] = relationship(order_by="FindingRow.id")


class FindingRow(Table):
    """What one detector found; its evidence as JSON."""

    __tablename__ = "finding"
    __table_args__ = (UniqueConstraint("verdict_id", "detector"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    verdict_id: Mapped[int] = mapped_column(ForeignKey("verdict.id"))
    detector: Mapped[str] = mapped_column(index=True)
    version: Mapped[str]
    weights: Mapped[str | None]
    outcome: Mapped[Outcome]
    score: Mapped[float | None]
    fake: Mapped[float | None]
    log10_lr: Mapped[float | None]
    seconds: Mapped[float]
    message: Mapped[str]
    evidence: Mapped[dict[str, Any]]
    artifacts: Mapped[list["ArtifactRow"]] = relationship(order_by="ArtifactRow.id")


class ArtifactRow(Table):
    """A file made as evidence: its hash and size. Its bytes are in the evidence folder."""

    __tablename__ = "artifact"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    finding_id: Mapped[int] = mapped_column(ForeignKey("finding.id"), index=True)
    name: Mapped[str]
    media_type: Mapped[str]
    sha256: Mapped[str] = mapped_column(index=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)


class Daemon(Table):
    """A running daemon's heartbeat."""

    __tablename__ = "daemon"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    host: Mapped[str]
    pid: Mapped[int]
    folders: Mapped[list[Any]]
    workers: Mapped[int]
    started_at: Mapped[datetime]
    beat_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]


class Entry(Table):
    """One link of the chain over all that is recorded: verdicts, people's words, exports, deletions (`chain`).

    `text` is null where the text stands in a table of its own: `verdict.payload`, the columns of `review`. `text_hash`
    is null for verdicts older than this table, whose `hash` covers their text itself. `erased_by` is the entry of the
    deletion that took the text away; this row stays as its tombstone. `verdict_id` outlives its verdict.
    """

    __tablename__ = "entry"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    kind: Mapped[EntryKind]
    verdict_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    created_at: Mapped[datetime]
    text: Mapped[str | None]
    text_hash: Mapped[str | None]
    hash: Mapped[str] = mapped_column(unique=True)
    previous_hash: Mapped[str] = mapped_column(unique=True)
    erased_by: Mapped[int | None] = mapped_column(BigInteger, index=True)


class Review(Table):
    """People's words on a verdict, append-only, kept apart from the tool's. `salt` keeps its hash from being guessed."""

    __tablename__ = "review"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id"), unique=True)
    verdict_id: Mapped[int] = mapped_column(ForeignKey("verdict.id"), index=True)
    examiner: Mapped[str]
    conclusion: Mapped[str]
    note: Mapped[str]
    salt: Mapped[str]
    created_at: Mapped[datetime]


class Validation(Table):
    """Somebody's own files of known truth under one pipeline: how many of each kind got which label.

    `counts` has "real" and "fake", each with the number of files by label, and under "failed" of those without one.
    """

    __tablename__ = "validation"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    name: Mapped[str] = mapped_column(index=True)
    pipeline_id: Mapped[int] = mapped_column(ForeignKey("pipeline.id"))
    pipeline: Mapped[Pipeline] = relationship()
    counts: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
