"""Repeated and missing pictures of a video, from its packets alone: observations, which cameras and networks make too.

Three traces, none of which needs a picture to be decoded:

- **Gaps.** The time from one picture to the next is a multiple of the usual one: pictures are missing, as when a recorder
  could not keep up, or somebody took them out without renewing the times.
- **Repeats.** A picture that shows what the one before it showed costs an encoder next to nothing (ITU-T H.264, 7.3.4: a
  skipped macroblock has no data of its own). Several in a row, each a small part of what its neighbours of the same kind
  take, are a picture that was held: duplicated to fill a gap, or a freeze.
- **Copies.** Two packets with the same bytes: the same coded picture stands twice in the file, as when a passage is
  repeated without being encoded anew (the trace that W. Wang, H. Farid: Exposing digital forgeries in video by detecting
  duplication, MM&Sec 2007, seek in decoded pictures).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from forensics.records import Artifact, Sample

from .. import figures, packets, plots
from ..detector import Result
from ..packets import Packets, Shown

Numbers = npt.NDArray[np.float64]

NAME = "frame-duplicates"
MOST_TOLD = 5
GAP = 1.6  # of the usual step: half a picture more than one is rounding of time stamps
SMALL = 0.2  # of the median of its neighbours of one kind
NEIGHBOURS = 31
LEAST_RUN = 3
LEAST_COPY_BYTES = 200  # shorter packets are alike by themselves: pictures that only repeat


@dataclass(frozen=True)
class Span:
    """Pictures from `first` to `last`, numbered from 0 in the order in which they are shown."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """How many pictures it holds."""
        return self.last - self.first + 1


@dataclass(frozen=True)
class Duplicates:
    """What was seen. `shares` are each picture's size over the median of its neighbours of its kind.

    `gaps` are pairs of the picture before and the steps of time to the next; `copies` pairs of a picture and the
    first with the same bytes.
    """

    shares: Numbers
    step_s: float | None
    gaps: tuple[tuple[int, float], ...]
    repeats: tuple[Span, ...]
    copies: tuple[tuple[int, int], ...]

    @property
    def longest(self) -> int:
        """The statistic: how many pictures the longest run of repeats has, 0 without any."""
        return max((span.length for span in self.repeats), default=0)


def look(sample: Sample, max_megapixels: float) -> Result:
    """Tell what is repeated and missing in a video. Raises NothingToExamineError."""
    stream = packets.read(sample.fd, max_megapixels)
    duplicates = examine(stream)
    statements = (*sentences(duplicates, stream), *figures.measured(NAME).sentences, *stream.limits)
    return Result(statements, (drawn(duplicates),))


def sentences(duplicates: Duplicates, among: Packets) -> Iterator[str]:
    """Yield what was found in words."""
    reached = "reached" if duplicates.longest >= LEAST_RUN else "not reached"
    yield (
        f"Repeated pictures: statistic {duplicates.longest} (pictures in the longest run that take at most {SMALL:.0%} of their "
        f"neighbours' bytes; threshold {LEAST_RUN}): {reached}."
    )
    if duplicates.repeats:
        where = [
            f"{span.length} from {moment(among.shown, span.first)}" for span in duplicates.repeats
        ]
        yield (
            f"Held pictures: {few(where)}. A freeze, a still scene, a recorder that filled a gap and a duplicated picture "
            "look alike."
        )
    if duplicates.step_s is None:
        yield "Times: not stated for every picture, so gaps can't be told."
    elif duplicates.gaps:
        where = [f"{steps:.1f} steps at {moment(among.shown, n)}" for n, steps in duplicates.gaps]
        yield (
            f"Gaps: {len(duplicates.gaps)} longer steps of time than the usual {duplicates.step_s:.4f} s: {few(where)}. A variable "
            "frame rate is ordinary in phones and calls."
        )
    else:
        yield f"Times: a picture every {duplicates.step_s:.4f} s, without a gap."
    if duplicates.copies:
        where = [
            f"{span.length} from {moment(among.shown, span.first)}, as from {moment(among.shown, first)}"
            for span, first in passages(duplicates.copies)
        ]
        yield f"Copies: {len(duplicates.copies)} coded pictures stand in the file before, byte for byte: {few(where)}."


def moment(shown: Sequence[Shown], number: int) -> str:
    """Return a picture's place in words."""
    time_s = shown[number].time_s
    return f"picture {number}" if time_s is None else f"{time_s:.2f} s (picture {number})"


def few(words: Sequence[str]) -> str:
    """Return the first of many words."""
    more = f" and {len(words) - MOST_TOLD} more" if len(words) > MOST_TOLD else ""
    return "; ".join(words[:MOST_TOLD]) + more


def drawn(duplicates: Duplicates) -> Artifact:
    """Draw each picture's share: red in a run of repeats, blue a copy, grey the rest."""
    colours = [plots.GREY] * len(duplicates.shares)
    for number, _ in duplicates.copies:
        colours[number] = plots.BLUE
    for span in duplicates.repeats:
        colours[span.first : span.last + 1] = [plots.RED] * span.length
    title = "bytes of each picture over the median of its neighbours, at most 3 (key frames 1)"
    foot = f"pictures 0 to {len(colours) - 1}; red: repeats, blue: copies"
    return plots.bars("frame-duplicates.png", title, duplicates.shares.clip(max=3.0), colours, foot)


def examine(among: Packets) -> Duplicates:
    """Return the gaps, repeats and copies of a video."""
    relative = shares(among.shown)
    step_s, gaps = missing(among.shown)
    spans = tuple(s for s in runs(relative <= SMALL) if s.length >= LEAST_RUN)
    return Duplicates(relative, step_s, gaps, spans, tuple(copied(among.shown)))


def shares(shown: Sequence[Shown]) -> Numbers:
    """Return each picture's size over the median of its neighbours of the same kind, 1 for key frames, (N,)."""
    sizes = np.array([picture.size for picture in shown], np.float64)
    relative = np.ones_like(sizes)
    for is_between in (False, True):
        places = [
            n
            for n, picture in enumerate(shown)
            if not picture.is_key and picture.is_between is is_between
        ]
        if places:
            relative[places] = sizes[places] / running_median(sizes[places], NEIGHBOURS)
    return relative


def running_median(values: Numbers, width: int) -> Numbers:
    """Return the median of `width` values around each, fewer at the ends, (N,)."""
    padded = np.pad(values, width // 2, constant_values=np.nan)
    return np.asarray(np.nanmedian(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1))


def missing(shown: Sequence[Shown]) -> tuple[float | None, tuple[tuple[int, float], ...]]:
    """Return the usual step in seconds and where the step is longer; (None, ()) where times are not stated."""
    times = [picture.time_s for picture in shown if picture.time_s is not None]
    if len(times) < len(shown):
        return None, ()
    steps = np.diff(times)
    usual = float(np.median(steps))
    if usual <= 0:
        return None, ()
    places = np.flatnonzero(steps > GAP * usual)
    return usual, tuple((int(n), float(steps[n] / usual)) for n in places)


def runs(marked: npt.NDArray[np.bool_]) -> Iterator[Span]:
    """Yield the runs of what is marked."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(np.int8)))
    for start, stop in edges.reshape(-1, 2):
        yield Span(int(start), int(stop) - 1)


def copied(shown: Sequence[Shown]) -> Iterator[tuple[int, int]]:
    """Yield the pictures whose bytes stood in the file before, each with the first that had them."""
    places: dict[bytes, list[int]] = defaultdict(list)
    for number, picture in enumerate(shown):
        if picture.size >= LEAST_COPY_BYTES:
            places[picture.digest].append(number)
    for numbers in places.values():
        yield from ((number, numbers[0]) for number in numbers[1:])


def passages(copies: Sequence[tuple[int, int]]) -> list[tuple[Span, int]]:
    """Return copies that follow each other as their first ones do, as spans with the first picture of the first."""
    spans: list[tuple[Span, int]] = []
    ordered = sorted(copies)
    start = 0
    for n, (copy, following) in enumerate(pairwise([*ordered, (-1, -1)])):
        if following != (copy[0] + 1, copy[1] + 1):
            spans.append((Span(ordered[start][0], copy[0]), ordered[start][1]))
            start = n + 1
    return spans
