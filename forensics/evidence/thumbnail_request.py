"""Which pictures a verdict has: of every sampled frame, and of every face in it that a detector scored."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..records import Box, FrameScore, StoredFinding, StoredVerdict
from ..serialization import plain

MOST_FACES = 400  # pictures of faces: some 3 MB
DEFAULT_CROP = {"scale": 1.3, "shift": 0.0}
"""Of the faces of detectors that do not say how they cut them out."""
BESIDE_S = 0.5
"""So long before and after a track its face may be in the frame, unfound, and is blurred where it was nearest in time."""


def request(verdict: StoredVerdict, paths: Sequence[str], thumbnails: str) -> dict[str, Any]:
    """Return what `thumbnail_process` is to do for a verdict, as JSON values, but for settings and scratch folder."""
    times_s = sorted(set(verdict.provenance.sampled_s))
    finding = pictured(verdict)
    faces = chosen(finding)[:MOST_FACES]
    at_times: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for face in faces:
        at_times[key(nearest(times_s, face.time_s))].append({"track": face.track, "box": face.box})
    is_blurred = thumbnails == "blurred"
    boxes = {key(t): list(at(verdict, t)) for t in times_s} if is_blurred else {}
    return {
        "paths": list(paths),
        "media": plain(verdict.media),
        "times_s": times_s,
        "faces": at_times,
        "crop": crop_of(verdict, finding),
        "blur": boxes,
        "is_blurred": is_blurred,
    }


def left_out(verdict: StoredVerdict) -> int:
    """Return how many faces get no picture because there are too many."""
    return max(len(chosen(pictured(verdict))) - MOST_FACES, 0)


def key(time_s: float) -> str:
    """Return a recorded time as a key of JSON."""
    return f"{time_s:.6f}"


def nearest(times_s: Sequence[float], time_s: float) -> float:
    """Return the sampled time that a face's is: the former are rounded."""
    return min(times_s, key=lambda t: abs(t - time_s), default=time_s)


def pictured(verdict: StoredVerdict) -> StoredFinding | None:
    """Return the finding whose faces are pictured: the first with maps, else the first with scored frames."""
    scored = [finding for finding in verdict.findings if finding.evidence.frames]
    with_maps = [f for f in scored if any(frame.map for frame in f.evidence.frames)]
    return next(iter(with_maps or scored), None)


def chosen(finding: StoredFinding | None) -> list[FrameScore]:
    """Return the scored faces of a finding, those of the tracks with the highest scores first."""
    if finding is None:
        return []
    scores = {track.id: track.score for track in finding.evidence.tracks}
    frames = finding.evidence.frames
    return sorted(frames, key=lambda f: (-scores.get(f.track, 0.0), f.track, f.time_s))


def crop_of(verdict: StoredVerdict, finding: StoredFinding | None) -> dict[str, float]:
    """Return how the detector of a finding cuts out faces, so that its maps lie on the pictures."""
    parameters = verdict.provenance.parameters
    crop = parameters.get(finding.detector, {}).get("crop") if finding else None
    geometry = crop if isinstance(crop, Mapping) and crop else DEFAULT_CROP
    return {name: float(geometry[name]) for name in DEFAULT_CROP}


def at(verdict: StoredVerdict, time_s: float) -> Iterator[Box]:
    """Yield the boxes of all faces known in or around a frame, whichever detector scored them."""
    tracks: dict[tuple[str, int], list[FrameScore]] = defaultdict(list)
    for finding in verdict.findings:
        for face in finding.evidence.frames:
            tracks[finding.detector, face.track].append(face)
    for faces in tracks.values():
        times = [face.time_s for face in faces]
        if min(times) - BESIDE_S <= time_s <= max(times) + BESIDE_S:
            yield min(faces, key=lambda face: abs(face.time_s - time_s)).box
