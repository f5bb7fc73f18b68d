"""The face finder against facenet-pytorch's MTCNN on full-size frames: which frames have a face, and seconds a frame."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from forensics.faces import MIN_FACE_PX, MIN_PROBABILITY, FaceFinder
from forensics.media import opened
from forensics.records import Frame
from forensics.settings import Settings

from .report import Cell, Part, say
from .timing import Stopwatch

COLUMNS = (
    "clip", "size", "frames", "ours: with a face", "faces", "s/frame",
    "full frames: with a face", "faces", "s/frame", "ratio",
)  # fmt: skip


def sampled(path: Path) -> list[Frame]:
    """Return the frames that an analysis would look at."""
    settings = Settings()
    with opened(str(path), settings) as media:
        return list(media.sample(media.probe(""), settings))


def full_frames(finder: Any, frames: Sequence[Frame]) -> list[int]:
    """Return how many likely faces of at least the same size MTCNN finds in each frame as it is."""
    found = []
    for frame in frames:
        boxes, probabilities = finder.detect(frame.pixels)
        pairs = [] if boxes is None else zip(boxes, probabilities, strict=True)
        found.append(
            sum(p >= MIN_PROBABILITY and longer_px(box) >= MIN_FACE_PX for box, p in pairs)
        )
    return found


def longer_px(box: Any) -> float:
    """Return a box's longer side."""
    return float(max(box[2] - box[0], box[3] - box[1]))


def by_run(finder: FaceFinder, frames: Sequence[Frame]) -> list[int]:
    """Return how many faces our finder finds in each frame, run by run."""
    runs = [[f for f in frames if f.run == run] for run in sorted({f.run for f in frames})]
    return [len(found) for run in runs for found in finder.detect([f.pixels for f in run])]


def part(clips: Sequence[tuple[str, Path]]) -> Part:
    """Compare clip by clip, and in all."""
    from facenet_pytorch import MTCNN

    ours, theirs = FaceFinder("cpu"), MTCNN(keep_all=True, min_face_size=MIN_FACE_PX)
    rows: list[tuple[Cell, ...]] = []
    for name, path in clips:
        say(f"faces: {name}")
        frames, watch = sampled(path), Stopwatch()
        by_run(ours, frames[:1])  # the first call is slower
        with watch.measure("ours"):
            one = by_run(ours, frames)
        with watch.measure("theirs"):
            other = full_frames(theirs, frames)
        height, width = frames[0].pixels.shape[:2]
        n, took, longer = len(frames), watch.seconds["ours"], watch.seconds["theirs"]
        counts = (n, with_face(one), sum(one), took / n, with_face(other), sum(other))
        rows.append((name, f"{width} x {height}", *counts, longer / n, longer / took))
    rows.append(total(rows))
    notes = ["one pass over each clip; our finder on one thread, MTCNN on all"]
    return Part("faces", "Faces in the sampled frames", COLUMNS, rows, notes)


def with_face(counts: Sequence[int]) -> int:
    """Return in how many frames there is a face."""
    return sum(count > 0 for count in counts)


def total(rows: Sequence[tuple[Cell, ...]]) -> tuple[Cell, ...]:
    """Return the sums of the counts and the medians of the times."""
    table = np.array([row[2:] for row in rows], float)
    sums, middle = table.sum(0), np.median(table, 0)
    counts = {0, 1, 2, 4, 5}
    values = [int(sums[i]) if i in counts else float(middle[i]) for i in range(table.shape[1])]
    return ("all (times: median)", "", *values)
