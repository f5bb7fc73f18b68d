"""The frozen values that stages hand on: media to faces, faces to detectors, findings to a verdict.

Pictures are (H, W, 3) uint8 arrays in RGB order. Times are seconds from the start of the stream. Boxes are
(left, top, width, height) in pixels of the upright frame as decoded, and may reach beyond its edges.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median
from typing import TYPE_CHECKING, Any

from .errors import ErrorCode
from .heatmap import HeatMap as HeatMap
from .policy import Crowd, ErrorRate, Thresholds

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from .sound import Sound

    Picture = npt.NDArray[np.uint8]

Box = tuple[float, float, float, float]


class MediaKind(StrEnum):
    """What a file holds."""

    VIDEO = "video"
    STILL = "still"


class Need(StrEnum):
    """What a detector works on; the stages that nobody needs are not run."""

    FACES = "faces"
    FRAMES = "frames"
    AUDIO = "audio"
    FILE = "file"


class Label(StrEnum):
    """The verdict as a token for scripts; people read the sentences of `wording`."""

    FAKE = "fake"
    REAL = "real"
    INCONCLUSIVE = "inconclusive"
    NOT_ASSESSED = "not_assessed"


class Reason(StrEnum):
    """Why a verdict is inconclusive (the first six) or was not assessed (the last three)."""

    NEAR_THRESHOLD = "near_threshold"
    DETECTORS_DISAGREE = "detectors_disagree"
    LOW_QUALITY = "low_quality"
    OUTSIDE_VALIDATION = "outside_validation"
    TRUNCATED = "truncated"
    UNCALIBRATED = "uncalibrated"
    NO_FACE = "no_face"
    TOO_FEW_FRAMES = "too_few_frames"
    NO_DETECTOR = "no_detector"


class Outcome(StrEnum):
    """What became of one detector on one file."""

    SCORED = "scored"
    STATEMENT = "statement"
    NOTHING_TO_EXAMINE = "nothing_to_examine"
    ERROR = "error"
    DEADLINE = "deadline"
    CRASHED = "crashed"


@dataclass(frozen=True)
class Passage:
    """The part of a video that was asked for; None is its start or end."""

    start_s: float | None = None
    end_s: float | None = None


@dataclass(frozen=True)
class MediaInfo:
    """What a file is, from its bytes and headers. Width and height are upright; None is unknown."""

    sha256: str
    size_bytes: int
    kind: MediaKind
    container: str
    codec: str
    width: int
    height: int
    duration_s: float | None = None
    fps: float | None = None


@dataclass(frozen=True)
class Frame:
    """One sampled frame. Frames of one `run` follow each other closely in one shot or across a cut."""

    run: int
    time_s: float
    pixels: "Picture"


@dataclass(frozen=True)
class Coverage:
    """How much of a file was seen. An altered passage shorter than `max_gap_s` may not have been.

    `shots` counts the shots that the samples were seen to fall into; there may be more.
    """

    duration_s: float | None
    frames_asked: int
    frames_decoded: int
    frames_with_face: int
    shots: int
    max_gap_s: float | None
    decode_errors: int


@dataclass(frozen=True)
class FacePatch:
    """A face and its surroundings cut out of one frame.

    `pixels` is a square region around the face, scaled by `scale` (1 or less) when it was large;
    `box` is the face in the frame; `origin` is the region's top left corner in the frame.
    """

    run: int
    time_s: float
    box: Box
    origin: tuple[float, float]
    scale: float
    probability: float
    pixels: "Picture"


@dataclass(frozen=True)
class FaceTrack:
    """One person's face over time, oldest first, never across a cut; `blur` and `dark` as in TrackScore."""

    id: int
    patches: tuple[FacePatch, ...]
    blur: float | None = None
    dark: float | None = None

    @property
    def first_s(self) -> float:
        """Time of the first sampled frame with this face."""
        return self.patches[0].time_s

    @property
    def last_s(self) -> float:
        """Time of the last sampled frame with this face."""
        return self.patches[-1].time_s

    @property
    def median_face_px(self) -> float:
        """Median of the longer side of the face box."""
        return median(max(patch.box[2], patch.box[3]) for patch in self.patches)


@dataclass(frozen=True)
class Sample:
    """What a detector is given. `frames` is empty unless a detector needs frames; likewise `tracks` and `sound`.

    `fd` is a descriptor of the file, open for reading; whoever reads it uses `os.pread` or `/proc/self/fd`.
    """

    info: MediaInfo
    frames: tuple[Frame, ...]
    tracks: tuple[FaceTrack, ...]
    coverage: Coverage
    fd: int
    sound: "Sound | None" = None


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

    `score` is its raw output or None. `log10_lr` and `fake` are filled by `verdict.calibrate`: the capped
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


@dataclass(frozen=True)
class Calibration:
    """How a detector's raw score becomes evidence; fitted on data that it was not trained on, stored with its weights.

    The natural log likelihood ratio is `slope * score + intercept`, its base-10 form cut at `cap_log10` on either
    side, as far as the validation's size supports. `fake` is said from `fake_at` up, `real` from `real_at` down (log10).
    Faces under `min_face_px` and a video's tracks of fewer than `min_frames` sampled frames decide nothing: they were not
    validated. All this is for the policy triage; `report` has the other's thresholds, None where not established;
    `crowds`, the fewest first, those for several faces. `drift_log10`: the largest difference between types of number.
    """

    slope: float
    intercept: float
    cap_log10: float
    fake_at: float
    real_at: float
    min_face_px: int
    min_frames: int
    kinds: tuple[MediaKind, ...]
    flagged_real: ErrorRate | None = None
    missed_fake: ErrorRate | None = None
    report: Thresholds | None = None
    drift_log10: float | None = None
    crowds: tuple[Crowd, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """The answer for one file under one pipeline, with everything it rests on."""

    label: Label
    reason: Reason | None
    fake: float | None
    log10_lr: float | None
    examined: tuple[str, ...]
    not_examined: tuple[str, ...]
    coverage: Coverage | None
    findings: tuple[Finding, ...]
    media: MediaInfo
    provenance: Mapping[str, Any]


@dataclass(frozen=True)
class Failure:
    """Why a file has no verdict."""

    code: ErrorCode
    message: str
    detector: str | None = None
