"""The chain: every entry's hash covers the hash of the entry before, its kind, its time, and the hash of its text.

A change, a removal or an insertion in the middle shows (`audit`). That the newest entries were cut off, or that all was
written anew, does not: whoever must rule that out keeps the head elsewhere. Since the hash of the text is covered and
not the text itself, a text can be erased and the chain still verifies.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from ...serialization import plain
from ..database import CHAIN_TURN, take_turn
from ..jobs.analyses import canonical, canonical_text
from ..models import Entry, EntryKind

NO_HASH = "0" * 64
"""What the first entry has in place of a hash before it."""


class Link(NamedTuple):
    """Where a text stands in the chain."""

    previous_hash: str
    text_hash: str
    hash: str


class VerdictEntry(NamedTuple):
    """A verdict's entry: its number, its hash, and the hash before it."""

    number: int
    hash: str
    previous_hash: str


@dataclass(frozen=True)
class Head:
    """The newest entry. `entries` is the number of all."""

    hash: str
    entry: int
    kind: EntryKind
    verdict_id: int | None
    created_at: datetime
    entries: int


@dataclass(frozen=True)
class Export:
    """Something handed out: a `report` or a bundle, by whom, on which verdicts, and the hash of the file made."""

    what: str
    by: str
    verdict_ids: tuple[int, ...]
    case: str | None = None
    file_sha256: str | None = None


def next_link(session: Session, kind: EntryKind, text: str, now: datetime) -> Link:
    """Return the link for a text at the end of the chain; no other transaction adds one until this one ends."""
    take_turn(session, CHAIN_TURN)
    previous = newest_hash(session)
    text_hash = hash_of(text)
    return Link(previous, text_hash, link_hash(previous, kind, now, text_hash))


def add(
    session: Session,
    kind: EntryKind,
    link: Link,
    now: datetime,
    *,
    verdict_id: int | None = None,
    text: str | None = None,
) -> int:
    """Write an entry with a link from `next_link` in the same transaction; returns the entry's id."""
    values = {"kind": kind, "created_at": now, "verdict_id": verdict_id, "text": text}
    key = session.connection().execute(ADD, {**values, **link._asdict()}).inserted_primary_key
    return int(key[0]) if key else 0


ADD = insert(Entry.metadata.tables["entry"])


def record(session: Session, kind: EntryKind, text: str, now: datetime) -> int:
    """Add an entry that holds its text itself; returns its id."""
    return add(session, kind, next_link(session, kind, text, now), now, text=text)


def record_export(session: Session, export: Export, now: datetime) -> int:
    """Add what was handed out to the chain; returns the entry's id. Call it in the transaction that ends the export."""
    return record(session, EntryKind.EXPORT, canonical({**plain(export), "salt": salt()}), now)


def salt() -> str:
    """Return random digits for a short text: nobody can guess it from its hash once it is erased."""
    return secrets.token_hex(16)


def newest_hash(session: Session) -> str:
    """Return the hash at the end of the chain, or NO_HASH."""
    newest: str | None = session.connection().scalar(NEWEST)
    return newest or NO_HASH


NEWEST = select(Entry.hash).order_by(Entry.id.desc()).limit(1)


def head(session: Session) -> Head | None:
    """Return the newest entry, or None when there is none."""
    row = session.scalar(select(Entry).order_by(Entry.id.desc()).limit(1))
    if row is None:
        return None
    entries = session.scalar(select(func.count()).select_from(Entry)) or 0
    return Head(row.hash, row.id, row.kind, row.verdict_id, row.created_at, entries)


def of_verdict(session: Session, verdict_id: int) -> VerdictEntry | None:
    """Return a verdict's entry, or None where there is none."""
    wanted = select(Entry.id, Entry.hash, Entry.previous_hash).where(
        Entry.verdict_id == verdict_id, Entry.kind == EntryKind.VERDICT
    )
    row = session.execute(wanted).one_or_none()
    return VerdictEntry(row.id, row.hash, row.previous_hash) if row else None


def hash_of(text: str) -> str:
    """Return the SHA-256 of a text's UTF-8 bytes."""
    return hashlib.sha256(text.encode()).hexdigest()


def link_hash(previous: str, kind: EntryKind, created_at: datetime, text_hash: str) -> str:
    """Return an entry's hash: SHA-256 of the canonical JSON of these four."""
    header = {
        "created_at": created_at.astimezone(UTC).isoformat(),
        "kind": kind.value,
        "previous": previous,
        "text": text_hash,
    }
    return hash_of(canonical_text(header))


def first_link_hash(previous: str, text: str) -> str:
    """Return the hash of a verdict written before schema 0004: SHA-256 of the previous hash and the text."""
    return hash_of(previous + text)
