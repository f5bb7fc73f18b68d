"""A file decoded whole and written anew in a form that every browser shows: WebM with VP9, or JPEG for a still.

Upright, with square pixels and in ordinary light, like the frames that detectors see; every moment is kept in
milliseconds, rounded down, so that whoever seeks to a sampled moment gets that frame.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import av
import numpy as np
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from ..errors import ErrorCode, MediaError
from ..records import MediaInfo, MediaKind
from ..settings import Settings
from . import Media, opened
from .deinterlace import one_moment
from .frame_source import Player
from .tonemap import is_high_range, toned
from .videos import orientation

if TYPE_CHECKING:
    from ..records import Picture

WIDTH_PX, HEIGHT_PX = 640, 720
STILL_PX = 1600
LEAST_STEP_MS = 32  # frames closer than at 30 a second are left out
CLOCK = Fraction(1, 1000)
KEY_FRAMES = 60
BIT_RATE = 1_000_000
# The quickest there is, with the quality held and the rate capped: https://developers.google.com/media/vp9/live-encoding.
# On one core libvpx's VP9 writes 250 frames of 640 x 272 px in 0.9 s so, its VP8 in 4.5 s at the least.
CODEC: Final = "libvpx-vp9"
ENCODER = {"deadline": "realtime", "cpu-used": "8", "crf": "28", "lag-in-frames": "0"}
TELL_S = 0.3


@dataclass(frozen=True)
class Limits:
    """A copy ends where making it has taken `budget_s`, or where it has `most_bytes`."""

    budget_s: float
    most_bytes: int = 500_000_000


def copied(
    paths: Iterable[str],
    sha256: str,
    folder: Path,
    settings: Settings,
    limits: Limits,
    tell: Callable[[float], None],
) -> tuple[Path, float | None]:
    """Copy the first of some files that has these bytes; returns the copy, and where it ends early, or None.

    `tell` is called now and then with the time in the video, in seconds. Raises MediaError of the last file tried.
    """
    error = MediaError(ErrorCode.VANISHED, "no file with these bytes is there any more")
    for path in paths:
        try:
            with opened(path, settings) as media:
                info = media.probe(checked(media, sha256))
                if info.kind is MediaKind.STILL:
                    made, until_s = still(media, info, settings, folder / "copy.jpg"), None
                else:
                    made, until_s = video(media, info, folder / "copy.webm", limits, tell)
                media.check_unchanged()
                return made, until_s
        except MediaError as lost:
            error = lost
    raise error


def checked(media: Media, sha256: str) -> str:
    """Return the hash of a file. Raises MediaError changed when it is another than this."""
    actual = media.sha256()
    if actual != sha256:
        raise MediaError(
            ErrorCode.CHANGED, f"{media.name}: has other bytes than when it was examined"
        )
    return actual


def still(media: Media, info: MediaInfo, settings: Settings, target: Path) -> Path:
    """Write a still as a JPEG."""
    for frame in media.sample(info, settings):
        image = Image.fromarray(frame.pixels)
        image.thumbnail((STILL_PX, STILL_PX))
        image.save(target, quality=90)
    return target


def video(
    media: Media, info: MediaInfo, target: Path, limits: Limits, tell: Callable[[float], None]
) -> tuple[Path, float | None]:
    """Write a video as WebM."""
    size = fitted(info.width, info.height)
    until_s, told_s, end = None, 0.0, time.monotonic() + limits.budget_s
    with media.played(info) as player, av.open(str(target), "w", format="webm") as output:
        stream = encoder(output, size)
        for time_s, frame in spaced(player):
            output.mux(stream.encode(picture(frame, size, time_s)))
            now = time.monotonic()
            if now > told_s + TELL_S:
                tell(time_s)
                told_s = now
                if now > end or target.stat().st_size > limits.most_bytes:
                    until_s = time_s
                    break
        output.mux(stream.encode())
    if not target.is_file():  # it is begun with the first frame
        raise MediaError(ErrorCode.UNDECODABLE, f"{media.name}: no picture can be decoded")
    return target, until_s


def fitted(width: int, height: int) -> tuple[int, int]:
    """Return the size of the copy of an upright picture: even numbers, never enlarged."""
    scale = min(1.0, WIDTH_PX / width, HEIGHT_PX / height)
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def encoder(output: OutputContainer, size: tuple[int, int]) -> VideoStream:
    """Add the stream that is written."""
    stream = output.add_stream(CODEC, rate=30, options=ENCODER)
    stream.width, stream.height = size
    stream.pix_fmt, stream.bit_rate, stream.gop_size = "yuv420p", BIT_RATE, KEY_FRAMES
    stream.codec_context.time_base = CLOCK
    return stream


def spaced(player: Player) -> Iterator[tuple[float, VideoFrame]]:
    """Yield the frames with their times in seconds, forward only and none too close to the one before."""
    before = -LEAST_STEP_MS
    while timed := player.next_at(-math.inf):
        if stamp(timed[0]) >= before + LEAST_STEP_MS:
            before = stamp(timed[0])
            yield timed


def stamp(time_s: float) -> int:
    """Return a time in milliseconds, rounded down."""
    return math.floor(time_s * 1000 + 1e-3)


def picture(frame: VideoFrame, size: tuple[int, int], time_s: float) -> VideoFrame:
    """Return a frame in the copy's size, upright, at its time."""
    shot = VideoFrame.from_ndarray(pixels(frame, size), format="rgb24").reformat(format="yuv420p")
    shot.pts, shot.time_base = stamp(time_s), CLOCK
    return shot


def pixels(frame: VideoFrame, size: tuple[int, int]) -> "Picture":
    """Return (height, width, 3) uint8, RGB, upright: as `media.videos.pixels`, and scaled before all else, which is quick."""
    sideways, across, down = orientation(frame)
    width, height = size[::-1] if sideways else size
    raw: Any
    if is_high_range(frame):
        raw = toned(frame, width, height)
    else:
        raw = frame.to_ndarray(format="rgb24", width=width, height=height, threads=1)
    if frame.interlaced_frame:
        raw = one_moment(raw)
    upright = raw.transpose(1, 0, 2) if sideways else raw
    return np.ascontiguousarray(upright[::down, ::across])
