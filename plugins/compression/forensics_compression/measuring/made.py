"""Files of known truth made from a picture or a clip: saved once or twice, and manipulated in a way that is known.

Everything follows from the picture's number, so that a measurement can be repeated.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from ..plots import Levels

ONCE = (75, 85, 90, 95)
TWICE = ((60, 90), (75, 90), (85, 95), (90, 95), (90, 75))
FIRST = (60, 75, 85, 90)  # of the picture into which something is pasted
DONOR_QUALITY = 75
OFF_GRID_PX = 3
NOISE_LEVELS = 4.0
BLUR_PX = 1.0
QUALITY = 92
KEY_EVERY = (12, 15, 30)
HELD = 5
CLIP_PICTURES = 160
CLIP_PX = 240  # the shorter side: scaling takes most traces of the encoding that the clip came in
# Encoders without B-frames, for traces of an earlier encoding.
PLAIN = {"libx264": {"bf": "0", "crf": "23", "preset": "veryfast"}, "mpeg4": {"qscale": "4"}}
WITH_B_FRAMES = {"libx264": {"crf": "23", "preset": "veryfast"}}


def jpeg(pixels: Levels, quality: int) -> bytes:
    """Return a picture as JPEG."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return file.getvalue()


def opened(data: bytes) -> Levels:
    """Return a JPEG's pixels."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def once(number: int, pixels: Levels, _: Levels) -> bytes:
    """Save a picture once."""
    return jpeg(pixels, ONCE[number % len(ONCE)])


def twice(number: int, pixels: Levels, _: Levels) -> bytes:
    """Save a picture, open it and save it again."""
    first, last = TWICE[number % len(TWICE)]
    return jpeg(opened(jpeg(pixels, first)), last)


def piece(shape: tuple[int, ...], number: int) -> tuple[slice, slice]:
    """Return where the manipulated piece lies: a third of each side, off the grid, moving with the number."""
    height, width = shape[0] // 3, shape[1] // 3
    top = (number * 37) % (shape[0] - height - 8) // 8 * 8 + OFF_GRID_PX
    left = (number * 53) % (shape[1] - width - 8) // 8 * 8 + OFF_GRID_PX + 2
    return slice(top, top + height), slice(left, left + width)


def pasted(quality: int) -> Callable[[int, Levels, Levels], bytes]:
    """Return what pastes a piece of another JPEG into a JPEG and saves it."""

    def paste(number: int, pixels: Levels, donor: Levels) -> bytes:
        canvas = opened(jpeg(pixels, FIRST[number % len(FIRST)])).copy()
        place = piece(canvas.shape, number)
        height, width = canvas[place].shape[:2]
        source = opened(jpeg(fitted(donor, canvas.shape), DONOR_QUALITY))
        canvas[place] = source[:height, :width]
        return jpeg(canvas, quality)

    return paste


def fitted(donor: Levels, shape: tuple[int, ...]) -> Levels:
    """Return a picture of the shape, scaled up only where it is too small."""
    if donor.shape[0] >= shape[0] and donor.shape[1] >= shape[1]:
        return donor[: shape[0], : shape[1]]
    return np.asarray(
        cv2.resize(donor, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC), np.uint8
    )


def noisy(number: int, pixels: Levels, _: Levels) -> bytes:
    """Save a picture with noise added in a piece."""
    canvas, place = pixels.copy(), piece(pixels.shape, number)
    grain = np.random.default_rng(number).normal(0, NOISE_LEVELS, canvas[place].shape[:2])
    canvas[place] = np.clip(canvas[place] + grain[..., None], 0, 255)
    return jpeg(canvas, QUALITY)


def smoothed(number: int, pixels: Levels, _: Levels) -> bytes:
    """Save a picture with a piece smoothed."""
    canvas, place = pixels.copy(), piece(pixels.shape, number)
    canvas[place] = cv2.GaussianBlur(canvas[place], (0, 0), BLUR_PX)
    return jpeg(canvas, QUALITY)


def scaled(pixels: Levels) -> Levels:
    """Return a clip's picture with its shorter side at CLIP_PX, both sides even."""
    scale = CLIP_PX / min(pixels.shape[:2])
    width, height = (round(side * scale / 2) * 2 for side in pixels.shape[1::-1])
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def encoded(
    path: Path,
    pictures: Sequence[Levels],
    codec: str,
    key_every: int,
    options: Mapping[str, str],
) -> Path:
    """Encode pictures at 25 a second."""
    with av.open(str(path), "w") as output:
        stream = cast(VideoStream, output.add_stream(codec, rate=25))
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt, stream.gop_size = "yuv420p", key_every
        stream.codec_context.thread_count = 1
        stream.codec_context.options = dict(options)
        for pixels in pictures:
            output.mux(stream.encode(VideoFrame.from_ndarray(pixels, format="rgb24")))
        output.mux(stream.encode())
    return path


def held(pictures: Sequence[Levels]) -> list[Levels]:
    """Return the pictures with the middle one shown HELD times more."""
    middle = len(pictures) // 2
    return [*pictures[:middle], *[pictures[middle]] * HELD, *pictures[middle:]]
