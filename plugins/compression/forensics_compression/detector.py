"""What all detectors of this plugin are: a method that looks at a file and tells, with evidence to look at and no score."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from forensics.hookspecs import Resources
from forensics.records import (
    Artifact,
    Calibration,
    Evidence,
    Finding,
    MediaKind,
    Need,
    Outcome,
    Sample,
)

from . import __version__
from .jpegs import NothingToExamineError


@dataclass(frozen=True)
class Result:
    """What a method says of one file: sentences, and maps or plots."""

    statements: tuple[str, ...]
    artifacts: tuple[Artifact, ...] = ()


@dataclass(frozen=True)
class CompressionDetector:
    """One method as a detector.

    Its statistic stands in a statement, beside its threshold and measured rates, and not in the finding's score: a score
    without a calibration would make an inconclusive verdict of a picture in which there is simply no face.
    `examines` is empty, for no method here examines all that a verdict's word for it would promise.
    """

    name: str
    kinds: frozenset[MediaKind]
    look: Callable[[Sample], Result]
    parameters: Mapping[str, Any]
    resources: Resources
    version: str = __version__
    licence: str = "MIT"
    permitted_use: str = ""
    weights: str | None = None
    examines: tuple[str, ...] = ()
    needs: frozenset[Need] = field(default=frozenset({Need.FILE}))
    calibration: Calibration | None = None

    def examine(self, sample: Sample) -> Finding:
        """Return what the method tells; a file that it can't look at is said so with the reason."""
        try:
            result = self.look(sample)
        except NothingToExamineError as error:
            return self.finding(Outcome.NOTHING_TO_EXAMINE, message=str(error))
        evidence = Evidence(statements=result.statements, artifacts=result.artifacts)
        return self.finding(Outcome.STATEMENT, evidence=evidence)

    def finding(self, outcome: Outcome, **values: Any) -> Finding:
        """Return a finding in this detector's name."""
        return Finding(self.name, self.version, self.weights, outcome, **values)
