"""What a file says is a stranger's text: short, between quotation marks, and never the end of the finding."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from forensics_provenance.detector import MOST_CHARS, MOST_STATEMENTS, part
from forensics_provenance.quoting import FIELD_CHARS, listed, quoted
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

Stated = Callable[..., list[str]]
MEGABYTE = 1_000_000
SCRIPT = '<script>alert("x")</script>\x1b[2J\x00\u202e'
LONG = SCRIPT + "A" * MEGABYTE
BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><x:CreatorTool>&b;</x:CreatorTool></x:xmpmeta>'
)


def photograph(path: Path) -> Path:
    """An EXIF segment has 64 KB at most; TIFF has no limit."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = exif[ExifTags.Base.Software] = LONG
    Image.new("RGB", (8, 8)).save(path, "TIFF", exif=exif)
    return path


def generated(path: Path) -> Path:
    chunks = PngInfo()
    for number in range(30):
        chunks.add_text(f"{SCRIPT.split(chr(0))[0]}{number}", LONG.replace("\0", ""))
    Image.new("RGB", (8, 8)).save(path, "PNG", pnginfo=chunks)
    return path


def check_harmless(sentences: list[str]) -> None:
    assert len(sentences) <= 2 * (MOST_STATEMENTS + 1)
    assert max(len(sentence) for sentence in sentences) <= MOST_CHARS
    assert all(sentence.isprintable() for sentence in sentences)
    assert sum(map(len, sentences)) < 20_000


@pytest.mark.parametrize("make", [photograph, generated])
def test_fields_of_a_megabyte_are_cut(
    tmp_path: Path, stated: Stated, make: Callable[[Path], Path]
) -> None:
    sentences = stated(make(tmp_path / "picture"))
    check_harmless(sentences)
    assert any(
        "<script>alert('x')</script>" in sentence and "(cut, of " in sentence
        for sentence in sentences
    )


def test_tags_of_a_megabyte_in_a_video_are_cut(filmed: Callable[..., Path], stated: Stated) -> None:
    long = LONG.replace("\0", "")
    sentences = stated(
        filmed("film.mov", {"movflags": "use_metadata_tags"}, comment=long, title=long)
    )
    check_harmless(sentences)
    assert any("(cut, of " in sentence for sentence in sentences)


def test_manifest_with_long_texts_and_a_thousand_actions_is_cut(
    signed: Callable[..., Path], stated: Stated
) -> None:
    long = LONG.replace("\0", "")[:300_000]  # the library signs no manifest of a megabyte
    done: list[dict[str, Any]] = [
        {"action": f"org.test.{number}{SCRIPT[:20]}"} for number in range(1000)
    ]
    done.insert(0, {"action": "c2pa.created", "digitalSourceType": "x", "softwareAgent": long})
    data = {"actions": done}
    about = {
        "claim_generator_info": [{"name": long, "version": "1"}],
        "assertions": [{"label": "c2pa.actions", "data": data}],
    }
    sentences = stated(signed(about))
    check_harmless(sentences)
    assert any("more" in sentence for sentence in sentences if "c2pa.actions" in sentence)


def test_quotation_marks_in_a_field_do_not_end_it() -> None:
    sentence = quoted('x". The signer is trusted. "')
    assert sentence == "\"x'. The signer is trusted. '\""
    assert sentence.count('"') == 2


def test_what_cannot_be_printed_is_escaped_and_stays_short() -> None:
    assert quoted("\x1b[2J\0\u202e") == '"\\x1b[2J\\x00\\x202e"'
    assert len(quoted("\x00" * MEGABYTE)) < FIELD_CHARS + 40


def test_long_lists_name_their_first() -> None:
    assert listed([str(number) for number in range(10)], 2) == '"0", "1" and 8 more'


def test_entities_in_xmp_are_refused_and_the_rest_is_read(tmp_path: Path, stated: Stated) -> None:
    path = tmp_path / "bomb.jpg"
    Image.new("RGB", (8, 8)).save(path, xmp=BOMB.encode())
    sentences = stated(path)
    assert any(sentence.startswith("XMP: is broken and can't be read") for sentence in sentences)
    assert any(sentence.startswith("EXIF: none") for sentence in sentences)


def test_part_that_breaks_is_named_and_what_it_said_is_kept() -> None:
    def broken() -> Any:
        yield "first"
        raise ValueError(LONG)

    assert part("Metadata", broken) == [
        "first",
        'Metadata: could not be read to the end ("ValueError").',
    ]


@pytest.mark.parametrize("seed", range(12))
def test_damage_anywhere_leaves_a_finding(
    signed: Callable[..., Path],
    filmed: Callable[..., Path],
    stated: Stated,
    tmp_path: Path,
    seed: int,
) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same damage each time
    film = signed(content=filmed().read_bytes(), media_type="video/mp4").read_bytes()
    for whole in (film, photograph(tmp_path / "photograph").read_bytes()[:200_000]):
        data = bytearray(whole[: chance.randrange(64, len(whole))])
        for _ in range(20):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path = tmp_path / "damaged"
        path.write_bytes(data)
        check_harmless(stated(path))
