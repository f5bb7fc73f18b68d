"""Validations on somebody's own files: kept as counts, shown beside later verdicts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ...records import Label
from ...serialization import plain
from ..models import Analysis, Pipeline, Validation, VerdictRow

ASSESSED = (Label.FAKE, Label.INCONCLUSIVE, Label.REAL)
Counts = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Tally:
    """A validation: for "real" and "fake" files the numbers by label. `pipeline` is the hash of what judged them."""

    name: str
    created_at: datetime
    pipeline: str
    counts: Counts

    def error_rates(self) -> dict[str, dict[str, Any]]:
        """Return `flagged_real` and `missed_fake` over the files that were assessed, as `wording` takes them."""
        return {
            "flagged_real": self.rate("real", Label.FAKE),
            "missed_fake": self.rate("fake", Label.REAL),
        }

    def rate(self, truth: str, wrong: Label) -> dict[str, Any]:
        """Return how many of the assessed files of one kind got the wrong label."""
        found = self.counts[truth]
        return {
            "files": sum(found.get(label, 0) for label in ASSESSED),
            "wrong": found.get(wrong, 0),
            "data": f"validation {self.name!r}",
            "date": self.created_at.date().isoformat(),
        }


def keep(session: Session, name: str, verdict_id: int, counts: Counts, now: datetime) -> None:
    """Keep a validation; it belongs to the pipeline of one of its verdicts."""
    pipeline_id = session.scalars(
        select(Analysis.pipeline_id).join(VerdictRow).where(VerdictRow.id == verdict_id)
    ).one()
    table = {truth: dict(found) for truth, found in counts.items()}
    session.add(Validation(name=name, pipeline_id=pipeline_id, counts=table, created_at=now))


def tallies(session: Session) -> list[Tally]:
    """Return the newest validation of every name, newest first."""
    newest = select(func.max(Validation.id)).group_by(Validation.name)
    rows = session.execute(
        select(Validation, Pipeline.hash)
        .join(Pipeline)
        .where(Validation.id.in_(newest))
        .order_by(Validation.id.desc())
    )
    return [Tally(row.name, row.created_at, hash_, row.counts) for row, hash_ in rows]


def told(session: Session, pipeline: str | None) -> list[dict[str, Any]]:
    """Return the newest validations as JSON values: what stands beside a verdict of this pipeline, or of none."""
    return [
        {**plain(one), **one.error_rates(), "same_pipeline": one.pipeline == pipeline}
        for one in tallies(session)
    ]
