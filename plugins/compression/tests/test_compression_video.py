"""Repeated, missing and copied pictures, earlier groups of pictures, and the order of boxes, in clips made on the spot."""

import io
import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from av.video.frame import VideoFrame
from forensics_compression.measuring.made import PLAIN, WITH_B_FRAMES, encoded
from forensics_compression.measuring.sources import frames
from forensics_compression.video import container_structure
from PIL import Image

from forensics.records import Finding, Outcome

Picture = npt.NDArray[np.uint8]
Look = Callable[[str, Path], Finding]
ENCODERS = {
    "without B-frames": ("libx264", PLAIN["libx264"]),
    "with B-frames": ("libx264", WITH_B_FRAMES["libx264"]),
    "MPEG-4": ("mpeg4", PLAIN["mpeg4"]),
}
VIDEOS = ("frame-duplicates", "gop-structure", "container-structure")


def statements_of(finding: Finding) -> str:
    return "\n".join(finding.evidence.statements)


@pytest.fixture
def film(tmp_path: Path) -> Callable[..., Path]:
    def make(pictures: Sequence[Picture], encoder: str, key_every: int = 250) -> Path:
        codec, options = ENCODERS[encoder]
        return encoded(tmp_path / "film.mp4", pictures, codec, key_every, options)

    return make


@pytest.mark.parametrize("encoder", ENCODERS)
def test_held_picture_is_found_where_it_is(
    look: Look, film: Callable[..., Path], moving: list[Picture], encoder: str
) -> None:
    held = [*moving[:50], *[moving[50]] * 6, *moving[50:]]
    text = statements_of(look("frame-duplicates", film(held, encoder)))
    assert "reached" in text
    assert "not reached" not in text
    place = re.search(r"Held pictures: (\d+) from [\d.]+ s \(picture (\d+)\)", text)
    assert place
    assert 4 <= int(place[1]) <= 6
    assert 50 <= int(place[2]) <= 53


@pytest.mark.parametrize("encoder", ENCODERS)
def test_moving_pictures_are_no_repeats(
    look: Look, film: Callable[..., Path], moving: list[Picture], encoder: str
) -> None:
    text = statements_of(look("frame-duplicates", film(moving, encoder)))
    assert "statistic 0 " in text
    assert "not reached" in text
    assert "a picture every 0.0400 s, without a gap" in text
    assert "Copies" not in text


def test_missing_pictures_are_a_gap(look: Look, moving: list[Picture], tmp_path: Path) -> None:
    path = tmp_path / "gap.mkv"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = 240, 320, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 25)
        for number, pixels in enumerate(moving[:60]):
            frame = VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = number + 4 * (number >= 30), Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    text = statements_of(look("frame-duplicates", path))
    assert "Gaps: 1 longer steps" in text
    assert "5.0 steps at 1.16 s (picture 29)" in text


def test_passage_that_stands_twice_is_a_copy(
    look: Look, film: Callable[..., Path], moving: list[Picture], tmp_path: Path
) -> None:
    once, path = film(moving[:40], "without B-frames", 20), tmp_path / "copied.mp4"
    with av.open(str(once)) as source, av.open(str(path), "w") as output:
        stream = source.streams.video[0]
        out = output.add_stream_from_template(stream)
        packets = [packet for packet in source.demux(stream) if packet.size]
        with av.open(str(once)) as other:
            again = [packet for packet in other.demux(video=0) if packet.size]
        step = packets[1].pts - packets[0].pts  # type: ignore[operator]
        for number, packet in enumerate([*packets, *again[20:]]):
            packet.pts = packet.dts = number * step
            packet.stream = out
            output.mux(packet)
    text = statements_of(look("frame-duplicates", path))
    assert "Copies: 20 coded pictures" in text
    assert "20 from 1.60 s (picture 40), as from 0.80 s (picture 20)" in text


@pytest.mark.parametrize("key_every", [12, 15])
def test_earlier_encoding_is_seen_with_its_distance(
    look: Look, film: Callable[..., Path], moving: list[Picture], key_every: int
) -> None:
    first = [*frames(film(moving, "without B-frames", key_every), 1000)]
    text = statements_of(look("gop-structure", film(first, "without B-frames")))
    assert f"every {key_every}th picture" in text
    assert "not reached" not in text


@pytest.mark.parametrize("encoder", ["without B-frames", "MPEG-4"])
def test_single_encoding_has_no_trace_of_another(
    look: Look, film: Callable[..., Path], moving: list[Picture], encoder: str
) -> None:
    assert "not reached" in statements_of(look("gop-structure", film(moving, encoder)))


def test_earlier_encoding_is_not_sought_among_b_frames(
    look: Look, film: Callable[..., Path], moving: list[Picture]
) -> None:
    text = statements_of(look("gop-structure", film(moving, "with B-frames", 40)))
    assert "not sought, since there are B-frames" in text
    assert "120 pictures of h264, key frames: 3, 40 to 40 pictures apart" in text


def test_boxes_are_told_in_their_order(
    look: Look, film: Callable[..., Path], moving: list[Picture]
) -> None:
    path = film(moving[:10], "without B-frames")
    finding = look("container-structure", path)
    assert finding.evidence.statements[0] == "Boxes: ftyp free mdat moov."
    (listing,) = finding.evidence.artifacts
    assert "\n  trak " in listing.data.decode()
    assert "\n        stbl " in listing.data.decode()
    path.write_bytes(path.read_bytes() + b"\0\0\0")
    assert "3 bytes that belong to none" in statements_of(look("container-structure", path))


def test_fragments_are_counted_and_not_listed(tmp_path: Path, look: Look) -> None:
    def box(kind: bytes) -> bytes:
        return (8).to_bytes(4, "big") + kind

    path = tmp_path / "fragmented.mp4"
    path.write_bytes(box(b"ftyp") + box(b"moov") + (box(b"moof") + box(b"mdat")) * 900)
    finding = look("container-structure", path)
    assert finding.evidence.statements[0] == "Boxes: ftyp moov (moof mdat) x 900."


@pytest.mark.parametrize("name", VIDEOS)
def test_evidence_is_small_and_the_same_again(
    look: Look, film: Callable[..., Path], moving: list[Picture], name: str
) -> None:
    path = film(moving, "without B-frames")
    finding = look(name, path)
    assert (finding.outcome, finding.score) == (Outcome.STATEMENT, None)
    (artifact,) = finding.evidence.artifacts
    assert len(artifact.data) < 60_000
    if artifact.media_type == "image/png":
        Image.open(io.BytesIO(artifact.data)).verify()
    assert look(name, path) == finding


def test_order_names_what_repeats_once() -> None:
    boxes = [container_structure.Box(0, kind, 0, 8) for kind in ["free", "free", "free", "mdat"]]
    assert container_structure.order(boxes) == "free x 3 mdat"
