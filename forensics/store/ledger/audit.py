"""Walk the chain: check that every entry is as it was written, and that the tables agree with it.

It reads and never writes, a few hundred entries at a time, each page in a transaction of its own. It ends at the entry
that was the newest when it began.
"""

from collections.abc import Callable, Collection, Iterator, Sequence

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from ..database import is_sqlite, reading
from ..models import Analysis, Entry, EntryKind, Review, VerdictRow
from .chain import NO_HASH, first_link_hash, hash_of, link_hash
from .consistency import verdict_differs, words_differ
from .entries import Linked, linked
from .problems import Problem, ProblemKind
from .tombstones import is_sound

PAGE = 200


def audit(
    engine: Engine, heads: Collection[str] = (), seen: Callable[[int], None] = lambda entries: None
) -> Iterator[Problem]:
    """Yield all that is wrong with the chain of a database; `heads` were kept elsewhere and must be in it.

    `seen` is told how many entries were looked at, page by page.
    """
    with reading(engine) as session:
        newest = session.scalar(select(func.max(Entry.id))) or 0
    state = Walk(set(heads))
    while state.entry_id < newest:
        with reading(engine) as session:
            steady(session)
            page = linked(session, Entry.id > state.entry_id, Entry.id <= newest, limit=PAGE)
            yield from state.take(session, page)
        seen(len(page))
    with reading(engine) as session:
        yield from state.end(session)
        yield from strangers(session)


def steady(session: Session) -> None:
    """Let all statements of a transaction see the same state, as they do on SQLite anyway."""
    if not is_sqlite(session) and not session.in_transaction():
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


class Walk:
    """A walk along the chain, and how far it has come."""

    def __init__(self, heads: Collection[str]) -> None:
        self.entry_id = 0
        self._hash, self._verdict_id = NO_HASH, 0
        self._heads = set(heads) - {NO_HASH}
        self._deletions: set[int] = set()

    def take(self, session: Session, page: Sequence[Linked]) -> Iterator[Problem]:
        """Yield what is wrong with the next entries."""
        for item in page:
            entry = item.entry
            yield from (item.problem(kind, text) for kind, text in self._problems(item))
            self.entry_id, self._hash = entry.id, entry.hash
            self._heads.discard(entry.hash)
            if entry.erased_by is not None:
                self._deletions.add(entry.erased_by)
        session.expunge_all()

    def _problems(self, item: Linked) -> Iterator[tuple[ProblemKind, str]]:
        if item.entry.previous_hash != self._hash:
            yield ProblemKind.REMOVED, "a row before it was removed, inserted or changed"
        if item.entry.kind is EntryKind.VERDICT:
            number = item.entry.verdict_id or 0
            if number <= self._verdict_id:
                yield ProblemKind.EDITED, "its number was changed"
            self._verdict_id = number
        yield from entry_problems(item)

    def end(self, session: Session) -> Iterator[Problem]:
        """Yield what only the whole chain tells: deletions that do not match, and heads that it does not have."""
        for entry_id in sorted(self._deletions):
            if not is_sound(session, entry_id):
                message = "it does not list what is marked as erased by it"
                place = f"deletion (entry {entry_id})"
                yield Problem(ProblemKind.EDITED, place, message, entry=entry_id)
        for head in sorted(self._heads):
            message = "is not in the chain: its end was cut off, or it was written anew"
            yield Problem(ProblemKind.HEAD, f"head {head}", message)


def entry_problems(item: Linked) -> Iterator[tuple[ProblemKind, str]]:
    """Yield what is wrong with one entry by itself."""
    entry, text = item.entry, item.text
    if entry.erased_by is not None:
        if text is not None:
            yield ProblemKind.EDITED, "is marked as erased, but its text is there"
        if not (entry.text_hash is None or is_linked(entry, entry.text_hash)):
            yield ProblemKind.EDITED, "its text or hash was changed"
        return
    if text is None:
        yield ProblemKind.REMOVED, "was removed, and no deletion lists it"
        return
    if not is_written(entry, text) or not item.has_its_hash():
        yield ProblemKind.EDITED, "its text or hash was changed"
        return
    differences = verdict_differs(item) if item.verdict else words_differ(item)
    yield from ((ProblemKind.EDITED, sentence) for sentence in differences)


def is_written(entry: Entry, text: str) -> bool:
    """Say whether an entry's hash is that of its text."""
    if entry.text_hash is None:
        return entry.hash == first_link_hash(entry.previous_hash, text)
    return entry.text_hash == hash_of(text) and is_linked(entry, entry.text_hash)


def is_linked(entry: Entry, text_hash: str) -> bool:
    """Say whether an entry's hash is that of its parts."""
    return entry.hash == link_hash(entry.previous_hash, entry.kind, entry.created_at, text_hash)


def strangers(session: Session) -> Iterator[Problem]:
    """Yield the rows that were put into the tables beside the chain."""
    entry = select(Entry.id).where(
        Entry.verdict_id == VerdictRow.id, Entry.kind == EntryKind.VERDICT
    )
    message = "was inserted beside the chain"
    for number in session.scalars(select(VerdictRow.id).where(~entry.exists())):
        place = f"verdict {number}"
        yield Problem(ProblemKind.EDITED, place, message, verdict_id=number)
    kinds = (EntryKind.NOTE, EntryKind.REVIEW)
    of_words = select(Entry.id).where(Entry.id == Review.entry_id, Entry.kind.in_(kinds))
    for number in session.scalars(select(Review.id).where(~of_words.exists())):
        yield Problem(ProblemKind.EDITED, f"review row {number}", message)


def audit_content(session: Session, media_id: int) -> Iterator[Problem]:
    """Yield what is wrong with the entries about one content: each by itself, and its links to its neighbours."""
    steady(session)
    verdicts = select(VerdictRow.id).join(Analysis).where(Analysis.media_id == media_id)
    for item in linked(session, Entry.verdict_id.in_(verdicts)):
        entry = item.entry
        before = select(Entry.hash).where(Entry.id < entry.id).order_by(Entry.id.desc()).limit(1)
        after = select(Entry.previous_hash).where(Entry.id > entry.id).order_by(Entry.id).limit(1)
        if entry.previous_hash != (session.scalar(before) or NO_HASH):
            yield item.problem(ProblemKind.REMOVED, "the row before it was removed or changed")
        if (session.scalar(after) or entry.hash) != entry.hash:
            yield item.problem(ProblemKind.REMOVED, "the row after it was removed or changed")
        yield from (item.problem(kind, text) for kind, text in entry_problems(item))
