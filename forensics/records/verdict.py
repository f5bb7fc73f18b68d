"""The answer for one file, or why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ..errors import ErrorCode
from .finding import Finding, Label
from .media import Coverage, MediaInfo

EXAMINABLE = (
    "face_manipulation",
    "audio",
    "lip_sync",
    "synthetic_scene",
    "cuts_and_splices",
    "context",
)
"""What of a file can be examined, as tokens; a verdict says which of these was and which was not."""


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
