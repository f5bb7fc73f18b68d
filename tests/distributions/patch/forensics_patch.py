"""A plugin for tests, installed by putting its folder on `sys.path`: it finds what stands out from a grey background,
says where that is in each frame, and judges by the background's brightness. It needs no network, and its boxes are right.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from forensics import hookimpl
from forensics.hookspecs import Detector
from forensics.records import (
    Box,
    Calibration,
    ErrorRate,
    Evidence,
    Finding,
    Frame,
    FrameScore,
    HeatMap,
    MediaKind,
    Need,
    Outcome,
    Sample,
    TrackScore,
)
from forensics.settings import Settings

if TYPE_CHECKING:
    from forensics.records import Picture

FAKE_GREY, UNSURE_GREY, REAL_GREY = 130, 100, 70
STANDS_OUT = 40
CELLS = 4

CALIBRATION = Calibration(
    slope=2.302585092994046,
    intercept=0.0,
    cap_log10=2.0,
    fake_at=1.0,
    real_at=-1.0,
    min_face_px=1,
    min_frames=1,
    kinds=(MediaKind.VIDEO, MediaKind.STILL),
    flagged_real=ErrorRate(100, 5, "made for tests", "2026-11-25"),
    missed_fake=ErrorRate(100, 10, "made for tests", "2026-11-25"),
)


@dataclass(frozen=True)
class PatchDetector:
    """Brighter than grey 120 is fake, darker than 80 is real."""

    name: str = "patch"
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
        """Follow the one patch."""
        found = [(frame, box) for frame in sample.frames if (box := patch(frame.pixels))]
        scores = tuple(scored(frame, box) for frame, box in found)
        if not scores:
            return Finding(self.name, self.version, self.weights, Outcome.NOTHING_TO_EXAMINE)
        score = sum(one.score for one in scores) / len(scores)
        first, last = scores[0].time_s, scores[-1].time_s
        size_px = float(np.median([max(one.box[2:]) for one in scores]))
        track = TrackScore(1, first, last, len(scores), size_px, score)
        evidence = Evidence((track,), scores)
        return Finding(
            self.name, self.version, self.weights, Outcome.SCORED, score=score, evidence=evidence
        )


def background(pixels: "Picture") -> int:
    """Return the grey of the lower left corner."""
    return int(np.median(pixels[-8:, :8]))


def patch(pixels: "Picture") -> Box | None:
    """Return the smallest box around what is not background."""
    mask = (np.abs(pixels.astype(int) - background(pixels)) > STANDS_OUT).any(axis=2)
    if not mask.any():
        return None
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    left, top = float(columns[0]), float(rows[0])
    return left, top, float(columns[-1] + 1 - left), float(rows[-1] + 1 - top)


def scored(frame: Frame, box: Box) -> FrameScore:
    """Return the score of one frame, with a map of how bright the patch is."""
    score = (background(frame.pixels) - UNSURE_GREY) / 20
    left, top, width, height = map(round, box)
    inside = frame.pixels[top : top + height, left : left + width].mean(axis=2)
    cells = [
        [float(part.mean()) for part in np.array_split(row, CELLS, axis=1)]
        for row in np.array_split(inside, CELLS, axis=0)
    ]
    return FrameScore(frame.time_s, 1, box, score, HeatMap.of(cells, 255.0))


@hookimpl
def forensics_detectors(settings: Settings) -> list[Detector]:
    """Return the detector."""
    return [PatchDetector()]
