"""Recordings with one special trait each, made by PyAV: shape of pixels, interlacing, colour, light, streams, times."""

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import numpy.typing as npt
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from .fakes import Clip, Picture, pictures, render

ONE, W = 0x10000, 0x40000000


@dataclass(frozen=True)
class Colour:
    """How a stream's values are to be read; the numbers are those of ITU-T H.273."""

    matrix: int
    full_range: bool = False
    curve: int = 1
    primaries: int = 1


def encode(
    path: Path, codec: str, frames: Iterable[VideoFrame], options: dict[str, str], **traits: Any
) -> Path:
    """Encode frames, all alike, at 25 per second, with traits set on the encoder."""
    frames = list(frames)
    with av.open(str(path), "w") as output:
        stream = cast(VideoStream, output.add_stream(codec, rate=25))
        stream.width, stream.height = frames[0].width, frames[0].height
        stream.pix_fmt = frames[0].format.name
        stream.codec_context.options = options
        for name, value in traits.items():
            setattr(stream.codec_context, name, value)
        for number, frame in enumerate(frames):
            frame.pts, frame.time_base = number, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return path


def coloured(path: Path, picture: npt.NDArray[Any], colour: Colour, codec: str = "ffv1") -> Path:
    """Encode a picture whose (H, W, 3) values are R'G'B' of 8 or 16 bits, ten times, tagged with its colour."""
    deep = picture.dtype == np.uint16
    frame = VideoFrame.from_ndarray(picture, format="rgb48le" if deep else "rgb24")
    values = 2 if colour.full_range else 1
    layout = "yuv420p10le" if deep else "yuv420p"
    frame = frame.reformat(format=layout, dst_colorspace=colour.matrix, dst_color_range=values)
    tags = {
        "colorspace": colour.matrix,
        "color_range": values,
        "color_trc": colour.curve,
        "color_primaries": colour.primaries,
    }
    for name, value in tags.items():
        setattr(frame, name, value)
    options = {"x265-params": "log-level=error"} if codec == "libx265" else {}
    return encode(path, codec, [frame] * 10, options, **tags)


def stretched(path: Path, aspect: Fraction, codec: str = "libx264") -> Path:
    """Encode the pattern with pixels that are not square."""
    return encode(path, codec, pictures(Clip()), {}, sample_aspect_ratio=aspect)


def interlaced(path: Path, paint: Callable[[int], Picture]) -> Path:
    """Encode woven frames: the even lines of one moment, the odd lines of the next."""

    def woven(number: int) -> VideoFrame:
        picture = paint(2 * number).copy()
        picture[1::2] = paint(2 * number + 1)[1::2]
        return VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv444p")

    return encode(path, "libx264", map(woven, range(25)), {"x264-params": "tff=1", "crf": "1"})


def oriented(path: Path, a: int, b: int, c: int, d: int) -> Path:
    """Render a clip whose track header has a display matrix (ISO 14496-12, 8.3.2)."""
    plain, wanted = (
        struct.pack(">9i", m[0] * ONE, m[1] * ONE, 0, m[2] * ONE, m[3] * ONE, 0, 0, 0, W)
        for m in ((1, 0, 0, 1), (a, b, c, d))
    )
    content = render(path).read_bytes()
    at = content.rindex(plain)  # the track's; the first is the whole film's
    path.write_bytes(content[:at] + wanted + content[at + len(wanted) :])
    return path


def two_streams(path: Path, default: int) -> Path:
    """Two videos in one file: the first red and green, the second blue and grey; one of them the default."""
    with av.open(str(path), "w") as output:
        streams = [output.add_stream("mpeg4", rate=25) for _ in range(2)]
        for number, stream in enumerate(streams):
            stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
            stream.disposition = Disposition.default if number == default else Disposition(0)
        for number in range(50):
            for which, stream in enumerate(streams):
                picture = np.full((64, 96, 3), (220, 20, 20) if which == 0 else (30, 40, 210))
                frame = VideoFrame.from_ndarray(picture.astype(np.uint8), format="rgb24")
                frame = frame.reformat(format="yuv420p")
                frame.pts, frame.time_base = number, Fraction(1, 25)
                output.mux(stream.encode(frame))
        for stream in streams:
            output.mux(stream.encode())
    return path


def with_cover(path: Path) -> Path:
    """A video of 50 frames after a green cover picture, as shops put it into films."""
    with av.open(str(path), "w") as output:
        art = output.add_stream("mjpeg", rate=1)
        art.width, art.height, art.pix_fmt = 48, 48, "yuvj420p"
        art.disposition = Disposition.attached_pic
        video = output.add_stream("mpeg4", rate=25)
        video.width, video.height, video.pix_fmt = 96, 64, "yuv420p"
        green = np.full((48, 48, 3), (20, 200, 40), np.uint8)
        cover = VideoFrame.from_ndarray(green, format="rgb24").reformat(format="yuvj420p")
        cover.pts = 0
        output.mux(art.encode(cover))
        output.mux(art.encode())
        for frame in pictures(Clip()):
            output.mux(video.encode(frame))
        output.mux(video.encode())
    return path


def starting_later(path: Path, skipped: int) -> Path:
    """A clip whose edit list (ISO 14496-12, 8.6.6) leaves out its first frames."""
    content = bytearray(render(path, Clip(codec="mjpeg", pixel_format="yuvj420p")).read_bytes())
    header, edits = content.index(b"mvhd") + 4, content.index(b"elst") + 4
    film_rate = struct.unpack_from(">I", content, header + 12)[0]
    media = content.index(b"mdhd") + 4
    media_rate = struct.unpack_from(">I", content, media + 12)[0]
    length, start = (50 - skipped) * film_rate // 25, skipped * media_rate // 25
    struct.pack_into(">II", content, edits + 8, length, start)
    path.write_bytes(content)
    return path


def without_frames(path: Path, codec: str) -> Path:
    """A file with all headers of a video and no picture."""
    with av.open(str(path), "w") as output:
        stream = cast(VideoStream, output.add_stream(codec, rate=25))
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        output.start_encoding()
    return path


def dahua(path: Path) -> Path:
    """A recording of a Dahua recorder: H.264 in chunks between DHAV and dhav, as FFmpeg's dhav.c reads them."""
    raw = render(path.with_suffix(".h264"), Clip(options=()))
    with av.open(str(raw)) as source:
        packets = [(bytes(packet), packet.is_keyframe) for packet in source.demux() if packet.size]
    path.write_bytes(b"".join(chunk(n, *packet) for n, packet in enumerate(packets)))
    return path


def chunk(number: int, data: bytes, is_key: bool) -> bytes:
    """One picture: type, place, length, date, milliseconds; then size, codec and rate; then the data."""
    traits = bytes([0x80, 0, 96 // 8, 64 // 8, 0x81, 0, 2, 25])
    length = 24 + len(traits) + len(data) + 8
    kind = 0xFD if is_key else 0xFC
    date = 26 << 26 | 11 << 22 | 24 << 17 | 1 << 12 | number // 25
    head = struct.pack(
        "<4sBBBBIIIHBB", b"DHAV", kind, 0, 0, 0, number, length, date, number * 40, len(traits), 0
    )
    return head + traits + data + struct.pack("<4sI", b"dhav", length)
