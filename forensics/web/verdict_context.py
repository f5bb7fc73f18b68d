"""What the result page shows of a verdict, made from its stored text alone: no file is opened for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..analysis.fusion import mean
from ..report import wording
from ..report.report_data import collected
from ..report.summary import error_rates
from ..store.models import Pipeline
from .player import player

Plain = Mapping[str, Any]

NEXT_STEPS = {
    "no_face": "Faces below that size are not examined. A version with more pixels helps, or a passage in which a face is nearer; enlarging this one does not.",
    "too_few_frames": "Ask for more frames, or for the passage in which the face is seen: 'forensics scan --from S --to S'.",
    "no_detector": "'forensics plugins list' and 'forensics doctor' say what is missing.",
    "low_quality": "A version with more pixels or less compression helps; enlarging this one does not.",
    "truncated": "Copy the file again from where it came, and send that.",
}
"""What can be done about a reason, where something can."""

BAR_PX, BAR_ROOM_PX = 400, 24


@dataclass(frozen=True)
class Bar:
    """A ratio between the thresholds that it was held against; all log10, and `x_...` in pixels of a bar of 400."""

    ratio: float
    cap: float
    fake_at: float
    real_at: float

    def x(self, value: float) -> float:
        """Return where a value lies."""
        share = (max(-self.cap, min(self.cap, value)) + self.cap) / (2 * self.cap)
        return round(BAR_ROOM_PX + share * (BAR_PX - 2 * BAR_ROOM_PX), 1)


@dataclass(frozen=True)
class Face:
    """One face in one sampled frame; `n` is its number in the addresses of its pictures."""

    n: int
    track: int
    time_s: float
    box: tuple[float, ...]
    scores: Plain
    maps: Plain


@dataclass(frozen=True)
class Track:
    """One face over time: its faces, what each detector made of it, and which face (-1: none) has the highest score."""

    id: int
    first_s: float
    last_s: float
    judged: tuple[tuple[str, Plain], ...]
    faces: tuple[Face, ...]
    highest: int


def was_default(session: Session, verdict: Plain) -> bool:
    """Say whether a verdict's pipeline was ever the default one; else somebody asked for settings of its own."""
    since = select(Pipeline.default_since).where(Pipeline.hash == verdict["pipeline"])
    return session.scalar(since) is not None


def told(session: Session, verdict_id: int) -> dict[str, Any] | None:
    """Return what `forensics show --json` prints of a verdict, or None where there is none."""
    found = collected(session, str(verdict_id))
    return found if found and found["verdict_id"] == verdict_id else None


def described(verdict: Plain) -> dict[str, Plain]:
    """Return what made a verdict: its detectors by name, as the pipeline describes them."""
    return {one["name"]: one for one in verdict["provenance"]["pipeline"]["detectors"]}


def bar(verdict: Plain) -> Bar | None:
    """Return the ratio and the thresholds that `fusion.fuse` held it against; None where nothing calibrated voted."""
    detectors = described(verdict)
    voters = [f for f in verdict["findings"] if f["log10_lr"] is not None]
    known = [
        (f, detectors[f["detector"]]["calibration"]) for f in voters if f["detector"] in detectors
    ]
    used = [wording.bounds(calibration, f) if calibration else {} for f, calibration in known]
    if verdict["log10_lr"] is None or not used or not all(used):
        return None
    caps = [calibration["cap_log10"] for _, calibration in known]
    return Bar(
        verdict["log10_lr"],
        max(mean(caps), abs(verdict["log10_lr"]), 0.1),
        mean([at["fake_at"] for at in used]),
        mean([at["real_at"] for at in used]),
    )


def faces(verdict: Plain) -> list[Face]:
    """Return every face in every sampled frame, by track and time, with what each detector said of it."""
    found: dict[tuple[int, float], tuple[list[float], dict[str, float], dict[str, Any]]] = {}
    for finding in verdict["findings"]:
        for frame in finding["evidence"]["frames"]:
            key = (frame["track"], frame["time_s"])
            _, scores, maps = found.setdefault(key, (frame["box"], {}, {}))
            scores[finding["detector"]] = frame["score"]
            if frame.get("map"):
                maps[finding["detector"]] = frame["map"]
    return [
        Face(n, *key, tuple(found[key][0]), *found[key][1:]) for n, key in enumerate(sorted(found))
    ]


def tracks(verdict: Plain, every: list[Face]) -> list[Track]:
    """Return the face tracks with their faces."""
    judged: dict[int, list[tuple[str, Plain]]] = {}
    for finding in verdict["findings"]:
        for track in finding["evidence"]["tracks"]:
            judged.setdefault(track["id"], []).append((finding["detector"], track))
    return [track_of(number, said, every) for number, said in sorted(judged.items())]


def track_of(number: int, said: list[tuple[str, Plain]], every: list[Face]) -> Track:
    """Return one face track; the highest score is that of the first detector that scored its frames."""
    own = tuple(face for face in every if face.track == number)
    first = next((name for name, _ in said if any(name in f.scores for f in own)), "")
    scored = [face for face in own if first in face.scores]
    highest = max(scored, key=lambda face: face.scores[first]).n if len(scored) > 1 else -1
    track = said[0][1]
    return Track(number, track["first_s"], track["last_s"], tuple(said), own, highest)


def context(verdict: Plain) -> dict[str, Any]:
    """Return what the template of the result page takes."""
    every = faces(verdict)
    seen = verdict["sightings"]
    return {
        "verdict": verdict,
        "verdict_id": verdict["verdict_id"],
        "kind": verdict["media"]["kind"],
        "player": player(verdict, verdict["verdict_id"]),
        "name": next((s["exhibit"] for s in seen if s["exhibit"]), None) or last(verdict["path"]),
        "case": next((s["case"] for s in seen if s["case"]), None),
        "sentence": wording.result(verdict),
        "next_step": NEXT_STEPS.get(verdict["reason"] or ""),
        "rates": [] if verdict["label"] == "not_assessed" else list(error_rates(verdict)),
        "question": wording.QUESTION,
        "propositions": wording.propositions(verdict),
        "heat_map": wording.HEAT_MAP,
        "scope": wording.scope(verdict),
        "coverage": wording.coverage(verdict) if verdict["coverage"] else None,
        "bar": bar(verdict),
        "moments": moments(verdict),
        "tracks": tracks(verdict, every),
        "has_maps": any(face.maps for face in every),
    }


def moments(verdict: Plain) -> list[float]:
    """Return the sampled moments of a video; a still is shown as it is."""
    still = verdict["media"]["kind"] == "still"
    return [] if still else list(verdict["provenance"].get("sampled_s", ()))


def last(path: str | None) -> str:
    """Return a path's last part."""
    return (path or "").rsplit("/", 1)[-1] or "without a name"
