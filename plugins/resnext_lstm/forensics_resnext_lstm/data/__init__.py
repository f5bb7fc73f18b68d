"""Face crops for training and measuring: a CSV index beside tar archives, read without unpacking."""

import csv
import tarfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from forensics.errors import ForensicsError

Image = npt.NDArray[np.uint8]

COLUMNS = ("file", "label", "original", "part")
INDEX = "index.csv"  # of a folder that `prepare` wrote, beside its archives
SAME_MOMENT_S = 0.05  # two crops of one video that are nearer than this show the same moment
TEST = "test"  # the split whose rows are for measuring alone
VAL = "val"  # the split whose rows are held out, whatever their part


class DataError(ForensicsError):
    """An index or archive that can't be used; the text names the file and the row."""


@dataclass(frozen=True)
class Place:
    """Where a file's bytes lie in an archive."""

    archive: Path
    offset: int
    size: int


@dataclass(frozen=True)
class Crop:
    """One labelled face crop, and what ties it to others.

    `original` names the source video, which a fake shares with its real partner; `part` is the group of people, -1 when
    it is not known. What follows is empty in an index that has no such column: `identity` names the people with `+`
    between them; `split` is the collection's own; `video`, `track`, `run` and `time_s` say where the face was seen;
    `face_px` is the longer side of its box and `x`, `y` the box's centre in the frame. The stored picture is
    `margin` times as wide as the face crop in its middle.
    """

    place: Place
    fake: bool
    original: str
    part: int
    dataset: str = ""
    method: str = ""
    identity: str = ""
    split: str = ""
    video: str = ""
    track: int = 0
    run: int = 0
    time_s: float = 0.0
    face_px: float = 0.0
    x: float = 0.0
    y: float = 0.0
    margin: float = 1.0

    def read(self) -> Image:
        """Return the face, (H, W, 3) uint8 RGB, without its margin; raises DataError when it can't be decoded."""
        return middle(self.stored(), self.margin)

    def stored(self) -> Image:
        """Return the picture with its margin, (H, W, 3) uint8 RGB; raises DataError when it can't be decoded."""
        archive, offset, size = self.place.archive, self.place.offset, self.place.size
        try:
            with archive.open("rb") as file:
                file.seek(offset)
                data = np.frombuffer(file.read(size), np.uint8)
        except OSError as error:
            raise DataError(f"{archive}: can't be read: {error}") from error
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB) if len(data) else None
        if picture is None:
            raise DataError(f"{archive}: the picture at byte {offset} can't be decoded")
        return np.asarray(picture, np.uint8)


MORE = {one.name: type(one.default) for one in fields(Crop) if one.default is not MISSING}


def middle(picture: Image, margin: float) -> Image:
    """Return the middle of a square picture that is `margin` times as wide."""
    if margin == 1:
        return picture
    whole = picture.shape[0]
    side = max(round(whole / margin), 1)
    first = (whole - side) // 2
    return picture[first : first + side, first : first + side]


@dataclass(frozen=True)
class Group:
    """The crops of one source video: aligned real and fake ones."""

    real: tuple[Crop, ...]
    fake: tuple[Crop, ...]


def read_index(index: Path, archives: Sequence[Path]) -> list[Crop]:
    """Read `file,label,original,part` rows whose pictures lie in the given uncompressed tar archives.

    Raises DataError naming the row for a label other than real or fake, a part that is no number, a missing column and
    a picture that no archive holds; and one naming the file for an index or archive that can't be read, and for an
    index without a row.
    """
    members = {name: place for path in archives for name, place in tar_members(path)}
    try:
        with index.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            crops = [crop_of(row, members, f"{index}: row {rows.line_num}") for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{index}: can't be read: {error}") from error
    if not crops:
        raise DataError(
            f"{index}: it holds no row; write one with 'forensics resnext-lstm prepare'"
        )
    return crops


def rows_of(index: Path) -> list[tuple[int, dict[str, str]]]:
    """Return the lines' numbers and values of a CSV; values that are not there are left out."""
    try:
        with index.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            return [
                (rows.line_num, {k: v for k, v in row.items() if k is not None and v is not None})
                for row in rows
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{index}: can't be read: {error}") from error


def read_folder(folder: Path) -> list[Crop]:
    """Read a folder that `prepare` wrote (index.csv and archives), or one of train.csv and train-*.tar."""
    if (folder / INDEX).exists():
        return read_index(folder / INDEX, sorted(folder.glob("*.tar")))
    if (folder / "train.csv").exists():
        return read_index(folder / "train.csv", sorted(folder.glob("train-*.tar")))
    raise DataError(
        f"{folder}: holds neither {INDEX} nor train.csv; make it with 'forensics resnext-lstm prepare'"
    )


def tar_members(archive: Path) -> list[tuple[str, Place]]:
    """Return the name and place of every file in an uncompressed tar."""
    try:
        with tarfile.open(archive, "r:") as tar:
            files = [member for member in tar if member.isfile()]
    except (OSError, tarfile.TarError) as error:
        raise DataError(f"{archive}: can't be read as an uncompressed tar: {error}") from error
    return [(file.name, Place(archive, file.offset_data, file.size)) for file in files]


def crop_of(row: Mapping[str, str | None], members: Mapping[str, Place], where: str) -> Crop:
    """Turn one row of an index into a Crop; `where` names the row in errors."""
    name, label, original, part = (row.get(column) for column in COLUMNS)
    if name is None or label is None or original is None or part is None:
        raise DataError(f"{where}: it lacks one of the columns {', '.join(COLUMNS)}")
    if label not in ("real", "fake"):
        raise DataError(f"{where}: {name}: label is {label!r}, not real or fake")
    if name not in members:
        raise DataError(f"{where}: {name} is in none of the archives given")
    if not part.removeprefix("-").isdecimal():
        raise DataError(f"{where}: {name}: part is {part!r}, not a whole number")
    more = {key: value_of(row[key], key, f"{where}: {name}") for key in MORE if row.get(key)}
    return Crop(members[name], label == "fake", original, int(part), **more)


def value_of(text: str | None, column: str, where: str) -> Any:
    """Return a cell in its column's type."""
    try:
        value = MORE[column](text or "")
    except ValueError as error:
        raise DataError(f"{where}: {column} is {text!r}, not a number") from error
    if column == "margin" and not 1 <= value < 8:
        raise DataError(f"{where}: margin is {text!r}, must be from 1 to 8")
    return value


def split(crops: Iterable[Crop], held_out: frozenset[int]) -> tuple[list[Crop], list[Crop]]:
    """Split by part into training and held-out crops.

    Held out are also the rows of a collection's own val split. Part -1 (people unknown) goes to neither: its people may
    be those of any other part. Nor do rows of a test split.
    """
    sides: tuple[list[Crop], list[Crop]] = [], []
    for crop in crops:
        if crop.part >= 0 and crop.split != TEST:
            sides[crop.part in held_out or crop.split == VAL].append(crop)
    return sides


def groups(crops: Iterable[Crop]) -> list[Group]:
    """Gather crops by source video of one data set, in a stable order."""
    found: dict[tuple[str, str], tuple[list[Crop], list[Crop]]] = defaultdict(lambda: ([], []))
    for crop in crops:
        found[crop.dataset, crop.original][crop.fake].append(crop)
    return [Group(tuple(real), tuple(fake)) for _, (real, fake) in sorted(found.items())]


def apart(one: Crop, other: Crop) -> tuple[float, float]:
    """Return how far two faces are from each other, first in seconds, then in pixels of the frame."""
    return abs(one.time_s - other.time_s), abs(one.x - other.x) + abs(one.y - other.y)


def same_moment(one: Crop, other: Crop) -> bool:
    """Say whether two crops of a video and its copy may be compared place by place."""
    return apart(one, other)[0] < SAME_MOMENT_S
