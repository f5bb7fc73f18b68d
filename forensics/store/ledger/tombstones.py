"""What a deletion leaves: entries without their texts, and one entry that says which these are, why, when and who.

That entry has the number of the erased ones and one hash over all of theirs, so that it stays small. An entry that is
marked as erased and not among them was not erased by it.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..models import Entry, EntryKind
from .chain import hash_of, link_hash


@dataclass(frozen=True)
class Tombstone:
    """What is left of an erased verdict: what the deletion's entry says (see `purge`), and its time."""

    verdict_id: int
    hash: str
    erased_at: datetime
    record: dict[str, Any]


def listed(entries: Iterable[tuple[int, str]]) -> dict[str, Any]:
    """Return the number of entries and the hash of the lines "id hash" of all, in the order of the chain."""
    count, total = 0, hashlib.sha256()
    for entry_id, hash_ in entries:
        total.update(f"{entry_id} {hash_}\n".encode())
        count += 1
    return {"count": count, "sha256": total.hexdigest()}


def is_sound(session: Session, entry_id: int) -> bool:
    """Say whether a deletion is as it was written, and lists exactly what is marked as erased by it."""
    entry = session.get(Entry, entry_id)
    if entry is None or entry.kind is not EntryKind.PURGE or entry.text is None:
        return False
    text_hash = hash_of(entry.text)
    if entry.hash != link_hash(entry.previous_hash, entry.kind, entry.created_at, text_hash):
        return False
    erased = session.execute(
        select(Entry.id, Entry.hash)
        .where(Entry.erased_by == entry_id, Entry.id < entry_id)
        .order_by(Entry.id)
        .execution_options(yield_per=1000)
    )
    marked = listed((row.id, row.hash) for row in erased)
    return bool(json.loads(entry.text)["entries"] == marked)


def tombstone(session: Session, verdict_id: int) -> Tombstone | None:
    """Return what is left of a verdict that was erased; None for any other."""
    erased = select(Entry).where(
        Entry.verdict_id == verdict_id,
        Entry.kind == EntryKind.VERDICT,
        Entry.erased_by.is_not(None),
    )
    entry = session.scalar(erased)
    by = session.get(Entry, entry.erased_by) if entry else None
    if entry is None or by is None:
        return None
    return Tombstone(verdict_id, entry.hash, by.created_at, json.loads(by.text or "{}"))
