"""Decoding forward through one video, with jumps to key frames, counting what could not be decoded."""

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ..settings import Settings
from .descriptor import DescriptorFile
from .frame_source import Timed
from .videos import FALLBACK_FPS, aspect, clock, container, limited, rate, recording, source

if TYPE_CHECKING:
    from av.packet import Packet

LOOKED_AT_PACKETS = 32


class Decoder:
    """Decodes one video forward, jumps by key frame, and counts what could not be decoded.

    A second container, never decoded, answers where the key frames are: containers differ too much in their indexes.
    """

    def __init__(self, stream: VideoStream, scout: VideoStream, faults: "Counter[str]") -> None:
        self.stream, self.scout, self.faults = stream, scout, faults
        self.stream.thread_type = "AUTO"
        self.aspect = aspect(self.stream)
        self.clock = clock(self.stream)
        self.fps = rate(self.stream) or FALLBACK_FPS
        self.seen = 0
        self.timed = is_timed(scout)
        self.wanted_s = -math.inf
        self.read_s = 0.0
        self.ended = False
        self.frames = self.decoded(from_key=False)

    def next_at(self, wanted_s: float) -> Timed | None:
        """Return the next frame at or after a time, with its time; None at the end.

        Frames before it that no other depends on are not decoded at all.
        """
        self.wanted_s = wanted_s
        for time_s, frame in self.frames:
            if time_s >= wanted_s:
                return time_s, frame
        self.ended = True
        return None

    def key_near(self, time_s: float) -> float | None:
        """Return the time of the key frame that a jump to this time lands on, or None when it can't jump."""
        if not self.timed:
            return None
        try:
            source(self.scout).seek(self.clock.stamp(time_s), stream=self.scout)
            for packet in source(self.scout).demux(self.scout):
                if packet.is_keyframe and packet.size:
                    return None if packet.pts is None else self.clock.seconds(packet.pts)
        except (FFmpegError, OSError):
            pass
        return None

    def jump(self, time_s: float) -> None:
        """Go on from the key frame that `key_near` named for this time."""
        try:
            source(self.stream).seek(self.clock.stamp(time_s), stream=self.stream)
        except (FFmpegError, OSError):
            self.faults["decode"] += 1
            return
        self.ended = False
        self.frames = self.decoded(from_key=True)

    def decoded(self, *, from_key: bool) -> Iterator[Timed]:
        """Yield frames with their times. After a jump, packets before the key frame and frames shown before it go."""
        start_s = -math.inf
        for packet in self.packets():
            if from_key:
                if not packet.is_keyframe:
                    continue
                from_key = False
                start_s = self.clock.seconds(packet.pts or 0)
            for frame in self.decode(packet):
                time_s = self.time(frame)
                if time_s >= start_s:
                    yield time_s, frame

    def packets(self) -> Iterator["Packet[VideoStream]"]:
        """Yield packets until the end, or until the container can't be read on, which counts as an error."""
        try:
            for packet in source(self.stream).demux(self.stream):
                self.read_s = max(self.read_s, self.end(packet))
                yield packet
        except (FFmpegError, OSError):
            self.faults["decode"] += 1

    def end(self, packet: "Packet[VideoStream]") -> float:
        """Return until when a packet's picture is shown; those without time stamps are counted by their frames."""
        if not self.timed or packet.pts is None:
            return self.seen / self.fps
        return self.clock.seconds(packet.pts + (packet.duration or 0))

    def has_ended_before(self, time_s: float) -> bool:
        """Return whether the stream was read to its end and that end comes before a time, as in a truncated file."""
        return self.ended and self.read_s < time_s

    def decode(self, packet: "Packet[VideoStream]") -> list[VideoFrame]:
        """Return the sound frames that come out for a packet; broken ones are counted."""
        early = self.timed and packet.pts is not None
        early = early and self.clock.seconds(packet.pts or 0) < self.wanted_s
        self.stream.codec_context.skip_frame = "NONREF" if early else "DEFAULT"
        try:
            frames = [frame for frame in packet.decode() if isinstance(frame, VideoFrame)]
        except MemoryError:  # is no fault of the file's
            raise
        except (FFmpegError, OSError):
            self.faults["decode"] += 1
            return []
        self.faults["decode"] += sum(frame.is_corrupt for frame in frames)
        return [frame for frame in frames if not frame.is_corrupt]

    def time(self, frame: VideoFrame) -> float:
        """Return a frame's time; frames of a stream without time stamps are counted."""
        self.seen += 1
        stamp = frame.pts if frame.pts is not None else frame.dts
        counted = not self.timed or stamp is None
        return (self.seen - 1) / self.fps if counted else self.clock.seconds(stamp or 0)


def is_timed(stream: VideoStream) -> bool:
    """Return whether the packets say when they are shown; raw streams don't, nor AVI with its one stamp per packet."""
    if source(stream).format.name == "avi" and stream.codec_context.has_b_frames:
        return False
    try:
        first = islice(source(stream).demux(stream), LOOKED_AT_PACKETS)
        return all(packet.pts is not None for packet in first if packet.size)
    except (FFmpegError, OSError):
        return True


@contextmanager
def decoder(
    file: DescriptorFile, name: str, settings: Settings, faults: "Counter[str]"
) -> Iterator[Decoder]:
    """Open a video for sampling; decode errors are counted in `faults`. Raises as `container` and `recording` do."""
    limit, aside = settings.max_megapixels, DescriptorFile(file.fd)
    options = limited(limit)
    with container(file, options) as opened, container(aside, options) as scouted:
        stream, scout = (recording(source, name, limit) for source in (opened, scouted))
        stream.thread_count = settings.threads
        stream.codec_context.options = options
        yield Decoder(stream, scout, faults)
