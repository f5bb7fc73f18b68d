"""Which artifacts the database names; their bytes are in the evidence folder."""

from collections.abc import Iterable, Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from .database import chunks
from .models import ArtifactRow


def known(session: Session) -> Iterator[str]:
    """Yield the SHA-256 of every artifact, each once."""
    every = select(ArtifactRow.sha256).distinct().execution_options(yield_per=1000)
    yield from session.scalars(every)


def unknown(session: Session, named: Iterable[str]) -> list[str]:
    """Return those of the hashes that are no artifact's."""
    found: list[str] = []
    for chunk in chunks(named):
        own = set(session.scalars(select(ArtifactRow.sha256).where(ArtifactRow.sha256.in_(chunk))))
        found += [sha256 for sha256 in chunk if sha256 not in own]
    return found
