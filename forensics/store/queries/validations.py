"""Validations on somebody's own files: kept as counts, shown beside later verdicts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ...records import ErrorRate, ErrorRates, Label
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

    @property
    def error_rates(self) -> ErrorRates:
        """How often the files that were assessed got the wrong label."""
        return ErrorRates(self.rate("real", Label.FAKE), self.rate("fake", Label.REAL))

    def rate(self, truth: str, wrong: Label) -> ErrorRate:
        """Return how many of the assessed files of one kind got the wrong label."""
        labels = self.counts[truth]
        return ErrorRate(
            files=sum(labels.get(label, 0) for label in ASSESSED),
            wrong=labels.get(wrong, 0),
            data=f"validation {self.name!r}",
            date=self.created_at.date().isoformat(),
        )

    def plain(self) -> dict[str, Any]:
        """Return it as JSON values, with its error rates; these count files, so they have no unit."""
        values: dict[str, Any] = plain(self)
        rates: dict[str, dict[str, Any]] = plain(self.error_rates)
        for name, rate in rates.items():
            values[name] = {key: value for key, value in rate.items() if key != "unit"}
        return values


@dataclass(frozen=True)
class OwnValidation:
    """A validation on somebody's own files beside a verdict, and whether the verdict's pipeline is the one validated."""

    tally: Tally
    same_pipeline: bool

    def plain(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {**self.tally.plain(), "same_pipeline": self.same_pipeline}


def keep(session: Session, name: str, verdict_id: int, counts: Counts, now: datetime) -> None:
    """Keep a validation; it belongs to the pipeline of one of its verdicts."""
    pipeline_id = session.scalars(
        select(Analysis.pipeline_id).join(VerdictRow).where(VerdictRow.id == verdict_id)
    ).one()
    table = {truth: dict(labels) for truth, labels in counts.items()}
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


def beside(session: Session, pipeline_hash: str | None) -> tuple[OwnValidation, ...]:
    """Return the newest validations, as they stand beside a verdict of this pipeline, or of none."""
    return tuple(OwnValidation(t, t.pipeline == pipeline_hash) for t in tallies(session))
