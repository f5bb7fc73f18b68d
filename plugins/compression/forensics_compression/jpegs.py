"""JPEG stills as their decoder sees them: the luminance before any change of colour, and the table it was quantised with.

The luminance comes from libjpeg by way of Pillow's draft mode, so no rounding of colours lies between it and the file's
coefficients. Nothing is turned: grids and blocks are those of the picture as it is stored.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL.JpegImagePlugin import JpegImageFile

from forensics.media import stills
from forensics.media.descriptor import DescriptorFile

Plane = npt.NDArray[np.uint8]
Values = npt.NDArray[np.float32]

BLOCK_PX = 8
LEAST_PX = 64  # a side; below that there are too few blocks to say anything of
NEAR_CUT = 2  # grey levels
MOST_PIXELS = 16e6  # more are examined in their middle only: time stays within seconds


class NothingToExamineError(Exception):
    """A file has nothing that a method could look at; the text says why."""


@dataclass(frozen=True)
class Jpeg:
    """A decoded JPEG: `luma` (H, W), its quantisation `table` (8, 8), and where its corner lies in the whole picture.

    `left` and `top` are multiples of 8. `orientation` is EXIF's, 1 when upright.
    """

    luma: Plane
    table: npt.NDArray[np.int64]
    left: int
    top: int
    width: int
    height: int
    orientation: int

    @property
    def limits(self) -> tuple[str, ...]:
        """Return the sentences that say what of the picture was examined, and how its places are to be read."""
        sentences = []
        if self.luma.shape != (self.height, self.width):
            seen = f"{self.luma.shape[1]} x {self.luma.shape[0]}"
            sentences.append(
                f"Only the middle {seen} pixels of {self.width} x {self.height} were examined."
            )
        if self.orientation > 1:
            sentences.append(
                "Places and maps are those of the picture as it is stored, not turned upright."
            )
        return tuple(sentences)


def read(fd: int) -> Jpeg:
    """Decode the luminance of a JPEG. Raises NothingToExamineError for everything else, and for a damaged one."""
    with stills.picture(DescriptorFile(fd)) as image:
        if not isinstance(image, JpegImageFile):
            raise NothingToExamineError("not a JPEG: there is no JPEG compression to examine")
        refuse(image)
        orientation, (width, height) = stills.orientation(image), image.size
        try:
            box = middle(width, height)
            table = np.array(image.quantization[image.layer[0][3]], np.int64).reshape(8, 8)
            image.draft("L", None)
            luma = np.asarray(image.crop(box))
        except stills.BROKEN as error:
            raise NothingToExamineError(
                f"the JPEG can't be decoded to its end ({error})"
            ) from error
    return Jpeg(luma, table, box[0], box[1], width, height, orientation)


def cut_off(fd: int, jpeg: Jpeg) -> npt.NDArray[np.bool_]:
    """Say of each whole block of a JPEG that was read whether a colour is cut off, or nearly, at black or white.

    Such blocks lose their coefficients between two compressions. (rows, columns).
    """
    height, width = jpeg.luma.shape
    box = jpeg.left, jpeg.top, jpeg.left + width, jpeg.top + height
    outside = np.zeros((height, width), np.bool_)
    with stills.picture(DescriptorFile(fd)) as image:
        for band in image.crop(box).split() if image else ():
            values = np.asarray(band)
            outside |= (values <= NEAR_CUT) | (values >= 255 - NEAR_CUT)
    rows, columns = height // BLOCK_PX, width // BLOCK_PX
    tiles = outside[: rows * BLOCK_PX, : columns * BLOCK_PX]
    return np.asarray(tiles.reshape(rows, BLOCK_PX, columns, BLOCK_PX).any(axis=(1, 3)))


def refuse(image: JpegImageFile) -> None:
    """Raise NothingToExamineError for pictures without a luminance of their own, and for small ones."""
    if image.mode not in ("RGB", "L") or image.info.get("adobe_transform", 1) == 0:
        raise NothingToExamineError("a JPEG without a luminance channel (CMYK or RGB)")
    if min(image.size) < LEAST_PX:
        width, height = image.size
        raise NothingToExamineError(
            f"{width} x {height} pixels: at least {LEAST_PX} x {LEAST_PX} needed"
        )


def middle(width: int, height: int) -> tuple[int, int, int, int]:
    """Return the box (left, top, right, bottom) to examine: all of a picture, or as much of its middle as is allowed."""
    share = min((MOST_PIXELS / (width * height)) ** 0.5, 1.0)
    if share == 1.0:
        return 0, 0, width, height
    left, top = (int(side * (1 - share) / 2) // BLOCK_PX * BLOCK_PX for side in (width, height))
    return left, top, left + int(width * share), top + int(height * share)


def place(box: tuple[int, int, int, int], jpeg: Jpeg) -> str:
    """Return in words where a box of the luminance lies in the whole picture."""
    left, top, width, height = box
    return f"Region of {width} x {height} pixels at ({left + jpeg.left}, {top + jpeg.top})"


def dct_matrix() -> Values:
    """Return the (8, 8) matrix of the orthonormal DCT-II, a row for each frequency (ITU-T T.81, A.3.3)."""
    frequency, place = np.mgrid[0:8, 0:8]
    matrix = np.cos((2 * place + 1) * frequency * np.pi / 16) / 2
    matrix[0] /= np.sqrt(2)
    return np.asarray(matrix, np.float32)


def block_dct(luma: Plane) -> Values:
    """Return the DCT of every whole 8 x 8 block, (rows, columns, 8, 8), vertical frequency before the horizontal one."""
    rows, columns = luma.shape[0] // BLOCK_PX, luma.shape[1] // BLOCK_PX
    whole = luma[: rows * BLOCK_PX, : columns * BLOCK_PX].astype(np.float32) - 128
    basis = dct_matrix()
    across = whole.reshape(-1, BLOCK_PX) @ basis.T  # (H * columns, 8)
    tall = across.reshape(rows, BLOCK_PX, columns, BLOCK_PX).transpose(0, 2, 3, 1)
    down = np.ascontiguousarray(tall).reshape(-1, BLOCK_PX) @ basis.T  # (.., u, v)
    return down.reshape(rows, columns, BLOCK_PX, BLOCK_PX).swapaxes(2, 3)
