"""Pseudo-fakes: a face blended with a slightly changed copy of itself.

The idea is that of Shiohara and Yamasaki, "Detecting Deepfakes with Self-Blended Images" (CVPR 2022, arXiv 2204.08376):
every face swap leaves a seam of colour, sharpness or geometry, so a detector trained on such seams generalises to
methods that it never saw. Mask and changes here are our own: crops are aligned by a face box, so an ellipse bent at
random stands in for landmarks.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Blend:
    """One manipulation. Kept for a whole clip it is steady over time; drawn anew for each frame it flickers."""

    centre: tuple[float, float]  # of the mask, as a share of the crop's side
    radii: tuple[float, float]  # likewise
    bend: tuple[float, ...]  # radius factor at equal angles around the mask
    feather: float  # blur of the mask's edge, share of the side
    opacity: float
    gain: tuple[float, float, float]  # per channel of the inner face
    shift: tuple[float, float]  # of the inner face, share of the side
    zoom: float
    angle_deg: float
    sharpness: float  # below 0 blurs the inner face, above 0 sharpens it
    shrink: float  # the inner face is resampled at this share of its size


def draw_blend(rng: np.random.Generator, mouths: float = 0.0) -> Blend:
    """Draw a manipulation of random kind and strength; some part of it always stays visible.

    A share `mouths` changes the lower face alone, as re-enactment and lip sync do.
    """
    if mouths and rng.random() < mouths:
        return mouth_blend(rng)
    zoom = 1 + rng.uniform(-0.04, 0.04)
    colour = rng.uniform(-0.12, 0.12) + rng.uniform(-0.06, 0.06, 3)
    return Blend(
        centre=(0.5 + rng.uniform(-0.05, 0.05), 0.5 + rng.uniform(-0.06, 0.1)),
        radii=(rng.uniform(0.26, 0.44), rng.uniform(0.3, 0.5)),
        bend=tuple(rng.uniform(0.8, 1.15, 8).tolist()),
        feather=float(rng.uniform(0.01, 0.09)),
        opacity=float(rng.choice([0.5, 0.75, 1.0, 1.0])),
        gain=(1 + float(colour[0]), 1 + float(colour[1]), 1 + float(colour[2])),
        shift=(float(rng.uniform(-0.03, 0.03)), float(rng.uniform(-0.03, 0.03))),
        zoom=float(zoom),
        angle_deg=float(rng.uniform(-2.5, 2.5)),
        sharpness=float(rng.choice([-1.0, -0.5, 0.0, 0.6])),
        shrink=float(rng.choice([1.0, 0.7, 0.45])),
    )


def mouth_blend(rng: np.random.Generator) -> Blend:
    """Draw a manipulation of the lower face: moved and made anew, hardly recoloured, with a soft edge."""
    colour = rng.uniform(-0.05, 0.05) + rng.uniform(-0.03, 0.03, 3)
    return Blend(
        centre=(0.5 + rng.uniform(-0.03, 0.03), 0.72 + rng.uniform(-0.04, 0.06)),
        radii=(rng.uniform(0.2, 0.36), rng.uniform(0.14, 0.26)),
        bend=tuple(rng.uniform(0.85, 1.15, 8).tolist()),
        feather=float(rng.uniform(0.02, 0.08)),
        opacity=float(rng.choice([0.75, 1.0, 1.0])),
        gain=(1 + float(colour[0]), 1 + float(colour[1]), 1 + float(colour[2])),
        shift=(float(rng.uniform(-0.02, 0.02)), float(rng.uniform(-0.05, 0.05))),
        zoom=float(1 + rng.uniform(-0.06, 0.06)),
        angle_deg=float(rng.uniform(-3, 3)),
        sharpness=float(rng.choice([-1.0, -0.5, 0.0, 0.4])),
        shrink=float(rng.choice([1.0, 0.6, 0.4, 0.3])),
    )


def draw_clip_blend(rng: np.random.Generator, frames: int) -> list[Blend]:
    """Draw a manipulation for a clip: in half of the cases held steady, in the others a little different each frame."""
    blend = draw_blend(rng)
    if rng.random() < 0.5:
        return [blend] * frames
    return [jittered(blend, rng) for _ in range(frames)]


def jittered(blend: Blend, rng: np.random.Generator) -> Blend:
    """Return a manipulation near this one, as one that is made frame by frame wavers."""

    def near(values: tuple[float, ...], deviation: float) -> list[float]:
        return [float(value + rng.normal(0, deviation)) for value in values]

    x, y = near(blend.centre, 0.01)
    right, down = near(blend.shift, 0.008)
    red, green, blue = near(blend.gain, 0.02)
    return replace(
        blend,
        centre=(x, y),
        bend=tuple(near(blend.bend, 0.03)),
        gain=(red, green, blue),
        shift=(right, down),
        zoom=near((blend.zoom,), 0.008)[0],
        angle_deg=near((blend.angle_deg,), 0.6)[0],
    )


def widened(blend: Blend, margin: float) -> Blend:
    """Return the same manipulation for a picture that is `margin` times as wide as the face crop in its middle."""
    return replace(
        blend,
        centre=(0.5 + (blend.centre[0] - 0.5) / margin, 0.5 + (blend.centre[1] - 0.5) / margin),
        radii=(blend.radii[0] / margin, blend.radii[1] / margin),
        feather=blend.feather / margin,
        shift=(blend.shift[0] / margin, blend.shift[1] / margin),
    )


def self_blend(face: Image, blend: Blend) -> Image:
    """Return (H, W, 3) uint8 with the inner face replaced by its changed copy; the outside is untouched."""
    mask = blend_mask(face.shape[0], face.shape[1], blend)[..., None]
    mixed = face * (1 - mask) + changed(face, blend) * mask
    return np.clip(mixed + 0.5, 0, 255).astype(np.uint8)


def blend_mask(height: int, width: int, blend: Blend) -> npt.NDArray[np.float32]:
    """Return (H, W), 0 outside to `opacity` inside: a bent ellipse with a soft edge."""
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    knots = np.linspace(0, 2 * np.pi, len(blend.bend) + 1)
    radius = np.interp(angles, knots, [*blend.bend, blend.bend[0]])
    x = (blend.centre[0] + blend.radii[0] * radius * np.cos(angles)) * width
    y = (blend.centre[1] + blend.radii[1] * radius * np.sin(angles)) * height
    mask = np.zeros((height, width), np.float32)
    cv2.fillPoly(mask, [np.stack([x, y], 1).astype(np.int32)], (blend.opacity,))
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), max(blend.feather * width, 0.5)), np.float32)


def changed(face: Image, blend: Blend) -> npt.NDArray[np.float32]:
    """Return the copy that is blended in: moved, recoloured, resampled, blurred or sharpened."""
    height, width = face.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), blend.angle_deg, blend.zoom)
    matrix[:, 2] += (blend.shift[0] * width, blend.shift[1] * height)
    copy = cv2.warpAffine(face, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101)
    if blend.shrink < 1:
        small = (max(round(width * blend.shrink), 2), max(round(height * blend.shrink), 2))
        copy = cv2.resize(cv2.resize(copy, small, interpolation=cv2.INTER_AREA), (width, height))
    soft = cv2.GaussianBlur(copy, (0, 0), max(0.006 * width, 0.4)).astype(np.float32)
    mixed = copy + blend.sharpness * (copy - soft)
    return np.asarray(np.clip(mixed * np.asarray(blend.gain, np.float32), 0, 255), np.float32)
