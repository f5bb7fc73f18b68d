"""Error level analysis: a picture to look at, which supports no conclusion.

N. Krawetz: A Picture's Worth... Digital Image Analysis and Forensics. Black Hat USA 2007: the picture is compressed again
and the difference shown. What differs more is textured, bright in colour, sharpened, or was compressed less before; the
map does not tell these apart. No test of it with a known error rate has been published, so none is stated.
"""

import io

import numpy as np
from PIL import Image

from forensics.records import Sample

from .. import jpegs, plots
from ..detector import Result

NAME = "error-level"
QUALITY = 90
CELL_PX = 4
BRIGHTEST = 8.0  # mean difference in grey levels that is drawn white
SHADES = 24

SAID = (
    f"Error level: the map shows the difference after another compression at quality {QUALITY}, brighter where it is larger. "
    "It is an aid to the eye and supports no conclusion: texture, sharpening and colour have the same effect as an insertion.",
)


def look(sample: Sample) -> Result:
    """Draw how the luminance differs from itself compressed again. Raises NothingToExamineError."""
    jpeg = jpegs.read(sample.fd)
    levels = (differences(jpeg.luma) / BRIGHTEST * (SHADES - 1)).clip(0, SHADES - 1)
    greys = [(round(255 * n / (SHADES - 1)),) * 3 for n in range(SHADES)]
    picture = plots.drawn("error-level.png", np.rint(levels).astype(np.uint8), greys, None)
    return Result((*SAID, *jpeg.limits), (picture,))


def differences(luma: jpegs.Plane) -> plots.Numbers:
    """Return the mean absolute difference of each cell of CELL_PX squared."""
    again = io.BytesIO()
    Image.fromarray(luma).save(again, "JPEG", quality=QUALITY)
    other = np.asarray(Image.open(again))
    rows, columns = (side // CELL_PX for side in luma.shape)
    apart = np.maximum(luma, other) - np.minimum(luma, other)
    tiles = apart[: rows * CELL_PX, : columns * CELL_PX].reshape(rows, CELL_PX, columns, CELL_PX)
    return np.asarray(tiles.mean(axis=(1, 3), dtype=np.float64))
