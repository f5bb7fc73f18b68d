"""What the result page shows of a verdict, made from its stored text alone: no file is opened for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..analysis.fusion import held_against, mean
from ..records import Box, FrameScore, HeatMap, Label, MediaKind, StoredVerdict, TrackScore
from ..report import wording
from ..report.report_data import Dossier, collected
from ..report.summary import error_rates
from ..store.models import Pipeline
from .formats import base_name
from .player import player

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
    box: Box
    scores: Mapping[str, float]
    maps: Mapping[str, HeatMap]


@dataclass(frozen=True)
class Track:
    """One face over time: its faces, what each detector made of it, and which face (-1: none) has the highest score."""

    id: int
    first_s: float
    last_s: float
    judged: tuple[tuple[str, TrackScore], ...]
    faces: tuple[Face, ...]
    highest: int


def is_of_default(session: Session, pipeline_hash: str | None) -> bool:
    """Say whether a pipeline was ever the default one; else somebody asked for settings of its own."""
    since = select(Pipeline.default_since).where(Pipeline.hash == pipeline_hash)
    return session.scalar(since) is not None


def dossier_of(session: Session, verdict_id: int) -> Dossier | None:
    """Return all that is known of a verdict, or None where there is none."""
    dossier = collected(session, str(verdict_id))
    return dossier if dossier and dossier.verdict_id == verdict_id else None


def bar(verdict: StoredVerdict) -> Bar | None:
    """Return the ratio and the thresholds that `fusion.fuse` held it against; None where nothing calibrated voted."""
    pipeline = verdict.provenance.pipeline
    known = held_against(
        verdict.voters, pipeline.calibrations, pipeline.together, verdict.media.kind
    )
    used = [at for _, at in known if at]
    if verdict.log10_lr is None or not used or len(used) < len(known):
        return None
    cap = mean([calibration.cap_log10 for calibration, _ in known])
    return Bar(
        verdict.log10_lr,
        max(cap, abs(verdict.log10_lr), 0.1),
        mean([at.fake_at for at in used]),
        mean([at.real_at for at in used]),
    )


def faces(verdict: StoredVerdict) -> list[Face]:
    """Return every face in every sampled frame, by track and time, with what each detector said of it."""
    frames: dict[tuple[int, float], list[tuple[str, FrameScore]]] = {}
    for finding in verdict.findings:
        for frame in finding.evidence.frames:
            frames.setdefault((frame.track, frame.time_s), []).append((finding.detector, frame))
    return [
        Face(
            n,
            *key,
            frames[key][0][1].box,
            {detector: frame.score for detector, frame in frames[key]},
            {detector: frame.map for detector, frame in frames[key] if frame.map},
        )
        for n, key in enumerate(sorted(frames))
    ]


def tracks(verdict: StoredVerdict, every: list[Face]) -> list[Track]:
    """Return the face tracks with their faces."""
    judged: dict[int, list[tuple[str, TrackScore]]] = {}
    for finding in verdict.findings:
        for track in finding.evidence.tracks:
            judged.setdefault(track.id, []).append((finding.detector, track))
    return [track_of(number, scores, every) for number, scores in sorted(judged.items())]


def track_of(number: int, judged: list[tuple[str, TrackScore]], every: list[Face]) -> Track:
    """Return one face track; the highest score is that of the first detector that scored its frames."""
    faces_of = tuple(face for face in every if face.track == number)
    first = next((name for name, _ in judged if any(name in f.scores for f in faces_of)), "")
    scored = [face for face in faces_of if first in face.scores]
    highest = max(scored, key=lambda face: face.scores[first]).n if len(scored) > 1 else -1
    track = judged[0][1]
    return Track(number, track.first_s, track.last_s, tuple(judged), faces_of, highest)


def context(dossier: Dossier, verdict: StoredVerdict) -> dict[str, Any]:
    """Return what the template of the result page takes."""
    every = faces(verdict)
    shown, verdict_id = dossier.shown, dossier.verdict_id or 0
    exhibit = next((place.exhibit for place in shown.sightings if place.exhibit), None)
    is_assessed = verdict.label is not Label.NOT_ASSESSED
    return {
        "verdict": verdict,
        "verdict_id": verdict_id,
        "shown": shown,
        "reviews": dossier.reviews,
        "kind": verdict.media.kind,
        "player": player(verdict, verdict_id),
        "name": exhibit or base_name(shown.path) or "without a name",
        "case": next((place.case for place in shown.sightings if place.case), None),
        "sentence": wording.result(verdict),
        "next_step": NEXT_STEPS.get(verdict.reason or ""),
        "rates": list(error_rates(dossier)) if is_assessed else [],
        "question": wording.QUESTION,
        "propositions": wording.propositions(verdict),
        "heat_map": wording.HEAT_MAP,
        "scope": wording.scope(verdict),
        "coverage": wording.coverage(verdict) if verdict.coverage else None,
        "bar": bar(verdict),
        "moments": moments(verdict),
        "tracks": tracks(verdict, every),
        "has_maps": any(face.maps for face in every),
    }


def moments(verdict: StoredVerdict) -> Sequence[float]:
    """Return the sampled moments of a video; a still is shown as it is."""
    return () if verdict.media.kind is MediaKind.STILL else verdict.provenance.sampled_s
