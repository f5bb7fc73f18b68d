"""The frozen values that stages hand on: media to faces, faces to detectors, findings to a verdict.

Pictures are (H, W, 3) uint8 arrays in RGB order. Times are seconds from the start of the stream. Boxes are
(left, top, width, height) in pixels of the upright frame as decoded, and may reach beyond its edges.
"""

from typing import TYPE_CHECKING

from .finding import Artifact, Evidence, Finding, FrameScore, Label, Outcome, TrackScore
from .heatmap import HeatMap, overlay
from .media import (
    Box,
    Coverage,
    FacePatch,
    FaceTrack,
    Frame,
    MediaInfo,
    MediaKind,
    Need,
    Passage,
    Sample,
)
from .policy import (
    AIMS,
    Aim,
    Calibration,
    Crowd,
    ErrorRate,
    ErrorRates,
    Policy,
    Thresholds,
    Together,
)
from .sound import Sound
from .stored import (
    Provenance,
    RecordedDetector,
    RecordedPipeline,
    RecordedSampling,
    StoredArtifact,
    StoredEvidence,
    StoredFinding,
    StoredVerdict,
)
from .verdict import EXAMINABLE, Failure, Reason, Verdict

if TYPE_CHECKING:
    from .media import Picture as Picture

__all__ = [
    "AIMS",
    "EXAMINABLE",
    "Aim",
    "Artifact",
    "Box",
    "Calibration",
    "Coverage",
    "Crowd",
    "ErrorRate",
    "ErrorRates",
    "Evidence",
    "FacePatch",
    "FaceTrack",
    "Failure",
    "Finding",
    "Frame",
    "FrameScore",
    "HeatMap",
    "Label",
    "MediaInfo",
    "MediaKind",
    "Need",
    "Outcome",
    "Passage",
    "Policy",
    "Provenance",
    "Reason",
    "RecordedDetector",
    "RecordedPipeline",
    "RecordedSampling",
    "Sample",
    "Sound",
    "StoredArtifact",
    "StoredEvidence",
    "StoredFinding",
    "StoredVerdict",
    "Thresholds",
    "Together",
    "TrackScore",
    "Verdict",
    "overlay",
]
