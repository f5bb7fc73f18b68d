"""Face patches and frames as a card's model wants them."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from forensics.faces import CropGeometry, crop
from forensics.records import FacePatch, Frame

from .cards import Card, Colour, Fit, Input, Layout

Picture = npt.NDArray[np.uint8]


def face(patch: FacePatch, card: Card) -> Picture:
    """Return a face as the card crops it: (px, px, 3), RGB. The card must be one of faces."""
    values = card.view.crop
    if values is None:
        raise card.error("view: key 'of' is not 'face'")
    return crop(patch, CropGeometry(values.scale, values.shift, values.px))


def whole(frame: Frame, card: Card) -> Picture:
    """Return a frame as the card fits it into a square: (px, px, 3), RGB."""
    pixels = middle(frame.pixels) if card.view.fit is Fit.CENTRE else frame.pixels
    px = card.input.px
    shrinks = px < min(pixels.shape[:2])
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, (px, px), interpolation=how), dtype=np.uint8)


def middle(pixels: Picture) -> Picture:
    """Return the largest square in the middle of a picture."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return pixels[top : top + side, left : left + side]


def batch(pictures: Sequence[Picture], wanted: Input) -> npt.NDArray[np.float32]:
    """Return (N, px, px, 3) RGB bytes as the model's input: colour order, range and layout as the card says."""
    x = np.stack(pictures)  # (N, px, px, 3)
    if wanted.colour is Colour.BGR:
        x = x[..., ::-1]  # (N, px, px, 3)
    mean, std = np.array(wanted.mean, np.float32), np.array(wanted.std, np.float32)
    values = (x.astype(np.float32) * np.float32(wanted.scale) - mean) / std  # (N, px, px, 3)
    if wanted.layout is Layout.NCHW:
        values = values.transpose(0, 3, 1, 2)  # (N, 3, px, px)
    return np.ascontiguousarray(values, np.float32)
