"""Where a network responded in one crop: a small grid of numbers, stored with its score and laid over the face."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TOP = 255
STRENGTH = 0.65
"""How much of the picture the map hides where the network responded most; where it did not, nothing is hidden."""
LEAST, MIDDLE, MOST = (68, 1, 84), (230, 97, 1), (255, 245, 160)
"""Colours from dark to light, so that the order holds in grey and for the colour-blind."""
QUALITY = 85
LARGEST_PX = 4096


@dataclass(frozen=True)
class HeatMap:
    """The class activation of one face in one sampled frame, over the crop that the network saw.

    `cells` is the base64 of `rows` x `columns` bytes, row by row from the top left; 255 stands for `peak`, the largest
    positive value over all frames of the track, so that the frames of a track compare. It shows where the network
    responded in favour of its score; it does not locate a manipulation.
    """

    rows: int
    columns: int
    cells: str
    peak: float

    @classmethod
    def of(cls, values: Sequence[Sequence[float]], peak: float) -> "HeatMap":
        """Return the map of a grid of values, of which those below 0 count as 0 and none is above a `peak` over 0."""
        cells = bytes(
            min(max(round(TOP * value / peak), 0), TOP) for row in values for value in row
        )
        return cls(len(values), len(values[0]), base64.b64encode(cells).decode("ascii"), peak)

    @property
    def is_whole(self) -> bool:
        """Say whether there is one cell for each place of a grid."""
        try:
            cells = base64.b64decode(self.cells, validate=True)
        except ValueError:
            return False
        return self.rows > 0 and self.columns > 0 and len(cells) == self.rows * self.columns


def overlay(picture: Path, heat: HeatMap) -> bytes:
    """Return a JPEG of a face with its heat map laid over it, smoothed between cells.

    Raises ValueError for a map that has not as many cells as it says, or a picture that is none.
    """
    from PIL import Image, ImageOps

    cells = base64.b64decode(heat.cells)
    size = (heat.columns, heat.rows)
    if not cells or min(size) < 1 or len(cells) != size[0] * size[1]:
        raise ValueError(f"a map of {size[0]} x {size[1]} cells can't have {len(cells)}")
    with Image.open(picture, formats=("JPEG",)) as opened:
        if max(opened.size) > LARGEST_PX:
            raise ValueError(f"{picture}: {opened.width} x {opened.height} pixels are no thumbnail")
        face = opened.convert("RGB")
    grid = Image.frombytes("L", size, cells).resize(face.size, Image.Resampling.BICUBIC)
    colours = ImageOps.colorize(grid, LEAST, MOST, MIDDLE)
    strength = grid.point(lambda value: round(STRENGTH * value))
    laid_over = Image.composite(colours, face, strength)
    with io.BytesIO() as file:
        laid_over.save(file, "JPEG", quality=QUALITY)
        return file.getvalue()
