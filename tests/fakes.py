"""Tiny media rendered for tests: nothing here is a recording, but the one face is a public-domain portrait."""

import math
import os
import struct
import wave
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, cast

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

Picture = npt.NDArray[np.uint8]
Painter = Callable[[int, int, int], Picture]

RED, GREEN, BLUE = (220, 20, 20), (20, 200, 40), (30, 40, 210)
BITS = 8


def pattern(number: int, width: int, height: int) -> Picture:
    """A picture with red at its upper left, blue at its upper right, and its number in black and white below.

    The number stands in the lower half as 8 bars, the lowest bit on the left, so that `number_in` reads it back.
    """
    picture = np.full((height, width, 3), 128, np.uint8)
    picture[: height // 2, : width // 3] = RED
    picture[: height // 2, 2 * width // 3 :] = BLUE
    for bit in range(BITS):
        bar = slice(bit * width // BITS, (bit + 1) * width // BITS)
        picture[height // 2 :, bar] = 235 if number >> bit & 1 else 20
    return picture


def number_in(picture: Picture) -> int:
    """Read the number that `pattern` wrote."""
    height, width = picture.shape[:2]
    row = picture[int(height * 0.75)]
    places = [int((bit + 0.5) * width / BITS) for bit in range(BITS)]
    return sum(int(row[place].mean() > 128) << bit for bit, place in enumerate(places))


def with_cut(cut_at: int) -> Painter:
    """A pattern, and from frame `cut_at` on a green picture."""

    def paint(number: int, width: int, height: int) -> Picture:
        if number < cut_at:
            return pattern(number, width, height)
        return np.full((height, width, 3), GREEN, np.uint8)

    return paint


@cache
def portrait() -> Picture:
    """A photograph with one face: Eileen Collins, NASA, public domain, 512 x 512."""
    from skimage import data

    return np.asarray(data.astronaut(), np.uint8)  # type: ignore[no-untyped-call]


def face_moving(side: int = 160, step: int = 4, start: int = 0) -> Painter:
    """The portrait's upper part, `side` pixels wide, moving to the right over grey."""

    def paint(number: int, width: int, height: int) -> Picture:
        picture = np.full((height, width, 3), 90, np.uint8)
        face = cv2.resize(portrait()[:300, 80:380], (side, side), interpolation=cv2.INTER_AREA)
        left = min(start + step * number, width - side)
        picture[:side, left : left + side] = face[: min(side, height)]
        return picture

    return paint


FAST_AND_PLAIN = {
    "libx264": {"x264-params": "scenecut=0"},  # key frames at regular distances only
    "libvpx": {"deadline": "realtime", "cpu-used": "8"},
}


@dataclass(frozen=True)
class Clip:
    """How a clip is rendered. `stamps` are the frames' time stamps in 1/`fps` s, when not 0, 1, 2, ..."""

    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    width: int = 96
    height: int = 64
    fps: int = 25
    frames: int = 50
    gop: int = 12
    rotation: int = 0
    mirrored: bool = False
    paint: Painter = pattern
    stamps: tuple[int, ...] = ()
    container_format: str | None = None
    options: tuple[tuple[str, str], ...] = ()


def render(path: Path, clip: Clip = Clip()) -> Path:
    """Render a clip; the name's ending decides the container unless the clip does."""
    with av.open(
        str(path), "w", format=clip.container_format, options=dict(clip.options)
    ) as output:
        stream = cast(VideoStream, output.add_stream(clip.codec, rate=clip.fps))
        stream.width, stream.height = clip.width, clip.height
        stream.pix_fmt = clip.pixel_format
        stream.gop_size = clip.gop
        stream.codec_context.options = FAST_AND_PLAIN.get(clip.codec, {})
        stream.codec_context.time_base = Fraction(1, clip.fps)
        if clip.rotation or clip.mirrored:
            stream.set_display_rotation(clip.rotation, hflip=clip.mirrored)
        for picture in pictures(clip):
            output.mux(stream.encode(picture))
        output.mux(stream.encode())
    return path


def pictures(clip: Clip) -> Iterable[VideoFrame]:
    """The clip's frames with their time stamps."""
    for number in range(clip.frames):
        painted = clip.paint(number, clip.width, clip.height)
        frame = VideoFrame.from_ndarray(painted, format="rgb24").reformat(format=clip.pixel_format)
        frame.pts = clip.stamps[number] if clip.stamps else number
        frame.time_base = Fraction(1, clip.fps)
        yield frame


def still(path: Path, picture: npt.NDArray[Any] | None = None, **options: Any) -> Path:
    """Write a picture; the name's ending decides the format."""
    from PIL import Image

    image = Image.fromarray(pattern(5, 96, 64) if picture is None else picture)
    image.save(path, **options)
    return path


def sound(path: Path, cover: bool = False) -> Path:
    """Write half a second of a tone; in containers that take one, with a cover picture."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("aac" if path.suffix == ".mp4" else "libmp3lame", rate=44100)
        art = output.add_stream("mjpeg", rate=1) if cover else None
        if art is not None:
            add_cover(output, art)
        for start in range(0, 22050, 1152):
            frame = av.AudioFrame.from_ndarray(tone(start), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 44100, start
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def add_cover(output: Any, art: VideoStream) -> None:
    """Add a picture as the cover of a recording of sound."""
    art.width, art.height, art.pix_fmt = 96, 64, "yuvj420p"
    art.disposition = av.stream.Disposition.attached_pic
    cover = VideoFrame.from_ndarray(pattern(1, 96, 64), format="rgb24").reformat(format="yuvj420p")
    cover.pts = 0
    output.mux(art.encode(cover))
    output.mux(art.encode())


def tone(start: int) -> npt.NDArray[np.float32]:
    """1152 samples of a tone of 440 Hz at 44.1 kHz, (1, 1152)."""
    places = np.arange(start, start + 1152, dtype=np.float32)
    return np.sin(places * 2 * math.pi * 440 / 44100).astype(np.float32)[None]


def speech(path: Path) -> Path:
    """Write a WAV file of silence: a container without any video."""
    with wave.open(str(path), "wb") as output:
        output.setnchannels(1)
        output.setsampwidth(2)
        output.setframerate(8000)
        output.writeframes(bytes(8000))
    return path


def cut_short(path: Path, source: Path, share: float) -> Path:
    """Copy the first part of a file."""
    content = source.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def huge_png(path: Path, width: int = 60000, height: int = 60000) -> Path:
    """Write a PNG whose header claims a size that its few bytes don't have."""
    content = bytearray(still(path).read_bytes())
    content[16:24] = struct.pack(">II", width, height)
    checksum = zlib.crc32(bytes(content[12:29]))
    content[29:33] = struct.pack(">I", checksum)
    path.write_bytes(content)
    return path


def huge_avi(path: Path, width: int = 16000, height: int = 16000) -> Path:
    """Write an AVI whose headers claim a size that its pictures don't have."""
    render(path, Clip(codec="rawvideo", pixel_format="bgr24", frames=3))
    content = path.read_bytes()
    for sign in (1, -1):  # the picture's own header counts the lines from below
        content = content.replace(
            struct.pack("<ii", 96, sign * 64), struct.pack("<ii", width, sign * height)
        )
    path.write_bytes(content)
    return path


def huge_y4m(path: Path, width: int = 14000, height: int = 14000) -> Path:
    """Write a raw video whose header claims a size that its few bytes don't have."""
    head = f"YUV4MPEG2 W{width} H{height} F25:1 Ip A1:1 C420jpeg\nFRAME\n"
    path.write_bytes(head.encode() + bytes(100_000))
    return path


def snapshot(folder: Path) -> dict[str, tuple[bytes, int, int, int]]:
    """Return what must not change in a folder: names, contents, and times of change and access."""
    found = {}
    for path in sorted(folder.iterdir()):
        before = path.stat()
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NOATIME", 0))
        content = os.pread(fd, before.st_size, 0)
        os.close(fd)
        found[path.name] = (content, before.st_mtime_ns, before.st_ctime_ns, before.st_atime_ns)
    return found
