"""A verdict as the database keeps it: what reports, pages and commands read. `store.queries.stored_verdicts` makes it.

Every field that an earlier version did not store has a default.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from .finding import FrameScore, Label, Outcome, TrackScore
from .media import Coverage, MediaInfo
from .policy import Calibration, Together
from .verdict import Reason

DEFAULT_STRIDE_S = 0.2


@dataclass(frozen=True)
class StoredArtifact:
    """A file that a detector left as evidence: its bytes are in the evidence folder under their SHA-256."""

    name: str
    media_type: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class StoredEvidence:
    """What a stored finding rests on, as in `Evidence`."""

    tracks: tuple[TrackScore, ...] = ()
    frames: tuple[FrameScore, ...] = ()
    statements: tuple[str, ...] = ()
    artifacts: tuple[StoredArtifact, ...] = ()


@dataclass(frozen=True)
class StoredFinding:
    """What one detector found, as in `Finding`."""

    detector: str
    outcome: Outcome
    version: str = ""
    weights: str | None = None
    score: float | None = None
    log10_lr: float | None = None
    fake: float | None = None
    seconds: float = 0.0
    message: str = ""
    evidence: StoredEvidence = field(default_factory=StoredEvidence)


@dataclass(frozen=True)
class RecordedSampling:
    """How frames were sampled, as the settings name it; the passage is from `from_s` to `to_s`, None is the start or end."""

    frames: int | None = None
    sampling: str | None = None
    run_frames: int | None = None
    stride_s: float | None = None
    from_s: float | None = None
    to_s: float | None = None


@dataclass(frozen=True)
class RecordedDetector:
    """What identifies a detector and decides its result. `calibration` is that for the file's kind, under the policy in force.

    `calibration_record` has the same word for word, for the processing record.
    """

    name: str
    version: str = ""
    weights: str | None = None
    parameters: Mapping[str, object] = field(default_factory=dict)
    calibration: Calibration | None = None
    calibration_record: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class RecordedPipeline:
    """What decides a result beside the file.

    `description` is all of it as it was recorded, word for word: two pipelines are compared by it, key by key.
    """

    toolkit: str = ""
    policy: str | None = None
    fusion: str = ""
    sampling: RecordedSampling = field(default_factory=RecordedSampling)
    reproducible: bool | None = None
    face_finder: str | None = None
    detectors: tuple[RecordedDetector, ...] = ()
    together: tuple[Together, ...] = ()
    description: Mapping[str, object] = field(default_factory=dict)

    @property
    def calibrations(self) -> dict[str, Calibration | None]:
        """The detectors' calibrations by the detectors' names."""
        return {detector.name: detector.calibration for detector in self.detectors}


@dataclass(frozen=True)
class Provenance:
    """What a re-run needs beside the file. `parameters`, `licences` and `permitted_use` are by the detectors' names."""

    smallest_face_px: float | None = None
    pipeline: RecordedPipeline = field(default_factory=RecordedPipeline)
    parameters: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    licences: Mapping[str, str] = field(default_factory=dict)
    permitted_use: Mapping[str, str] = field(default_factory=dict)
    sampled_s: tuple[float, ...] = ()
    versions: Mapping[str, object] = field(default_factory=dict)
    prepared_s: float | None = None

    @property
    def stride_s(self) -> float:
        """Seconds between two samples of a run."""
        stride_s = self.pipeline.sampling.stride_s
        return DEFAULT_STRIDE_S if stride_s is None else stride_s


@dataclass(frozen=True)
class StoredVerdict:
    """The answer for one file, with everything it rests on, as in `Verdict`.

    `pipeline_hash` (stored as `pipeline`) and `created_at` are None as long as a verdict is not stored.
    """

    label: Label
    media: MediaInfo
    reason: Reason | None = None
    fake: float | None = None
    log10_lr: float | None = None
    examined: tuple[str, ...] = ()
    not_examined: tuple[str, ...] = ()
    coverage: Coverage | None = None
    findings: tuple[StoredFinding, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)
    created_at: datetime | None = None
    pipeline_hash: str | None = None

    @property
    def voters(self) -> tuple[StoredFinding, ...]:
        """The findings that have a calibrated ratio, and so a vote."""
        return tuple(finding for finding in self.findings if finding.log10_lr is not None)
