"""Regions of a JPEG compressed twice that lack the traces of the first compression.

J. Lukáš, J. Fridrich: Estimation of Primary Quantization Matrix in Double Compressed JPEG Images. DFRWS 2003 (the histogram
of a first quantisation is foreseen from the picture moved off its grid). Z. Lin, J. He, X. Tang, C.-K. Tang: Fast,
automatic and fine-grained tampered JPEG image detection via DCT coefficient analysis. Pattern Recognition 42 (2009),
2492-2501. T. Bianchi, A. Piva: Image Forgery Localization via Block-Grained Analysis of JPEG Artifacts. IEEE Transactions
on Information Forensics and Security 7 (2012), 1003-1017 (the likelihood map of aligned double quantisation).

A camera's JPEG that is opened and saved again has coefficients quantised twice, whose histogram has gaps and peaks. What
was pasted before the second saving lies on another grid, or was no JPEG: its coefficients were quantised once on this
grid. For each frequency the first step is the one under which the histogram is most probable. The ratio "once" : "twice"
of a block is the product over its frequencies; a region's is the product over its blocks. By Markov's inequality such a
ratio of R arises with a probability of 1/R at most where the model holds, so log10 R less log10 of the number of regions
looked at bounds the number of false alarms; how far the model holds is what the measured rate is for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import erfc, sqrt

import cv2
import numpy as np
import numpy.typing as npt

from forensics.records import Artifact, Sample

from .. import figures, jpegs, plots
from ..detector import Result
from ..jpegs import BLOCK_PX, Jpeg, block_dct

Numbers = npt.NDArray[np.float64]

NAME = "double-quantisation"
THRESHOLD = 20.0  # -log10 of the number of false alarms; see the README for how it was chosen
# The first AC frequencies in zigzag order, (down, across): those that keep coefficients at ordinary qualities.
FREQUENCIES = ((0, 1), (1, 0), (2, 0), (1, 1), (0, 2), (0, 3), (1, 2), (2, 1), (3, 0), (2, 2))
STEPS = tuple(range(2, 61))  # first steps tried
MOST_LEVELS = 40  # coefficients beyond +-40 say nothing more
FINE = 0.25  # width of the bins in which the picture's own histogram is kept
FINE_BINS = 4096  # up to +-512; few AC coefficients are larger
ROUNDING = (
    0.5  # standard deviation that rounding to pixels puts between two compressions, in DCT units
)
PIXEL_ROUNDING = 12**-0.5  # that of values rounded to whole numbers, in DCT units too
SURE_NATS = 100.0  # gain in log likelihood from which a first step is believed
LEAST_TWICE = 0.6  # share of blocks that must show it
STRAY = 0.05  # share of coefficients quantised twice that do not look so: colours cut off between the two savings
MOST_PER_BLOCK = 2.0  # log10: no single block decides
SMOOTHED_BLOCKS = 5


@dataclass(frozen=True)
class First:
    """The first quantisation of one frequency: its step, the last one, the share of blocks with it, the gain in nats."""

    frequency: tuple[int, int]
    step: int
    last_step: int
    share: float
    gain: float


@dataclass(frozen=True)
class Doubled:
    """What was quantised twice, and the map of log10 ratios "once" : "twice", (rows, columns) of blocks.

    `box` (left, top, width, height) is the region in pixels whose `meaning`, -log10 of its NFA, is largest.
    """

    firsts: tuple[First, ...]
    ratios: Numbers
    box: tuple[int, int, int, int] | None
    meaning: float


def look(sample: Sample) -> Result:
    """Tell what of a JPEG was quantised twice. Raises NothingToExamineError."""
    jpeg = jpegs.read(sample.fd)
    doubled = examine(jpeg, jpegs.cut_off(sample.fd, jpeg))
    statements = (*sentences(doubled, jpeg), *figures.measured(NAME).sentences, *jpeg.limits)
    return Result(statements, (drawn(doubled),))


def sentences(doubled: Doubled, jpeg: Jpeg) -> Iterator[str]:
    """Yield what was found in words."""
    if doubled.firsts:
        steps = ", ".join(f"{first.step} before {first.last_step}" for first in doubled.firsts)
        yield (
            f"Double quantisation: {len(doubled.firsts)} of {len(FREQUENCIES)} frequencies were quantised twice on this grid "
            f"(steps {steps}). Saving a JPEG again does that; it is ordinary."
        )
    else:
        yield (
            "Double quantisation: no trace of an earlier compression on this grid. A stronger last compression hides one, "
            "and so does cutting or scaling the picture."
        )
    reached = doubled.meaning >= THRESHOLD
    yield (
        f"Double quantisation: statistic {doubled.meaning:.1f} (-log10 of the number of false alarms of the region that lacks "
        f"those traces; threshold {THRESHOLD:.0f}): {'reached' if reached else 'not reached'}."
    )
    if doubled.box and reached:
        yield (
            f"{jpegs.place(doubled.box, jpeg)}: quantised once, the rest twice. Insertions and local edits before the last "
            "saving have this trace, and so have a caption or a logo."
        )


def drawn(doubled: Doubled) -> Artifact:
    """Draw the ratios of blocks: red once, blue twice; white tells nothing."""
    marked = doubled.box if doubled.meaning >= THRESHOLD else None
    box = plots.cells_of(marked, BLOCK_PX) if marked else None
    return plots.diverging("double-quantisation.png", doubled.ratios, MOST_PER_BLOCK, box)


def examine(jpeg: Jpeg, cut_off: npt.NDArray[np.bool_]) -> Doubled:
    """Return where a picture lacks the traces of a first compression that the rest of it has, blocks cut off left out."""
    inner = jpeg.luma
    blocks = block_dct(inner)
    moved = block_dct(inner[BLOCK_PX // 2 :, BLOCK_PX // 2 :])
    usable = ~cut_off
    ratios = np.zeros(blocks.shape[:2])
    firsts = []
    for u, v in FREQUENCIES:
        last = int(jpeg.table[u, v])
        levels = np.rint(blocks[..., u, v] / last).clip(-MOST_LEVELS, MOST_LEVELS).astype(np.int64)
        models = Models.of(moved[..., u, v], last)
        estimate = estimated(levels[usable], models)
        if estimate is None:
            continue
        step, share, gain = estimate
        firsts.append(First((u, v), step, last, share, gain))
        twice = (1 - STRAY) * models.twice(step) + STRAY * models.once
        table = np.log10(models.once / twice)
        ratios += np.where(usable, table[levels + MOST_LEVELS], 0.0)
    ratios = ratios.clip(-MOST_PER_BLOCK, MOST_PER_BLOCK)
    box, meaning = region(ratios) if firsts else (None, 0.0)
    return Doubled(tuple(firsts), ratios, box, meaning)


@dataclass(frozen=True)
class Models:
    """What histograms of quantised coefficients to expect, foreseen from those of the picture moved off its grid.

    `fine` is that picture's histogram in bins of FINE; `once` (2 * MOST_LEVELS + 1,) that after one quantisation.
    """

    fine: Numbers
    last: int
    once: Numbers

    @classmethod
    def of(cls, values: npt.NDArray[np.float32], last: int) -> "Models":
        """Return those of a frequency with its last step."""
        places = np.rint(values.ravel() / FINE).astype(np.int64) + FINE_BINS // 2
        fine = np.bincount(places.clip(0, FINE_BINS - 1), minlength=FINE_BINS).astype(np.float64)
        fine = cv2.GaussianBlur(fine[None, :], (0, 0), 2.0 / FINE)[0]
        return cls(fine, last, quantised(centres(), fine, last))

    def twice(self, step: int) -> Numbers:
        """Return the histogram after a first step, the rounding to pixels, and the last one."""
        first = np.rint(centres() / step).astype(np.int64)
        lowest = int(first.min())
        mass = np.bincount(first - lowest, self.fine)
        values = (np.arange(mass.size) + lowest) * float(step)
        spread, weights = rounding()
        return quantised(
            (values[:, None] + spread).ravel(), (mass[:, None] * weights).ravel(), self.last
        )


@cache
def centres() -> Numbers:
    """Return the values at the middles of the fine bins."""
    return np.asarray((np.arange(FINE_BINS) - FINE_BINS // 2) * FINE, np.float64)


@cache
def rounding() -> tuple[Numbers, Numbers]:
    """Return the errors that rounding to pixels makes, and their weights."""
    errors = np.linspace(-2, 2, 17)
    weights = np.exp(-((errors / ROUNDING) ** 2) / 2)
    return errors, np.asarray(weights / weights.sum(), np.float64)


def quantised(values: Numbers, mass: Numbers, step: int) -> Numbers:
    """Return the probabilities of the levels -MOST_LEVELS to MOST_LEVELS, each given its octave, none of them zero.

    How many coefficients vanish or are large differs from place to place, and must not speak for either side; within an
    octave the traces of a first step still do. A level is read off pixels, which were rounded: with a last step of 1 that
    takes some for their neighbours.
    """
    levels = np.rint(values / step).clip(-MOST_LEVELS, MOST_LEVELS).astype(np.int64)
    counts = np.bincount(levels + MOST_LEVELS, mass, 2 * MOST_LEVELS + 1) + 0.5
    wrong = erfc(step / 2 / PIXEL_ROUNDING / sqrt(2)) / 2  # to either side
    counts = np.convolve(counts, (wrong, 1 - 2 * wrong, wrong), "same")
    sums = np.bincount(octaves(), counts)
    return np.asarray(counts / sums[octaves()], np.float64)


@cache
def octaves() -> npt.NDArray[np.int64]:
    """Return each level's octave: 0, 1, 2 for 2 and 3, 3 for 4 to 7, and so on, with either sign."""
    levels = np.abs(np.arange(2 * MOST_LEVELS + 1) - MOST_LEVELS)
    return np.asarray(np.frexp(levels)[1], np.int64)


def estimated(levels: npt.NDArray[np.int64], models: Models) -> tuple[int, float, float] | None:
    """Return the first step, the share of blocks with it and the gain in nats; None where no first step is sure."""
    counts = np.bincount(levels + MOST_LEVELS, minlength=2 * MOST_LEVELS + 1)
    shares = np.linspace(0.1, 1.0, 10)
    best: tuple[int, float, float] | None = None
    for step in STEPS:
        if models.last % step == 0:
            continue  # the last quantisation hides it altogether
        mixed = shares[:, None] * (models.twice(step) / models.once - 1) + 1  # (10, levels)
        gains = (counts * np.log(mixed.clip(1e-12))).sum(axis=1)
        top = int(gains.argmax())
        if best is None or gains[top] > best[2]:
            best = step, float(shares[top]), float(gains[top])
    return best if best and best[2] >= SURE_NATS and best[1] >= LEAST_TWICE else None


def region(ratios: Numbers) -> tuple[tuple[int, int, int, int] | None, float]:
    """Return the box in pixels of the region that is most surely quantised once, and its meaning.

    Regions are joined blocks whose mean over SMOOTHED_BLOCKS squared is on that side; tests are all boxes of blocks.
    """
    rows, columns = ratios.shape
    tests_log10 = 2 * np.log10(rows * columns)
    smooth = cv2.blur(ratios, (SMOOTHED_BLOCKS, SMOOTHED_BLOCKS), borderType=cv2.BORDER_REFLECT)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        (smooth > 0).astype(np.uint8), connectivity=4
    )
    sums = np.bincount(labels.ravel(), ratios.ravel())
    sums[0] = -np.inf
    best = int(sums.argmax())
    if not np.isfinite(sums[best]):
        return None, 0.0
    left, top, width, height = (int(side) * BLOCK_PX for side in stats[best][:4])
    return (left, top, width, height), max(float(sums[best] - tests_log10), 0.0)
