"""Erasing what must be erased: a case or a content, down to its paths. The chain keeps hashes and says what happened.

A content that was also seen in another case stays with its verdicts; only this case's sightings of it and their jobs go.
One that was otherwise seen under no case goes whole. Files are never touched. What SQLite and PostgreSQL leave in their
files afterwards is the business of `compact`.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from ..database import CHAIN_TURN, SIGHT_TURN, chunks, take_turn
from ..jobs.analyses import canonical
from ..models import (
    Analysis,
    ArtifactRow,
    Entry,
    EntryKind,
    FindingRow,
    Job,
    Media,
    Review,
    Sighting,
    VerdictRow,
)
from . import chain
from .tombstones import listed

Key = InstrumentedAttribute[Any]


@dataclass(frozen=True)
class Order:
    """What to erase, one of a case and a content, and why and by whom: all of this stays readable in the chain."""

    reason: str
    by: str
    case: str | None = None
    media_sha256: str | None = None


@dataclass(frozen=True)
class Erasure:
    """How much an order erases. `kept_contents` were seen in other cases too and stay."""

    contents: int
    verdicts: int
    words: int
    exports: int
    sightings: int
    jobs: int
    kept_contents: int


@dataclass(frozen=True)
class Scope:
    """The ids of what an order erases, sorted; `entries` lose their text."""

    media: Sequence[int]
    kept_media: Sequence[int]
    sightings: Sequence[int]
    jobs: Sequence[int]
    analyses: Sequence[int]
    verdicts: Sequence[int]
    reviews: Sequence[int]
    exports: Sequence[int]
    entries: Sequence[int]

    @property
    def erasure(self) -> Erasure:
        """How much that is."""
        return Erasure(
            contents=len(self.media),
            verdicts=len(self.verdicts),
            words=len(self.reviews),
            exports=len(self.exports),
            sightings=len(self.sightings),
            jobs=len(self.jobs),
            kept_contents=len(self.kept_media),
        )


@dataclass(frozen=True)
class Traces:
    """What the evidence folder may have of what an order erases: by verdicts' hashes, and the SHA-256 of files."""

    verdicts: Sequence[str]
    artifacts: Sequence[str]
    media: Sequence[str]


def scope(session: Session, order: Order) -> Scope:
    """Return what an order would erase now."""
    media, kept = contents(session, order)
    seen = ids(session, Sighting.id, Sighting.media_id, media)
    if order.case is not None:
        seen += session.scalars(select(Sighting.id).where(Sighting.case == order.case))
    sightings = sorted(set(seen))
    analyses = ids(session, Analysis.id, Analysis.media_id, media)
    verdicts = ids(session, VerdictRow.id, VerdictRow.analysis_id, analyses)
    entries = ids(session, Entry.id, Entry.verdict_id, verdicts)
    jobs = ids(session, Job.id, Job.sighting_id, sightings)
    jobs += ids(session, Job.id, Job.analysis_id, analyses)
    given_out = exports(session, order, set(verdicts))
    return Scope(
        media=media,
        kept_media=kept,
        sightings=sightings,
        jobs=sorted(set(jobs)),
        analyses=analyses,
        verdicts=verdicts,
        reviews=ids(session, Review.id, Review.verdict_id, verdicts),
        exports=given_out,
        entries=sorted({*entries, *given_out}),
    )


def contents(session: Session, order: Order) -> tuple[list[int], list[int]]:
    """Return the contents that go, and those of the case that stay because another case has them."""
    if order.media_sha256 is not None:
        media = session.scalars(select(Media.id).where(Media.sha256 == order.media_sha256))
        return list(media), []
    other = aliased(Sighting)
    elsewhere = select(other.id).where(
        other.media_id == Sighting.media_id, other.case.is_not(None), other.case != order.case
    )
    of_case = select(Sighting.media_id).where(
        Sighting.case == order.case, Sighting.media_id.is_not(None)
    )
    kept = {media for media in session.scalars(of_case.where(elsewhere.exists())) if media}
    every = {media for media in session.scalars(of_case) if media}
    return sorted(every - kept), sorted(kept)


def ids(session: Session, wanted: Key, key: Key, of: Sequence[int]) -> list[int]:
    """Return the ids of the rows that belong to others, sorted."""
    rows: list[int] = []
    for chunk in chunks(of):
        rows += session.scalars(select(wanted).where(key.in_(chunk)))
    return sorted(rows)


def exports(session: Session, order: Order, verdicts: set[int]) -> list[int]:
    """Return the entries about exports of the case or of verdicts that go; there are few exports."""
    given_out = select(Entry.id, Entry.text).where(
        Entry.kind == EntryKind.EXPORT, Entry.text.is_not(None)
    )
    entries = []
    for entry_id, text in session.execute(given_out.execution_options(yield_per=100)):
        export = json.loads(text or "{}")
        of_case = order.case is not None and export["case"] == order.case
        if of_case or verdicts & set(export["verdict_ids"]):
            entries.append(entry_id)
    return entries


def erase(
    session: Session,
    order: Order,
    now: datetime,
    forget: Callable[[Traces], object] = lambda traces: None,
) -> Erasure:
    """Erase what an order says, and record that in the chain; all of it in the session's one transaction.

    A daemon that works on one of the files loses its job. `forget` erases files at the end: where it fails nothing is
    erased, and where the transaction then fails the same order does it all again.
    """
    take_turn(session, SIGHT_TURN)
    lock_jobs(session, scope(session, order).jobs)
    take_turn(session, CHAIN_TURN)
    extent = scope(session, order)
    record = {
        **asdict(order),
        "erased": asdict(extent.erasure),
        "entries": listed(hashes(session, extent.entries)),
    }
    by = chain.record(session, EntryKind.PURGE, canonical(record), now)
    for chunk in chunks(extent.entries):
        emptied = update(Entry).where(Entry.id.in_(chunk)).values(text=None, erased_by=by)
        session.execute(emptied.execution_options(synchronize_session=False))
    left = traces(session, extent)
    remove(session, extent)
    forget(left)
    return extent.erasure


def traces(session: Session, extent: Scope) -> Traces:
    """Return what the evidence folder may have of these rows; an artifact that another verdict has too stays."""
    findings = ids(session, FindingRow.id, FindingRow.verdict_id, extent.verdicts)
    gone = set(findings)
    artifacts = set(texts(session, ArtifactRow.sha256, ArtifactRow.finding_id, findings))
    shared: set[str] = set()
    for chunk in chunks(sorted(artifacts)):
        users = select(ArtifactRow.sha256, ArtifactRow.finding_id)
        rows = session.execute(users.where(ArtifactRow.sha256.in_(chunk)))
        shared |= {row.sha256 for row in rows if row.finding_id not in gone}
    return Traces(
        verdicts=texts(session, VerdictRow.hash, VerdictRow.id, extent.verdicts),
        artifacts=sorted(artifacts - shared),
        media=texts(session, Media.sha256, Media.id, extent.media),
    )


def texts(session: Session, wanted: Key, key: Key, of: Sequence[int]) -> list[str]:
    """Return a text of each of the rows."""
    rows: list[str] = []
    for chunk in chunks(of):
        rows += session.scalars(select(wanted).where(key.in_(chunk)))
    return rows


def lock_jobs(session: Session, jobs: Sequence[int]) -> None:
    """Wait until nobody is writing about these jobs, and let nobody begin to."""
    for chunk in chunks(jobs):
        session.execute(select(Job.id).where(Job.id.in_(chunk)).order_by(Job.id).with_for_update())


def hashes(session: Session, entries: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Yield the ids and hashes of entries in the order of the chain."""
    for chunk in chunks(entries):
        wanted = select(Entry.id, Entry.hash).where(Entry.id.in_(chunk)).order_by(Entry.id)
        yield from ((row.id, row.hash) for row in session.execute(wanted))


def remove(session: Session, extent: Scope) -> None:
    """Delete the rows, those first that point at others."""
    for chunk in chunks(extent.media):
        session.execute(update(Media).where(Media.id.in_(chunk)).values(verdict_id=None))
    findings = ids(session, FindingRow.id, FindingRow.verdict_id, extent.verdicts)
    rows: tuple[tuple[Key, Sequence[int]], ...] = (
        (Job.id, extent.jobs),
        (Review.id, extent.reviews),
        (ArtifactRow.finding_id, findings),
        (FindingRow.id, findings),
        (VerdictRow.id, extent.verdicts),
        (Analysis.id, extent.analyses),
        (Sighting.id, extent.sightings),
        (Media.id, extent.media),
    )
    for column, values in rows:
        for chunk in chunks(values):
            session.execute(delete(column.class_).where(column.in_(chunk)))
