"""The first page of a report, in sentences and rows: what was asked, of what, and what was found."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..records import EXAMINABLE
from . import wording

Plain = Mapping[str, Any]
Row = tuple[str, str]


@dataclass(frozen=True)
class Summary:
    """What the first page says, in its order. `why` is the reason of an inconclusive verdict and what it is about."""

    propositions: tuple[str, str]
    exhibit: tuple[Row, ...]
    result: str
    error_rates: tuple[Row, ...]
    scope: str
    coverage: str
    examined_by: tuple[Row, ...]
    why: tuple[str, ...]


def summary(told: Plain) -> Summary:
    """Return the first page of a report from its record (`report_data.record`)."""
    judged = told["verdict_id"] is not None
    return Summary(
        propositions=wording.propositions(told),
        exhibit=tuple(exhibit(told)),
        result=wording.result(told) if judged else wording.unfinished(told),
        error_rates=tuple(error_rates(told)) if judged else (),
        scope=wording.scope(told) if judged else wording.scope(NOTHING),
        coverage=wording.coverage(told) if told["coverage"] else "Seen: nothing of it.",
        examined_by=tuple(examined_by(told)),
        why=tuple(why(told)) if told["label"] == "inconclusive" else (),
    )


NOTHING: Plain = {"examined": (), "not_examined": EXAMINABLE}


def exhibit(told: Plain) -> Iterator[Row]:
    """Yield what the file is and where it was seen."""
    yield "File", told["path"] or "unknown"
    yield "SHA-256 as received", told["sha256"] or "unknown: it could not be read"
    seen = next((s for s in told["sightings"] if s["path"] == told["path"]), None)
    if seen and (seen["case"] or seen["exhibit"]):
        yield "Case, exhibit", f"{seen['case'] or 'none'}, {seen['exhibit'] or 'none'}"
    if seen:
        yield "Size", f"{seen['size_bytes']:,} bytes"
    if told["media"]:
        yield "Content", content(told["media"])


def content(media: Plain) -> str:
    """Return what a file holds, in a line."""
    said = f"{media['kind']}, {media['width']} x {media['height']} px, {media['codec']}"
    if media["duration_s"] is not None:
        said += f", {wording.clock(media['duration_s'])} ({media['duration_s']:.2f} s)"
    return said + (f", {media['fps']:g} frames a second" if media["fps"] else "")


def error_rates(told: Plain) -> Iterator[Row]:
    """Yield how often verdicts like this were wrong, each with whose figures these are."""
    for name, rates in wording.validated_errors(told).items():
        for sentence in wording.error_rates(told["label"], rates):
            yield name, sentence
    for own in told["validations"]:
        other = "" if own["same_pipeline"] else ", with other detectors or settings"
        for sentence in wording.error_rates(told["label"], own):
            yield f"Own files{other}", sentence


def examined_by(told: Plain) -> Iterator[Row]:
    """Yield what examined the file and who made the report, with versions and times."""
    made = told["made"]
    if told["verdict_id"] is not None:
        pipeline = told["provenance"]["pipeline"]
        tools = [f"forensics {pipeline.get('toolkit', '')}"]
        tools += [f"{one['detector']} {one['version']}" for one in told["findings"]]
        yield "Examined with", ", ".join(tools)
        yield "Verdict", f"number {told['verdict_id']} of {moment(told['created_at'])}"
    yield "Report made", f"{moment(made['at'])} by {made['by']} with forensics {made['toolkit']}"


def moment(text: str) -> str:
    """Return a time in ISO form to the second, as UTC; the database has no other."""
    return f"{text[:10]} {text[11:19]} UTC"


def why(told: Plain) -> Iterator[str]:
    """Yield the reason of an inconclusive verdict, and what each detector found on the way to it."""
    if told["reason"]:
        yield wording.REASONS[told["reason"]]
    known = {d["name"]: d.get("calibration") for d in told["provenance"]["pipeline"]["detectors"]}
    for finding in told["findings"]:
        if finding["outcome"] == "scored":
            yield f"{finding['detector']}: {standing(finding, known.get(finding['detector']))}"


def standing(finding: Plain, calibration: Plain | None) -> str:
    """Return how a finding stands to the thresholds, or which demands of the validation its faces do not meet."""
    if not calibration:
        return "no calibration, so it does not vote."
    if finding["log10_lr"] is not None:
        ratio, at = f"ratio {10 ** finding['log10_lr']:.2g}", wording.bounds(calibration, finding)
        if not at:
            return (
                f"{ratio}; with so many faces in one file it was not validated under this policy."
            )
        return (
            f"{ratio}; fake is said from {10 ** at['fake_at']:.2g} up, "
            f"real to {10 ** at['real_at']:.2g}."
        )
    tracks = finding["evidence"]["tracks"]
    faces = ", ".join(f"{t['median_face_px']:.0f} px in {t['frames']} frames" for t in tracks)
    demand = (
        f"{calibration['min_face_px']} px in {calibration['min_frames']} frames of a video, "
        f"in {' and '.join(f'{kind}s' for kind in calibration['kinds'])}"
    )
    return f"faces of {faces or 'no size'}; validated from {demand}."
