"""Changes that the wild makes to a face crop: recompression, resampling, blur, noise, light, occlusion.

Every function takes and returns (H, W, 3) uint8 RGB. The choice follows what the winners of the DeepFake Detection
Challenge report to matter (Dolhansky et al., arXiv 2006.07397, section 5).
"""

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]


def augment(face: Image, px: int, rng: np.random.Generator) -> Image:
    """Return a randomly degraded copy of `face`, (px, px, 3)."""
    face = jitter_box(face, px, rng)
    if rng.random() < 0.5:
        face = np.ascontiguousarray(face[:, ::-1])
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


def jitter_box(face: Image, px: int, rng: np.random.Generator) -> Image:
    """Crop again with a box off by a little in place, size and angle, as another face finder would give it."""
    side = max(face.shape[:2])
    zoom = px / side * rng.uniform(0.92, 1.22)
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


def add_noise(face: Image, rng: np.random.Generator) -> Image:
    """Add Gaussian noise of deviation 2 to 10."""
    noise = rng.standard_normal(face.shape, np.float32) * rng.uniform(2, 10)
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
