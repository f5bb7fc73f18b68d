"""Score videos with known truth, through the program's whole analysis, once: what was scored is kept in a file."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from forensics.records import TrackScore
from forensics.settings import Settings
from forensics.weights import WeightsEntry, sha256_of

from ..data.identity import TIE, part_of, tied
from ..detector import SequenceDetector
from .cases import Known, Progress
from .scoring_clips import equipment_of, findings_of

SAMPLING = ("frames", "sampling", "run_frames", "stride_s", "reproducible")


@dataclass(frozen=True)
class Face:
    """One face track of a video: its raw score, in how many frames it was seen, and how large it is."""

    score: float
    frames: int
    face_px: float


@dataclass(frozen=True)
class VideoScores:
    """A video with known truth, and by detector the faces that it scored; empty, with an `error`, where it could not."""

    known: Known
    faces: Mapping[str, tuple[Face, ...]]
    error: str = ""


def score_videos(
    entries: Sequence[WeightsEntry],
    settings: Settings,
    known: Sequence[tuple[Path, Known]],
    kept: Path,
    tell: Progress,
) -> list[VideoScores]:
    """Score videos that lie in folders; those that `kept` has from an earlier call with the same weights are not scored again.

    Raises WeightsError when the weights are not what the manifest says.
    """
    done = read_kept(kept)
    detectors = [SequenceDetector(entry, settings) for entry in entries]
    equipment = equipment_of({"": detectors}, settings)
    terms = terms_of(detectors, settings)
    scores = []
    kept.parent.mkdir(parents=True, exist_ok=True)
    with kept.open("a", encoding="utf-8") as file:
        for number, (folder, video) in enumerate(known):
            tell(number, len(known), video.file)
            path = folder / video.file
            key = hashlib.sha256(f"{terms}{sha256_of(path)}".encode()).hexdigest()
            if key not in done:
                found = findings_of(path, equipment)
                row: dict[str, object] = (
                    {"error": found} if isinstance(found, str) else as_row(found)
                )
                done[key] = row
                file.write(json.dumps({"key": key, **row}) + "\n")
                file.flush()
            scores.append(scores_of(video, done[key]))
    tell(len(known), len(known), "")
    return scores


def terms_of(detectors: Iterable[SequenceDetector], settings: Settings) -> str:
    """Return everything but the file that decides a score, as text."""
    sampling = {name: getattr(settings, name) for name in SAMPLING}
    looked = [(d.name, d.weights, dict(d.parameters)) for d in detectors]
    return json.dumps([sampling, looked], sort_keys=True)


def read_kept(path: Path) -> dict[str, dict[str, object]]:
    """Return what was scored before by its key; a line that was cut off is left out."""
    rows: dict[str, dict[str, object]] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue
        rows[row.pop("key")] = row
    return rows


def as_row(found: Mapping[str, Sequence[TrackScore]]) -> dict[str, object]:
    """Return the faces that detectors scored as JSON values."""
    return {
        name: [asdict(Face(t.score, t.frames, t.median_face_px)) for t in tracks]
        for name, tracks in found.items()
    }


def scores_of(known: Known, row: Mapping[str, object]) -> VideoScores:
    """Return a video's scores from what was kept of it."""
    if "error" in row:
        return VideoScores(known, {}, str(row["error"]))
    faces = {
        name: tuple(Face(**face) for face in rows)
        for name, rows in row.items()
        if isinstance(rows, list)
    }
    return VideoScores(known, faces)


def groups_shown(known: Iterable[Known]) -> Iterator[str]:
    """Yield the groups of people that videos show, by all names that a lineage may have for them (`lineage.all_names_of`)."""
    videos = list(known)
    identity_of = tied(video.identity for video in videos)
    for video in videos:
        if video.identity:
            first = video.identity.split(TIE)[0]
            yield f"{video.dataset}/{part_of(identity_of[first])}"
            yield f"{video.dataset}/{video.identity}"
