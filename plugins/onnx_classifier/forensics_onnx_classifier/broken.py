"""What stands in for a card that can't be used, so that it is seen and costs its own finding only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from forensics.errors import WeightsError
from forensics.records import Calibration, Finding, MediaKind, Need, Sample

from . import __version__
from .shelf import BrokenCard


@dataclass(frozen=True)
class BrokenDetector:
    """A `forensics.hookspecs.Detector` whose finding is always the error of its card.

    Left out in silence, a card with a slip in it would look like one that found nothing. `forensics plugins list` shows
    the reason where the licence of the weights would stand.
    """

    card: BrokenCard
    version: str = __version__
    permitted_use: str = ""
    weights: str | None = None
    examines: tuple[str, ...] = ()
    needs: frozenset[Need] = frozenset({Need.FILE})
    kinds: frozenset[MediaKind] = frozenset(MediaKind)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    calibration: Calibration | None = None

    @property
    def name(self) -> str:
        """The name of the card's file, as a detector's."""
        return self.card.detector

    @property
    def licence(self) -> str:
        """The terms of the code, and why those of the weights are not known."""
        why = "; ".join(self.card.why.splitlines())  # a cell of a table
        return f"MIT (code), not known (weights): {why}"

    def examine(self, sample: Sample) -> Finding:
        """Raise WeightsError: what is wrong with the card."""
        raise WeightsError(self.card.why)
