"""The files that are said to hold what was analysed."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, Select, func, select, true
from sqlalchemy.orm import Session

from ..database import chunks, reading
from ..models import ArtifactRow, Media, Sighting

PAGE = 500
COLUMNS: tuple[Any, ...] = (Sighting.id, Sighting.path_key, Media.sha256, Media.size_bytes)


@dataclass(frozen=True)
class HeldFile:
    """A current file and the SHA-256 that its content had. `path` is as `os.fsdecode` gives it."""

    path: str
    sha256: str
    size_bytes: int


def held_files(engine: Engine, media_id: int | None = None) -> Iterator[HeldFile]:
    """Yield every current file whose content is known, or those of one content, a page at a time."""
    after, full = 0, True
    while full:
        page = of(media_id).where(Sighting.id > after).order_by(Sighting.id).limit(PAGE)
        with reading(engine) as session:
            rows = session.execute(page).all()
        for row in rows:
            after = row.id
            yield HeldFile(os.fsdecode(row.path_key), row.sha256, row.size_bytes)
        full = len(rows) == PAGE


def held_count(engine: Engine, media_id: int | None = None) -> int:
    """Return how many files `held_files` yields."""
    with reading(engine) as session:
        return session.scalar(select(func.count()).select_from(of(media_id).subquery())) or 0


def of(media_id: int | None) -> Select[Any]:
    """Return the statement for the current files of one content, or of all."""
    mine = Sighting.media_id == media_id if media_id is not None else true()
    return (
        select(*COLUMNS).join(Media, Media.id == Sighting.media_id).where(Sighting.is_current, mine)
    )


def media_id(session: Session, sha256: str) -> int:
    """Return the id of a content that is known. Raises NoResultFound."""
    return session.scalars(select(Media.id).where(Media.sha256 == sha256)).one()


def known(session: Session) -> Iterator[str]:
    """Yield the SHA-256 of every artifact, each once."""
    every = select(ArtifactRow.sha256).distinct().execution_options(yield_per=1000)
    yield from session.scalars(every)


def unknown(session: Session, named: Iterable[str]) -> list[str]:
    """Return those of the hashes that are no artifact's."""
    strangers: list[str] = []
    for chunk in chunks(named):
        kept = set(session.scalars(select(ArtifactRow.sha256).where(ArtifactRow.sha256.in_(chunk))))
        strangers += [sha256 for sha256 in chunk if sha256 not in kept]
    return strangers
