"""Score face crops with known truth: single ones, or as the tracks of the videos that `prepare` cut them from.

The score of a single crop is the track logit of a sequence of one frame. A video's is the highest among its tracks that
were seen well enough, as the detector chooses them.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from forensics.analysis import bounds, file_ratio, label_of, log10_lr
from forensics.records import Calibration, Label, MediaKind, TrackScore
from forensics.weights import WeightsEntry

from ..data import Crop, DataError, read_index, rows_of
from ..data.identity import names_datasets
from ..detector import decides
from ..model import FaceSequenceNet, Logits
from ..scoring import BATCH, Alter, Image, score_tracks
from .cases import Known, Progress, Trial, check_kinds, pooled

TRACKED = frozenset({"video", "track", "time_s"})  # columns of crops that were cut from videos


@dataclass(frozen=True)
class Faces:
    """The crops of one file, of each track oldest first. A crop of which no video is known is a file of its own."""

    known: Known
    tracks: tuple[tuple[Crop, ...], ...]

    @property
    def crops(self) -> list[Crop]:
        """All crops, track by track."""
        return [crop for track in self.tracks for crop in track]

    @property
    def over_time(self) -> bool:
        """Say whether any face was seen more than once."""
        return any(len(track) > 1 for track in self.tracks)


def known_crops(index: Path, archives: Sequence[Path], parts: Sequence[int] | None) -> list[Faces]:
    """Return the files of an index of crops, those of some parts or all.

    Raises DataError as `read_index` does, and unless both kinds are among them.
    """
    crops, rows = read_index(index, archives), rows_of(index)
    few = names_datasets(rows)
    found: dict[Hashable, tuple[Known, list[Crop]]] = {}
    for (line, row), crop in zip(rows, crops, strict=True):
        if parts is None or crop.part in parts:
            video = crop.video if row.keys() >= TRACKED else ""
            known = known_crop(row, crop, f"{index}: row {line}", video, few=few)
            key = (crop.dataset, video, crop.fake) if video else line
            found.setdefault(key, (known, []))[1].append(crop)
    check_kinds([known for known, _ in found.values()], index, "crops")
    return [Faces(known, tracks_of(some)) for known, some in found.values()]


def known_crop(row: Mapping[str, str], crop: Crop, where: str, video: str, *, few: bool) -> Known:
    """Return what an index says of a crop, or of the video that it was cut from."""
    return Known(
        file=video or row["file"],
        where=where,
        fake=crop.fake,
        original=crop.original,
        identity=row.get("identity", ""),
        dataset=row.get("dataset", "") or (row.get("source", "") if few else ""),
        method=row.get("method", ""),
        part=crop.part,
    )


def tracks_of(crops: Sequence[Crop]) -> tuple[tuple[Crop, ...], ...]:
    """Return the crops of one file by track, each oldest first."""
    found: dict[int, list[Crop]] = {}
    for crop in sorted(crops, key=lambda crop: (crop.track, crop.run, crop.time_s)):
        found.setdefault(crop.track, []).append(crop)
    return tuple(map(tuple, found.values()))


def crop_trials(
    model: FaceSequenceNet,
    entry: WeightsEntry,
    files: Sequence[Faces],
    tell: Progress,
    alter: Alter | None = None,
) -> list[Trial]:
    """Score crops, altered or as they are; raises DataError naming the file, and its first row, of one that can't be read."""
    trials: list[Trial] = []
    for batch in gathered(files):
        tell(len(trials), len(files), batch[0].known.file if batch[0].over_time else "crops")
        tracks = [
            [read(one.known, crop) for crop in track] for one in batch for track in one.tracks
        ]
        if alter:
            tracks = [[alter(face) for face in track] for track in tracks]
        scores = scores_of(score_tracks(model, tracks, entry.crop.px), map(len, tracks))
        trials += [
            trial(one, [next(scores) for _ in one.tracks], entry.calibration) for one in batch
        ]
    tell(len(files), len(files), "crops")
    return trials


def gathered(files: Sequence[Faces]) -> Iterator[list[Faces]]:
    """Yield the files in order, some with about `BATCH` crops together at once."""
    batch: list[Faces] = []
    for one in files:
        batch.append(one)
        if sum(len(some.crops) for some in batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def scores_of(logits: Logits, lengths: Iterator[int]) -> Iterator[tuple[float, list[float]]]:
    """Yield the score of each track, and those of its frames."""
    rows = zip(
        logits.track.double().tolist(), logits.frames.double().tolist(), lengths, strict=True
    )
    yield from ((track, frames[:length]) for track, frames, length in rows)


def read(known: Known, crop: Crop) -> Image:
    """Return a crop's picture; raises DataError naming its file and row."""
    try:
        return crop.read()
    except DataError as error:
        raise DataError(f"{known.where}: {known.file}: {error}") from error


def trial(
    one: Faces, scores: Sequence[tuple[float, list[float]]], calibration: Calibration | None
) -> Trial:
    """Return what the calibration makes of one file, given the scores of each track and of its frames.

    Where no face was seen twice, no gate for its size or its frames applies.
    """
    tracks = [track_score(i, *pair) for i, pair in enumerate(zip(one.tracks, scores, strict=True))]
    able = [t for t in tracks if not one.over_time or decides(t, calibration, MediaKind.VIDEO)]
    best = max(able or tracks, key=lambda track: track.score)
    ratio, outcome = decided([track.score for track in able], calibration)
    mean, single = pooled([scores[track.id][1] for track in able or tracks])
    face_px = best.median_face_px if best.median_face_px < float("inf") else None
    faces = max(len(able), 1)
    return Trial(one.known, outcome, best.score, mean, single, ratio, face_px, faces=faces)


def decided(scores: Sequence[float], calibration: Calibration | None) -> tuple[float | None, str]:
    """Return the log10 ratio and the label of a file by the scores of the tracks that decide, as the program does."""
    if calibration is None or not scores:
        return None, Label.INCONCLUSIVE.value
    ratio = file_ratio([log10_lr(score, calibration) for score in scores])
    at = bounds(calibration, len(scores))
    label = label_of(ratio, at.fake_at, at.real_at) if at else Label.INCONCLUSIVE
    return ratio, label.value


def track_score(
    number: int, crops: Sequence[Crop], scores: tuple[float, list[float]]
) -> TrackScore:
    """Return the score of one track; a size of its face that is not known is infinite, so that no gate holds it back."""
    return TrackScore(
        id=number,
        first_s=crops[0].time_s,
        last_s=crops[-1].time_s,
        frames=len(crops),
        median_face_px=median(crop.face_px or float("inf") for crop in crops),
        score=scores[0],
    )
