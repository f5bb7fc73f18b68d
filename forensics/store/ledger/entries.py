"""Entries of the chain together with the rows that hold what they are about."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session, selectinload

from ..models import Analysis, Entry, EntryKind, FindingRow, Media, Pipeline, Review, VerdictRow
from .problems import Problem, ProblemKind
from .reviews import text_of

NAMES = {EntryKind.EXPORT: "export", EntryKind.PURGE: "deletion"}


@dataclass(frozen=True)
class Linked:
    """An entry and the rows that it is about: a verdict with its content's hash and its pipeline, or people's words."""

    entry: Entry
    verdict: VerdictRow | None
    media_sha256: str | None
    pipeline: Pipeline | None
    review: Review | None
    reviewed_hash: str | None

    @property
    def text(self) -> str | None:
        """The text that the entry's hash covers, wherever it stands; None when it is gone."""
        if self.entry.kind is EntryKind.VERDICT:
            return self.verdict.payload if self.verdict else None
        if self.entry.kind in (EntryKind.NOTE, EntryKind.REVIEW):
            return text_of(self.review, self.reviewed_hash or "") if self.review else None
        return self.entry.text

    def has_its_hash(self) -> bool:
        """Say whether a verdict's row has the same hashes as its entry."""
        verdict = self.verdict
        return verdict is None or (verdict.hash, verdict.previous_hash) == (
            self.entry.hash,
            self.entry.previous_hash,
        )

    def problem(self, kind: ProblemKind, message: str) -> Problem:
        """Return a problem of this entry."""
        entry = self.entry
        name = NAMES.get(entry.kind, f"{entry.kind.value} on verdict {entry.verdict_id}")
        is_verdict = entry.kind is EntryKind.VERDICT
        place = f"verdict {entry.verdict_id}" if is_verdict else f"{name} (entry {entry.id})"
        return Problem(kind, place, message, entry=entry.id, verdict_id=entry.verdict_id)


def linked(
    session: Session, *where: ColumnElement[bool], limit: int | None = None
) -> Sequence[Linked]:
    """Return entries in the order of the chain with what they are about."""
    is_own = and_(Entry.kind == EntryKind.VERDICT, VerdictRow.id == Entry.verdict_id)
    rows = session.execute(
        select(Entry, VerdictRow, Media.sha256, Pipeline)
        .outerjoin(VerdictRow, is_own)
        .outerjoin(Analysis, Analysis.id == VerdictRow.analysis_id)
        .outerjoin(Media, Media.id == Analysis.media_id)
        .outerjoin(Pipeline, Pipeline.id == Analysis.pipeline_id)
        .where(*where)
        .order_by(Entry.id)
        .limit(limit)
        .options(selectinload(VerdictRow.findings).selectinload(FindingRow.artifacts))
    ).all()
    words = dict(reviewed(session, [row[0].id for row in rows if is_words(row[0])]))
    return [Linked(*row, *words.get(row[0].id, (None, None))) for row in rows]


def is_words(entry: Entry) -> bool:
    """Say whether an entry records people's words."""
    return entry.kind in (EntryKind.NOTE, EntryKind.REVIEW)


def reviewed(session: Session, entry_ids: Sequence[int]) -> Iterator[tuple[int, tuple[Any, Any]]]:
    """Yield people's words by the ids of their entries, with the hash of the verdict that they are about."""
    if entry_ids:
        words = select(Review, VerdictRow.hash).join(VerdictRow, VerdictRow.id == Review.verdict_id)
        for review, hash_ in session.execute(words.where(Review.entry_id.in_(entry_ids))):
            yield review.entry_id, (review, hash_)
