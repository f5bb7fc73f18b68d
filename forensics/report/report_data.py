"""What a report is made of, as JSON values: a verdict with all around it, what people said, and its place in the chain."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from .. import __version__
from ..clock import utc_now
from ..serialization import plain
from ..store import queries
from ..store.database import reading
from ..store.ledger import chain, reviews
from ..store.queries import history, validations
from ..store.queries.outcomes import EMPTY

Plain = Mapping[str, Any]


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


def collected(session: Session, key: str) -> dict[str, Any] | None:
    """Return all that is known under a verdict's number, a path or a SHA-256 (as `queries.show`); None if nothing.

    The fields of the verdict stand beside those around it; where there is no verdict they are null or empty.
    """
    found = queries.show(session, key)
    return flat(session, found) if found else None


def flat(session: Session, found: queries.Shown) -> dict[str, Any]:
    """Return what was found in one level, with validations on somebody's own files and people's words."""
    told = found.plain()
    verdict = told.pop("verdict") or EMPTY
    judged = told.pop("judged")
    return {
        **verdict,
        **told,
        "verdict_id": judged["id"] if judged else None,
        "validations": validations.told(session, verdict.get("pipeline")),
        "reviews": plain(reviews.of_verdicts(session, [one.id for one in found.history])),
    }


@dataclass(frozen=True)
class Wanted:
    """What a report is wanted on: a `key` (see `collected`), or the failed job on one file.

    With a case, places where the file was seen under another case or none are only counted.
    """

    key: str
    job_id: int | None = None
    case: str | None = None


def record(engine: Engine, wanted: Wanted | str, made: Made) -> dict[str, Any] | None:
    """Return what a report is made of, as JSON values; None where nothing is known. A text is a key.

    That is `collected`, the verdict's `entry` in the chain, the chain's `head`, who `made` it, and how often the file
    was seen `elsewhere`.
    """
    wanted = Wanted(wanted) if isinstance(wanted, str) else wanted
    with reading(engine) as session:
        told = found_for(session, wanted)
        if told is None:
            return None
        number = told["verdict_id"]
        entry = chain.of_verdict(session, number) if number is not None else None
        head = chain.head(session)
    names = ("number", "hash", "previous_hash")
    return {
        **within(told, wanted.case),
        "entry": dict(zip(names, entry, strict=True)) if entry else None,
        "head": plain(head),
        "made": plain(made),
    }


def found_for(session: Session, wanted: Wanted) -> dict[str, Any] | None:
    """Return what is known of what is wanted."""
    if wanted.job_id is None:
        return collected(session, wanted.key)
    found = history.of_job(session, wanted.job_id)
    return flat(session, found) if found else None


def within(told: dict[str, Any], case: str | None) -> dict[str, Any]:
    """Return a record with the sightings of one case alone: who is given a case's report learns nothing of others."""
    if case is None:
        return {**told, "elsewhere": 0}
    own = [one for one in told["sightings"] if one["case"] == case]
    path = told["path"] if any(one["path"] == told["path"] for one in own) else None
    path = path or next((one["path"] for one in own), None)
    return {**told, "path": path, "sightings": own, "elsewhere": len(told["sightings"]) - len(own)}
