"""Animated WebP through Pillow: FFmpeg does not read it. Frames are decoded one after the other and not kept."""

import struct
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from itertools import accumulate

from av.video.frame import VideoFrame
from PIL.Image import Image

from ..records import MediaInfo, MediaKind
from .descriptor import DescriptorFile
from .frame_source import Timed
from .stills import BROKEN, pixels

CONTAINER = "webp"
DEFAULT_S = 0.1  # shown so long by browsers when the file says 0


def is_webp_animation(image: Image) -> bool:
    """Return whether this is an animation that this module decodes."""
    return image.format == "WEBP" and bool(getattr(image, "is_animated", False))


def frame_times(file: DescriptorFile) -> list[float]:
    """Return when each frame begins, in seconds, and last when the animation ends."""
    seconds = (milliseconds / 1e3 or DEFAULT_S for milliseconds in durations(file))
    return [0.0, *accumulate(seconds)]


def durations(file: DescriptorFile) -> Iterator[int]:
    """Yield the milliseconds that the ANMF chunks state (WebP container specification, "Animation")."""
    position = 12
    file.seek(position)
    while len(head := file.read(8)) == 8:
        name, length = struct.unpack("<4sI", head)
        if name == b"ANMF":
            yield int.from_bytes(file.read(16)[12:15], "little")
        position += 8 + length + length % 2
        file.seek(position)


def described(image: Image, times_s: list[float], sha256: str, size_bytes: int) -> MediaInfo:
    """Return what the headers say."""
    width, height = image.size
    return MediaInfo(
        sha256=sha256,
        size_bytes=size_bytes,
        kind=MediaKind.VIDEO,
        container=CONTAINER,
        codec="webp",
        width=width,
        height=height,
        duration_s=times_s[-1],
        fps=(len(times_s) - 1) / times_s[-1],
    )


class Animation:
    """Plays forward only: every frame builds on the one before it."""

    aspect = Fraction(1)

    def __init__(self, image: Image, times_s: list[float], faults: "Counter[str]") -> None:
        self.image, self.faults = image, faults
        self.starts_s, self.end_s = times_s[:-1], times_s[-1]
        self.fps = len(self.starts_s) / self.end_s
        self.number = 0

    def next_at(self, wanted_s: float) -> Timed | None:
        """Return the next frame at or after a time, with its time; None at the end."""
        while self.number < len(self.starts_s):
            number, time_s = self.number, self.starts_s[self.number]
            self.number += 1
            if time_s >= wanted_s:
                return self.decoded(number, time_s)
        return None

    def decoded(self, number: int, time_s: float) -> Timed | None:
        """Decode one frame; one that is broken ends the animation and is counted."""
        try:
            self.image.seek(number)
            return time_s, VideoFrame.from_ndarray(pixels(self.image), format="rgb24")
        except BROKEN:
            self.faults["decode"] += 1
            self.number = len(self.starts_s)
            return None

    def key_near(self, time_s: float) -> float | None:
        """Say that it can't jump."""
        return None

    def jump(self, time_s: float) -> None:
        """Stay."""

    def has_ended_before(self, time_s: float) -> bool:
        """Return whether all frames were asked for and the last one is over before a time."""
        return self.number >= len(self.starts_s) and self.end_s < time_s
