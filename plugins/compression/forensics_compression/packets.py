"""A video's packets in the order in which they are shown: time, bytes, key frame or not, and a hash of what they hold.

Nothing is decoded. At most `MOST_PACKETS` and `MOST_BYTES` are read, from the start.
"""

import hashlib
from dataclasses import dataclass

from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from forensics.errors import MediaError
from forensics.media import videos
from forensics.media.descriptor import DescriptorFile

from .jpegs import NothingToExamineError

MOST_PACKETS = 20_000
MOST_BYTES = 256_000_000
LEAST = 3


@dataclass(frozen=True)
class Shown:
    """One packet: its time in seconds, None where the file states none, and its place in decoding order."""

    time_s: float | None
    place: int
    size: int
    is_key: bool
    is_between: bool  # decoded after a picture that is shown later: a B-frame
    digest: bytes


@dataclass(frozen=True)
class Packets:
    """The packets of a stream as shown, and whether all of them were read."""

    shown: tuple[Shown, ...]
    whole: bool
    codec: str

    @property
    def limits(self) -> tuple[str, ...]:
        """Return the sentence that says how much was read, when it was not all."""
        if self.whole:
            return ()
        return (f"Only the first {len(self.shown):,} pictures were examined.",)


def read(fd: int, max_megapixels: float) -> Packets:
    """Read the packets of the video stream. Raises NothingToExamineError where there are fewer than three."""
    try:
        with videos.container(DescriptorFile(fd), videos.limited(max_megapixels)) as container:
            stream = videos.recording(container, "the file", max_megapixels)
            pictures, whole = gathered(container, stream)
            codec = stream.codec_context.name
    except (FFmpegError, OSError, MediaError, ValueError) as error:
        raise NothingToExamineError(f"its packets can't be read ({error})") from error
    if len(pictures) < LEAST:
        raise NothingToExamineError(f"{len(pictures)} pictures: at least {LEAST} needed")
    ordered = sorted(
        pictures, key=lambda picture: picture.place if picture.time_s is None else picture.time_s
    )
    known = all(picture.time_s is not None for picture in pictures)
    return Packets(tuple(ordered if known else pictures), whole, codec)


def gathered(container: InputContainer, stream: VideoStream) -> tuple[list[Shown], bool]:
    """Return the packets in decoding order, and whether the end was reached; a damaged end ends it."""
    pictures: list[Shown] = []
    timing, taken, latest = videos.clock(stream), 0, float("-inf")
    try:
        for packet in container.demux(stream):
            if len(pictures) >= MOST_PACKETS or taken >= MOST_BYTES:
                return pictures, False
            if packet.size:
                time_s = None if packet.pts is None else timing.seconds(packet.pts)
                pictures.append(shown(packet, len(pictures), time_s, latest))
                taken += packet.size
                latest = max(latest, latest if time_s is None else time_s)
    except (FFmpegError, OSError):
        return pictures, False
    return pictures, True


def shown(packet: "Packet[VideoStream]", place: int, time_s: float | None, latest: float) -> Shown:
    """Return what is kept of a packet."""
    digest = hashlib.blake2b(memoryview(packet), digest_size=16).digest()
    between = time_s is not None and time_s < latest
    return Shown(time_s, place, packet.size, packet.is_keyframe, between, digest)
