"""Containers and streams through PyAV: brands, programs, handlers, times. Observations with their places, no conclusions."""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Stream

from forensics.media import videos
from forensics.media.descriptor import DescriptorFile

MOST_STREAMS = 8
MOST_PACKETS = 64  # until each stream has shown one
PACKET_BYTES = 1 << 17
# Programs that write their names into the streams themselves, as their own sources have them.
IN_STREAM = re.compile(
    rb"x264 - core \d+(?: r\d+ [0-9a-f]+)?|x265 \(build \d+\)|Lav[cf]\d+\.\d+\.\d+|XviD\d{4}|DivX\d{3,4}"
)
ISO = "mov,mp4"
BOXES = {"major_brand": "ftyp", "compatible_brands": "ftyp", "handler_name": "hdlr"}


@dataclass(frozen=True)
class Tag:
    """One piece of metadata: the place where it stands, as a reader of the file would look it up, and its value."""

    place: str
    name: str
    value: str


@dataclass(frozen=True)
class Contents:
    """What FFmpeg says of a file: its format's name, and the tags of the container and of its streams."""

    format: str
    tags: tuple[Tag, ...]

    @property
    def is_iso(self) -> bool:
        """Whether it is ISO base media or QuickTime, which have boxes."""
        return self.format.startswith(ISO)


def read(fd: int, max_megapixels: float) -> Contents | None:
    """Read a file's tags; None when FFmpeg recognises nothing. Larger pictures are not decoded to know a stream."""
    try:
        with videos.container(DescriptorFile(fd), videos.limited(max_megapixels)) as container:
            tags = (*container_tags(container), *in_streams(container))
            return Contents(container.format.name, tags)
    except (FFmpegError, OSError, ValueError):
        return None


def container_tags(container: InputContainer) -> Iterator[Tag]:
    """Yield the tags of the container and of its first streams."""
    yield from tags("container", container.metadata)
    for stream in islice(container.streams, MOST_STREAMS):
        yield from tags(f"stream {stream.index} ({stream.type})", stream.metadata)


def tags(place: str, values: Mapping[str, str]) -> Iterator[Tag]:
    """Yield tags in the order of their names, under FFmpeg's names, with the box of those that have one."""
    for name in sorted(values):
        box = BOXES.get(name.lower())
        yield Tag(f"{place}, {box}" if box else place, name.lower(), values[name])


def in_streams(container: InputContainer) -> Iterator[Tag]:
    """Yield the programs that the first packet of each stream names."""
    waiting = {
        stream.index for stream in islice(container.streams, MOST_STREAMS) if is_coded(stream)
    }
    try:
        for number, packet in enumerate(container.demux(*sorted(waiting))):
            if number >= MOST_PACKETS or not waiting:
                return
            if packet.stream.index in waiting and packet.size:
                waiting.discard(packet.stream.index)
                place = f"first packet of stream {packet.stream.index} ({packet.stream.type})"
                for name in sorted(set(IN_STREAM.findall(head(memoryview(packet))))):
                    yield Tag(place, "encoder", name.decode())
    except (FFmpegError, OSError):
        return  # what was read until here is what there is


def is_coded(stream: Stream) -> bool:
    """Say whether a stream holds pictures or sound."""
    return stream.type in ("video", "audio")


def head(packet: memoryview) -> bytes:
    """Return a packet's first bytes."""
    return io.BytesIO(packet[:PACKET_BYTES]).getvalue()
