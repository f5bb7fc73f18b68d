"""What platforms, players and editors do to a face between the camera and us: scaled, encoded again, sharpened.

Genuine material of poor quality must not look manipulated, nor smooth generated material genuine, so both go through the
same chains. Every function takes and returns (px, px, 3) uint8 RGB.
"""

import cv2
import numpy as np
import numpy.typing as npt

from .reencode import reencode

Image = npt.NDArray[np.uint8]

DOWN = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4, cv2.INTER_NEAREST)
UP = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)
LEAST_PX = 40
CODECS = ("h264", "h264", "vp9", "hevc", "webp", "jpeg", "jpeg")


def degrade(face: Image, rng: np.random.Generator) -> Image:
    """Return a face as it is after one or two passes through a platform."""
    for _ in range(1 + (rng.random() < 0.25)):
        face = passed_on(face, rng)
    return face


def passed_on(face: Image, rng: np.random.Generator) -> Image:
    """Return a face scaled down, encoded, scaled up and now and then sharpened, all by one draw."""
    px = face.shape[0]
    share = rng.uniform(0.3, 1.0) if rng.random() < 0.8 else 1.0
    small = max(2 * round(px * share / 2), LEAST_PX)
    face = scaled(face, small, DOWN[int(rng.integers(len(DOWN)))])
    face = encoded(face, CODECS[int(rng.integers(len(CODECS)))], rng)
    face = scaled(face, px, UP[int(rng.integers(len(UP)))])
    return sharpened(face, rng) if rng.random() < 0.25 else face


def scaled(face: Image, px: int, kernel: int) -> Image:
    """Return a square picture at another size."""
    if face.shape[0] == px:
        return face
    return np.asarray(cv2.resize(face, (px, px), interpolation=kernel), np.uint8)


def encoded(face: Image, codec: str, rng: np.random.Generator) -> Image:
    """Return a picture encoded and decoded, 4:2:0 where the codec knows nothing else."""
    if codec == "jpeg":
        return by_opencv(face, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 96))])
    if codec == "webp":
        return by_opencv(face, ".webp", [cv2.IMWRITE_WEBP_QUALITY, int(rng.integers(15, 90))])
    return reencode([face], int(rng.integers(20, 41)), 1.0, codec)[0]


def by_opencv(face: Image, ending: str, options: list[int]) -> Image:
    """Return a picture after one of OpenCV's encoders."""
    _, data = cv2.imencode(ending, face[..., ::-1], options)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), np.uint8)


def sharpened(face: Image, rng: np.random.Generator) -> Image:
    """Return a picture after an unsharp mask, as cameras, players and upscalers apply it."""
    soft = cv2.GaussianBlur(face, (0, 0), rng.uniform(0.6, 2.0))
    amount = rng.uniform(0.3, 1.5)
    return np.asarray(cv2.addWeighted(face, 1 + amount, soft, -amount, 0), np.uint8)
