"""The later pages of a report as rows: what the file is, where it was seen, and how it was processed."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from ..records import MediaInfo, StoredVerdict
from ..store.queries import Location
from .report_data import Record
from .summary import Row, moment


def media_facts(media: MediaInfo) -> Iterator[Row]:
    """Yield what the file is, from its bytes and headers."""
    yield "Kind", media.kind
    yield "Container", media.container
    yield "Codec", media.codec
    yield "Picture", f"{media.width} x {media.height} px, upright"
    yield "Duration", "none" if media.duration_s is None else f"{media.duration_s:.3f} s"
    yield "Frames a second", "unknown" if media.fps is None else f"{media.fps:g}"
    yield "Size", f"{media.size_bytes:,} bytes"
    yield "SHA-256", media.sha256


def seen_at(location: Location) -> Iterator[Row]:
    """Yield where and when a content was seen."""
    yield "Path", location.path
    yield "Case, exhibit", f"{location.case or 'none'}, {location.exhibit or 'none'}"
    yield "First seen", moment(location.seen_at)
    written = datetime.fromtimestamp(location.mtime_ns / 1e9, UTC)
    yield "Last written, says the file system", moment(written)
    yield "Gone or replaced", moment(location.gone_at) if location.gone_at else "not noticed"


def processing(record: Record) -> Iterator[Row]:
    """Yield what a re-run needs, and where the verdict stands in the chain; nothing without a verdict."""
    verdict = record.verdict
    if verdict is None:
        return
    provenance, pipeline = verdict.provenance, verdict.provenance.pipeline
    yield "Verdict", f"{record.verdict_id} of {moment(verdict.created_at)}"
    yield "SHA-256 of the file", record.shown.sha256 or verdict.media.sha256
    yield "SHA-256 of the pipeline", verdict.pipeline_hash or ""
    yield from chain(record)
    yield "Toolkit", pipeline.toolkit
    yield "Policy", pipeline.policy or ""
    yield "Fusion of detectors", pipeline.fusion
    yield "Sampling", flat(pipeline.description.get("sampling", {}))
    yield "Face finder, SHA-256", pipeline.face_finder or "none was needed"
    yield from detector_rows(verdict)
    yield "Versions", flat(provenance.versions)
    yield "Seconds", seconds(verdict)
    yield "Sampled moments, s", ", ".join(f"{t:.2f}" for t in provenance.sampled_s) or "none"


def chain(record: Record) -> Iterator[Row]:
    """Yield the verdict's entry in the chain, and the chain's newest entry when the report was made."""
    entry, head = record.entry, record.head
    if entry:
        yield "Entry in the chain", f"number {entry.number}, {entry.hash}"
        yield "The hash before it", entry.previous_hash
    if head:
        yield "Head of the chain", f"{head.hash}, entry {head.entry}, {head.entries} in all"


def detector_rows(verdict: StoredVerdict) -> Iterator[Row]:
    """Yield what decides each detector's result; its calibration in the words of the record."""
    pipeline = verdict.provenance.pipeline
    for detector in pipeline.detectors:
        name = detector.name
        yield f"{name}, version", detector.version
        if detector.weights:
            yield f"{name}, weights, SHA-256", detector.weights
        parameters = verdict.provenance.parameters.get(name) or detector.parameters
        if parameters:
            yield f"{name}, parameters", flat(parameters)
        if detector.calibration:
            yield from calibration_rows(name, detector.calibration_record)


def calibration_rows(name: str, recorded: Mapping[str, object]) -> Iterator[Row]:
    """Yield a detector's calibration as it was recorded, for one face, for several, and for videos."""
    values = {key: value for key, value in recorded.items() if key not in ("crowds", "videos")}
    yield f"{name}, calibration", flat(values)
    videos = recorded.get("videos")
    if isinstance(videos, Mapping):
        yield f"{name}, calibration for videos", flat(videos)
    crowds = recorded.get("crowds")
    for crowd in crowds if isinstance(crowds, list) else ():
        at = flat(crowd["at"]) if crowd["at"] else "not established"
        yield f"{name}, calibration for up to {crowd['faces']} faces", at


def seconds(verdict: StoredVerdict) -> str:
    """Return how long each step took."""
    steps = [("reading and faces", verdict.provenance.prepared_s)]
    steps += [(finding.detector, finding.seconds) for finding in verdict.findings]
    return ", ".join(f"{name} {taken:.2f}" for name, taken in steps if taken is not None)


def flat(value: object) -> str:
    """Return JSON values in a line that can be read: names with values, and what is nested in brackets."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {nested(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(nested(item) for item in value)
    if isinstance(value, float):
        return f"{value:.4g}"
    return value if isinstance(value, str) else json.dumps(value)


def nested(value: object) -> str:
    """Return a value inside another one."""
    return f"({flat(value)})" if isinstance(value, Mapping | list | tuple) else flat(value)


def rerun_command(verdict_id: int | None) -> str:
    """Return the command that analyses the file again as recorded and compares."""
    return f"forensics verify {verdict_id} --rerun"
