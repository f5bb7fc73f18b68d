"""Media made to do harm cost at most their deadline and their memory, and the file after them is analysed."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from forensics.analysis.messages import Done, Failed, Task
from forensics.errors import ErrorCode
from forensics.settings import Settings
from forensics.workers.pool import ProcessPool

from ..distributions import OBEDIENT, write_order
from ..fakes import Clip, huge_png, render, still
from ..workers.test_pool import finish, last

pytestmark = pytest.mark.slow
SETTINGS = Settings(
    plugins=("obedient",), deadline_s=12, threads=1, memory_mb=2000, device="cpu", max_file_mb=500
)

PATIENT_S = 300.0  # for what must end by itself, however busy the machine is
COST = (ErrorCode.DEADLINE, ErrorCode.OUT_OF_MEMORY)


PATIENT = replace(SETTINGS, deadline_s=PATIENT_S)
patient = pytest.mark.parametrize("pool", [PATIENT], ids=["patient"], indirect=True)


@pytest.fixture
def pool(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProcessPool]:
    monkeypatch.syspath_prepend(str(OBEDIENT))
    pool = ProcessPool(getattr(request, "param", SETTINGS))
    yield pool
    pool.close()


def outcome(pool: ProcessPool, path: Path) -> ErrorCode | None:
    """Return the failure of a file, or None for a verdict; a worker is there for the next one either way."""
    ended = last(finish(pool, Task(1, str(path))))
    assert isinstance(
        last(finish(pool, Task(2, str(write_order(path.with_name("good.png")))))), Done
    )
    return ended.failure.code if isinstance(ended, Failed) else None


@patient
def test_picture_that_claims_65000_by_65000_is_refused(pool: ProcessPool, tmp_path: Path) -> None:
    assert outcome(pool, huge_png(tmp_path / "a.png", 65_000, 65_000)) is ErrorCode.TOO_LARGE


@patient
def test_picture_that_has_65000_by_65000_is_refused(pool: ProcessPool, tmp_path: Path) -> None:
    """A bomb with its content: 4 GB of zeros in 4 MB."""
    row = bytes(65_000 * 3 // 8 + 1)
    packer = zlib.compressobj(9)
    content = b"".join(packer.compress(row) for _ in range(65_000)) + packer.flush()
    header = struct.pack(">IIBBBBB", 65_000, 65_000, 1, 0, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", content), (b"IEND", b"")]
    data = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + data)
    assert outcome(pool, tmp_path / "a.png") is ErrorCode.TOO_LARGE


def test_gif_of_a_million_frames_ends_in_its_time(pool: ProcessPool, tmp_path: Path) -> None:
    """Each frame has 24 bytes: a graphic control extension and one pixel."""
    head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(3) + b"\xff" * 3
    frame = b"\x21\xf9\x04\x00\x01\x00\x00\x00\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0)
    frame += b"\x02\x02\x44\x01\x00"
    (tmp_path / "a.gif").write_bytes(head + frame * 1_000_000 + b"\x3b")
    assert outcome(pool, tmp_path / "a.gif") in (None, ErrorCode.DEADLINE)


def test_header_that_claims_a_thousand_million_frames(pool: ProcessPool, tmp_path: Path) -> None:
    path = render(tmp_path / "a.avi", Clip(codec="mjpeg", pixel_format="yuvj420p", frames=5))
    content = bytearray(path.read_bytes())
    place = content.index(b"avih") + 8 + 16  # dwTotalFrames
    content[place : place + 4] = struct.pack("<I", 10**9)
    stream = content.index(b"strh") + 8 + 32  # dwLength
    content[stream : stream + 4] = struct.pack("<I", 10**9)
    path.write_bytes(content)
    assert outcome(pool, path) in (None, ErrorCode.DEADLINE, ErrorCode.UNDECODABLE)


def test_sample_table_that_claims_a_thousand_million_frames(
    pool: ProcessPool, tmp_path: Path
) -> None:
    path = render(tmp_path / "a.mp4", Clip(frames=5))
    content = bytearray(path.read_bytes())
    place = content.index(b"stts") + 12  # the first entry's count
    content[place : place + 4] = struct.pack(">I", 10**9)
    path.write_bytes(content)
    assert outcome(pool, path) in (None, ErrorCode.DEADLINE, ErrorCode.UNDECODABLE)


def test_stream_without_an_end(pool: ProcessPool, tmp_path: Path) -> None:
    """A raw video whose frames go on to the end of 400 MB that take no room on the disk."""
    with (tmp_path / "a.y4m").open("wb") as file:
        file.write(b"YUV4MPEG2 W64 H64 F25:1 Ip A1:1 C420jpeg\n")
        for _ in range(20_000):
            file.write(b"FRAME\n" + bytes(64 * 64 * 3 // 2))
        file.truncate(400_000_000)
    assert outcome(pool, tmp_path / "a.y4m") in (None, ErrorCode.DEADLINE, ErrorCode.UNDECODABLE)


def test_thousands_of_tracks(pool: ProcessPool, tmp_path: Path) -> None:
    path = render(tmp_path / "a.mp4", Clip(frames=5))
    content = path.read_bytes()
    moov = content.index(b"moov") - 4  # behind the frames, whose places stay as they are
    trak = content.index(b"trak") - 4
    (length,) = struct.unpack(">I", content[trak : trak + 4])
    copies = content[trak : trak + length] * 3000
    (whole,) = struct.unpack(">I", content[moov : moov + 4])
    grown = struct.pack(">I", whole + len(copies)) + content[moov + 4 : trak] + copies
    path.write_bytes(content[:moov] + grown + content[trak:])
    assert outcome(pool, path) in (None, *COST)


@pytest.mark.parametrize(
    "pool", [replace(PATIENT, memory_mb=Settings().memory_mb)], ids=["patient"], indirect=True
)
def test_picture_at_the_limit_is_decoded_in_its_memory(pool: ProcessPool, tmp_path: Path) -> None:
    Image.new("RGB", (12_000, 10_000)).save(tmp_path / "a.png", compress_level=1)
    assert outcome(pool, tmp_path / "a.png") is None


@patient
def test_text_chunk_that_unpacks_to_a_gigabyte(pool: ProcessPool, tmp_path: Path) -> None:
    content = still(tmp_path / "a.png").read_bytes()
    packer = zlib.compressobj(9)
    block = bytes(1 << 20)
    text = b"Comment\0\0" + b"".join(packer.compress(block) for _ in range(1000)) + packer.flush()
    body = b"zTXt" + text
    chunk = struct.pack(">I", len(text)) + body + struct.pack(">I", zlib.crc32(body))
    (tmp_path / "a.png").write_bytes(content[:33] + chunk + content[33:])
    assert outcome(pool, tmp_path / "a.png") in (None, ErrorCode.UNDECODABLE)
