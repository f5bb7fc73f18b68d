"""The two policies under which a score becomes a label: how many errors each accepts, and where its thresholds lie."""

from dataclasses import dataclass
from enum import StrEnum

from .media import MediaKind


class Policy(StrEnum):
    """`triage` says which of many files to look at; `report` is for a result that somebody will rely on."""

    TRIAGE = "triage"
    REPORT = "report"


@dataclass(frozen=True)
class Aim:
    """The largest shares of errors that thresholds are set for: of real files flagged, of fakes called real.

    On stills it is the upper end of the 95 % interval that stays below; on videos, of which there are fewer, the rate itself.
    What was measured stands with the weights.
    """

    flagged_real: float
    missed_fake: float


AIMS = {Policy.TRIAGE: Aim(0.05, 0.10), Policy.REPORT: Aim(0.01, 0.10)}


@dataclass(frozen=True)
class ErrorRate:
    """Of `files` with known truth, `wrong` were judged the other way; `unit` is their plural, `date` is ISO.

    `undecided` were judged neither way, None where that was not counted.
    """

    files: int
    wrong: int
    data: str
    date: str
    unit: str = "files"
    undecided: int | None = None


@dataclass(frozen=True)
class ErrorRates:
    """How often real material was flagged, and manipulated material called real; None where it is not established."""

    flagged_real: ErrorRate | None = None
    missed_fake: ErrorRate | None = None


@dataclass(frozen=True)
class Thresholds:
    """Base-10 log likelihood ratios from which up `fake`, and from which down `real` is said, and the errors made so."""

    fake_at: float
    real_at: float
    flagged_real: ErrorRate | None = None
    missed_fake: ErrorRate | None = None


@dataclass(frozen=True)
class Crowd:
    """The thresholds for files in which up to `faces` faces were judged, two or more; None where they are not established.

    `at` is for the policy in force, triage as it is stored; `report` for the other one.
    """

    faces: int
    at: Thresholds | None
    report: Thresholds | None = None


@dataclass(frozen=True)
class Calibration:
    """How a detector's raw score becomes evidence; fitted on data that it was not trained on, stored with its weights.

    The natural log likelihood ratio is `slope * score + intercept`, its base-10 form cut at `cap_log10` on either
    side, as far as the validation's size supports. `fake` is said from `fake_at` up, `real` from `real_at` down (log10).
    Faces under `min_face_px` and a video's tracks of fewer than `min_frames` sampled frames decide nothing: they were not
    validated. All this is for the policy triage; `report` has the other's thresholds, None where not established;
    `crowds`, the fewest first, those for several faces. `drift_log10`: the largest difference between types of number.
    `videos` takes the place of all this for videos, where it was fitted on them, through a whole analysis.
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
    videos: "Calibration | None" = None

    def of(self, kind: MediaKind) -> "Calibration":
        """Return what holds for a kind of media: `videos` for videos, where there is one that was fitted on them."""
        return self.videos if kind is MediaKind.VIDEO and self.videos is not None else self


@dataclass(frozen=True)
class Together:
    """What several detectors say together, under the policy triage: how it is computed, and how often it was wrong.

    `of` are their names and `weights` the SHA-256 of their weights, in one order; `kinds` are the media that it holds for.
    With a `calibration` their log10 ratios are added up by `shares`, none negative, in the same order, and the sum is the
    score that it was fitted on; without one the verdict is the mean of the ratios, and what was counted holds for files of
    one face. Their verdict is more careful than each of them, or less, so its errors are its own.
    """

    of: tuple[str, ...]
    weights: tuple[str, ...]
    flagged_real: ErrorRate
    missed_fake: ErrorRate
    kinds: tuple[MediaKind, ...] = (MediaKind.VIDEO, MediaKind.STILL)
    shares: tuple[float, ...] = ()
    calibration: Calibration | None = None
