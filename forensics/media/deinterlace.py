"""Interlaced frames: two pictures, a fiftieth of a second apart, woven line by line."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..records import Picture

TEETH = 12  # levels by which a line must differ from both its neighbours, to the same side
COMBED = 0.005  # share of such pixels; many recordings are marked as interlaced and are not


def is_combed(picture: "Picture") -> bool:
    """Return whether moving things in a frame, (H, W, 3), have the teeth of a comb; only green is looked at."""
    green = picture[..., 1].astype(np.int16)
    above, line, below = green[:-2:2], green[1:-1:2], green[2::2]
    up, down = line - above, line - below
    teeth = (np.minimum(up, down) > TEETH) | (np.maximum(up, down) < -TEETH)
    return bool(teeth.mean() > COMBED) if teeth.size else False


def first_field(picture: "Picture") -> "Picture":
    """Return a picture of the same size from its even lines; the odd ones are the mean of their neighbours."""
    even = picture[::2].astype(np.uint16)
    whole = picture.copy()
    odd = whole[1::2]
    below = even[1:] if len(even) > len(odd) else np.concatenate([even[1:], even[-1:]])
    odd[...] = (even[: len(odd)] + below[: len(odd)] + 1) // 2
    return whole


def one_moment(picture: "Picture") -> "Picture":
    """Return the picture without combing: as it is when there is none."""
    return first_field(picture) if is_combed(picture) else picture
