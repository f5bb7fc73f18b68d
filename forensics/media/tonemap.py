"""High dynamic range to ordinary 8-bit pictures: PQ and HLG in BT.2020 colours to sRGB.

FFmpeg's plain conversion leaves the coded values as they are, which makes PQ grey and flat. The curve here is
fixed, without the peak that a file may state, so that the same scene looks the same in every file: what is darker than
half of reference white (203 cd/m2, ITU-R BT.2408) keeps its light, what is brighter is rolled off, never cut.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorTrc

if TYPE_CHECKING:
    from ..records import Picture

WHITE = 203.0  # cd/m2, reference white, ITU-R BT.2408-7, 2.1
HLG_PEAK, HLG_GAMMA = (
    1000.0,
    1.2,
)  # cd/m2 and exponent of the reference display, ITU-R BT.2100-2, table 5
KNEE = 0.5
STEPS = 1 << 14
TOP = 12.0  # so many times the reference white is the brightest step; the curve is flat there

# Linear light of BT.2020 in BT.709 primaries, ITU-R BT.2087-0 inverted.
FROM_2020 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]],
    np.float32,
)
CURVES = (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67)

Curve = npt.NDArray[np.float64]


def is_high_range(frame: VideoFrame) -> bool:
    """Return whether a frame's values are PQ or HLG."""
    return frame.color_trc in CURVES


def toned(frame: VideoFrame, width: int, height: int) -> "Picture":
    """Return (height, width, 3) uint8, RGB, as an ordinary screen would show it."""
    coded: Any = frame.to_ndarray(format="rgb48le", width=width, height=height, threads=1)
    light: Any = decoding(frame.color_trc)[coded]  # (H, W, 3) float32, 1 is reference white
    if frame.color_primaries == ColorPrimaries.BT2020:
        light = cv2.transform(light, FROM_2020)
    steps: npt.NDArray[np.uint16] = np.clip(light * (STEPS / TOP), 0, STEPS - 1).astype(np.uint16)
    return np.take(encoding(), steps)


@cache
def decoding(curve: int) -> npt.NDArray[np.float32]:
    """Return the light, in units of reference white, for every 16-bit value of a channel."""
    coded = np.linspace(0, 1, 1 << 16)
    nits = from_pq(coded) if curve == ColorTrc.SMPTE2084 else from_hlg(coded)
    return (nits / WHITE).astype(np.float32)


def from_pq(coded: Curve) -> Curve:
    """Return cd/m2 for PQ values from 0 to 1; SMPTE ST 2084, equation 4.1."""
    root = coded ** (32 / 2523)
    return 10000 * (np.maximum(root - 107 / 128, 0) / (2413 / 128 - 2392 / 128 * root)) ** (
        8192 / 1305
    )


def from_hlg(coded: Curve) -> Curve:
    """Return cd/m2 on the reference display for HLG values from 0 to 1; ITU-R BT.2100-2, table 5.

    The display's gamma is applied to each channel by itself, a little more saturated than to the luminance.
    """
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(coded <= 0.5, coded**2 / 3, (np.exp((coded - c) / a) + b) / 12)
    return HLG_PEAK * scene**HLG_GAMMA


@cache
def encoding() -> "Picture":
    """Return the 8-bit sRGB value (IEC 61966-2-1) for every step of light, brighter than the knee rolled off."""
    light = (np.arange(STEPS) + 0.5) / STEPS * TOP
    rest = 1 - KNEE
    rolled = np.where(light <= KNEE, light, 1 - rest * np.exp(-(light - KNEE) / rest))
    srgb = np.where(rolled <= 0.0031308, 12.92 * rolled, 1.055 * rolled ** (1 / 2.4) - 0.055)
    return (srgb * 255).round().astype(np.uint8)
