"""Where a manipulation changed a face: the difference between a fake and the real crop of the same moment."""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Map = npt.NDArray[np.float32]

SIDE = 112  # pixels at which crops are compared: noise of compression is below that
EDGE = 8  # pixels at the border that alignment may leave empty
SPREAD_PX = 3.0  # deviation of the blur that joins the places of one change
NOISE = 3.0  # grey levels by which untouched faces differ after recompression
FULL = 12.0  # grey levels from which on a place counts as changed in full
ITERATIONS = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 40, 1e-4)


class Change(NamedTuple):
    """`where` is (H, W), 0 for untouched to 1 for changed, in the fake's pixels.

    `levels` is the difference in grey levels that 95 % of places stay under. Among fakes of the DeepFake Detection
    Challenge below 6 are untouched people beside the one who was swapped.
    """

    where: Map
    levels: float


def change(real: Image, fake: Image) -> Change:
    """Compare two crops of the same moment, (H, W, 3) uint8 RGB, whose boxes may be a little apart."""
    small, other = shrunk(fake), shrunk(real)
    both = (difference(small, one) for one in (other, aligned(other, small)))
    apart = min(both, key=np.median)  # most of a crop is as it was, in the better alignment
    spread = cv2.GaussianBlur(apart, (0, 0), SPREAD_PX)
    where = np.clip((spread - NOISE) / (FULL - NOISE), 0, 1)
    height, width = fake.shape[:2]
    return Change(np.asarray(cv2.resize(where, (width, height)), np.float32), levels(apart))


def shrunk(face: Image) -> Image:
    """Return a crop at the side at which crops are compared."""
    return np.asarray(cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def aligned(face: Image, to: Image) -> Image:
    """Return `face` moved onto `to` by the affine map that correlates best; as it is where none is found.

    The map is that of Evangelidis and Psarakis (IEEE TPAMI 30, 2008), as OpenCV has it.
    """
    start = np.eye(2, 3, dtype=np.float32)
    aim, grey = (cv2.cvtColor(one, cv2.COLOR_RGB2GRAY) for one in (to, face))
    try:
        _, matrix = cv2.findTransformECC(aim, grey, start, cv2.MOTION_AFFINE, ITERATIONS)
    except cv2.error:  # it does not converge
        return face
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size, border = (SIDE, SIDE), cv2.BORDER_REPLICATE
    return np.asarray(cv2.warpAffine(face, matrix, size, flags=flags, borderMode=border), np.uint8)


def difference(one: Image, other: Image) -> Map:
    """Return the mean difference over the colours, (H, W) in grey levels, of crops blurred a little."""
    soft = [cv2.GaussianBlur(face, (0, 0), 1.2).astype(np.float32) for face in (one, other)]
    return np.asarray(np.abs(soft[0] - soft[1]).mean(2), np.float32)


def levels(apart: Map) -> float:
    """Return the difference that 95 % of places stay under; the border does not count."""
    return float(np.quantile(apart[EDGE:-EDGE, EDGE:-EDGE], 0.95))
