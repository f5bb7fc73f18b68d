"""The first page of a report, in sentences and rows: what was asked, of what, and what was found."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from ..analysis.fusion import bounds, faces_judged, fitted_for, held_against
from ..records import Calibration, MediaInfo, StoredFinding, StoredVerdict, Thresholds
from . import wording
from .report_data import Dossier, Record

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


def summary(record: Record) -> Summary:
    """Return the first page of a report."""
    verdict = record.verdict
    return Summary(
        propositions=wording.propositions(verdict),
        exhibit=tuple(exhibit(record)),
        result=result(record),
        error_rates=tuple(error_rates(record)),
        scope=wording.scope(verdict),
        coverage=wording.coverage(verdict),
        examined_by=tuple(examined_by(record)),
        why=tuple(why(verdict)) if verdict and verdict.label == "inconclusive" else (),
    )


def result(record: Record) -> str:
    """Return the sentence that states the result, or why there is none."""
    if record.verdict:
        return wording.result(record.verdict)
    return wording.unfinished(record.shown.error, record.shown.error_message)


def exhibit(record: Record) -> Iterator[Row]:
    """Yield what the file is and where it was seen."""
    shown = record.shown
    yield "File", shown.path or "unknown"
    yield "SHA-256 as received", shown.sha256 or "unknown: it could not be read"
    seen = next((place for place in shown.sightings if place.path == shown.path), None)
    if seen and (seen.case or seen.exhibit):
        yield "Case, exhibit", f"{seen.case or 'none'}, {seen.exhibit or 'none'}"
    if seen:
        yield "Size", f"{seen.size_bytes:,} bytes"
    if record.verdict:
        yield "Content", content(record.verdict.media)


def content(media: MediaInfo) -> str:
    """Return what a file holds, in a line."""
    text = f"{media.kind}, {media.width} x {media.height} px, {media.codec}"
    if media.duration_s is not None:
        text += f", {wording.clock(media.duration_s)} ({media.duration_s:.2f} s)"
    return text + (f", {media.fps:g} frames a second" if media.fps else "")


def error_rates(dossier: Dossier) -> Iterator[Row]:
    """Yield how often verdicts like this were wrong, each with whose figures these are."""
    verdict = dossier.verdict
    if verdict is None:
        return
    for name, rates in wording.validated_errors(verdict).items():
        for sentence in wording.error_rates(verdict.label, rates):
            yield name, sentence
    for validation in dossier.validations:
        other = "" if validation.same_pipeline else ", with other detectors or settings"
        for sentence in wording.error_rates(verdict.label, validation.tally.error_rates):
            yield f"Own files{other}", sentence


def examined_by(record: Record) -> Iterator[Row]:
    """Yield what examined the file and who made the report, with versions and times."""
    made, verdict = record.made, record.verdict
    if verdict:
        tools = [f"forensics {verdict.provenance.pipeline.toolkit}"]
        tools += [f"{finding.detector} {finding.version}" for finding in verdict.findings]
        yield "Examined with", ", ".join(tools)
        yield "Verdict", f"number {record.verdict_id} of {moment(verdict.created_at)}"
    yield "Report made", f"{moment(made.at)} by {made.by} with forensics {made.toolkit}"


def moment(time: datetime | None) -> str:
    """Return a time to the second, as UTC."""
    return "unknown" if time is None else f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def why(verdict: StoredVerdict) -> Iterator[str]:
    """Yield the reason of an inconclusive verdict, and what each detector found on the way to it."""
    if verdict.reason:
        yield wording.REASONS[verdict.reason]
    pipeline, kind = verdict.provenance.pipeline, verdict.media.kind
    calibrations = pipeline.calibrations
    if fitted_for(verdict.voters, pipeline.together, kind) and verdict.log10_lr is not None:
        for _, at in held_against(verdict.voters, calibrations, pipeline.together, kind):
            yield f"All together: {against(verdict.log10_lr, at)}"
    for finding in verdict.findings:
        if finding.outcome == "scored":
            yield f"{finding.detector}: {standing(finding, calibrations.get(finding.detector))}"


def against(log10_ratio: float, at: Thresholds | None) -> str:
    """Return a ratio and the thresholds that it is held against."""
    ratio = f"ratio {10**log10_ratio:.2g}"
    if not at:
        return f"{ratio}; with so many faces in one file it was not validated under this policy."
    return f"{ratio}; fake is said from {10**at.fake_at:.2g} up, real to {10**at.real_at:.2g}."


def standing(finding: StoredFinding, calibration: Calibration | None) -> str:
    """Return how a finding stands to the thresholds, or which demands of the validation its faces do not meet."""
    if not calibration:
        return "no calibration, so it does not vote."
    if finding.log10_lr is not None:
        return against(finding.log10_lr, bounds(calibration, faces_judged(finding)))
    tracks = finding.evidence.tracks
    faces = ", ".join(f"{t.median_face_px:.0f} px in {t.frames} frames" for t in tracks)
    demand = (
        f"{calibration.min_face_px} px in {calibration.min_frames} frames of a video, "
        f"in {' and '.join(f'{kind}s' for kind in calibration.kinds)}"
    )
    return f"faces of {faces or 'no size'}; validated from {demand}."
