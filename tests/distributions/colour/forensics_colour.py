"""A plugin for tests, installed by putting its folder on `sys.path`: it judges pictures by their colour, and misbehaves
on some, so that a test chooses with a pixel what a worker goes through.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from forensics import hookimpl
from forensics.hookspecs import Detector
from forensics.records import Calibration, ErrorRate, Finding, MediaKind, Need, Outcome, Sample
from forensics.settings import Settings

FAKE, REAL = (220, 0, 0), (0, 220, 0)
HANGS, ABORTS, RAISES = (0, 0, 220), (240, 240, 240), (0, 0, 0)
SLOW = (220, 220, 0)

CALIBRATION = Calibration(
    slope=2.302585092994046,
    intercept=0.0,
    cap_log10=2.0,
    fake_at=1.0,
    real_at=-1.0,
    min_face_px=1,
    min_frames=1,
    kinds=(MediaKind.VIDEO, MediaKind.STILL),
    flagged_real=ErrorRate(100, 5, "made for tests", "2026-11-22"),
    missed_fake=ErrorRate(100, 10, "made for tests", "2026-11-22"),
)


@dataclass(frozen=True)
class ColourDetector:
    """Red is fake, green is real; other colours hang, abort or raise, unless it is steady."""

    name: str
    steady: bool
    version: str = "1.0"
    licence: str = "MIT"
    permitted_use: str = ""
    weights: str | None = None
    examines: tuple[str, ...] = ("face_manipulation",)
    needs: frozenset[Need] = frozenset({Need.FRAMES})
    kinds: frozenset[MediaKind] = frozenset(MediaKind)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    calibration: Calibration | None = CALIBRATION

    def examine(self, sample: Sample) -> Finding:
        """Score the first frame's top left pixel."""
        red, green, blue = (int(value) for value in sample.frames[0].pixels[0, 0])
        if not self.steady:
            misbehave(red, green, blue)
        score = (red - green) / 100
        return Finding(self.name, self.version, self.weights, Outcome.SCORED, score=score)


def misbehave(red: int, green: int, blue: int) -> None:
    """Do what the colour says."""
    if blue > 150 and red < 100:
        time.sleep(3600)
    if min(red, green, blue) > 150:
        os.abort()
    if max(red, green, blue) < 50:
        raise ValueError("black is not a colour")
    if min(red, green) > 150:
        time.sleep(0.5)


@hookimpl
def forensics_detectors(settings: Settings) -> list[Detector]:
    """Return one detector that misbehaves, or with `COLOUR_STEADY=1` also one that never does."""
    found: list[Detector] = [ColourDetector("colour", steady=False)]
    if os.environ.get("COLOUR_STEADY"):
        found.append(ColourDetector("steady", steady=True))
    return found
