"""The sentences about containers and streams. Each says where in the file it was read; none speaks of contradictions."""

from collections.abc import Iterator

from . import boxes, programs
from .boxes import Box
from .container import Tag, read
from .quoting import quoted

TOLD = programs.NAMING | programs.CAMERA
TOLD |= {"major_brand", "compatible_brands", "handler_name", "vendor_id", "timecode"}
TOLD |= {"creation_time", "date", "com.apple.quicktime.creationdate", "com.android.version"}
TOLD |= {"title", "comment", "description"}
WHERE_FILMED = ("location", "gps")
CLOCK = "By the format such times are UTC; some programs write local time, many write zero."
DELAY = "One is what encoders write to hide their start-up delay."
SEVERAL = "Several play parts in another order, or leave parts out, without coding them again."


def statements(fd: int, max_megapixels: float) -> Iterator[str]:
    """Yield what is to be said of a container and its streams."""
    contents = read(fd, max_megapixels)
    if contents is None:
        yield "Container: FFmpeg recognises none; nothing is said of it."
        return
    yield f"Container: format {quoted(contents.format)}."
    for tag in contents.tags:
        if not (contents.is_iso and tag.name == "creation_time"):  # told from the boxes, zeros too
            yield from tag_sentences(tag)
    yield from programs.statements(contents.tags)
    if contents.is_iso:
        for box in boxes.Walk(fd).boxes():
            yield from boxed(box)


def tag_sentences(tag: Tag) -> Iterator[str]:
    """Yield a tag that says something of the file's making; of a place only that there is one."""
    if any(word in tag.name for word in WHERE_FILMED):
        yield f"{tag.place.capitalize()}, tag {quoted(tag.name)}: present; the place itself is not repeated here."
    elif tag.name in TOLD:
        yield f"{tag.place.capitalize()}, {tag.name}: {quoted(tag.value)}."


def boxed(box: Box) -> Iterator[str]:
    """Yield what one box says."""
    if box.kind == "elst":
        yield edit_list(box)
    else:
        yield from created(box)
    if box.kind == "tkhd" and (turned := boxes.rotation_deg(box)):
        yield f"{box.place}, matrix: shown turned by {turned} degrees, as telephones held upright record."


def created(box: Box) -> Iterator[str]:
    """Yield the creation time of the film, and of a track or its media where one is set."""
    when = boxes.creation(box)
    if isinstance(when, int):
        if box.kind == "mvhd" or when:
            what = (
                f"a number that is no date ({when})" if when else "zero, which is to say not stated"
            )
            yield f"{box.place}, creation_time: {what}. {CLOCK}"
    else:
        yield f"{box.place}, creation_time: {when:%Y-%m-%d %H:%M:%S} UTC. {CLOCK}"


def edit_list(box: Box) -> str:
    """Return how many edits a track has."""
    count, read_ones = boxes.edits(box)
    empty = sum(edit.media_time == -1 for edit in read_ones)
    text = f"{box.place}: an edit list of {count:,} {'entry' if count == 1 else 'entries'}"
    pause = f", {empty} of them empty (a pause)" if empty else ""
    return f"{text}{pause}. {DELAY if count - empty <= 1 else SEVERAL}"
