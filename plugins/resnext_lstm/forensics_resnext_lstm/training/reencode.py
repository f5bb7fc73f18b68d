"""Video compression as a change that clips go through: H.264, in memory."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.packet import Packet
from av.video.frame import VideoFrame

from forensics.faces import resized

Image = npt.NDArray[np.uint8]

LEAST_PX = 32


def reencode(faces: Sequence[Image], crf: int, scale: float) -> list[Image]:
    """Return a clip's (px, px, 3) pictures after x264 at `crf` (0 to 51, 23 is usual) and at `scale` of their size."""
    px = faces[0].shape[0]
    small = max(2 * round(px * scale / 2), LEAST_PX)
    shrunk = [resized(face, small) for face in faces]
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    frames = [frame for packet in [*encoded(shrunk, crf), None] for frame in decoder.decode(packet)]
    pictures = [frame.to_ndarray(format="rgb24") for frame in frames]
    return [resized(np.asarray(picture, np.uint8), px) for picture in pictures]


def encoded(pictures: Sequence[Image], crf: int) -> "Iterator[Packet[Any]]":
    """Yield the packets of pictures of one even size, encoded in one thread so that they are always the same."""
    side = pictures[0].shape[0]
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width = encoder.height = side
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = Fraction(1, 25)
    encoder.thread_count = 1
    encoder.options = {"crf": str(crf), "preset": "veryfast"}
    for number, picture in enumerate(pictures):
        frame = VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        frame.pts = number
        yield from encoder.encode(frame)
    yield from encoder.encode(None)
