"""Video compression as a change that clips go through: H.264, HEVC and VP9, in memory."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, cast

import av
import numpy as np
import numpy.typing as npt
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from forensics.faces import resized

Image = npt.NDArray[np.uint8]

LEAST_PX = 32


ENCODERS = {"h264": "libx264", "hevc": "libx265", "vp9": "libvpx-vp9"}
FAST = {
    "h264": {"preset": "veryfast"},
    "hevc": {"preset": "ultrafast", "x265-params": "log-level=none:pools=none:frame-threads=1"},
    "vp9": {"deadline": "realtime", "cpu-used": "8", "b": "0"},
}


def reencode(faces: Sequence[Image], crf: int, scale: float, codec: str = "h264") -> list[Image]:
    """Return a clip's (px, px, 3) pictures after a codec at `crf` (0 to 51, 23 is usual) and at `scale` of their size."""
    px = faces[0].shape[0]
    small = max(2 * round(px * scale / 2), LEAST_PX)
    shrunk = [resized(face, small) for face in faces]
    decoder = cast(VideoCodecContext, av.CodecContext.create(codec, "r"))
    decoder.thread_count = 1
    frames = [
        frame for packet in [*encoded(shrunk, crf, codec), None] for frame in decoder.decode(packet)
    ]
    pictures = [frame.to_ndarray(format="rgb24") for frame in frames]
    return [resized(np.asarray(picture, np.uint8), px) for picture in pictures]


def encoded(pictures: Sequence[Image], crf: int, codec: str) -> "Iterator[Packet[Any]]":
    """Yield the packets of pictures of one even size, encoded in one thread so that they are always the same."""
    side = pictures[0].shape[0]
    encoder = cast(VideoCodecContext, av.CodecContext.create(ENCODERS[codec], "w"))
    encoder.width = encoder.height = side
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = Fraction(1, 25)
    encoder.thread_count = 1
    encoder.options = {"crf": str(crf), **FAST[codec]}
    for number, picture in enumerate(pictures):
        frame = VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        frame.pts = number
        yield from encoder.encode(frame)
    yield from encoder.encode(None)
