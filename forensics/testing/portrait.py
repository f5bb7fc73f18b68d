"""One face: the portrait of a public-domain photograph where scikit-image is installed, else a drawn one."""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from ..records import Box

if TYPE_CHECKING:
    from ..records import Picture

SIDE_PX = 300
FACE: Box = (98.0, 64.0, 88.0, 110.0)  # in the square, as MTCNN found it on the photograph
SKIN, HAIR, LIPS, EYE, CLOTH = (
    (214, 168, 140),
    (84, 58, 40),
    (168, 84, 80),
    (40, 34, 30),
    (196, 92, 40),
)


@cache
def square() -> "Picture":
    """Return a face and shoulders, (300, 300, 3) RGB, with the face at `FACE`."""
    try:
        from skimage import data
    except ImportError:
        return drawn()
    photograph = np.asarray(data.astronaut(), np.uint8)  # type: ignore[no-untyped-call]  # Eileen Collins, NASA
    return np.ascontiguousarray(photograph[:SIDE_PX, 80 : 80 + SIDE_PX])


def drawn() -> "Picture":
    """Return a face of ellipses, softened and with the grain of a photograph, (300, 300, 3) RGB."""
    image = Image.new("RGB", (SIDE_PX, SIDE_PX), (120, 130, 150))
    draw = ImageDraw.Draw(image)
    left, top, width, height = FACE
    right, bottom, middle = left + width, top + height, left + width / 2
    draw.ellipse((20, bottom - 5, SIDE_PX - 20, SIDE_PX + 150), fill=CLOTH)
    draw.ellipse((left - 12, top - 24, right + 12, bottom + 4), fill=HAIR)
    draw.ellipse((left, top - 4, right, bottom), fill=SKIN)
    for place in (0.3, 0.7):
        x, y = left + place * width, top + 0.4 * height
        draw.ellipse((x - 9, y - 5, x + 9, y + 5), fill=(245, 245, 245))
        draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=EYE)
        draw.line((x - 11, y - 12, x + 11, y - 12), fill=HAIR, width=3)
    draw.polygon([(middle, top + 48), (middle - 7, top + 70), (middle + 7, top + 70)], fill=LIPS)
    draw.ellipse((middle - 18, top + 84, middle + 18, top + 94), fill=LIPS)
    soft = np.asarray(image.filter(ImageFilter.GaussianBlur(1.2)), np.int16)
    grain = np.random.default_rng(1).normal(0, 4, soft.shape)
    return np.asarray(np.clip(soft + grain, 0, 255), np.uint8)


def face(side_px: int, *, mirrored: bool = False) -> "Picture":
    """Return the square scaled to `side_px`, mirrored or not: (side_px, side_px, 3) RGB."""
    picture = square()[:, ::-1] if mirrored else square()
    image = Image.fromarray(np.ascontiguousarray(picture))
    return np.asarray(image.resize((side_px, side_px), Image.Resampling.LANCZOS), np.uint8)


def box(left: float, top: float, side_px: int, *, mirrored: bool = False) -> Box:
    """Return where the face is when the square lies with its corner at (left, top) of a picture."""
    scale = side_px / SIDE_PX
    x, y, width, height = FACE
    x = SIDE_PX - x - width if mirrored else x
    return left + x * scale, top + y * scale, width * scale, height * scale
