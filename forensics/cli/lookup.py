"""What several commands ask first: which verdict is meant."""

from typing import NamedTuple

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from ..errors import ForensicsError
from ..records import StoredVerdict
from ..store import queries
from ..store.database import masked, reading
from ..store.ledger.tombstones import tombstone
from ..store.queries import files
from ..store.queries.history import VERDICT_ID


class Meant(NamedTuple):
    """A content and one of its verdicts."""

    media_id: int
    verdict_id: int
    verdict: StoredVerdict


def meant(engine: Engine, key: str) -> Meant:
    """Return what is meant by a verdict's number, a path or a SHA-256.

    Raises ForensicsError for what is not known, has no verdict, or was erased.
    """
    with reading(engine) as session:
        shown = queries.show(session, key)
        if shown is None:
            raise unknown(session, engine, key)
        if shown.sha256 is None or shown.judged is None or shown.verdict is None:
            raise ForensicsError(
                f"{key!r} has no verdict in {masked(engine.url)}; "
                "run 'forensics show' to see why, or 'forensics scan' to analyse it"
            )
        return Meant(files.media_id(session, shown.sha256), shown.judged.id, shown.verdict)


def unknown(session: Session, engine: Engine, key: str) -> ForensicsError:
    """Return the error for a key that stands for nothing, or for what was erased."""
    return ForensicsError(erased(session, key) or nothing_known(engine, repr(key)))


def nothing_known(engine: Engine, what: str) -> str:
    """Return the sentence that says that a database knows nothing of what was asked for."""
    return (
        f"nothing is known of {what} in {masked(engine.url)}; "
        "run 'forensics results' to see what is, or 'forensics scan' to analyse a file"
    )


def erased(session: Session, key: str) -> str | None:
    """Return the sentence for the number of a verdict that was erased; None for any other key."""
    left = tombstone(session, int(key)) if VERDICT_ID.fullmatch(key) else None
    if left is None:
        return None
    moment = left.erased_at.strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"verdict {key} was erased on {moment} by {left.record.get('by')}: {left.record.get('reason')}"
