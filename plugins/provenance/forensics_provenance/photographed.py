"""EXIF, XMP and text chunks of pictures through Pillow; headers only, no picture is decoded."""

import warnings
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException
from PIL import ExifTags
from PIL.ExifTags import Base
from PIL.Image import Exif, Image

from forensics.media import stills
from forensics.media.descriptor import DescriptorFile

from .declarations import AI_SOURCES, term
from .quoting import quoted

MAIN = (Base.Make, Base.Model, Base.Software, Base.DateTime)
DETAIL = (
    Base.DateTimeOriginal,
    Base.OffsetTimeOriginal,
    Base.DateTimeDigitized,
    Base.LensModel,
    Base.UserComment,
)
MOST_XMP_BYTES = 4 << 20
MOST_XMP_FIELDS = 12
XMP_TOLD = {
    "CreatorTool",
    "softwareAgent",
    "DigitalSourceType",
    "CreateDate",
    "ModifyDate",
    "Credit",
}
GENERATOR_CHUNKS = {
    "parameters": "Stable Diffusion web interfaces",
    "prompt": "ComfyUI",
    "workflow": "ComfyUI",
    "invokeai_metadata": "InvokeAI",
    "sd-metadata": "InvokeAI",
    "Dream": "InvokeAI",
}
MOST_CHUNKS = 12
NO_TEXT = {
    "icc_profile",
    "exif",
    "xmp",
    "XML:com.adobe.xmp",
    "transparency",
    "photoshop",
    "comment",
}
NO_EXIF = "EXIF: none. That means nothing: platforms and many programs remove it."
UNSIGNED = "Anybody can write or remove it."


def statements(fd: int) -> Iterator[str] | None:
    """Return what is to be said of a picture, or None when the file is none."""
    with stills.picture(DescriptorFile(fd)) as picture:
        return iter([*sentences(picture)]) if picture is not None else None


def sentences(picture: Image) -> Iterator[str]:
    """Yield the sentences; a part that is broken is named and the others are read."""
    yield f"Picture: format {quoted(str(picture.format))}."
    for name, part in (("EXIF", exif), ("XMP", xmp), ("text", texts)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Pillow's, about odd metadata
                yield from [*part(picture)]
        except (*stills.BROKEN, ParseError, DefusedXmlException, RecursionError) as error:
            yield f"{name}: is broken and can't be read ({quoted(type(error).__name__)})."


def exif(picture: Image) -> Iterator[str]:
    """Yield camera, program and times, whether there is a place, and whether there is a thumbnail."""
    tags = picture.getexif()
    if not tags:
        yield NO_EXIF
        return
    yield from fields("EXIF IFD0", tags, MAIN)
    yield from fields("EXIF", tags.get_ifd(ExifTags.IFD.Exif), DETAIL)
    if tags.get_ifd(ExifTags.IFD.GPSInfo):
        yield "EXIF GPS: present; the place itself is not repeated here."
    yield thumbnail(tags)


def fields(place: str, tags: Mapping[int, Any], wanted: tuple[Base, ...]) -> Iterator[str]:
    """Yield the fields that are there."""
    for tag in wanted:
        if tags.get(tag) not in (None, "", b""):
            yield f"{place} {tag.name}: {quoted(comment(tag, tags[tag]))}."


def comment(tag: Base, value: object) -> object:
    """Return a value without the eight bytes that name a comment's character set (EXIF 2.3, 4.6.5)."""
    if tag is not Base.UserComment or not isinstance(value, bytes):
        return value
    return value[8:].decode("utf-16-be" if value[:8] == b"UNICODE\0" else "utf-8", "replace")


def thumbnail(tags: Exif) -> str:
    """Return whether EXIF holds a small picture of the picture."""
    small = tags.get_ifd(ExifTags.IFD.IFD1)
    there = Base.JpegIFOffset in small or Base.StripOffsets in small
    return f"EXIF IFD1: {'a thumbnail is present' if there else 'no thumbnail'}; neither means anything by itself."


def xmp(picture: Image) -> Iterator[str]:
    """Yield programs and kinds of source that an XMP packet names."""
    packet = picture.info.get("xmp") or picture.info.get("XML:com.adobe.xmp") or b""
    data = packet.encode() if isinstance(packet, str) else bytes(packet)
    if not data:
        return
    if len(data) > MOST_XMP_BYTES:
        yield f"XMP: present, with {len(data):,} bytes too large to be read here."
        return
    root = ElementTree.fromstring(data.strip(b"\0"), forbid_dtd=True)
    seen = dict.fromkeys(properties(root))
    for name, value in [*seen][:MOST_XMP_FIELDS]:
        yield f"XMP {name}: {quoted(value)}. {ai_source(value)}{UNSIGNED}"


def properties(root: Element) -> Iterator[tuple[str, str]]:
    """Yield name and value of the properties told, whether they are written as elements or as attributes."""
    for element in root.iter():
        pairs = [(element.tag, element.text or ""), *element.attrib.items()]
        for name, value in pairs:
            short = str(name).rpartition("}")[2]
            if short in XMP_TOLD and value.strip():
                yield short, value.strip()


def ai_source(value: str) -> str:
    """Return the sentence about a term for AI generation; empty for all other values."""
    known = AI_SOURCES.get(term(value))
    return f"Declared as {known}, unsigned. " if known else ""


def texts(picture: Image) -> Iterator[str]:
    """Yield comments, and text chunks that stand before the picture's data."""
    chunks = {str(k): v for k, v in picture.info.items() if isinstance(v, str | bytes)}
    if (text := chunks.get("comment")) is not None:
        yield f"{picture.format} comment: {quoted(text)}. {UNSIGNED}"
    if picture.format != "PNG":
        return
    named = [name for name in chunks if name not in NO_TEXT]
    for name in named[:MOST_CHUNKS]:
        user = GENERATOR_CHUNKS.get(name)
        what = (
            f"The settings of an image generator, as {user} write them: a declaration. "
            if user
            else ""
        )
        yield f"PNG text chunk {quoted(name, 40)}: {quoted(chunks[name])}. {what}{UNSIGNED}"
