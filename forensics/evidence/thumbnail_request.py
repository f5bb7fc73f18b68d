"""Which pictures a verdict has: of every sampled frame, and of every face in it that a detector scored."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..records import Box

Plain = Mapping[str, Any]

MOST_FACES = 400  # pictures of faces: some 3 MB
DEFAULT_CROP = {"scale": 1.3, "shift": 0.0}
"""Of the faces of detectors that do not say how they cut them out."""
BESIDE_S = 0.5
"""So long before and after a track its face may be in the frame, unfound, and is blurred where it was nearest in time."""


def request(verdict: Plain, paths: Sequence[str], thumbnails: str) -> dict[str, Any]:
    """Return what `thumbnail_process` is to do for a verdict (its stored text as JSON values), but for settings and scratch folder."""
    times_s = sorted({float(time_s) for time_s in verdict["provenance"].get("sampled_s") or ()})
    finding = pictured(verdict)
    faces = chosen(finding)[:MOST_FACES]
    at_times: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for face in faces:
        at_times[key(nearest(times_s, face["time_s"]))].append(
            {"track": face["track"], "box": face["box"]}
        )
    is_blurred = thumbnails == "blurred"
    boxes = {key(t): list(at(verdict, t)) for t in times_s} if is_blurred else {}
    return {
        "paths": list(paths),
        "media": verdict["media"],
        "times_s": times_s,
        "faces": at_times,
        "crop": crop_of(verdict, finding),
        "blur": boxes,
        "is_blurred": is_blurred,
    }


def left_out(verdict: Plain) -> int:
    """Return how many faces get no picture because there are too many."""
    return max(len(chosen(pictured(verdict))) - MOST_FACES, 0)


def key(time_s: float) -> str:
    """Return a recorded time as a key of JSON."""
    return f"{time_s:.6f}"


def nearest(times_s: Sequence[float], time_s: float) -> float:
    """Return the sampled time that a face's is: the former are rounded."""
    return min(times_s, key=lambda t: abs(t - time_s), default=time_s)


def pictured(verdict: Plain) -> Plain | None:
    """Return the finding whose faces are pictured: the first with maps, else the first with scored frames."""
    scored = [f for f in verdict["findings"] if f["evidence"].get("frames")]
    with_maps = [f for f in scored if any(face.get("map") for face in f["evidence"]["frames"])]
    return next(iter(with_maps or scored), None)


def chosen(finding: Plain | None) -> list[Plain]:
    """Return the scored faces of a finding, those of the tracks with the highest scores first."""
    if finding is None:
        return []
    scores = {track["id"]: track["score"] for track in finding["evidence"]["tracks"]}
    frames: list[Plain] = finding["evidence"]["frames"]
    return sorted(frames, key=lambda f: (-scores.get(f["track"], 0.0), f["track"], f["time_s"]))


def crop_of(verdict: Plain, finding: Plain | None) -> dict[str, float]:
    """Return how the detector of a finding cuts out faces, so that its maps lie on the pictures."""
    parameters = verdict["provenance"].get("parameters", {})
    crop = parameters.get(finding["detector"], {}).get("crop") if finding else None
    return {name: float((crop or DEFAULT_CROP)[name]) for name in DEFAULT_CROP}


def at(verdict: Plain, time_s: float) -> Iterator[Box]:
    """Yield the boxes of all faces known in or around a frame, whichever detector scored them."""
    tracks: dict[tuple[str, int], list[Plain]] = defaultdict(list)
    for finding in verdict["findings"]:
        for face in finding["evidence"].get("frames", ()):
            tracks[finding["detector"], face["track"]].append(face)
    for faces in tracks.values():
        times = [face["time_s"] for face in faces]
        if min(times) - BESIDE_S <= time_s <= max(times) + BESIDE_S:
            yield min(faces, key=lambda face: abs(face["time_s"] - time_s))["box"]
