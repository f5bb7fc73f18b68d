"""Groups of pictures, and what an earlier encoding's groups leave in the sizes of pictures encoded again.

D. Vázquez-Padín, M. Fontani, T. Bianchi, P. Comesaña, A. Piva, M. Barni: Detection of video double encoding with GOP size
estimation. IEEE WIFS 2012, 151-156: a picture that was coded by itself in an earlier encoding is predicted badly from the
one before it, so that every picture at that distance stands out when the video is encoded again. They count kinds of
macroblocks, which takes decoding. M. C. Stamm, W. S. Lin, K. J. R. Liu: Temporal forensics and anti-forensics for motion
compensated video. IEEE Transactions on Information Forensics and Security 7 (2012), 1315-1329, use the prediction error.
The bytes of a predicted picture are what its prediction error costs; they are read from the packets and take no decoding.

As in both papers the trace is sought in streams without B-frames: a pattern of B-frames has a period of its own. For
each distance T the sizes, each over the median of its neighbours, in logarithms, cut off at three deviations, are added up
at every T-th picture, over the root of their number. The statistic is the largest such sum over all distances and phases.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from forensics.records import Artifact, Sample

from .. import figures, packets, plots
from ..detector import Result
from ..packets import Packets
from .frame_duplicates import running_median

Numbers = npt.NDArray[np.float64]

NAME = "gop-structure"
THRESHOLD = 6.5
DISTANCES = (4, 100)
LEAST_PICTURES = 60
LEAST_TIMES = 4  # a distance must recur
NEIGHBOURS = 7
CUT_OFF = 3.0
FEW_BETWEEN = 0.01


@dataclass(frozen=True)
class Trace:
    """The most regular distance in the sizes: from picture `phase` every `distance` pictures, and how strong it is."""

    distance: int
    phase: int
    strength: float


@dataclass(frozen=True)
class Groups:
    """Key frames by number, the share of B-frames, and the trace; None where it can't be sought."""

    keys: tuple[int, ...]
    between: float
    trace: Trace | None


def look(sample: Sample, max_megapixels: float) -> Result:
    """Tell the groups of pictures of a video, and traces of earlier ones. Raises NothingToExamineError."""
    stream = packets.read(sample.fd, max_megapixels)
    groups = examine(stream)
    rates = figures.measured(NAME).sentences if groups.trace else ()
    return Result((*sentences(groups, stream), *rates, *stream.limits), (drawn(groups, stream),))


def sentences(groups: Groups, among: Packets) -> Iterator[str]:
    """Yield what was found in words."""
    count = len(among.shown)
    apart = sorted({b - a for a, b in pairwise(groups.keys)})
    distances = f", {apart[0]} to {apart[-1]} pictures apart" if apart else ""
    yield (
        f"Groups of pictures: {count} pictures of {among.codec}, key frames: {len(groups.keys)}{distances}; "
        f"{groups.between:.0%} are B-frames."
    )
    if groups.trace is None:
        why = "there are B-frames" if groups.between > FEW_BETWEEN else "there are too few pictures"
        yield f"Earlier encoding: not sought, since {why}; the method is for streams without B-frames."
        return
    trace, reached = groups.trace, groups.trace.strength >= THRESHOLD
    yield (
        f"Earlier encoding: statistic {trace.strength:.1f} (how much every {trace.distance}th picture exceeds its neighbours, in "
        f"standard deviations of a sum; threshold {THRESHOLD}): {'reached' if reached else 'not reached'}."
    )
    if reached:
        yield (
            f"Every {trace.distance}th picture from picture {trace.phase} was predicted worse, as after an earlier encoding with "
            "key frames there. Every platform encodes again; it says nothing about the content."
        )


def drawn(groups: Groups, among: Packets) -> Artifact:
    """Draw the bytes of each picture: key frames blue, the trace red, B-frames green, the rest grey."""
    colours = [plots.GREEN if picture.is_between else plots.GREY for picture in among.shown]
    if groups.trace and groups.trace.strength >= THRESHOLD:
        for number in range(groups.trace.phase, len(colours), groups.trace.distance):
            colours[number] = plots.RED
    for number in groups.keys:
        colours[number] = plots.BLUE
    sizes = np.log2(1 + np.array([picture.size for picture in among.shown], np.float64))
    foot = f"pictures 0 to {len(colours) - 1}; blue: key frames, green: B-frames, red: trace of an earlier encoding"
    return plots.bars(
        "gop-structure.png", "bytes of each picture, logarithmic", sizes, colours, foot
    )


def examine(among: Packets) -> Groups:
    """Return the groups of pictures, and the trace of earlier ones in a stream without B-frames."""
    keys = tuple(n for n, picture in enumerate(among.shown) if picture.is_key)
    between = sum(picture.is_between for picture in among.shown) / len(among.shown)
    predicted = len(among.shown) - len(keys)
    sought = between <= FEW_BETWEEN and predicted >= LEAST_PICTURES
    return Groups(keys, between, strongest(deviations(among)) if sought else None)


def deviations(among: Packets) -> Numbers:
    """Return by how much each predicted picture's size stands out, in deviations, NaN for key frames, (N,)."""
    predicted = np.array([not picture.is_key for picture in among.shown])
    sizes = np.log([picture.size for picture in among.shown])
    result = np.full(len(sizes), np.nan)
    rest = sizes[predicted] - running_median(sizes[predicted], NEIGHBOURS)
    result[predicted] = (rest / max(float(rest.std()), 1e-9)).clip(-CUT_OFF, CUT_OFF)
    return result


def strongest(values: Numbers) -> Trace:
    """Return the distance at whose multiples the values are largest."""
    known = np.isfinite(values)
    filled, numbers = np.where(known, values, 0.0), np.arange(len(values))
    best = Trace(0, 0, 0.0)
    for distance in range(DISTANCES[0], min(DISTANCES[1], len(values) // LEAST_TIMES) + 1):
        sums = np.bincount(numbers % distance, filled, distance)
        counts = np.bincount(numbers % distance, known, distance)
        strength = np.where(counts >= LEAST_TIMES - 1, sums / np.sqrt(np.maximum(counts, 1)), 0.0)
        phase = int(strength.argmax())
        if strength[phase] > best.strength:
            best = Trace(distance, phase, float(strength[phase]))
    return best
