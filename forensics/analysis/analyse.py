"""One file to one verdict, on one page: hash, probe, sample, find faces, ask every detector, decide."""

import logging
import math
import os
import time
import traceback
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from .. import __version__
from ..concurrency import prefetch
from ..errors import ErrorCode, ForensicsError, MediaError, PluginError
from ..faces import FaceFinder
from ..hookspecs import CONTRACT_VERSION, Detector
from ..media import Media, opened
from ..process.sandbox import is_full, is_shortage
from ..records import (
    EXAMINABLE,
    Calibration,
    Failure,
    Finding,
    Frame,
    MediaInfo,
    Need,
    Outcome,
    Passage,
    Policy,
    Sample,
    Together,
    Verdict,
)
from ..serialization import plain
from ..settings import Settings
from . import fusion
from .messages import DetectorStarted, Done, Event, Failed, FindingReady, Hashed, Task

log = logging.getLogger(__name__)

Work = Generator[Event, bool | None, None]
AHEAD_FRAMES = 4  # decoded while faces are found in those before
LOST = frozenset({Outcome.ERROR, Outcome.DEADLINE, Outcome.CRASHED})
ENVIRONMENT = frozenset({"device", "number_type", "threads"})


@dataclass(frozen=True)
class Equipment:
    """What a worker loads once: detectors, the face finder that they need, settings, versions of what computes.

    `together` has what was fitted and counted of several of the detectors together.
    """

    settings: Settings
    detectors: tuple[Detector, ...]
    finder: FaceFinder | None
    versions: dict[str, str]
    together: tuple[Together, ...] = ()

    def pipeline(self, passage: Passage) -> dict[str, Any]:
        """Return everything that decides a result beside the file, and its error rates; its hash tells one from another.

        Device and number type are left out: they are recorded with each verdict, and a GPU and a CPU that share a
        database would else make each other's verdicts stale.
        """
        return {
            "toolkit": __version__,
            "contract": CONTRACT_VERSION,
            "fusion": fusion.FUSION_RULE,
            "policy": self.settings.policy,
            "sampling": {
                "frames": self.settings.frames,
                "sampling": self.settings.sampling,
                "run_frames": self.settings.run_frames,
                "stride_s": self.settings.stride_s,
                "from_s": passage.start_s,
                "to_s": passage.end_s,
            },
            "reproducible": self.settings.reproducible,
            "face_finder": self.finder.sha256 if self.finder else None,
            "detectors": [described(d, self.calibrations[d.name]) for d in self.detectors],
            "together": [plain(errors) for errors in self.together],
        }

    @property
    def calibrations(self) -> dict[str, Calibration | None]:
        """The detectors' calibrations by name, with the thresholds of the policy."""
        policy = Policy(self.settings.policy)
        return {d.name: fusion.under(d.calibration, policy) for d in self.detectors}


def described(detector: Detector, calibration: Calibration | None) -> dict[str, Any]:
    """Return what identifies a detector and decides its result."""
    parameters = {k: v for k, v in detector.parameters.items() if k not in ENVIRONMENT}
    return {
        "name": detector.name,
        "version": detector.version,
        "weights": detector.weights,
        "parameters": parameters,
        "calibration": plain(calibration),
    }


def analyse(task: Task, equipment: Equipment) -> Work:
    """Analyse one file; yields events, the last of which is Done or Failed.

    After `Hashed` it takes False for "this content has its verdict already" and ends there.
    """
    try:
        with opened(task.path, equipment.settings) as media:
            check_listed(task, media)
            sha256 = media.sha256()
            pipeline = equipment.pipeline(task.passage)
            if (yield Hashed(task.id, sha256, os.fstat(media.fd).st_size, pipeline)) is False:
                return
            yield from examined(task, media, sha256, equipment)
    except MediaError as error:
        yield Failed(task.id, Failure(error.code, str(error)))
    except ForensicsError as error:
        yield Failed(task.id, Failure(ErrorCode.INTERNAL, str(error)))
    except Exception as error:
        code = code_of(error)
        if code is ErrorCode.INTERNAL:
            log.error("not analysed", extra={"path": task.path, "trace": traceback.format_exc()})
        yield Failed(task.id, Failure(code, f"{type(error).__name__}: {error}"))


def code_of(error: Exception) -> ErrorCode:
    """Return the code of what nobody expected. A disk that is full will not stay so: that is `busy`."""
    if is_shortage(error):
        return ErrorCode.OUT_OF_MEMORY
    return ErrorCode.BUSY if is_full(error) else ErrorCode.INTERNAL


def check_listed(task: Task, media: Media) -> None:
    """Raise MediaError changed unless the file is the one that was listed: its sighting stands for those bytes."""
    now = os.fstat(media.fd)
    if task.inode and (now.st_size, now.st_mtime_ns, now.st_ino) != (
        task.size_bytes,
        task.mtime_ns,
        task.inode,
    ):
        raise MediaError(ErrorCode.CHANGED, "was written to after it was listed")


def examined(task: Task, media: Media, sha256: str, equipment: Equipment) -> Work:
    """Sample the file, ask the detectors, and yield the verdict."""
    started = time.perf_counter()
    info = media.probe(sha256)
    sample, times = sampled(task, media, info, equipment)
    prepared_s = time.perf_counter() - started
    findings = list(task.without)
    for detector in asked(task, info, equipment.detectors):
        yield DetectorStarted(task.id, detector.name)
        calibration = equipment.calibrations[detector.name]
        findings.append(examine(detector, sample, calibration))
        yield FindingReady(task.id, findings[-1])
    media.check_unchanged()
    if findings and all(f.outcome in LOST for f in findings):
        message = "; ".join(f"{f.detector}: {f.message}" for f in findings)
        yield Failed(task.id, Failure(ErrorCode.INTERNAL, message))
        return
    record = provenance(equipment, task, info, times, prepared_s)
    yield Done(task.id, concluded(sample, findings, equipment, record))


def asked(task: Task, info: MediaInfo, detectors: Iterable[Detector]) -> Iterator[Detector]:
    """Yield the detectors that take this kind of media and were not left out."""
    left_out = {finding.detector for finding in task.without}
    for detector in detectors:
        if info.kind in detector.kinds and detector.name not in left_out:
            yield detector


def sampled(
    task: Task, media: Media, info: MediaInfo, equipment: Equipment
) -> tuple[Sample, list[float]]:
    """Decode once, in a thread of its own, and find faces once; frames are kept only for detectors that need them."""
    needs = {need for detector in equipment.detectors for need in detector.needs}
    sampling = media.sample(info, equipment.settings, task.passage)
    times: list[float] = []
    kept: list[Frame] = []

    def frames() -> Iterator[Frame]:
        for frame in prefetch(sampling, AHEAD_FRAMES):
            times.append(frame.time_s)
            if Need.FRAMES in needs:
                kept.append(frame)
            yield frame

    if equipment.finder and Need.FACES in needs:
        faces = equipment.finder.tracks(frames())
        tracks, with_face = faces.tracks, faces.frames_with_face
    else:
        tracks, with_face = (), 0
        for _ in frames():
            pass
    coverage = sampling.coverage(with_face)
    sound = media.sound(info, task.passage) if Need.AUDIO in needs else None
    return Sample(info, tuple(kept), tracks, coverage, media.fd, sound), times


def examine(detector: Detector, sample: Sample, calibration: Calibration | None) -> Finding:
    """Run one detector; its exception, or what is no proper finding, costs its finding and nothing else."""
    started = time.perf_counter()
    try:
        finding = seen_as(sample, proper(detector, detector.examine(sample)))
        finding = fusion.calibrate(finding, calibration, sample.info.kind)
    except Exception as error:
        if is_shortage(error) or is_full(error):
            raise  # no fault of the detector alone: `analyse` says what it was
        fields = {"detector": detector.name, "trace": traceback.format_exc()}
        log.error("detector failed", extra=fields)
        finding = Finding(
            detector.name,
            detector.version,
            detector.weights,
            Outcome.ERROR,
            message=f"{type(error).__name__}: {error}",
        )
    return replace(finding, seconds=round(time.perf_counter() - started, 4))


def proper(detector: Detector, finding: object) -> Finding:
    """Return a detector's finding under its own name and without a calibrated value of its own making.

    Raises PluginError for anything else, and for a score that is not a finite number.
    """
    if not isinstance(finding, Finding):
        raise PluginError(f"gave {type(finding).__name__}, not a Finding")
    scores = [finding.score, *(track.score for track in finding.evidence.tracks)]
    if not all(score is None or math.isfinite(score) for score in scores):
        raise PluginError("gave a score that is not a finite number")
    return replace(
        finding,
        detector=detector.name,
        version=detector.version,
        weights=detector.weights,
        log10_lr=None,
        fake=None,
    )


def seen_as(sample: Sample, finding: Finding) -> Finding:
    """Return a finding whose tracks say how well the face could be seen."""
    known = {track.id: track for track in sample.tracks}
    tracks = tuple(
        replace(track, blur=known[track.id].blur, dark=known[track.id].dark)
        if track.id in known
        else track
        for track in finding.evidence.tracks
    )
    return replace(finding, evidence=replace(finding.evidence, tracks=tracks))


def concluded(
    sample: Sample, findings: list[Finding], equipment: Equipment, record: dict[str, Any]
) -> Verdict:
    """Fuse the findings and join the decision with what it rests on."""
    by_name = {detector.name: detector for detector in equipment.detectors}
    decision = fusion.fuse(
        findings, equipment.calibrations, sample.info.kind, sample.coverage, equipment.together
    )
    looked = [f.detector for f in findings if f.outcome in (Outcome.SCORED, Outcome.STATEMENT)]
    topics = {topic for name in looked for topic in by_name[name].examines}
    return Verdict(
        label=decision.label,
        reason=decision.reason,
        fake=decision.fake,
        log10_lr=decision.log10_lr,
        examined=tuple(sorted(topics)),
        not_examined=tuple(t for t in EXAMINABLE if t not in topics),
        coverage=sample.coverage,
        findings=tuple(findings),
        media=sample.info,
        provenance=record,
    )


def provenance(
    equipment: Equipment, task: Task, info: MediaInfo, times: list[float], prepared_s: float
) -> dict[str, Any]:
    """Return what a re-run needs beside the file."""
    finder = equipment.finder
    return {
        "smallest_face_px": finder.smallest_px(info.width, info.height) if finder else None,
        "pipeline": equipment.pipeline(task.passage),
        "parameters": {d.name: dict(d.parameters) for d in equipment.detectors},
        "licences": {d.name: d.licence for d in equipment.detectors},
        "permitted_use": {d.name: d.permitted_use for d in equipment.detectors if d.permitted_use},
        "sampled_s": [round(t, 6) for t in times],
        "versions": equipment.versions,
        "prepared_s": round(prepared_s, 4),
    }
