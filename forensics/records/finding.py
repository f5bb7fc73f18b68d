"""What one detector found in one file, and what it rests on."""

from dataclasses import dataclass, field
from enum import StrEnum

from .heatmap import HeatMap
from .media import Box


class Label(StrEnum):
    """The verdict as a token for scripts; people read the sentences of `wording`."""

    FAKE = "fake"
    REAL = "real"
    INCONCLUSIVE = "inconclusive"
    NOT_ASSESSED = "not_assessed"


class Outcome(StrEnum):
    """What became of one detector on one file."""

    SCORED = "scored"
    STATEMENT = "statement"
    NOTHING_TO_EXAMINE = "nothing_to_examine"
    ERROR = "error"
    DEADLINE = "deadline"
    CRASHED = "crashed"


@dataclass(frozen=True)
class TrackScore:
    """One face track as a detector saw it: its raw score, and what the calibration makes of it.

    `blur`: median variance of the Laplacian at 112 px, low is blurred. `dark`: share of its frames with a dark face.
    """

    id: int
    first_s: float
    last_s: float
    frames: int
    median_face_px: float
    score: float
    log10_lr: float | None = None
    label: Label | None = None
    blur: float | None = None
    dark: float | None = None


@dataclass(frozen=True)
class FrameScore:
    """The raw score of one face in one sampled frame, and where in its crop that came from, if that is known."""

    time_s: float
    track: int
    box: Box
    score: float
    map: HeatMap | None = None


@dataclass(frozen=True)
class Artifact:
    """A file that a detector made as evidence: its name, media type, and bytes."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True)
class Evidence:
    """What a finding rests on. `statements` are sentences of detectors that do not score."""

    tracks: tuple[TrackScore, ...] = ()
    frames: tuple[FrameScore, ...] = ()
    statements: tuple[str, ...] = ()
    artifacts: tuple[Artifact, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What one detector found in one file.

    `score` is its raw output or None. `log10_lr` and `fake` are filled by `fusion.calibrate`: the capped
    log likelihood ratio, and the same from 0 to 1 at equal priors; None while nothing calibrated was scored.
    """

    detector: str
    version: str
    weights: str | None
    outcome: Outcome
    score: float | None = None
    log10_lr: float | None = None
    fake: float | None = None
    seconds: float = 0.0
    message: str = ""
    evidence: Evidence = field(default_factory=Evidence)
