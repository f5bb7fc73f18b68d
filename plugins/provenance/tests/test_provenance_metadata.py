"""Containers, streams and pictures: each observation says where it stands, and none concludes."""

import io
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from forensics_provenance import programs
from forensics_provenance.boxes import Box, Edit, Walk, creation, edits
from forensics_provenance.container import Tag
from forensics_provenance.recorded import boxed
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from forensics.testing import write

Stated = Callable[..., list[str]]
Filmed = Callable[..., Path]
XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="Darkroom 3"
 xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">
<e:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia</e:DigitalSourceType>
</rdf:Description></rdf:RDF></x:xmpmeta>"""


def pick(sentences: list[str], start: str) -> str:
    (statement,) = [sentence for sentence in sentences if sentence.startswith(start)]
    return statement


def test_time_of_zero_is_not_taken_for_a_date(filmed: Filmed, stated: Stated) -> None:
    assert "zero, which is to say not stated" in pick(stated(filmed()), "moov/mvhd, creation_time")


def test_time_is_told_with_its_place_and_as_utc(filmed: Filmed, stated: Stated) -> None:
    sentences = stated(filmed(creation_time="2026-01-02T03:04:05Z"))
    assert "2026-01-02 03:04:05 UTC." in pick(sentences, "moov/mvhd, creation_time")
    assert "moov/trak[1]/tkhd" in pick(sentences, "moov/trak[1]/tkhd")


def test_programs_are_named_where_they_stand(filmed: Filmed, stated: Stated) -> None:
    sentences = stated(filmed())
    assert '"isom"' in pick(sentences, "Container, ftyp, major_brand")
    assert '"Lavf' in pick(sentences, "Container, encoder")
    assert '"VideoHandler"' in pick(sentences, "Stream 0 (video), hdlr, handler_name")
    assert '"x264 - core' in pick(sentences, "First packet of stream 0 (video), encoder")


def test_camera_beside_a_rewriting_program_is_an_observation(
    filmed: Filmed, stated: Stated
) -> None:
    tags = {"com.apple.quicktime.make": "Maker", "com.apple.quicktime.location.ISO6709": "+52.5"}
    sentences = stated(filmed("film.mov", {"movflags": "use_metadata_tags"}, **tags))
    assert "some cameras use such libraries themselves" in pick(
        sentences, "Container: a camera's tags"
    )
    assert "the place itself is not repeated" in pick(sentences, "Container, tag")
    assert not any("52.5" in sentence for sentence in sentences)


def test_two_versions_of_one_library_are_a_trace_and_ordinary() -> None:
    tags = [Tag("container", "encoder", "Lavf62.1.100"), Tag("stream 0", "encoder", "Lavf57.2.1")]
    (sentence,) = programs.statements(tags)
    assert "Lavf is named in 2 versions" in sentence
    assert "ordinary" in sentence


def test_one_version_of_each_library_is_no_trace() -> None:
    tags = [Tag("container", "encoder", "Lavf62.1.100"), Tag("stream 0", "encoder", "Lavc62.2.1")]
    assert [*programs.statements(tags)] == []


def test_edit_list_of_one_entry_is_the_encoders_delay(filmed: Filmed, stated: Stated) -> None:
    sentence = pick(stated(filmed()), "moov/trak[1]/edts/elst")
    assert "an edit list of 1 entry" in sentence
    assert "start-up delay" in sentence


def edit_list(*lines: tuple[int, int]) -> Box:
    packed = b"".join(struct.pack(">IiI", *line, 0x10000) for line in lines)
    return Box("moov/trak[1]/edts/elst", "elst", struct.pack(">II", 0, len(lines)) + packed)


def test_edits_that_leave_parts_out_are_told() -> None:
    box = edit_list((500, -1), (1000, 0), (1000, 9000))
    assert edits(box) == (3, (Edit(500, -1), Edit(1000, 0), Edit(1000, 9000)))
    (sentence,) = boxed(box)
    assert "3 entries, 1 of them empty (a pause). Several play parts in another order" in sentence


def test_rotation_is_told_in_degrees(tmp_path: Path, stated: Stated) -> None:
    sentence = pick(stated(write("rotated", tmp_path)), "moov/trak[1]/tkhd, matrix")
    assert "turned by 90 degrees" in sentence or "turned by 270 degrees" in sentence


def test_time_that_is_no_date_is_told_as_a_number() -> None:
    box = Box("moov/mvhd", "mvhd", b"\1\0\0\0" + b"\xff" * 16)
    assert creation(box) == 2**64 - 1
    (sentence,) = boxed(box)
    assert "a number that is no date (18446744073709551615)" in sentence


def picture(path: Path, **how: object) -> Path:
    Image.new("RGB", (32, 32), (90, 120, 60)).save(path, **how)  # type: ignore[arg-type]
    return path


def photograph(path: Path) -> Path:
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Maker", "Model 1"
    exif[ExifTags.Base.Software] = "Firmware 2"
    detail = exif.get_ifd(ExifTags.IFD.Exif)
    detail[ExifTags.Base.DateTimeOriginal] = "2026:01:02 03:04:05"
    detail[ExifTags.Base.OffsetTimeOriginal] = "+01:00"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (52.0, 31.0, 12.0)
    return picture(path, exif=exif)


def test_exif_tells_camera_program_and_time_with_offset(tmp_path: Path, stated: Stated) -> None:
    sentences = stated(photograph(tmp_path / "photograph.jpg"))
    assert pick(sentences, "EXIF IFD0 Make") == 'EXIF IFD0 Make: "Maker".'
    assert pick(sentences, "EXIF IFD0 Model") == 'EXIF IFD0 Model: "Model 1".'
    assert pick(sentences, "EXIF IFD0 Software") == 'EXIF IFD0 Software: "Firmware 2".'
    assert (
        pick(sentences, "EXIF DateTimeOriginal") == 'EXIF DateTimeOriginal: "2026:01:02 03:04:05".'
    )
    assert pick(sentences, "EXIF OffsetTimeOriginal") == 'EXIF OffsetTimeOriginal: "+01:00".'


def test_place_is_told_to_be_there_and_no_more(tmp_path: Path, stated: Stated) -> None:
    sentences = stated(photograph(tmp_path / "photograph.jpg"))
    assert (
        pick(sentences, "EXIF GPS") == "EXIF GPS: present; the place itself is not repeated here."
    )
    assert not any(
        "52" in sentence for sentence in sentences if not sentence.startswith("EXIF GPS")
    )


def test_thumbnail_is_told_to_be_there_or_not(tmp_path: Path, stated: Stated) -> None:
    first = struct.pack("<HHHI", 1, 0x0112, 3, 1) + struct.pack("<HHI", 1, 0, 26)
    second = struct.pack("<HHHII", 1, 0x0201, 4, 1, 44) + bytes(4)
    tiff = b"II*\0" + struct.pack("<I", 8) + first + second
    with_one = picture(tmp_path / "small.jpg", exif=b"Exif\0\0" + tiff)
    assert "a thumbnail is present" in pick(stated(with_one), "EXIF IFD1")
    without = photograph(tmp_path / "photograph.jpg")
    assert "no thumbnail" in pick(stated(without), "EXIF IFD1")


def test_missing_exif_is_said_to_mean_nothing(tmp_path: Path, stated: Stated) -> None:
    sentence = pick(stated(picture(tmp_path / "plain.png")), "EXIF")
    assert sentence == "EXIF: none. That means nothing: platforms and many programs remove it."


def test_generator_settings_in_a_png_are_a_declaration(tmp_path: Path, stated: Stated) -> None:
    chunks = PngInfo()
    chunks.add_text("parameters", "a portrait, Steps: 20, Sampler: Euler")
    chunks.add_itxt("Author", "somebody")
    sentences = stated(picture(tmp_path / "made.png", pnginfo=chunks))
    sentence = pick(sentences, 'PNG text chunk "parameters"')
    assert "Steps: 20" in sentence
    assert "a declaration. Anybody can write or remove it." in sentence
    assert "generator" not in pick(sentences, 'PNG text chunk "Author"')


@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
def test_xmp_tells_program_and_kind_of_source(tmp_path: Path, stated: Stated, kind: str) -> None:
    chunks = PngInfo()
    chunks.add_itxt("XML:com.adobe.xmp", XMP)
    how = {"pnginfo": chunks} if kind == "png" else {"xmp": XMP.encode()}
    sentences = stated(picture(tmp_path / f"made.{kind}", **how))
    assert '"Darkroom 3"' in pick(sentences, "XMP CreatorTool")
    sentence = pick(sentences, "XMP DigitalSourceType")
    assert "Declared as generated by a trained model, unsigned." in sentence


def test_walk_over_boxes_ends_whatever_their_lengths_say(tmp_path: Path) -> None:
    path = tmp_path / "boxes"
    nested = b"moov".join([struct.pack(">I", 8)] * 3)
    for data in (b"\0\0\0\1moov" + bytes(8), struct.pack(">I", 4) + b"moov", bytes(64), nested):
        path.write_bytes(data)
        with io.FileIO(path) as file:
            assert [*Walk(file.fileno()).boxes()] == []
