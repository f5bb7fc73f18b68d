"""Any collection, described by a CSV beside its files: file, label, source, and more where more is known."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from ...data import DataError
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
    try:
        with index.open(newline="", encoding="utf-8") as file:
            return parted(rows(index, csv.DictReader(file)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{index}: can't be read: {error}") from error


def rows(index: Path, table: "csv.DictReader[str]") -> Iterator[Video]:
    """Yield the videos of a table; raises DataError naming the row that is wrong."""
    seen: set[str] = set()
    for row in table:
        where = f"{index}: row {table.line_num}"
        video = video_of(index.parent, row, where)
        if video.name in seen:
            raise DataError(f"{where}: {video.name} stands there twice")
        seen.add(video.name)
        yield video


def video_of(folder: Path, row: Mapping[str, str | None], where: str) -> Video:
    """Return the video of one row."""
    cells = {key: value or "" for key, value in row.items() if isinstance(value, str | None)}
    name, label, part = cells["file"], cells["label"], cells.get("part") or "-1"
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
        original=cells.get("original") or cells["source"] or Path(name).stem,
        dataset=cells.get("dataset") or folder.resolve().name,
        method=cells.get("method", ""),
        identity=cells.get("identity", ""),
        part=int(part),
        split=cells.get("split", ""),
    )
