"""Videos through PyAV, read from one descriptor only: opened, described, decoded forward, sought by key frame."""

import math
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NoReturn, cast

import av
import numpy as np
from av.buffer import Buffer
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ..errors import ErrorCode, MediaError
from ..records import MediaInfo, MediaKind
from .deinterlace import one_moment
from .descriptor import DescriptorFile
from .signatures import too_many_pixels, unsupported
from .tonemap import is_high_range, toned

if TYPE_CHECKING:
    from ..records import Picture

BUFFER_BYTES = 1 << 17
PROBE_PACKETS = 100
NOT_A_RECORDING = Disposition.attached_pic | Disposition.timed_thumbnails
PICTURE_CODECS = {"mjpeg", "png", "bmp", "webp"}
FALLBACK_FPS = 25.0
SQUARE = Fraction(1)
MOST_STRETCHED = 4  # a pixel that claims to be longer than that is an error in the header


def refuse_other_files(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    """Refuse whatever a playlist or a reference inside the file names: only its own bytes are evidence."""
    raise PermissionError(f"refused to open {url!r}")


def limited(max_megapixels: float) -> dict[str, str]:
    """Return the options that make FFmpeg's decoders refuse a larger picture before they allocate it."""
    return {"max_pixels": str(min(round(max_megapixels * 1e6), 2**31 - 1))}


def header_only() -> dict[str, str]:
    """Return the options under which FFmpeg says what a header claims and decodes nothing to check it."""
    return {"analyzeduration": "0", "probesize": "4096"}


@contextmanager
def container(file: DescriptorFile, options: dict[str, str]) -> Iterator[InputContainer]:
    """Open with FFmpeg; raises FFmpegError or OSError when it recognises nothing."""
    file.seek(0)
    options = {"protocol_whitelist": "none", **options}
    opened = av.open(
        file,
        mode="r",
        options=options,
        metadata_errors="replace",
        buffer_size=BUFFER_BYTES,
        io_open=refuse_other_files,
    )
    with closing(opened):
        yield opened


def recording(opened: InputContainer, name: str, max_megapixels: float) -> VideoStream:
    """Return the video stream to look at: of those that are no cover picture, the default one, else the first.

    A stream of one picture beside others comes last: animated AVIF has a still of itself.
    Raises MediaError: no_video when there is sound only, unsupported without a decoder, too_large; FFmpegError when
    there is no video, or only a still.
    """
    moving = [s for s in opened.streams.video if not s.disposition & NOT_A_RECORDING]
    if not moving and opened.streams.audio:
        reason = f"{name}: has sound and no video; there is nothing to look at"
        raise MediaError(ErrorCode.NO_VIDEO, reason)
    stream = min((s for s in moving if s.codec_context is not None), key=rank, default=None)
    if not opened.streams.video or opened.format.name.endswith("_pipe"):
        raise FFmpegError(0, "no video")
    if stream is None:
        raise unsupported(name)
    if stream.width * stream.height > max_megapixels * 1e6:
        raise too_many_pixels(name, stream.width, stream.height, max_megapixels)
    return stream


def rank(stream: VideoStream) -> tuple[bool, bool]:
    """Return what puts the stream to look at first; equals keep the file's order.

    Matroska does not say how many pictures a stream has; a cover that came in as a stream is known by its codec.
    """
    single = stream.frames == 1 or stream.codec_context.name in PICTURE_CODECS
    return single, not stream.disposition & Disposition.default


@dataclass(frozen=True)
class Clock:
    """Turns time stamps into seconds from the start of the stream."""

    base: Fraction
    start: int

    def seconds(self, stamp: int) -> float:
        """Return the time of a stamp."""
        return float((stamp - self.start) * self.base)

    def stamp(self, seconds: float) -> int:
        """Return the stamp at or just before a time."""
        return math.floor(seconds / self.base) + self.start


def clock(stream: VideoStream) -> Clock:
    """Return the stream's clock; a start time that is not stated counts as zero."""
    return Clock(stream.time_base or Fraction(1, 1000), stream.start_time or 0)


def rate(stream: VideoStream) -> float | None:
    """Return the frames per second on average, or None."""
    known = stream.average_rate or stream.guessed_rate
    return float(known) if known else None


def described(opened: InputContainer, stream: VideoStream, sha256: str) -> MediaInfo:
    """Return what the headers and the first frame say; the duration is None when no header states it.

    Raises MediaError undecodable when not even the size of the picture is known.
    """
    frame = first_frame(opened, stream)
    width, height = displayed(frame or stream, aspect(stream))
    if frame and orientation(frame)[0]:
        width, height = height, width
    if not width * height:
        raise FFmpegError(0, "no picture")
    return MediaInfo(
        sha256=sha256,
        size_bytes=opened.size,
        kind=MediaKind.VIDEO,
        container=opened.format.name,
        codec=stream.codec_context.name,
        width=width,
        height=height,
        duration_s=stated_duration(opened, stream),
        fps=rate(stream),
    )


def aspect(stream: VideoStream) -> Fraction:
    """Return the width of a pixel in units of its height; nonsense counts as 1."""
    stated = stream.sample_aspect_ratio or SQUARE
    return stated if 1 / MOST_STRETCHED <= stated <= MOST_STRETCHED else SQUARE


def displayed(coded: VideoFrame | VideoStream, pixel: Fraction) -> tuple[int, int]:
    """Return width and height with square pixels, before it is turned upright; the height stays."""
    return max(round(coded.width * pixel), min(coded.width, 1)), coded.height


def stated_duration(opened: InputContainer, stream: VideoStream) -> float | None:
    """Return the seconds that the stream, or else its container, claims to last."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return opened.duration / 1e6 if opened.duration else None


def measured(opened: InputContainer, stream: VideoStream) -> float | None:
    """Return the duration from all packets' time stamps, or their number where they have none; none is decoded."""
    timing, ends, count = clock(stream), [0.0], 0
    try:
        for packet in opened.demux(stream):
            count += packet.size > 0
            if packet.pts is not None:
                ends.append(timing.seconds(packet.pts + (packet.duration or 0)))
    except (FFmpegError, OSError):
        pass  # what was read until here is what there is
    return max(ends) or count / (rate(stream) or FALLBACK_FPS) or None


def first_frame(opened: InputContainer, stream: VideoStream) -> VideoFrame | None:
    """Decode one frame from the start, or None when there is none in the first packets."""
    for number, packet in enumerate(opened.demux(stream)):
        try:
            for frame in packet.decode():
                if isinstance(frame, VideoFrame):
                    return frame
        except FFmpegError:
            continue
        if number >= PROBE_PACKETS:
            break
    return None


def orientation(frame: VideoFrame) -> tuple[bool, int, int]:
    """Return whether a frame lies on its side, and the signs of its directions across and down when upright.

    The display matrix maps x, y to a x + c y, b x + d y (ISO 14496-12, 8.3.2); multiples of 90 degrees and mirrors.
    """
    matrix = frame.side_data.get("DISPLAYMATRIX")
    a, b, _, c, d = (
        np.frombuffer(bytes(cast(Buffer, matrix)), np.int32)[:5] if matrix else (1, 0, 0, 0, 1)
    )
    sideways = bool(abs(b) > abs(a))
    across, down = (c, b) if sideways else (a, d)
    return sideways, -1 if across < 0 else 1, -1 if down < 0 else 1


def pixels(frame: VideoFrame, aspect: Fraction = SQUARE) -> "Picture":
    """Return (H, W, 3) uint8, RGB, upright, square pixels, from any pixel format; transparency is dropped.

    High dynamic range is brought to the ordinary one, and of two woven moments the first is shown.
    """
    width, height = displayed(frame, aspect)
    raw: Any
    if is_high_range(frame):
        raw = toned(frame, width, height)
    else:
        raw = frame.to_ndarray(format="rgb24", width=width, height=height, threads=1)
    if frame.interlaced_frame:
        raw = one_moment(raw)
    sideways, across, down = orientation(frame)
    upright = raw.transpose(1, 0, 2) if sideways else raw
    return np.ascontiguousarray(upright[::down, ::across])


def source(stream: VideoStream) -> InputContainer:
    """Return the container that a stream was opened in."""
    return cast(InputContainer, stream.container)
