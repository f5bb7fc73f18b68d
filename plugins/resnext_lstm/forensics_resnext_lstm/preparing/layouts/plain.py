"""Any collection, described by a CSV beside its files: file, label, source, and more where more is known.

`source` is the video that a file was made from. A swap may have the name that its data set gives it, as 183_253, and has
the original 183 where that is among the files. Where `source` names data sets, no file has a source video.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ...data import DataError, rows_of
from ...data.identity import TIE, names_datasets, original_of, people_in
from .video import Video, parted

NEEDED = frozenset({"file", "label", "source"})
SIGN = "a CSV with the columns file, label, source (and dataset, method, identity, part, split)"


def index_of(source: Path) -> Path | None:
    """Return the CSV: the source itself, its index.csv, or the only one in it with those columns."""
    if source.is_file():
        return source if columns(source) >= NEEDED else None
    index = source / "index.csv"
    if index.exists() and columns(index) >= NEEDED:
        return index
    found = [path for path in sorted(source.glob("*.csv")) if columns(path) >= NEEDED]
    return found[0] if len(found) == 1 else None


def columns(path: Path) -> frozenset[str]:
    """Return the names in a CSV's first row; none where it can't be read."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return frozenset(next(csv.reader(file), []))
    except (OSError, UnicodeDecodeError, csv.Error):
        return frozenset()


def fits(source: Path) -> bool:
    """Say whether there is such a CSV."""
    return index_of(source) is not None


def read(source: Path) -> list[Video]:
    """Return a video for each row; a file's path is from the CSV's folder on."""
    index = index_of(source)
    if index is None:
        raise DataError(f"{source}: no CSV with the columns {', '.join(sorted(NEEDED))} was found")
    return parted(partnered(identified(list(videos(index, rows_of(index))))))


def videos(index: Path, table: Sequence[tuple[int, Mapping[str, str]]]) -> Iterator[Video]:
    """Yield the videos of a table; raises DataError naming the row that is wrong."""
    datasets = names_datasets(table)
    seen: set[str] = set()
    for line, row in table:
        where = f"{index}: row {line}"
        video = video_of(index.parent, row, where, datasets=datasets)
        if video.name in seen:
            raise DataError(f"{where}: {video.name} stands there twice")
        seen.add(video.name)
        yield video


def video_of(folder: Path, row: Mapping[str, str], where: str, *, datasets: bool) -> Video:
    """Return the video of one row; where `source` names `datasets`, every file is made from itself."""
    name, label, source = (row.get(column, "") for column in ("file", "label", "source"))
    part = row.get("part") or "-1"
    if not name or label not in ("real", "fake"):
        raise DataError(f"{where}: {name or 'no file'}: label is {label!r}, not real or fake")
    if ".." in Path(name).parts:
        raise DataError(f"{where}: {name}: must be a path from the CSV's folder on, without '..'")
    if not part.removeprefix("-").isdecimal():
        raise DataError(f"{where}: {name}: part is {part!r}, not a whole number")
    return Video(
        name=name,
        path=folder / name,
        fake=label == "fake",
        original=row.get("original") or (name if datasets else source or Path(name).stem),
        dataset=row.get("dataset") or (source if datasets else "") or folder.resolve().name,
        method=row.get("method", ""),
        identity=row.get("identity", ""),
        part=int(part),
        split=row.get("split", ""),
    )


def identified(videos: Sequence[Video]) -> Sequence[Video]:
    """Return the videos; where not one says who is seen, with the people whom the names of swaps tell of."""
    if any(video.identity for video in videos):
        return videos
    names = {video.original for video in videos}
    swapped = {who for name in names if original_of(name) != name for who in people_in(name)}
    return [
        replace(video, identity=TIE.join(sorted(who))) if who <= swapped else video
        for video in videos
        for who in [people_in(video.original)]
    ]


def partnered(videos: Sequence[Video]) -> list[Video]:
    """Return the videos, a swap with the original that its name tells of where that is among them."""
    real = {(video.dataset, video.original) for video in videos if not video.fake}
    return [
        replace(video, original=target) if video.fake and (video.dataset, target) in real else video
        for video in videos
        for target in [original_of(video.original)]
    ]
