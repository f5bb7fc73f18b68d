"""Whether two frames are across a cut, from the colours of tiny versions of them."""

from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from ..records import Picture

TINY = (64, 36)
THIN = (256, 144)
# Share of the picture whose colour class changed. In 22 clips without cuts neighbours 0.2 s apart stayed
# at or under 0.16; frames of different clips were at 0.31 or over.
CUT = 0.28

Colours = npt.NDArray[np.float64]


def colours(pixels: "Picture") -> Colours:
    """Return the share of each of 512 colour classes, 8 levels per channel, in a tiny version of a frame."""
    step = max(min(pixels.shape[1] // THIN[0], pixels.shape[0] // THIN[1]), 1)
    thin = np.ascontiguousarray(pixels[::step, ::step])  # averaging all pixels took 6 ms a frame
    tiny = cv2.resize(thin, TINY, interpolation=cv2.INTER_AREA)
    levels = tiny.astype(np.intp) // 32
    classes = (levels[..., 0] * 8 + levels[..., 1]) * 8 + levels[..., 2]
    counts = np.bincount(classes.ravel(), minlength=512)
    return counts.astype(np.float64) / classes.size


def has_changed(before: Colours, after: Colours) -> bool:
    """Return whether the colours of two frames differ as they do across a cut."""
    return float(np.abs(before - after).sum()) / 2 > CUT


def across_cut(before: "Picture", after: "Picture") -> bool:
    """Return whether two frames look like different shots."""
    return has_changed(colours(before), colours(after))
