"""What the conformance suite asserts of one finding, and of what an examination leaves behind."""

import hashlib
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from ..analysis import calibrate
from ..hookspecs import Detector
from ..plugins.contract import check_storable
from ..records import Finding, Outcome, Sample

OWN = frozenset({Outcome.SCORED, Outcome.STATEMENT, Outcome.NOTHING_TO_EXAMINE})
SAME = 1e-4  # relative and absolute: threads may add up in another order


def check_proper(detector: Detector, sample: Sample, finding: object) -> None:
    """Assert that what came back is a finding in the detector's name that keeps to the contract."""
    name = detector.name
    assert isinstance(finding, Finding), f"{name}: gave {type(finding).__name__}, not a Finding"
    identity = (finding.detector, finding.version, finding.weights)
    assert identity == (name, detector.version, detector.weights), f"{name}: speaks as {identity}"
    assert finding.outcome in OWN, f"{name}: {finding.outcome} is said by the toolkit, not by it"
    assert (finding.log10_lr, finding.fake) == (None, None), f"{name}: calibrates itself"
    assert (finding.score is not None) == (finding.outcome is Outcome.SCORED), (
        f"{name}: the outcome is {finding.outcome}, the score {finding.score}"
    )
    assert all(math.isfinite(score) for score in all_scores(finding)), f"{name}: score not finite"
    known = {track.id for track in sample.tracks}
    assert {track.id for track in finding.evidence.tracks} <= known, f"{name}: unknown tracks"
    assert {frame.track for frame in finding.evidence.frames} <= known, f"{name}: unknown tracks"
    maps = [frame.map for frame in finding.evidence.frames if frame.map is not None]
    assert all(heatmap.is_whole for heatmap in maps), (
        f"{name}: a map has not the cells that it says"
    )
    check_storable(finding)


def check_range(detector: Detector, sample: Sample, finding: Finding) -> None:
    """Assert that the calibrated score lies between 0 and 1, and its ratio under the cap."""
    calibration = detector.calibration
    calibrated = calibrate(finding, calibration, sample.info.kind)
    if calibration is not None and calibrated.log10_lr is not None and calibrated.fake is not None:
        assert abs(calibrated.log10_lr) <= calibration.cap_log10
        assert 0.0 <= calibrated.fake <= 1.0


def all_scores(finding: Finding) -> Iterator[float]:
    """Yield every score in a finding."""
    if finding.score is not None:
        yield finding.score
    yield from (track.score for track in finding.evidence.tracks)
    yield from (frame.score for frame in finding.evidence.frames)


def scores(finding: Finding) -> dict[int, float]:
    """Return each track's score."""
    return {track.id: track.score for track in finding.evidence.tracks}


def check_alike(first: Finding, second: Finding, tolerance: float = SAME) -> None:
    """Assert that two findings say the same, apart from the time that they took."""
    numbers, others = [*all_scores(first)], [*all_scores(second)]
    assert others == pytest.approx(numbers, rel=tolerance, abs=tolerance), (
        f"{first.detector}: scores"
    )
    assert unscored(first) == unscored(second), f"{first.detector}: differs from itself"


def unscored(finding: Finding) -> dict[str, Any]:
    """Return a finding without its numbers."""
    evidence = replace(finding.evidence, tracks=(), frames=(), statements=())
    rest = replace(finding, seconds=0.0, score=None, message="", evidence=evidence)
    return {**asdict(rest), "statements": len(finding.evidence.statements)}


def state(sample: Sample, path: Path) -> dict[str, object]:
    """Return what an examination must leave as it was."""
    now = path.stat()
    pictures = hashlib.sha256()
    for frame in sample.frames:
        pictures.update(frame.pixels.tobytes())
    for patch in (patch for track in sample.tracks for patch in track.patches):
        pictures.update(patch.pixels.tobytes())
    return {
        "pixels changed": pictures.hexdigest(),
        "file changed": (now.st_size, now.st_mtime_ns, hashlib.sha256(path.read_bytes()).digest()),
        "descriptor moved or closed": os.lseek(sample.fd, 0, os.SEEK_CUR),
        "descriptors left open": len(os.listdir("/dev/fd")),  # noqa: PTH208 - counts the same each time
    }


def differences(before: Mapping[str, object], after: Mapping[str, object]) -> str:
    """Return in words what is not as it was."""
    return ", ".join(what for what, value in before.items() if after[what] != value)
