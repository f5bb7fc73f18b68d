"""What a report is made of: a verdict with all around it, what people said of it, and its place in the chain."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from .. import __version__
from ..clock import utc_now
from ..records import StoredVerdict
from ..serialization import plain
from ..store import queries
from ..store.database import reading
from ..store.ledger import chain, reviews
from ..store.ledger.chain import Head, VerdictEntry
from ..store.ledger.reviews import Words
from ..store.queries import history, validations
from ..store.queries.outcomes import EMPTY
from ..store.queries.stored_verdicts import pipeline_hash
from ..store.queries.validations import OwnValidation


@dataclass(frozen=True)
class Made:
    """When a report is made, by whom, and by which version of the toolkit."""

    at: datetime
    by: str
    toolkit: str = __version__

    @classmethod
    def now(cls, by: str) -> "Made":
        """Return that it is made now."""
        return cls(utc_now(), by)


@dataclass(frozen=True)
class Dossier:
    """All that is known about a verdict, a content or a path, with validations on somebody's own files and people's words."""

    shown: queries.Shown
    validations: tuple[OwnValidation, ...]
    reviews: tuple[Words, ...]

    @property
    def verdict(self) -> StoredVerdict | None:
        """The verdict, if there is one."""
        return self.shown.verdict

    @property
    def verdict_id(self) -> int | None:
        """The verdict's number, if there is one."""
        return self.shown.judged.id if self.shown.judged else None

    def plain(self) -> dict[str, Any]:
        """Return it as JSON values, all on one level; where there is no verdict its fields are null or empty."""
        around = self.shown.plain()
        verdict = around.pop("verdict") or EMPTY
        del around["judged"]
        return {
            **verdict,
            **around,
            "verdict_id": self.verdict_id,
            "validations": [validation.plain() for validation in self.validations],
            "reviews": plain(self.reviews),
        }


@dataclass(frozen=True)
class Record(Dossier):
    """What a report is made of.

    `entry` is the verdict's in the chain, `head` the chain's newest. `elsewhere` counts the places where the file was
    seen outside the case that the report is for.
    """

    entry: VerdictEntry | None
    head: Head | None
    made: Made
    elsewhere: int = 0

    def plain(self) -> dict[str, Any]:
        """Return it as JSON values, all on one level."""
        return {
            **super().plain(),
            "elsewhere": self.elsewhere,
            "entry": self.entry._asdict() if self.entry else None,
            "head": plain(self.head),
            "made": plain(self.made),
        }


def collected(session: Session, key: str) -> Dossier | None:
    """Return all that is known under a verdict's number, a path or a SHA-256 (as `queries.show`); None if nothing."""
    shown = queries.show(session, key)
    return dossier(session, shown) if shown else None


def dossier(session: Session, shown: queries.Shown) -> Dossier:
    """Return what is shown with validations and people's words."""
    pipeline = pipeline_hash(shown.payload) if shown.payload else None
    words = reviews.of_verdicts(session, [judged.id for judged in shown.history])
    return Dossier(shown, validations.beside(session, pipeline), tuple(words))


@dataclass(frozen=True)
class Wanted:
    """What a report is wanted on: a `key` (see `collected`), or the failed job on one file.

    With a case, places where the file was seen under another case or none are only counted.
    """

    key: str
    job_id: int | None = None
    case: str | None = None


def record(engine: Engine, wanted: Wanted | str, made: Made) -> Record | None:
    """Return what a report is made of; None where nothing is known. A text is a key."""
    wanted = Wanted(wanted) if isinstance(wanted, str) else wanted
    with reading(engine) as session:
        known = dossier_for(session, wanted)
        if known is None:
            return None
        number = known.verdict_id
        entry = chain.of_verdict(session, number) if number is not None else None
        head = chain.head(session)
    shown, elsewhere = within(known.shown, wanted.case)
    return Record(shown, known.validations, known.reviews, entry, head, made, elsewhere)


def dossier_for(session: Session, wanted: Wanted) -> Dossier | None:
    """Return what is known of what is wanted."""
    if wanted.job_id is None:
        return collected(session, wanted.key)
    shown = history.of_job(session, wanted.job_id)
    return dossier(session, shown) if shown else None


def within(shown: queries.Shown, case: str | None) -> tuple[queries.Shown, int]:
    """Return what is shown with the sightings of one case alone, and the number of the others.

    Whoever is given a case's report learns nothing of other cases.
    """
    if case is None:
        return shown, 0
    sightings = tuple(location for location in shown.sightings if location.case == case)
    paths = [location.path for location in sightings]
    path = shown.path if shown.path in paths else next(iter(paths), None)
    return replace(shown, path=path, sightings=sightings), len(shown.sightings) - len(sightings)
