"""Square crops of faces: the one crop function, used by detectors and in training."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ..records import Box, FacePatch, Frame

if TYPE_CHECKING:
    from ..records import Picture

PATCH_SCALE = 2.0
PATCH_PX = 448
QUALITY_PX = 112


@dataclass(frozen=True)
class CropGeometry:
    """How a crop lies on MTCNN's box (w, h); it belongs to the weights that were trained on such crops.

    The side is `scale` x max(w, h). The crop is centred on the box across, and its centre lies
    `shift` x side below the box's. It is resized to `px` x `px`.
    """

    scale: float
    shift: float
    px: int


@dataclass(frozen=True)
class Quality:
    """How well a face can be seen: `blur` is the variance of the Laplacian (low is blurred), `luma` 0 to 255."""

    blur: float
    luma: float


def crop_frame(pixels: "Picture", box: Box, geometry: CropGeometry) -> "Picture":
    """Cut a face out of a frame: (px, px, 3), RGB like the frame; beyond the frame's edge it is mirrored."""
    return resized(region(pixels, *square(box, geometry)), geometry.px)


def square(box: Box, geometry: CropGeometry) -> tuple[int, int, int]:
    """Return left, top and side of the square that is cut out for a box."""
    left, top, width, height = box
    side = geometry.scale * max(width, height)
    centre_x, centre_y = left + width / 2, top + height / 2 + geometry.shift * side
    size = max(nearest(side), 1)
    return nearest(centre_x - side / 2), nearest(centre_y - side / 2), size


def crop(patch: FacePatch, geometry: CropGeometry) -> "Picture":
    """Cut a face out of a patch, as `crop_frame` would out of its frame: (px, px, 3), RGB."""
    return crop_frame(patch.pixels, box_in_patch(patch), geometry)


def box_in_patch(patch: FacePatch) -> Box:
    """Return the face's box in pixels of the patch."""
    left, top, width, height = patch.box
    x, y = patch.origin
    scale = patch.scale
    return (left - x) * scale, (top - y) * scale, width * scale, height * scale


def cut_patch(frame: Frame, box: Box, probability: float) -> FacePatch:
    """Cut a face and its surroundings out of a frame, so that the frame can be dropped."""
    left, top, width, height = box
    side = max(math.ceil(PATCH_SCALE * max(width, height)), 1)
    x, y = math.floor(left + width / 2 - side / 2), math.floor(top + height / 2 - side / 2)
    square = region(frame.pixels, x, y, side)
    scale = min(1.0, PATCH_PX / side)
    pixels = resized(square, PATCH_PX) if scale < 1 else square
    origin = (float(x), float(y))
    return FacePatch(frame.run, frame.time_s, box, origin, scale, probability, pixels)


def quality(patch: FacePatch) -> Quality:
    """Measure a face at a fixed size, so that blur compares between faces of different sizes."""
    face = crop(patch, CropGeometry(scale=1.0, shift=0.0, px=QUALITY_PX))
    grey = cv2.cvtColor(face, cv2.COLOR_RGB2GRAY)
    return Quality(float(cv2.Laplacian(grey, cv2.CV_64F).var()), float(grey.mean()))


def nearest(value: float) -> int:
    """Round halves up, so that a shift by whole pixels shifts the result by as many."""
    return math.floor(value + 0.5)


def region(pixels: "Picture", left: int, top: int, side: int) -> "Picture":
    """Copy a square of a picture, mirrored where it reaches beyond the edge: (side, side, 3)."""
    height, width = pixels.shape[:2]
    if left >= 0 and top >= 0 and left + side <= width and top + side <= height:
        return pixels[top : top + side, left : left + side].copy()
    rows, columns = mirrored(top, side, height), mirrored(left, side, width)
    return pixels.take(rows, axis=0).take(columns, axis=1)


def mirrored(first: int, count: int, length: int) -> "np.typing.NDArray[np.intp]":
    """Return `count` indexes from `first` on, folded back into 0..length-1 at either edge, the edge repeated."""
    places = np.arange(first, first + count) % (2 * length)
    return np.minimum(places, 2 * length - 1 - places)


def resized(square: "Picture", px: int) -> "Picture":
    """Resize a square: by area when it shrinks, linearly when it grows."""
    shrinks = px < square.shape[0]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(square, (px, px), interpolation=how), dtype=np.uint8)
