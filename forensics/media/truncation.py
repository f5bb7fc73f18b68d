"""Whether a file stops before its own structure does: FFmpeg reads most cut files in silence.

Looked at are lengths that the container states, never the pictures. A file cut between two packets of a stream
without an end (MPEG-TS, a raw stream), or one that was never closed by its recorder, can't be told from a whole one.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

TAIL_BYTES = 4 << 20
UNKNOWN = -1


@dataclass(frozen=True)
class Content:
    """A file's bytes by position."""

    fd: int
    size: int

    def at(self, position: int, count: int) -> bytes:
        """Return up to `count` bytes from a position."""
        return os.pread(self.fd, count, position) if 0 <= position < self.size else b""

    def number(self, position: int, count: int, order: Literal["big", "little"] = "big") -> int:
        """Return the unsigned number at a position."""
        return int.from_bytes(self.at(position, count), order)


def is_cut(fd: int, container: str) -> bool:
    """Return whether the file behind a descriptor ends inside what its container says; names are FFmpeg's."""
    content = Content(fd, os.fstat(fd).st_size)
    ends = next((ends for name, ends in ENDINGS.items() if name in container.split(",")), None)
    return ends is not None and ends(content)


def is_truncated_mp4(content: Content) -> bool:
    """ISO base media (ISO 14496-12, 4.2): the last box is incomplete, or is a fragment's head without its data."""
    position, kind = 0, b""
    while position + 8 <= content.size:
        head = content.at(position, 16)
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:], "big")
        if length < 8 or not kind.isalnum():
            return False  # up to the end, or something that a recorder left there
        position += length
    return position != content.size or kind == b"moof"


def is_truncated_riff(content: Content) -> bool:
    """AVI and WebP: a RIFF chunk is longer than what is left; 0 was never filled in."""
    position = 0
    while content.at(position, 4) == b"RIFF":
        length = content.number(position + 4, 4, "little")
        if not length:
            return False
        position += 8 + length + length % 2
    return position > content.size + 1  # the last byte of padding is often left out


def is_truncated_gif(content: Content) -> bool:
    """GIF89a, 27: the trailer is missing."""
    return (
        not content.at(max(content.size - TAIL_BYTES, 0), TAIL_BYTES).rstrip(b"\0").endswith(b";")
    )


def is_truncated_png(content: Content) -> bool:
    """PNG and APNG: a chunk is incomplete, or IEND never comes."""
    position = 8
    while len(head := content.at(position, 8)) == 8:
        position += 12 + int.from_bytes(head[:4], "big")
        if head[4:] == b"IEND":
            break
    else:
        return True
    return position > content.size


def is_truncated_transport_stream(content: Content) -> bool:
    """MPEG-TS (ISO 13818-1, 2.4.3): the last packet of 188 bytes, 192 with a time or 204 with a checksum, is partial."""
    head = content.at(0, 8192)
    for length in (188, 192, 204):
        for start in range(min(length, len(head))):
            marks = head[start::length]
            if len(marks) > 2 and not marks.strip(b"G"):
                return (content.size - start + (4 if length == 192 else 0)) % length != 0
    return False


def is_truncated_program_stream(content: Content) -> bool:
    """MPEG-PS (ISO 13818-1, 2.5.3): a packet of the last pack is incomplete."""
    offset = max(content.size - TAIL_BYTES, 0)
    pack = content.at(offset, TAIL_BYTES).rfind(b"\0\0\1\xba")
    if pack < 0:
        return False
    position = offset + pack
    head = content.at(position, 14)
    if len(head) < 14:
        return True
    position += 14 + (head[13] & 7) if head[4] >> 6 == 1 else 12
    while (code := content.at(position, 6)).startswith(b"\0\0\1") and code[3:4] != b"\xb9":
        position += 6 + int.from_bytes(code[4:6], "big")
    return position > content.size or 0 < len(code) < 4


def is_truncated_matroska(content: Content) -> bool:
    """Matroska, WebM (RFC 9559): the segment, or in a live recording the last element of its last cluster, is incomplete."""
    position = element(content, 0)[1]
    start, end = element(content, position)
    if end != UNKNOWN:
        return end > content.size
    offset = max(content.size - TAIL_BYTES, start)
    cluster = content.at(offset, TAIL_BYTES).rfind(b"\x1f\x43\xb6\x75")
    position = offset + cluster
    while cluster >= 0 and position < content.size:
        start, end = element(content, position)
        is_cluster = content.at(position, 4) == b"\x1f\x43\xb6\x75"
        position = start if is_cluster or end == UNKNOWN else end
    return position > content.size


def element(content: Content, position: int) -> tuple[int, int]:
    """Return where an EBML element's data (RFC 8794) start and end; UNKNOWN when it does not say."""
    first = content.number(position, 1)
    position += 9 - first.bit_length()
    first = content.number(position, 1)
    width = 9 - first.bit_length()
    length = content.number(position, width) & ((1 << 7 * width) - 1)
    start = position + width
    return start, UNKNOWN if length == (1 << 7 * width) - 1 else start + length


def is_truncated_flv(content: Content) -> bool:
    """FLV: the last tag is not followed by its length."""
    before = content.number(content.size - 4, 4)
    tag = content.at(content.size - 4 - before, 4) if 11 <= before <= content.size - 4 else b""
    return len(tag) < 4 or tag[0] & 31 not in (8, 9, 18) or before != 11 + int.from_bytes(tag[1:])


def is_truncated_asf(content: Content) -> bool:
    """ASF, WMV: an object is longer than what is left; one without a length was never closed."""
    position = 0
    while position + 24 <= content.size:
        length = content.number(position + 16, 8, "little")
        if length < 24:
            return False
        position += length
    return position != content.size


def is_truncated_mxf(content: Content) -> bool:
    """MXF (SMPTE ST 377-1, 7.1): the footer, after the last picture, is past the end; 0 says that there is none."""
    head = content.at(0, 1 << 16)
    match = re.search(rb"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02..", head, re.S)
    if not match:
        return False
    first = content.number(match.end(), 1)
    value = match.end() + 1 + (first & 127 if first & 128 else 0)
    return content.number(value + 24, 8) >= content.size


ENDINGS: dict[str, Callable[[Content], bool]] = {
    "mp4": is_truncated_mp4,
    "avi": is_truncated_riff,
    "webp": is_truncated_riff,
    "gif": is_truncated_gif,
    "apng": is_truncated_png,
    "mpegts": is_truncated_transport_stream,
    "mpeg": is_truncated_program_stream,
    "matroska": is_truncated_matroska,
    "flv": is_truncated_flv,
    "asf": is_truncated_asf,
    "mxf": is_truncated_mxf,
}
