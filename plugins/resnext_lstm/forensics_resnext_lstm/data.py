"""Face crops for training and measuring: a CSV index beside tar archives, read without unpacking."""

import csv
import tarfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from forensics.errors import ForensicsError

Image = npt.NDArray[np.uint8]

COLUMNS = ("file", "label", "original", "part")


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
    it is not known.
    """

    place: Place
    fake: bool
    original: str
    part: int

    def read(self) -> Image:
        """Return the picture, (H, W, 3) uint8 RGB; raises DataError when it can't be decoded."""
        archive, offset, size = self.place.archive, self.place.offset, self.place.size
        with archive.open("rb") as file:
            file.seek(offset)
            data = np.frombuffer(file.read(size), np.uint8)
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB) if len(data) else None
        if picture is None:
            raise DataError(f"{archive}: the picture at byte {offset} can't be decoded")
        return np.asarray(picture, np.uint8)


@dataclass(frozen=True)
class Group:
    """The crops of one source video: aligned real and fake ones."""

    real: tuple[Crop, ...]
    fake: tuple[Crop, ...]


def read_index(index: Path, archives: Sequence[Path]) -> list[Crop]:
    """Read `file,label,original,part` rows whose pictures lie in the given uncompressed tar archives.

    Raises DataError naming the row for a label other than real or fake, a part that is no number, a missing column and
    a picture that no archive holds; and one naming the file for an index or archive that can't be read.
    """
    members = {name: place for path in archives for name, place in tar_members(path)}
    try:
        with index.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            return [crop_of(row, members, f"{index}: row {rows.line_num}") for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{index}: can't be read: {error}") from error


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
    return Crop(members[name], label == "fake", original, int(part))


def split(crops: Iterable[Crop], held_out: frozenset[int]) -> tuple[list[Crop], list[Crop]]:
    """Split by part into training and held-out crops.

    Part -1 (people unknown) goes to neither: its people may be those of any other part.
    """
    known = [crop for crop in crops if crop.part >= 0]
    train = [crop for crop in known if crop.part not in held_out]
    return train, [crop for crop in known if crop.part in held_out]


def groups(crops: Iterable[Crop]) -> list[Group]:
    """Gather crops by source video, in a stable order."""
    found: dict[str, tuple[list[Crop], list[Crop]]] = defaultdict(lambda: ([], []))
    for crop in crops:
        found[crop.original][crop.fake].append(crop)
    return [Group(tuple(real), tuple(fake)) for _, (real, fake) in sorted(found.items())]
