"""One verdict as one HTML file: no script, nothing from a network, pictures and style inside."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from ..escaping import finalize
from ..evidence.thumbnails import Shots, overlay
from ..records import StoredFinding
from . import wording
from .face_strips import MOST_TRACKS, Strip, StripFace, deciding, strips, with_maps
from .processing_rows import media_facts, processing, rerun_command, seen_at
from .report_data import Record
from .summary import moment, summary
from .timeline import timelines

EMBEDDED = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
"""Media types of artifacts that are shown in a report, and how their bytes begin."""
MOST_EMBEDDED_BYTES = 3_000_000

NO_SHOTS = Shots((), (), None)


@dataclass(frozen=True)
class Attachment:
    """An artifact of a detector. `picture` is its data URI, or None where it is no picture or not kept; `why` says so."""

    name: str
    media_type: str
    sha256: str
    size_bytes: int
    picture: str | None
    why: str


def html_report(
    record: Record,
    shots: Shots = NO_SHOTS,
    artifact: Callable[[str], Path | None] = lambda _: None,
) -> str:
    """Return the report on a verdict or a failure from its record and its pictures (`thumbnails`).

    `artifact` gives the file with an artifact's bytes by their SHA-256.
    """
    verdict = record.verdict
    findings = verdict.findings if verdict else ()
    lead = deciding(findings)
    shown = strips(lead, shots.faces) if lead else []
    return (
        environment()
        .get_template("report.html")
        .render(
            record=record,
            verdict=verdict,
            page=summary(record),
            wording=wording,
            timelines=timelines(verdict) if verdict else {},
            strips=shown[:MOST_TRACKS],
            more_tracks=len(shown[MOST_TRACKS:]),
            lacking=shots.lacking if lead else None,
            maps=[
                (finding.detector, mapped[:MOST_TRACKS])
                for finding, mapped in with_maps(findings, shots.faces)
            ],
            attachments={f.detector: list(attachments(f, artifact)) for f in findings},
            media=list(media_facts(verdict.media)) if verdict else [],
            sightings=[list(seen_at(location)) for location in record.shown.sightings],
            processing=list(processing(record)),
            rerun=rerun_command(record.verdict_id),
        )
    )


@cache
def environment() -> Environment:
    """Return what renders the templates: everything put in is escaped, and nothing that is missing is passed over."""
    templates = Environment(
        loader=PackageLoader("forensics.report"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {
        "moment": moment,
        "clock": wording.clock,
        "picture": picture,
        "heated": heated,
    }
    return templates


def picture(path: Path) -> str:
    """Return a JPEG as a data URI."""
    return data_uri("image/jpeg", path.read_bytes())


def heated(strip: Strip) -> Iterator[tuple[StripFace, str]]:
    """Yield the marked pictures of a strip that have a heat map, each with it laid over as a data URI."""
    for face in strip.marked or strip.faces:
        if face.heat:
            yield face, data_uri("image/jpeg", overlay(face.shot.picture.path, face.heat))


def data_uri(media_type: str, data: bytes) -> str:
    """Return bytes as a data URI."""
    return Markup(f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}")  # noqa: S704


def attachments(
    finding: StoredFinding, artifact: Callable[[str], Path | None]
) -> Iterator[Attachment]:
    """Yield a finding's artifacts; PNG and JPEG of reasonable size as pictures, others by name and hash."""
    for item in finding.evidence.artifacts:
        path = artifact(item.sha256)
        data = path.read_bytes() if path and item.bytes <= MOST_EMBEDDED_BYTES else b""
        start = EMBEDDED.get(item.media_type)
        shown = bool(start and data.startswith(start))
        why = "" if shown else "not kept" if path is None else "not shown here"
        picture = data_uri(item.media_type, data) if shown else None
        yield Attachment(item.name, item.media_type, item.sha256, item.bytes, picture, why)
