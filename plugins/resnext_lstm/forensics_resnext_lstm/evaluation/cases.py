"""Files with known truth, as an index lists them, and what the detector made of each."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..data import DataError, rows_of
from ..data.identity import names_datasets, original_of, people_in
from .bootstrap import connected

Progress = Callable[[int, int, str], None]  # done, of so many, what is being done
VIDEO_COLUMNS = ("file", "label", "source")
CROPS = "crops"  # the unit of single crops, each a file of one face
PREPARED = "prepared videos"  # the unit of crops that are measured as the tracks of their videos
FAILED = "failed"
OUTCOMES = ("fake", "inconclusive", "real", "not_assessed", FAILED)


@dataclass(frozen=True)
class Known:
    """One row of an index. `where` names it in errors; what it does not say is empty, and `part` -1.

    `original` is the video it was made from (in an index of videos the column `source`, unless that names data sets),
    `identity` who is in it.
    """

    file: str
    where: str
    fake: bool
    original: str = ""
    identity: str = ""
    dataset: str = ""
    method: str = ""
    part: int = -1

    @property
    def people(self) -> frozenset[str]:
        """What ties this file to others: the people, and the video it was made from.

        Where the people are given, the video's name adds only those whom it names by a data set's pattern.
        """
        who, made_of = people_in(self.identity), people_in(self.original)
        if who and made_of == {self.original}:
            return who
        return who | made_of


@dataclass(frozen=True)
class Trial:
    """What became of one file. `outcome` is the verdict of this detector alone, or `failed` with an `error`.

    `score` is the shipped one, of the LSTM; `mean` that of mean pooling of the frames' scores; `single` that of one
    frame, the middle one of a track. `log10_lr` is the calibrated ratio. `face_px` is the longer side of the face that
    decided, in the file that it was found in. None where there is none or it is not known. `faces` were judged in it.
    """

    known: Known
    outcome: str
    score: float | None = None
    mean: float | None = None
    single: float | None = None
    log10_lr: float | None = None
    face_px: float | None = None
    error: str = ""
    faces: int = 1


@dataclass(frozen=True)
class Measurement:
    """The trials of all files, those under other conditions by name, and whether the LSTM adds exactly nothing.

    `changed` has fakes by how far they differ from their originals, where these are known, beside all real files.
    """

    trials: list[Trial]
    untrained: bool
    altered: dict[str, list[Trial]] = field(default_factory=dict)
    changed: dict[str, list[Trial]] = field(default_factory=dict)


def known_videos(index: Path, folder: Path, *, needs_both: bool = True) -> list[Known]:
    """Return the rows of an index of videos that lie in a folder.

    Raises DataError naming the row for a missing column, label or file, and where it `needs_both`, unless both kinds are
    among them. A `source` that names data sets stands for a missing `dataset`, and is no source video.
    """
    rows = rows_of(index)
    few = names_datasets(rows)
    found = [known_video(row, f"{index}: row {line}", folder, few) for line, row in rows]
    if needs_both:
        check_kinds(found, index, "videos")
    return found


def known_video(row: Mapping[str, str], where: str, folder: Path, few: bool) -> Known:
    """Return what an index says of a video; raises DataError for what is wrong in its row."""
    if missing := [column for column in VIDEO_COLUMNS if row.get(column) is None]:
        raise DataError(
            f"{where}: it lacks the column {missing[0]!r} of {', '.join(VIDEO_COLUMNS)}"
        )
    file, label = row["file"], row["label"]
    if label not in ("real", "fake"):
        raise DataError(f"{where}: {file}: label is {label!r}, not real or fake")
    if not file or not (folder / file).is_file():
        raise DataError(f"{where}: {file}: there is no such file in {folder}")
    return Known(
        file=file,
        where=where,
        fake=label == "fake",
        original="" if few else row["source"],
        identity=row.get("identity", ""),
        dataset=row.get("dataset", "") or (row["source"] if few else ""),
        method=row.get("method", ""),
    )


def check_kinds(known: Sequence[Known], index: Path, what: str) -> None:
    """Raise DataError unless there are both real and fake files."""
    if not known:
        raise DataError(f"{index}: it lists no {what} to measure on")
    fakes = sum(one.fake for one in known)
    if fakes in (0, len(known)):
        raise DataError(f"{index}: of {len(known)} {what} {fakes} are fake: both kinds are needed")


def pooled(tracks: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Return what mean pooling and what one frame, a track's middle one, make of the frames' scores: the highest."""
    means = max(sum(scores) / len(scores) for scores in tracks)
    return means, max(scores[len(scores) // 2] for scores in tracks)


def clusters_of(trials: Sequence[Trial], by: str) -> list[int]:
    """Return the cluster of each trial by `people`, `original` or `part`."""
    return connected([ties(trial.known, by) for trial in trials])


def ties(known: Known, by: str) -> Iterable[str]:
    """Return what ties a file to others; nothing where that is not known."""
    if by == "people":
        return known.people
    if by == "original":
        return filter(None, [original_of(known.original)])
    return [str(known.part)]


def verdicts_of(trials: Sequence[Trial]) -> dict[str, dict[str, int]]:
    """Return how many real and fake files had each outcome."""
    count = Counter((trial.known.fake, trial.outcome) for trial in trials)
    return {
        truth: {outcome: count[fake, outcome] for outcome in OUTCOMES}
        for truth, fake in (("real", False), ("fake", True))
    }
