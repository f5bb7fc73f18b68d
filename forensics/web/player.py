"""What the player is told: where the picture comes from, and which face is where when, with its result."""

from collections.abc import Iterator
from operator import itemgetter
from typing import Any

from ..evidence.previews import playable
from ..records import Box, StoredVerdict, TrackScore
from ..report.svg_marks import colour, dash
from ..report.timeline import JOIN_STRIDES
from .formats import words

FALLBACK_FPS = 25.0


def player(verdict: StoredVerdict, verdict_id: int) -> dict[str, Any]:
    """Return what `_player.html` and `player.js` take, as JSON values; boxes are in pixels of the upright picture.

    Between two samples of a face up to `join_s` apart its box is interpolated. Around a sample that is alone it stays
    for `hold_s` on either side, and elsewhere none is known.
    """
    media, step_s = verdict.media, spacing(verdict)
    address = f"/verdicts/{verdict_id}"
    return {
        "kind": media.kind,
        "width": media.width,
        "height": media.height,
        "duration_s": media.duration_s,
        "native": f"{address}/media" if playable(media) else None,
        "copy": f"{address}/proxy.webm",
        "copy_state": f"{address}/proxy",
        "join_s": JOIN_STRIDES * step_s,
        "hold_s": step_s / 2,
        "tracks": list(tracks(verdict)),
        "samples": samples(verdict),
        "moments": moments(verdict),
    }


def spacing(verdict: StoredVerdict) -> float:
    """Return the seconds between two samples of a run: the stride, or the frames' distance where that is longer."""
    return max(verdict.provenance.stride_s, 1 / (verdict.media.fps or FALLBACK_FPS))


def tracks(verdict: StoredVerdict) -> Iterator[dict[str, Any]]:
    """Yield each face with its results, calibrated ones first, in the colour and dashes of the timeline."""
    lines: dict[int, list[tuple[bool, str]]] = {}
    several = sum(bool(finding.evidence.tracks) for finding in verdict.findings) > 1
    for finding in verdict.findings:
        for track in finding.evidence.tracks:
            by = f"{finding.detector}: " if several else ""
            lines.setdefault(track.id, []).append((track.log10_lr is None, by + result(track)))
    for place, number in enumerate(lines):
        yield {
            "id": number,
            "results": [line for _, line in sorted(lines[number], key=itemgetter(0))],
            "colour": colour(place),
            "dash": dash(place).replace("none", ""),
        }


def result(track: TrackScore) -> str:
    """Return what was found of one face: its label and ratio, or the score where there is no calibrated ratio."""
    if track.log10_lr is None:
        return f"score {track.score:.2f}"
    label = words(track.label).lower() if track.label else "no label"
    return f"{label}, log10 LR {track.log10_lr:.2f}"


def samples(verdict: StoredVerdict) -> list[dict[str, Any]]:
    """Return where each face was in each sampled frame, oldest first; detectors share the faces."""
    boxes: dict[tuple[float, int], Box] = {
        (frame.time_s, frame.track): frame.box
        for finding in verdict.findings
        for frame in finding.evidence.frames
    }
    return [
        {"time_s": time_s, "track": track, "box": list(boxes[time_s, track])}
        for time_s, track in sorted(boxes)
    ]


def moments(verdict: StoredVerdict) -> list[float]:
    """Return every sampled moment, those without a face too."""
    with_face = {round(f.time_s, 6) for g in verdict.findings for f in g.evidence.frames}
    return sorted(with_face | {round(t, 6) for t in verdict.provenance.sampled_s})
