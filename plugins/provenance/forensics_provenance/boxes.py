"""The few boxes of ISO base media and QuickTime files that FFmpeg keeps to itself: times that are zero, edit lists, rotation.

Fields as in ISO 14496-12: mvhd 8.2.2, tkhd 8.3.2, mdhd 8.4.2, elst 8.6.6. Reads at most `MOST_BOXES` heads and
`LEAF_BYTES` of a box, whatever the file claims.
"""

import math
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

PARENTS = {b"moov", b"trak", b"edts", b"mdia"}
LEAVES = {b"mvhd", b"tkhd", b"mdhd", b"elst"}
MOST_BOXES = 20_000
LEAF_BYTES = 1 << 16
EPOCH = datetime(1904, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Box:
    """One box that was looked for: its place, as in `moov/trak[1]/tkhd`, its four letters, and its first bytes."""

    place: str
    kind: str
    data: bytes

    @property
    def is_long(self) -> bool:
        """Whether its times and lengths have 64 bits (version 1)."""
        return self.data[:1] == b"\1"

    def number(self, offset: int, count: int, *, signed: bool = False) -> int:
        """Return a number at a byte of the box, 0 where the box is shorter."""
        return int.from_bytes(self.data[offset : offset + count], "big", signed=signed)


@dataclass(frozen=True)
class Edit:
    """One line of an edit list, in the units of the file; a media time of -1 shows nothing."""

    duration: int
    media_time: int


class Walk:
    """One pass over a file's boxes, with the number of heads that it may still read."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.left = MOST_BOXES

    def boxes(self) -> Iterator[Box]:
        """Yield the boxes looked for, in the file's order."""
        yield from self.inside(0, os.fstat(self.fd).st_size, "")

    def inside(self, start: int, end: int, parent: str) -> Iterator[Box]:
        """Yield those between two bytes of the file; a length that makes no sense ends it."""
        seen: Counter[bytes] = Counter()
        while start + 8 <= end and self.left > 0:
            self.left -= 1
            head = os.pread(self.fd, 16, start)
            length, kind, header = int.from_bytes(head[:4], "big"), head[4:8], 8
            if length == 1:
                length, header = int.from_bytes(head[8:], "big"), 16
            stop = min(start + length, end) if length else end
            if stop < start + header:
                return
            seen[kind] += 1
            yield from self.inside_or_leaf(kind, seen[kind], (start + header, stop), parent)
            start = stop

    def inside_or_leaf(
        self, kind: bytes, number: int, span: tuple[int, int], parent: str
    ) -> Iterator[Box]:
        """Yield a box that is looked for, or those inside one that may hold them."""
        if kind not in PARENTS | LEAVES:
            return
        name = kind.decode()
        place = f"{parent}{name}[{number}]" if kind == b"trak" else f"{parent}{name}"
        if kind in PARENTS:
            yield from self.inside(*span, f"{place}/")
        else:
            count = min(span[1] - span[0], LEAF_BYTES)
            yield Box(place, name, os.pread(self.fd, count, span[0]))


def creation(box: Box) -> datetime | int:
    """Return when mvhd, tkhd or mdhd say that something was created; a number of seconds that is no date as it is."""
    seconds = box.number(4, 8 if box.is_long else 4)
    try:
        return EPOCH + timedelta(seconds=seconds) if seconds else 0
    except OverflowError:
        return seconds


def edits(box: Box) -> tuple[int, tuple[Edit, ...]]:
    """Return how many edits an elst claims, and those that were read."""
    wide = 8 if box.is_long else 4
    step = 2 * wide + 4
    count = box.number(4, 4)
    whole = min(count, max(len(box.data) - 8, 0) // step)
    starts = range(8, 8 + whole * step, step)
    return count, tuple(
        Edit(box.number(at, wide), box.number(at + wide, wide, signed=True)) for at in starts
    )


def rotation_deg(box: Box) -> int:
    """Return the degrees by which tkhd's matrix turns the picture, 0 to 359; of a matrix of zeros 0."""
    at = 52 if box.is_long else 40
    a, b = (box.number(at + offset, 4, signed=True) for offset in (0, 4))
    return round(math.degrees(math.atan2(b, a))) % 360
