"""The later pages of a report as rows: what the file is, where it was seen, and how it was processed."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from .summary import Row, moment

Plain = Mapping[str, Any]


def media_facts(media: Plain) -> Iterator[Row]:
    """Yield what the file is, from its bytes and headers."""
    yield "Kind", media["kind"]
    yield "Container", media["container"]
    yield "Codec", media["codec"]
    yield "Picture", f"{media['width']} x {media['height']} px, upright"
    duration, fps = media["duration_s"], media["fps"]
    yield "Duration", "none" if duration is None else f"{duration:.3f} s"
    yield "Frames a second", "unknown" if fps is None else f"{fps:g}"
    yield "Size", f"{media['size_bytes']:,} bytes"
    yield "SHA-256", media["sha256"]


def seen_at(sighting: Plain) -> Iterator[Row]:
    """Yield where and when a content was seen."""
    written = datetime.fromtimestamp(sighting["mtime_ns"] / 1e9, UTC).isoformat()
    yield "Path", sighting["path"]
    yield "Case, exhibit", f"{sighting['case'] or 'none'}, {sighting['exhibit'] or 'none'}"
    yield "First seen", moment(sighting["seen_at"])
    yield "Last written, says the file system", moment(written)
    gone = sighting["gone_at"]
    yield "Gone or replaced", moment(gone) if gone else "not noticed"


def processing(told: Plain) -> Iterator[Row]:
    """Yield what a re-run needs, and where the verdict stands in the chain."""
    record = told["provenance"]
    pipeline = record["pipeline"]
    yield "Verdict", f"{told['verdict_id']} of {moment(told['created_at'])}"
    yield "SHA-256 of the file", told["sha256"]
    yield "SHA-256 of the pipeline", told["pipeline"]
    yield from chain(told)
    yield "Toolkit", pipeline.get("toolkit", "")
    yield "Policy", pipeline.get("policy", "")
    yield "Fusion of detectors", pipeline.get("fusion", "")
    yield "Sampling", flat(pipeline.get("sampling", {}))
    yield "Face finder, SHA-256", pipeline.get("face_finder") or "none was needed"
    for detector in pipeline["detectors"]:
        yield from detector_rows(detector, record.get("parameters", {}))
    yield "Versions", flat(record.get("versions", {}))
    yield "Seconds", seconds(told)
    yield "Sampled moments, s", ", ".join(f"{t:.2f}" for t in record.get("sampled_s", ())) or "none"


def chain(told: Plain) -> Iterator[Row]:
    """Yield the verdict's entry in the chain, and the chain's newest entry when the report was made."""
    entry, head = told["entry"], told["head"]
    if entry:
        yield "Entry in the chain", f"number {entry['number']}, {entry['hash']}"
        yield "The hash before it", entry["previous_hash"]
    if head:
        yield (
            "Head of the chain",
            f"{head['hash']}, entry {head['entry']}, {head['entries']} in all",
        )


def detector_rows(detector: Plain, parameters: Plain) -> Iterator[Row]:
    """Yield what decides a detector's result."""
    name = detector["name"]
    yield f"{name}, version", detector.get("version", "")
    if detector["weights"]:
        yield f"{name}, weights, SHA-256", detector["weights"]
    used = parameters.get(name) or detector.get("parameters")
    if used:
        yield f"{name}, parameters", flat(used)
    if detector.get("calibration"):
        one = {key: value for key, value in detector["calibration"].items() if key != "crowds"}
        yield f"{name}, calibration", flat(one)
        for crowd in detector["calibration"].get("crowds", ()):
            at = flat(crowd["at"]) if crowd["at"] else "not established"
            yield f"{name}, calibration for up to {crowd['faces']} faces", at


def seconds(told: Plain) -> str:
    """Return how long each step took."""
    steps = [("reading and faces", told["provenance"].get("prepared_s"))]
    steps += [(one["detector"], one["seconds"]) for one in told["findings"]]
    return ", ".join(f"{name} {taken:.2f}" for name, taken in steps if taken is not None)


def flat(value: Any) -> str:
    """Return JSON values in a line that can be read: names with values, and what is nested in brackets."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {nested(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(nested(item) for item in value)
    if isinstance(value, float):
        return f"{value:.4g}"
    return value if isinstance(value, str) else json.dumps(value)


def nested(value: Any) -> str:
    """Return a value inside another one."""
    return f"({flat(value)})" if isinstance(value, Mapping | list | tuple) else flat(value)


def rerun_command(told: Plain) -> str:
    """Return the command that analyses the file again as recorded and compares."""
    return f"forensics verify {told['verdict_id']} --rerun"
