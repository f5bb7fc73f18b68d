"""People's words on verdicts: notes, and conclusions of examiners. Append-only, apart from what the tool says."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ...serialization import plain
from ..jobs.analyses import canonical_text
from ..models import Entry, EntryKind, Review, VerdictRow
from . import chain


@dataclass(frozen=True)
class Words:
    """What a person said of a verdict: a `note`, or as a `review` a `conclusion`; the other one is empty."""

    kind: EntryKind
    verdict_id: int
    examiner: str
    conclusion: str
    note: str
    created_at: datetime
    entry: int
    hash: str


def add_note(session: Session, verdict_id: int, note: str, examiner: str, now: datetime) -> int:
    """Add a note on a verdict; returns its entry's id. Raises NoResultFound for a verdict that there is not."""
    values = {"examiner": examiner, "conclusion": "", "note": note}
    return add(session, EntryKind.NOTE, verdict_id, values, now)


def add_review(
    session: Session, verdict_id: int, conclusion: str, examiner: str, now: datetime
) -> int:
    """Add an examiner's conclusion on a verdict; returns its entry's id. Raises NoResultFound like `add_note`."""
    values = {"examiner": examiner, "conclusion": conclusion, "note": ""}
    return add(session, EntryKind.REVIEW, verdict_id, values, now)


def add(
    session: Session, kind: EntryKind, verdict_id: int, words: dict[str, str], now: datetime
) -> int:
    """Add people's words and their entry in the chain."""
    verdict_hash = session.scalars(select(VerdictRow.hash).where(VerdictRow.id == verdict_id)).one()
    row = Review(verdict_id=verdict_id, salt=chain.salt(), created_at=now, **plain(words))
    link = chain.next_link(session, kind, text_of(row, verdict_hash), now)
    row.entry_id = chain.add(session, kind, link, now, verdict_id=verdict_id)
    session.add(row)
    return row.entry_id


def text_of(row: Review, verdict_hash: str) -> str:
    """Return the canonical text of people's words, as the chain covers it; the verdict stands in it by its hash."""
    names = ("examiner", "conclusion", "note", "salt")
    words: dict[str, Any] = {name: getattr(row, name) for name in names}
    return canonical_text({**words, "verdict": verdict_hash})


def of_verdicts(session: Session, verdict_ids: Collection[int]) -> list[Words]:
    """Return all that people said of some verdicts, oldest first."""
    rows = session.execute(
        select(Review, Entry)
        .join(Entry, Entry.id == Review.entry_id)
        .where(Review.verdict_id.in_(verdict_ids))
        .order_by(Entry.id)
    )
    return [
        Words(
            entry.kind,
            row.verdict_id,
            row.examiner,
            row.conclusion,
            row.note,
            row.created_at,
            entry.id,
            entry.hash,
        )
        for row, entry in rows
    ]
