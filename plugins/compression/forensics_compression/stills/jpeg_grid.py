"""Regions of a JPEG that were compressed on another 8 x 8 grid than the rest of it.

T. Nikoukhah, J. Anger, M. Colom, J.-M. Morel, R. Grompone von Gioi: ZERO: a Local JPEG Grid Origin Detector Based on the
Number of DCT Zeros and its Applications in Image Forensics. Image Processing On Line 11 (2021), 396-433.

Every 8 x 8 window counts its DCT coefficients that are nearly zero; compression makes most of them where a window lies on
the grid. Every pixel votes for the grid of the one window over it that has most. In a picture without compression each of
the 64 grids gets a vote with probability 1/64. A region whose votes agree on a grid has a number of false alarms (NFA):
how many such regions are expected by chance in a picture of this size. Pasted material keeps its grid as long as the last
compression was not much stronger than the one before.

Beyond the paper: votes are gathered by cells of 8 x 8 pixels before they are joined to regions; the binomial tail is bounded
from above (Hoeffding 1963), so an NFA here is never smaller than the paper's.
"""

import colorsys
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from forensics.records import Artifact, Sample

from .. import figures, jpegs, plots
from ..detector import Result
from ..jpegs import BLOCK_PX, Jpeg, Plane, dct_matrix

Votes = npt.NDArray[np.int8]

NAME = "jpeg-grid"
THRESHOLD = 2.0  # -log10 of the number of false alarms
GRIDS = 64
NO_VOTE = -1
NEARLY_ZERO = 0.5
STRIP_PX = 128
EDGE_PX = 7  # pixels there are not under all 64 windows


@dataclass(frozen=True)
class Region:
    """Votes for one grid that lie together: its `box` (left, top, width, height), and -log10 of its NFA."""

    grid: int
    box: tuple[int, int, int, int]
    meaning: float

    @property
    def offset(self) -> tuple[int, int]:
        """Where the grid begins, (across, down), 0 to 7 pixels."""
        return self.grid % 8, self.grid // 8


@dataclass(frozen=True)
class Grids:
    """The votes (H, W), the grid of the whole picture if it has one, and the region of another that means most."""

    votes: Votes
    main: Region | None
    foreign: Region | None


def look(sample: Sample) -> Result:
    """Tell the grids of a JPEG. Raises NothingToExamineError."""
    jpeg = jpegs.read(sample.fd)
    grids = examine(jpeg)
    statements = (*sentences(grids, jpeg), *figures.measured(NAME).sentences, *jpeg.limits)
    return Result(statements, (drawn(grids),))


def sentences(grids: Grids, jpeg: Jpeg) -> Iterator[str]:
    """Yield what was found in words."""
    main, foreign = grids.main, grids.foreign
    if main is None:
        yield "JPEG grid: the picture as a whole shows no grid of 8 x 8 pixels, as after compression at the highest quality."
    elif main.grid:
        across, down = main.offset
        yield (
            f"JPEG grid: the grid of the whole picture begins at ({across}, {down}), not at its corner "
            f"(-log10 NFA {main.meaning:.0f}): it was cut out of a compressed picture, or framed."
        )
    meaning = foreign.meaning if foreign else 0.0
    yield (
        f"JPEG grid: statistic {max(meaning, 0.0):.1f} (-log10 of the number of false alarms of the region that most agrees "
        f"on another grid; threshold {THRESHOLD:.0f}): {'reached' if meaning >= THRESHOLD else 'not reached'}."
    )
    if foreign and meaning >= THRESHOLD:
        yield (
            f"{jpegs.place(foreign.box, jpeg)}: compressed on a grid that begins at {foreign.offset}. Inserted material has "
            "this trace, and so have captions, thumbnails and collages made without deceit."
        )


def drawn(grids: Grids) -> Artifact:
    """Draw the grid of each cell of 8 x 8 pixels: the picture's own grey, others in colour, no majority black."""
    by_cell = votes_by_cell(grids.votes)
    best = by_cell.argmax(axis=0).astype(np.uint8)
    levels = np.where(by_cell.max(axis=0) > GRIDS // 2, best, GRIDS).astype(np.uint8)
    colours: list[tuple[int, ...]] = [
        tuple(int(255 * part) for part in colorsys.hsv_to_rgb(n / GRIDS, 1, 1))
        for n in range(GRIDS)
    ]
    if grids.main:
        colours[grids.main.grid] = plots.GREY
    region = grids.foreign if grids.foreign and grids.foreign.meaning >= THRESHOLD else None
    box = plots.cells_of(region.box, BLOCK_PX) if region else None
    return plots.drawn("jpeg-grid.png", levels, [*colours, plots.BLACK], box)


def examine(jpeg: Jpeg) -> Grids:
    """Return what grids a picture has."""
    votes = vote(jpeg.luma)
    height, width = votes.shape
    tests_log10 = 2 * np.log10(GRIDS * width * height)
    counts = np.bincount(votes[votes >= 0], minlength=GRIDS)
    best = int(counts.argmax())
    meaning = -log10_nfa(tests_log10, counts[best] // GRIDS, width * height // GRIDS)
    main = Region(best, (0, 0, width, height), meaning) if meaning > 0 else None
    by_cell = votes_by_cell(votes)
    others = (
        region
        for grid in range(GRIDS)
        if counts[grid] and not (main and grid == main.grid)
        for region in regions(by_cell[grid], grid, tests_log10)
    )
    return Grids(votes, main, max(others, key=lambda region: region.meaning, default=None))


def vote(luma: Plane) -> Votes:
    """Return each pixel's vote, (H, W): its grid, 8 times down plus across, or NO_VOTE."""
    height, width = luma.shape
    votes = np.full((height, width), NO_VOTE, np.int8)
    for top in range(0, height - 2 * EDGE_PX, STRIP_PX):
        rows = min(STRIP_PX + 2 * EDGE_PX, height - top)
        inner = slice(top + EDGE_PX, top + rows - EDGE_PX)
        votes[inner, EDGE_PX:-EDGE_PX] = strip_votes(luma[top : top + rows], top)
    return votes


def strip_votes(luma: Plane, top: int) -> Votes:
    """Return the votes of a strip's pixels but for `EDGE_PX` on each side; `top` is its first row in the picture."""
    zeros = window_zeros(luma)  # (h - 7, w - 7), by the window's upper left corner
    rows, columns = zeros.shape[0] - EDGE_PX, zeros.shape[1] - EDGE_PX
    # The pixel (y + 7, x + 7) lies under the windows that begin at (y + down, x + across), each of both 0 to 7.
    most = np.zeros((rows, columns), np.uint8)
    shifts = [np.s_[d : d + rows, a : a + columns] for d in range(8) for a in range(8)]
    for shift in shifts:
        np.maximum(most, zeros[shift], out=most)
    winners, where = np.zeros_like(most), np.zeros_like(most)
    for number, shift in enumerate(shifts):
        equal = (zeros[shift] == most).view(np.uint8)
        winners += equal
        where += equal * np.uint8(number)
    down = (where // 8 + np.arange(top, top + rows)[:, None]) % 8
    across = (where % 8 + np.arange(columns)) % 8
    alone = (winners == 1) & (most > 0)
    return np.where(alone, 8 * down + across, NO_VOTE).astype(np.int8)


def window_zeros(luma: Plane) -> Plane:
    """Return how many of its 63 AC coefficients are nearly zero for every window, by its upper left corner.

    A window whose rows, or columns, are all the same has no grid to tell: it counts 0.
    """
    rows, columns = luma.shape[0] - EDGE_PX, luma.shape[1] - EDGE_PX
    pixels = luma.astype(np.float32) - 128
    zeros = np.zeros((rows, columns), np.uint8)
    basis = dct_matrix()
    for u in range(8):
        across = correlated(pixels, basis[u][None, :])
        for v in range(8):
            if u or v:
                coefficient = correlated(across, basis[v][:, None])[:rows, :columns]
                zeros += (np.abs(coefficient) < NEARLY_ZERO).view(np.uint8)
    zeros[flat(luma, 0) | flat(luma, 1)] = 0
    return zeros


def correlated(
    pixels: npt.NDArray[np.float32], kernel: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Return the correlation with a kernel that begins at each pixel."""
    return np.asarray(cv2.filter2D(pixels, cv2.CV_32F, kernel, anchor=(0, 0)), np.float32)


def flat(luma: Plane, axis: int) -> npt.NDArray[np.bool_]:
    """Say for every window whether it does not change along an axis."""
    changes = (np.diff(luma.astype(np.int16), axis=axis) != 0).astype(np.uint8)
    kernel = np.ones((7, 8) if axis == 0 else (8, 7), np.uint8)
    any_change = cv2.dilate(changes, kernel, anchor=(0, 0), borderValue=0)
    rows, columns = luma.shape[0] - EDGE_PX, luma.shape[1] - EDGE_PX
    return np.asarray(any_change[:rows, :columns] == 0)


def votes_by_cell(votes: Votes) -> Plane:
    """Return how many of the pixels of each 8 x 8 cell vote for each grid, (64, rows, columns)."""
    rows, columns = votes.shape[0] // BLOCK_PX, votes.shape[1] // BLOCK_PX
    counts = np.empty((GRIDS, rows, columns), np.uint8)
    column = np.repeat(np.arange(columns), BLOCK_PX) * (GRIDS + 1) + 1
    for row in range(rows):
        places = column + votes[row * BLOCK_PX : (row + 1) * BLOCK_PX, : columns * BLOCK_PX]
        tally = np.bincount(places.ravel(), minlength=columns * (GRIDS + 1))
        counts[:, row] = tally.reshape(columns, GRIDS + 1).T[1:]  # (64, columns)
    return counts


def regions(by_cell: Plane, grid: int, tests_log10: float) -> list[Region]:
    """Return the regions of cells with votes for a grid, no cell further from the next than one cell between."""
    near = cv2.dilate((by_cell > 0).view(np.uint8), np.ones((2, 2), np.uint8))
    _, labels = cv2.connectedComponents(near, connectivity=8)
    labels[by_cell == 0] = 0
    return [*meaningful(np.asarray(labels, np.int32), by_cell, grid, tests_log10)]


def meaningful(
    labels: npt.NDArray[np.int32], by_cell: Plane, grid: int, tests_log10: float
) -> list[Region]:
    """Return the labelled regions with enough votes to mean anything at all (the paper's least size)."""
    counts = np.bincount(labels.ravel(), by_cell.ravel())
    counts[0] = 0
    kept = []
    for label in np.flatnonzero(counts >= GRIDS * tests_log10 / np.log10(GRIDS)):
        rows, columns = np.nonzero(labels == label)
        top, left = int(rows.min()), int(columns.min())
        height, width = int(rows.max()) - top + 1, int(columns.max()) - left + 1
        meaning = -log10_nfa(tests_log10, counts[label] / GRIDS, width * height)
        box = left * BLOCK_PX, top * BLOCK_PX, width * BLOCK_PX, height * BLOCK_PX
        kept.append(Region(grid, box, meaning))
    return kept


def log10_nfa(tests_log10: float, votes: float, blocks: int) -> float:
    """Return log10 of tests times a bound of P(at least `votes` of `blocks` agree, each with 1/64) (Hoeffding 1963)."""
    chance, share = 1 / GRIDS, min(votes / max(blocks, 1), 1.0)
    if share <= chance:
        return tests_log10
    rest = 0.0 if share == 1 else (1 - share) * np.log10((1 - share) / (1 - chance))
    return float(tests_log10 - blocks * (share * np.log10(share / chance) + rest))
