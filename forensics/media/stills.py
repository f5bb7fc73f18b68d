"""Pictures through Pillow: recognised by content, sized before they are decoded, turned upright."""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps, features

from .descriptor import DescriptorFile
from .signatures import HEAD_BYTES, is_heif

if TYPE_CHECKING:
    from ..records import Picture

# Named, because Pillow's full list has formats that start other programs (EPS) or are no photographs.
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "PPM", "JPEG2000")
ANIMATED = {"GIF", "PNG", "WEBP", "AVIF"}
ORIENTATION = 0x0112  # EXIF 2.3, tag 274
SIDEWAYS = {5, 6, 7, 8}
# What Pillow's readers and pillow-heif (RuntimeError) raise on damaged files; MemoryError is not among them.
BROKEN = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    struct.error,
    zlib.error,
    RuntimeError,
)


def formats() -> tuple[str, ...]:
    """Return the picture formats that this build of Pillow reads."""
    return (*FORMATS, "AVIF") if features.check("avif") else FORMATS


@contextmanager
def picture(file: DescriptorFile) -> Iterator[Image.Image | None]:
    """Read a picture's header; None when the content is no picture.

    Pillow's own size limit and its warnings about odd metadata are off: the caller checks the size.
    """
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"PIL\.")
            yield header(file)
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def header(file: DescriptorFile) -> Image.Image | None:
    """Return the picture, not decoded yet, or None. Raises one of BROKEN for a damaged HEIF picture."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if is_heif(head):
        return heif(file)
    try:
        return Image.open(io.BufferedReader(file), formats=formats())
    except (OSError, EOFError, ValueError):  # the first: nothing that Pillow identifies
        return None


def heif(file: DescriptorFile) -> Image.Image:
    """Return the main picture of a HEIF file, upright and not decoded yet, without registering a format with Pillow."""
    from pillow_heif import HeifImageFile  # 30 MB of libraries, for those who need them

    picture: Image.Image = HeifImageFile(io.BufferedReader(file))  # type: ignore[no-untyped-call]  # pillow-heif has no types
    return picture


def is_animated(image: Image.Image) -> bool:
    """Return whether this is an animation, which is sampled like a video; pages of a TIFF and views of an MPO are not."""
    try:
        return image.format in ANIMATED and bool(getattr(image, "is_animated", False))
    except BROKEN:
        return False


def orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 (upright) when there is none or it can't be read."""
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except BROKEN:
        return 1


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Return width and height as the picture is to be seen."""
    width, height = image.size
    return (height, width) if orientation(image) in SIDEWAYS else (width, height)


def pixels(image: Image.Image) -> "Picture":
    """Decode a picture: (H, W, 3) uint8, RGB, upright; transparency is dropped. Raises one of BROKEN."""
    image.load()
    turned = ImageOps.exif_transpose(image) if orientation(image) > 1 else image
    if turned.mode == "F" or turned.mode.startswith("I"):
        return deep(np.asarray(turned))
    return np.array(turned.convert("RGB"), dtype=np.uint8)


def deep(grey: "np.typing.NDArray[np.generic]") -> "Picture":
    """Bring grey values of 16 or 32 bits or floating point to 8 bits: (H, W) to (H, W, 3)."""
    values = np.nan_to_num(grey.astype(np.float64))
    top = 1.0 if values.max(initial=0) <= 1 else 255.0 if values.max() <= 255 else 65535.0
    scaled = np.clip(values / top * 255, 0, 255).round().astype(np.uint8)
    return np.repeat(scaled[:, :, None], 3, axis=2)
