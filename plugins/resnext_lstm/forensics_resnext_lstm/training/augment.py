"""Changes that the wild makes to a face crop: recompression, resampling, blur, noise, light, occlusion.

Every function takes and returns (H, W, 3) uint8 RGB. The choice follows what the winners of the DeepFake Detection
Challenge report to matter (Dolhansky et al., arXiv 2006.07397, section 5).
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from .degrade import degrade
from .reencode import reencode

Image = npt.NDArray[np.uint8]


def augment(
    face: Image, px: int, rng: np.random.Generator, margin: float = 1.0, worse: float = 0.0
) -> Image:
    """Return a randomly degraded copy of `face`, (px, px, 3).

    The picture may be `margin` times as wide as the face crop in its middle; then nothing is mirrored at its edge. A share
    `worse` goes through what platforms do, in place of single changes of sharpness and compression.
    """
    face = moved(face, px, rng, margin)
    if worse and rng.random() < worse:
        if rng.random() < 0.4:
            face = relight(face, rng)
        return degrade(face, rng)
    if rng.random() < 0.5:
        face = relight(face, rng)
    if rng.random() < 0.3:
        face = rescale(face, rng)
    if rng.random() < 0.2:
        face = np.asarray(cv2.GaussianBlur(face, (0, 0), rng.uniform(0.3, 1.6)), np.uint8)
    if rng.random() < 0.2:
        face = add_noise(face, rng)
    if rng.random() < 0.5:
        face = recompress(face, int(rng.integers(30, 96)))
    if rng.random() < 0.2:
        face = cut_out(face, rng)
    return face


def augment_clip(
    faces: Sequence[Image],
    px: int,
    rng: np.random.Generator,
    margins: Sequence[float],
    reencoded: float,
) -> list[Image]:
    """Return a randomly degraded copy of a clip's faces, (px, px, 3) each.

    Place, light, sharpness and cover are the same in all its frames; noise is new in each. A share `reencoded` of clips
    is compressed as video, others as JPEG or not at all.
    """
    seed = int(rng.integers(2**63))
    clip = [
        jitter_box(face, px, np.random.default_rng(seed), margin)
        for face, margin in zip(faces, margins, strict=True)
    ]
    if rng.random() < 0.5:
        clip = [np.ascontiguousarray(face[:, ::-1]) for face in clip]
    if rng.random() < 0.5:
        clip = steadily(relight, clip, rng)
    if rng.random() < 0.3:
        clip = steadily(rescale, clip, rng)
    if rng.random() < 0.2:
        sigma = rng.uniform(0.3, 1.6)
        clip = [np.asarray(cv2.GaussianBlur(face, (0, 0), sigma), np.uint8) for face in clip]
    if rng.random() < 0.2:
        deviation = rng.uniform(2, 10)
        clip = [add_noise(face, rng, deviation) for face in clip]
    if rng.random() < reencoded:
        clip = reencode(clip, int(rng.integers(18, 39)), rng.uniform(0.4, 1))
    elif rng.random() < 0.5:
        quality = int(rng.integers(30, 96))
        clip = [recompress(face, quality) for face in clip]
    if rng.random() < 0.2:
        clip = steadily(cut_out, clip, rng)
    return clip


def steadily(
    change: Callable[[Image, np.random.Generator], Image],
    clip: Sequence[Image],
    rng: np.random.Generator,
) -> list[Image]:
    """Do the same to every frame of a clip."""
    seed = int(rng.integers(2**63))
    return [change(face, np.random.default_rng(seed)) for face in clip]


def moved(face: Image, px: int, rng: np.random.Generator, margin: float = 1.0) -> Image:
    """Return the part of a picture that another face finder would cut out, now and then mirrored.

    These are the first draws of `augment`: a map of the picture, (H, W), moved with the same draws stays in its place.
    """
    face = jitter_box(face, px, rng, margin)
    return np.ascontiguousarray(face[:, ::-1]) if rng.random() < 0.5 else face


def jitter_box(face: Image, px: int, rng: np.random.Generator, margin: float = 1.0) -> Image:
    """Crop again with a box off by a little in place, size and angle, as another face finder would give it."""
    side = max(face.shape[:2])
    zoom = px / (side / margin) * rng.uniform(0.92, 1.22)
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), rng.uniform(-8, 8), zoom)
    matrix[:, 2] += (px - side) / 2 + rng.uniform(-0.06, 0.06, 2) * px
    flag = cv2.INTER_AREA if zoom < 0.7 else cv2.INTER_LINEAR
    return np.asarray(
        cv2.warpAffine(face, matrix, (px, px), flags=flag, borderMode=cv2.BORDER_REFLECT_101),
        np.uint8,
    )


def relight(face: Image, rng: np.random.Generator) -> Image:
    """Change gain, offset, gamma and colour balance; now and then to grey."""
    mixed = (face.astype(np.float32) / 255) ** rng.uniform(0.75, 1.35)
    mixed = mixed * rng.uniform(0.75, 1.2, 1) * rng.uniform(0.94, 1.06, 3) + rng.uniform(
        -0.06, 0.06
    )
    if rng.random() < 0.1:
        mixed = np.repeat(mixed.mean(2, keepdims=True), 3, 2)
    return np.asarray(np.clip(mixed * 255, 0, 255), np.uint8)


def rescale(face: Image, rng: np.random.Generator) -> Image:
    """Shrink to between 35 % and 90 % and back, as a small face in a frame would look."""
    px = face.shape[0]
    small = max(int(px * rng.uniform(0.35, 0.9)), 8)
    down = cv2.resize(face, (small, small), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(down, (px, px), interpolation=cv2.INTER_LINEAR), np.uint8)


def add_noise(face: Image, rng: np.random.Generator, deviation: float | None = None) -> Image:
    """Add Gaussian noise, of a deviation of 2 to 10 where none is given."""
    noise = rng.standard_normal(face.shape, np.float32)
    noise = noise * (rng.uniform(2, 10) if deviation is None else deviation)
    return np.asarray(np.clip(face + noise, 0, 255), np.uint8)


def recompress(face: Image, quality: int) -> Image:
    """Encode as JPEG of the given quality and decode."""
    _, data = cv2.imencode(".jpg", face[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), np.uint8)


def cut_out(face: Image, rng: np.random.Generator) -> Image:
    """Cover a rectangle of 10 % to 40 % of each side with grey (DeVries and Taylor, arXiv 1708.04552)."""
    px = face.shape[0]
    height, width = (rng.uniform(0.1, 0.4, 2) * px).astype(int)
    top, left = rng.integers(0, px - height), rng.integers(0, px - width)
    face = face.copy()
    face[top : top + height, left : left + width] = 127
    return face
