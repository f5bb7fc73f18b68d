"""Regions of a JPEG whose noise is not that of the rest.

B. Mahdian, S. Saic: Using noise inconsistencies for blind image forensics. Image and Vision Computing 27 (2009),
1497-1503: the noise of each block is the median absolute deviation of its finest diagonal wavelet band, over 0.6745
(D. L. Donoho, I. M. Johnstone: Ideal spatial adaptation by wavelet shrinkage. Biometrika 81 (1994), 425-455).

Beyond the paper, which joins blocks of like noise and leaves the judgement to the eye: noise depends on brightness and
passes for texture, so each block is held against what its brightness and the contrast of its coarser band, less what noise puts there, predict over
the whole picture. The statistic is the largest mean deviation over a region of fixed size, in robust standard
deviations of single blocks. Compression, sharpening and depth of field make real pictures uneven too: the method is weak
on JPEGs, and its measured rates say how weak.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from forensics.records import Artifact, Sample

from .. import figures, jpegs, plots
from ..detector import Result
from ..jpegs import Jpeg, NothingToExamineError

Numbers = npt.NDArray[np.float64]

NAME = "noise-residual"
THRESHOLD = 5.0  # robust standard deviations; see the README for how it was chosen
CELL_PX = 16
REGION_CELLS = 5  # a region is 80 x 80 pixels
LEAST_CELLS = 60
TO_SIGMA = 0.6745
FLOOR = 0.25  # grey levels: below, the last quantisation is measured and not noise
NOISE_LEFT = 0.164  # of white noise in the coarser band: the gain of pyrDown's filter, then of the diagonal difference
BRIGHTNESS = (8, 247)  # darker and brighter cells are cut off or nearly so
ROUNDS = 5
LEAST_SCALE = 0.1  # of the logarithm: differences of a tenth are never many deviations
TUNING = 2.0  # in robust standard deviations; deviations beyond weigh less (Huber 1964)


@dataclass(frozen=True)
class Noise:
    """Deviations in robust standard deviations, (rows, columns) of cells, NaN where a cell can't be judged.

    `box` (left, top, width, height) is the region that deviates most, and `deviation` by how much, with its sign.
    """

    deviations: Numbers
    box: tuple[int, int, int, int]
    deviation: float


def look(sample: Sample) -> Result:
    """Tell how even the noise of a JPEG is. Raises NothingToExamineError."""
    jpeg = jpegs.read(sample.fd)
    noise = examine(jpeg)
    if noise is None:
        raise NothingToExamineError("too little noise is left by the compression to compare places")
    statements = (*sentences(noise, jpeg), *figures.measured(NAME).sentences, *jpeg.limits)
    return Result(statements, (drawn(noise),))


def sentences(noise: Noise, jpeg: Jpeg) -> Iterator[str]:
    """Yield what was found in words."""
    reached = abs(noise.deviation) >= THRESHOLD
    yield (
        f"Noise: statistic {abs(noise.deviation):.1f} (deviation of the region that differs most from what its brightness and "
        f"texture predict, in robust standard deviations; threshold {THRESHOLD:.0f}): {'reached' if reached else 'not reached'}."
    )
    if reached:
        more = "more" if noise.deviation > 0 else "less"
        yield (
            f"{jpegs.place(noise.box, jpeg)}: {more} noise than the rest of the picture. Sharpness, smoothing by the camera and "
            "texture do this too; taken alone it supports no conclusion."
        )


def drawn(noise: Noise) -> Artifact:
    """Draw the deviations of cells: red more noise, blue less, black not judged."""
    marked = noise.box if abs(noise.deviation) >= THRESHOLD else None
    box = plots.cells_of(marked, CELL_PX) if marked else None
    return plots.diverging("noise-residual.png", noise.deviations, THRESHOLD, box)


def examine(jpeg: Jpeg) -> Noise | None:
    """Return how even the noise is; None where too few cells can be judged."""
    sigma = cell_noise(diagonal(jpeg.luma.astype(np.float32)))
    half = cv2.pyrDown(jpeg.luma)
    contrast = cell_noise(diagonal(half.astype(np.float32)), CELL_PX // 2)
    rows, columns = sigma.shape
    contrast = np.sqrt((contrast[:rows, :columns] ** 2 - (NOISE_LEFT * sigma) ** 2).clip(0))
    light = cells(jpeg.luma.astype(np.float32)).mean(axis=-1)
    judged = (sigma >= FLOOR) & (light >= BRIGHTNESS[0]) & (light <= BRIGHTNESS[1])
    if judged.sum() < LEAST_CELLS:
        return None
    deviations = np.full(sigma.shape, np.nan)
    deviations[judged] = unexplained(sigma[judged], light[judged], contrast[judged])
    return strongest(deviations)


def diagonal(luma: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the finest diagonal band of the Haar wavelet at every pixel, scaled so that white noise keeps its deviation."""
    kernel = np.array([[1, -1], [-1, 1]], np.float32) / 2
    return np.asarray(cv2.filter2D(luma, cv2.CV_32F, kernel, anchor=(0, 0)), np.float32)


def cells(plane: npt.NDArray[np.float32], px: int = CELL_PX) -> npt.NDArray[np.float32]:
    """Return the whole cells of a plane, (rows, columns, px * px)."""
    rows, columns = plane.shape[0] // px, plane.shape[1] // px
    tiles = plane[: rows * px, : columns * px].reshape(rows, px, columns, px)
    return tiles.swapaxes(1, 2).reshape(rows, columns, px * px)


def cell_noise(band: npt.NDArray[np.float32], px: int = CELL_PX) -> Numbers:
    """Return the noise of each cell in grey levels."""
    return np.asarray(np.median(np.abs(cells(band, px)), axis=-1) / TO_SIGMA, np.float64)


def unexplained(sigma: Numbers, light: Numbers, contrast: Numbers) -> Numbers:
    """Return by how much the logarithm of noise exceeds its prediction, in robust standard deviations."""
    light, contrast = light / 255, np.log(contrast + FLOOR)
    terms = np.stack([np.ones_like(light), light, light**2, contrast, contrast**2], axis=1)
    measured = np.log(sigma)
    weights = np.ones_like(measured)
    for _ in range(ROUNDS):
        root = np.sqrt(weights)
        fit = np.linalg.lstsq(terms * root[:, None], measured * root, rcond=None)[0]
        rest = measured - terms @ fit
        scale = max(float(np.median(np.abs(rest))) / TO_SIGMA, LEAST_SCALE)
        weights = np.minimum(1.0, TUNING * scale / np.abs(rest).clip(1e-9))
    return np.asarray(rest / scale, np.float64)


def strongest(deviations: Numbers) -> Noise:
    """Return the region whose judged cells deviate most in the mean; half of its cells must be judged."""
    known = np.isfinite(deviations)
    side = (REGION_CELLS, REGION_CELLS)
    counts = cv2.boxFilter(
        known.astype(np.float64), -1, side, normalize=False, borderType=cv2.BORDER_CONSTANT
    )
    sums = cv2.boxFilter(
        np.where(known, deviations, 0.0), -1, side, normalize=False, borderType=cv2.BORDER_CONSTANT
    )
    enough = counts >= REGION_CELLS**2 / 2
    means = np.where(enough, sums / np.maximum(counts, 1), 0.0)
    row, column = np.unravel_index(int(np.abs(means).argmax()), means.shape)
    rows, columns = (
        (max(int(at) - REGION_CELLS // 2, 0), min(int(at) + REGION_CELLS // 2 + 1, size))
        for at, size in zip((row, column), means.shape, strict=True)
    )
    left, top = columns[0] * CELL_PX, rows[0] * CELL_PX
    box = left, top, columns[1] * CELL_PX - left, rows[1] * CELL_PX - top
    return Noise(deviations, box, float(means[row, column]))
