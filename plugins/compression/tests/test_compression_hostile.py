"""Files that break methods: tiny, odd, damaged and very large ones end in a finding, and soon."""

import io
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from forensics_compression import jpegs
from PIL import Image

from forensics.records import Finding, Outcome

Picture = npt.NDArray[np.uint8]
Look = Callable[[str, bytes | Path], Finding]
Jpeg = Callable[..., bytes]
STILLS = ("jpeg-grid", "double-quantisation", "noise-residual", "error-level")
VIDEOS = ("frame-duplicates", "gop-structure", "container-structure")


def saved(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("name", STILLS)
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "TIFF"])
def test_still_that_is_no_jpeg_has_nothing_to_examine(look: Look, name: str, kind: str) -> None:
    finding = look(name, saved(Image.new("RGB", (200, 200)), kind))
    assert finding.outcome is Outcome.NOTHING_TO_EXAMINE
    assert finding.message.startswith("not a JPEG")


@pytest.mark.parametrize("name", STILLS)
@pytest.mark.parametrize("size", [(1, 1), (63, 4000), (4000, 1)])
def test_small_jpeg_has_nothing_to_examine(look: Look, name: str, size: tuple[int, int]) -> None:
    finding = look(name, saved(Image.new("RGB", size)))
    assert finding.outcome is Outcome.NOTHING_TO_EXAMINE
    assert "at least 64 x 64 needed" in finding.message


@pytest.mark.parametrize("name", STILLS)
def test_cmyk_has_no_luminance_to_examine(look: Look, portrait: Picture, name: str) -> None:
    finding = look(name, saved(Image.fromarray(portrait).convert("CMYK")))
    assert finding.outcome is Outcome.NOTHING_TO_EXAMINE
    assert "CMYK" in finding.message


@pytest.mark.parametrize("name", STILLS)
def test_jpeg_cut_short_says_so(look: Look, portrait: Picture, jpeg: Jpeg, name: str) -> None:
    data = jpeg(portrait, 90)
    finding = look(name, data[: len(data) // 2])
    assert finding.outcome is Outcome.NOTHING_TO_EXAMINE
    assert "can't be decoded to its end" in finding.message


@pytest.mark.parametrize("name", STILLS)
def test_grey_and_progressive_are_examined_as_any_other(
    look: Look, portrait: Picture, jpeg: Jpeg, name: str
) -> None:
    plain = look(name, jpeg(portrait, 85, subsampling=0))
    assert look(name, jpeg(portrait, 85, subsampling=0, progressive=True)) == plain
    grey = look(name, saved(Image.fromarray(portrait).convert("L"), quality=85))
    assert grey.outcome is Outcome.STATEMENT


@pytest.mark.parametrize("name", [*STILLS[:2], STILLS[3]])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_picture_of_one_colour_is_nothing_to_accuse(look: Look, name: str, level: int) -> None:
    finding = look(name, saved(Image.new("RGB", (256, 192), (level,) * 3)))
    assert finding.outcome is Outcome.STATEMENT
    assert not any(statement.startswith("Region") for statement in finding.evidence.statements)


def test_picture_of_one_colour_has_no_noise_to_compare(look: Look) -> None:
    finding = look("noise-residual", saved(Image.new("RGB", (512, 512), (90, 90, 90))))
    assert finding.outcome is Outcome.NOTHING_TO_EXAMINE
    assert "too little noise" in finding.message


def test_of_a_huge_picture_the_middle_is_examined(
    look: Look, jpeg: Jpeg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jpegs, "MOST_PIXELS", 250_000.0)
    grain = np.random.default_rng(0).integers(0, 255, (1000, 1000, 3), dtype=np.uint8)
    for name in STILLS:
        statements = look(name, jpeg(grain, 90)).evidence.statements
        assert "Only the middle 500 x 500 pixels of 1000 x 1000 were examined." in statements


def test_places_are_those_of_the_whole_picture() -> None:
    left, top, right, bottom = jpegs.middle(12_000, 9000)
    assert left % 8 == top % 8 == 0
    assert (right - left) * (bottom - top) <= jpegs.MOST_PIXELS
    assert abs(left - (12_000 - right)) <= 8
    whole = jpegs.Jpeg(np.zeros((8, 8), np.uint8), np.ones((8, 8), int), 80, 160, 800, 600, 1)
    assert jpegs.place((8, 16, 24, 32), whole) == "Region of 24 x 32 pixels at (88, 176)"


def test_turned_picture_is_examined_as_stored(look: Look, portrait: Picture) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    finding = look("error-level", saved(Image.fromarray(portrait[:400]), exif=exif, quality=90))
    assert "not turned upright" in finding.evidence.statements[-1]
    (artifact,) = finding.evidence.artifacts
    with Image.open(io.BytesIO(artifact.data)) as picture:
        assert picture.width > picture.height


@pytest.mark.parametrize("seed", range(8))
def test_damage_anywhere_leaves_a_finding(
    look: Look, portrait: Picture, jpeg: Jpeg, golden: Callable[[str], Path], seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same damage each time
    for names, whole in (
        (STILLS, jpeg(portrait[:200, :200], 90)),
        (VIDEOS, golden("one_face").read_bytes()),
    ):
        data = bytearray(whole[: chance.randrange(64, len(whole))])
        for _ in range(10):
            data[chance.randrange(len(data))] = chance.randrange(256)
        for name in names:
            finding = look(name, bytes(data))
            assert finding.outcome in (Outcome.STATEMENT, Outcome.NOTHING_TO_EXAMINE)
            assert sum(map(len, finding.evidence.statements)) < 5000


@pytest.mark.parametrize("name", VIDEOS)
@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"RIFF" + b"\0" * 60])
def test_no_video_at_all_has_nothing_to_examine(look: Look, name: str, content: bytes) -> None:
    assert look(name, content).outcome is Outcome.NOTHING_TO_EXAMINE


def test_boxes_that_claim_too_much_end_the_walk(look: Look) -> None:
    def box(kind: bytes, size: int) -> bytes:
        return size.to_bytes(4, "big") + kind

    nested = b"".join(box(b"moov", 8 * n) for n in range(200, 0, -1))
    lying = box(b"ftyp", 8) + box(b"moov", 16) + box(b"trak", 4_000_000_000)
    many = box(b"ftyp", 8) + box(b"free", 8) * 50_000
    for content in (nested, lying, many, box(b"ftyp", 8) + box(b"\0\x1b<>", 8)):
        finding = look("container-structure", content)
        assert finding.outcome is Outcome.STATEMENT
        assert sum(map(len, finding.evidence.statements)) < 3000
        assert len(finding.evidence.artifacts[0].data) < 60_000
        assert all(statement.isprintable() for statement in finding.evidence.statements)
