"""All that is known about one verdict, content or path."""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from ...errors import ErrorCode, UsageError
from ...records import Label, Reason, StoredVerdict
from ...serialization import plain
from ..jobs.analyses import default_pipeline
from ..jobs.requests import ENDED
from ..models import Analysis, Job, JobState, Media, Sighting, VerdictRow
from ..paths import hashed, unshown
from .stored_verdicts import read_verdict

VERDICT_ID = re.compile(r"[0-9]{1,18}")
HASH_START = re.compile(r"[0-9a-fA-F]{8,64}")


@dataclass(frozen=True)
class Judged:
    """One verdict in a content's history."""

    id: int
    label: Label
    reason: Reason | None
    fake: float | None
    log10_lr: float | None
    created_at: datetime
    hash: str
    in_force: bool
    stale: bool


@dataclass(frozen=True)
class Location:
    """Where a content was seen, and until when if it is not there now."""

    path: str
    size_bytes: int
    mtime_ns: int
    seen_at: datetime
    gone_at: datetime | None
    case: str | None
    exhibit: str | None


@dataclass(frozen=True)
class Shown:
    """A verdict with all around it.

    `payload` is the verdict's stored text (`serialization.plain` of the Verdict as JSON, with `created_at` and `pipeline`),
    or None where there is none; then `error` says why, or `state` that work is under way. `history` has every verdict of
    the content, newest first; `sightings` every place it was seen at, newest first.
    """

    path: str | None
    sha256: str | None
    state: JobState | None
    error: ErrorCode | None
    error_message: str | None
    judged: Judged | None
    payload: str | None
    history: tuple[Judged, ...]
    sightings: tuple[Location, ...]

    @cached_property
    def verdict(self) -> StoredVerdict | None:
        """The verdict, read when it is first asked for."""
        return read_verdict(self.payload) if self.payload else None

    def plain(self) -> dict[str, Any]:
        """Return it as JSON values, with what the payload says under `verdict`."""
        values: dict[str, Any] = plain(replace(self, payload=None))
        del values["payload"]
        return values | {"verdict": json.loads(self.payload) if self.payload else None}


def show(session: Session, key: str) -> Shown | None:
    """Return what is known under a verdict's number, a SHA-256 or at least 8 digits of it, or a path; None if nothing.

    A content shows its verdict in force, or its newest; a path the verdict of its newest ended job. A path is one
    that was shown, or one of the file system, relative ones included. Raises UsageError for digits that begin the
    hashes of several contents.
    """
    return by_verdict(session, key) or by_hash(session, key) or by_path(session, key)


def by_verdict(session: Session, key: str) -> Shown | None:
    """Return what is known under a verdict's number."""
    row = session.get(VerdictRow, int(key)) if VERDICT_ID.fullmatch(key) else None
    if row is None:
        return None
    media = session.get_one(Media, session.get_one(Analysis, row.analysis_id).media_id)
    return shown(session, media, row, None)


def by_hash(session: Session, key: str) -> Shown | None:
    """Return what is known about a content."""
    if not HASH_START.fullmatch(key):
        return None
    start = key.lower()
    contents = session.scalars(
        select(Media).where(Media.sha256 >= start, Media.sha256 < start + "g").limit(2)
    ).all()
    if len(contents) > 1:
        raise UsageError(f"{key}: several contents have hashes that begin so; give more digits")
    if not contents:
        return None
    job = newest_job(session, Sighting.media_id == contents[0].id)
    return shown(session, contents[0], chosen(session, contents[0]), job)


def by_path(session: Session, key: str) -> Shown | None:
    """Return what is known about a path: its current sighting, or the last one there was."""
    hashes = {hashed(path) for path in (unshown(key), key, os.path.abspath(key))}  # noqa: PTH100  abspath takes '..' out as well
    seen = session.scalars(
        select(Sighting)
        .where(Sighting.path_hash.in_(hashes))
        .order_by(Sighting.is_current.desc(), Sighting.id.desc())
        .limit(1)
    ).one_or_none()
    if seen is None:
        return None
    job = newest_job(session, Sighting.id == seen.id)
    verdict = session.get(VerdictRow, job.verdict_id) if job and job.verdict_id else None
    media = session.get(Media, seen.media_id) if seen.media_id else None
    return shown(session, media, verdict, job, seen)


def of_job(session: Session, job_id: int) -> Shown | None:
    """Return what is known about the file that a job was on, as it was then; None for a job that there is not."""
    job = session.get(Job, job_id)
    if job is None:
        return None
    seen = job.sighting
    verdict = session.get(VerdictRow, job.verdict_id) if job.verdict_id else None
    return shown(session, seen.media, verdict, job, seen)


def newest_job(session: Session, of: ColumnElement[bool]) -> Job | None:
    """Return the newest ended job, or when none has ended the newest."""
    return session.scalars(
        select(Job)
        .join(Sighting)
        .where(of)
        .order_by(Job.state.in_(ENDED).desc(), Job.id.desc())
        .limit(1)
    ).one_or_none()


def chosen(session: Session, media: Media) -> VerdictRow | None:
    """Return a content's verdict in force, or its newest one."""
    if media.verdict_id is not None:
        return session.get_one(VerdictRow, media.verdict_id)
    of_media = select(VerdictRow).join(Analysis).where(Analysis.media_id == media.id)
    return session.scalars(of_media.order_by(VerdictRow.id.desc()).limit(1)).one_or_none()


def shown(
    session: Session,
    media: Media | None,
    verdict: VerdictRow | None,
    job: Job | None,
    seen: Sighting | None = None,
) -> Shown:
    """Put together what is shown."""
    history = judged(session, media) if media else ()
    places = sightings(session, media) if media else []
    seen = seen or next(iter(places), None)
    return Shown(
        path=seen.path if seen else None,
        sha256=media.sha256 if media else None,
        state=JobState.DONE if verdict else job.state if job else None,
        error=job.error if job and not verdict else None,
        error_message=job.error_message if job and not verdict else None,
        judged=next((j for j in history if verdict and j.id == verdict.id), None),
        payload=verdict.payload if verdict else None,
        history=history,
        sightings=tuple(location_of(place) for place in places or ([seen] if seen else [])),
    )


def judged(session: Session, media: Media) -> tuple[Judged, ...]:
    """Return every verdict of a content, newest first."""
    current = default_pipeline(session)
    rows = session.execute(
        select(VerdictRow, Analysis.pipeline_id)
        .join(Analysis)
        .where(Analysis.media_id == media.id)
        .order_by(VerdictRow.id.desc())
    )
    return tuple(
        Judged(
            row.id,
            row.label,
            row.reason,
            row.fake,
            row.log10_lr,
            row.created_at,
            row.hash,
            in_force=row.id == media.verdict_id,
            stale=pipeline_id != current,
        )
        for row, pipeline_id in rows
    )


def sightings(session: Session, media: Media) -> Sequence[Sighting]:
    """Return every place a content was seen at: where it is now first, then newest first."""
    of_media = select(Sighting).where(Sighting.media_id == media.id)
    return session.scalars(of_media.order_by(Sighting.is_current.desc(), Sighting.id.desc())).all()


def location_of(place: Sighting) -> Location:
    """Return a sighting as it is shown."""
    return Location(
        place.path,
        place.size_bytes,
        place.mtime_ns,
        place.seen_at,
        place.gone_at,
        place.case,
        place.exhibit,
    )
