"""The order of a container's boxes, which each program writes in its own way.

T. Gloe, A. Fischer, M. Kirchner: Forensic analysis of video file formats. Digital Investigation 11 (2014), S68-S76.
M. Iuliani, D. Shullani, M. Fontani, S. Meucci, A. Piva: A video forensic framework for the unsupervised analysis of MP4-like
file container. IEEE Transactions on Information Forensics and Security 14 (2019), 635-645. Boxes as in ISO 14496-12.

Both compare a file with others of known origin. Such a collection does not come with this plugin: the order is told, to
be held against files of the camera or platform in question. Tags and times in the boxes are the provenance plugin's.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from forensics.records import Artifact, Sample

from ..detector import Result
from ..jpegs import NothingToExamineError

NAME = "container-structure"
MOST_TEXT_BYTES = 20_000
PARENTS = {
    b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"udta", b"mvex", b"moof", b"traf", b"dinf", b"mfra",
}  # fmt: skip
FIRST = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp"}
MOST_BOXES = 5000
DEEPEST = 8


@dataclass(frozen=True)
class Box:
    """One box: how deep it lies, its four letters (escaped where they can't be printed), first byte, and bytes."""

    depth: int
    kind: str
    start: int
    size: int


@dataclass(frozen=True)
class Structure:
    """The boxes in the file's order, and the bytes after the last whole one."""

    boxes: tuple[Box, ...]
    left_over: int

    @property
    def top(self) -> tuple[Box, ...]:
        """The outermost boxes."""
        return tuple(box for box in self.boxes if box.depth == 0)


def look(sample: Sample) -> Result:
    """Tell the order of a file's boxes. Raises NothingToExamineError."""
    structure = examine(sample.fd)
    listing = Artifact("boxes.txt", "text/plain", tree(structure).encode()[:MOST_TEXT_BYTES])
    return Result(tuple(sentences(structure)), (listing,))


def sentences(structure: Structure) -> Iterator[str]:
    """Yield what was found in words."""
    yield f"Boxes: {order(structure.top)}."
    inside = [box for box in structure.boxes if box.depth == 1]
    yield f"Boxes inside them: {order(inside)}."
    if structure.left_over:
        yield f"After the last box: {structure.left_over:,} bytes that belong to none."
    yield (
        "Programs and cameras each write their own order, and any program that saves the file again writes its own; compare "
        "it with files of the device or platform in question. It says nothing about the content."
    )


def examine(fd: int) -> Structure:
    """Return a file's boxes. Raises NothingToExamineError for files that are no ISO base media or QuickTime."""
    end = os.fstat(fd).st_size
    if os.pread(fd, 8, 0)[4:] not in FIRST:
        raise NothingToExamineError(
            "not an MP4, MOV or another file of boxes (ISO base media, QuickTime)"
        )
    boxes = tuple(Walk(fd).inside(0, end, 0))
    reached = max(box.start + box.size for box in boxes if box.depth == 0)
    return Structure(boxes, end - reached)


class Walk:
    """One pass over the boxes, with the number of heads that may still be read."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.left = MOST_BOXES

    def inside(self, start: int, end: int, depth: int) -> Iterator[Box]:
        """Yield the boxes between two bytes; a length that makes no sense ends it."""
        while start + 8 <= end and self.left > 0:
            self.left -= 1
            head = os.pread(self.fd, 16, start)
            size, kind, header = int.from_bytes(head[:4], "big"), head[4:8], 8
            if size == 1:
                size, header = int.from_bytes(head[8:], "big"), 16
            size = size or end - start
            if size < header or start + size > end:
                if depth == 0:
                    yield Box(0, f"{named(kind)} (cut short)", start, end - start)
                return
            yield Box(depth, named(kind), start, size)
            if kind in PARENTS and depth < DEEPEST:
                yield from self.inside(start + header, start + size, depth + 1)
            start += size


def named(kind: bytes) -> str:
    """Return four letters of a stranger's file as text that can be printed."""
    return "".join(chr(c) if 33 <= c < 127 else f"\\x{c:02x}" for c in kind)


def order(boxes: Sequence[Box], most: int = 24) -> str:
    """Return the names of boxes in their order, repeated groups of two (as moof and mdat) counted once."""
    names = [box.kind for box in boxes]
    groups: list[str] = []
    at = 0
    while at < len(names):
        pair, times = names[at : at + 2], 1
        while pair[0] != pair[-1] and names[at + 2 * times : at + 2 * times + 2] == pair:
            times += 1
        groups.append(f"({' '.join(pair)}) x {times}" if times > 1 else names[at])
        at += 2 * times if times > 1 else 1
    joined = [(name, len([*same])) for name, same in groupby(groups)]
    words = [name if count == 1 else f"{name} x {count}" for name, count in joined]
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return " ".join(words[:most]) + more


def tree(structure: Structure) -> str:
    """Return the boxes as text, a line each, indented by their depth."""
    lines = [f"{'  ' * box.depth}{box.kind} {box.size}" for box in structure.boxes]
    return (
        "\n".join(
            [
                *lines,
                *([f"{structure.left_over} bytes after the last box"] * (structure.left_over > 0)),
            ]
        )
        + "\n"
    )
