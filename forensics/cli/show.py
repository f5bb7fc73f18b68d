"""`forensics show`: one verdict and what it rests on."""

from collections.abc import Iterator

import click
from rich.text import Text

from ..records import Provenance, StoredFinding, StoredVerdict, TrackScore
from ..report import wording
from ..report.report_data import Dossier, collected
from ..store import queries
from ..store.database import reading
from .common import (
    STYLES,
    console,
    json_option,
    load_settings,
    open_database,
    print_json,
    print_table,
    printed,
)
from .lookup import unknown
from .reviews import print_words
from .text_timeline import marks_of, timeline
from .verdict_text import labelled, rate_lines

TRACKS = ("track", "from", "to", "frames", "face px", "score", "log10 LR", "label")


@click.command()
@click.argument("key", metavar="ID|PATH|SHA256")
@json_option
@click.pass_context
def show(ctx: click.Context, key: str, as_json: bool) -> None:
    """Show one verdict: by its number, by a file's path, or by (the first 8 digits of) its SHA-256."""
    engine = open_database(load_settings(ctx))
    with reading(engine) as session:
        dossier = collected(session, key)
        if dossier is None:
            raise unknown(session, engine, key)
    if as_json:
        print_json([dossier.plain()])
    else:
        print_details(dossier)


def print_details(dossier: Dossier) -> None:
    """Print a verdict for people: the result, its error rate, what was seen, each finding, its history."""
    out, shown, verdict = console(), dossier.shown, dossier.verdict
    out.print(printed(shown.path or "", "bold"), soft_wrap=True)
    out.print(Text(f"SHA-256 {shown.sha256 or 'unknown'}"), soft_wrap=True)
    if verdict is None:
        out.print(state_line(shown), soft_wrap=True)
        return
    for line in heading(dossier, verdict):
        out.print(line, soft_wrap=True)
    for finding in verdict.findings:
        print_finding(finding, verdict.provenance)
    print_history(shown)
    print_words(dossier.reviews)


def state_line(shown: queries.Shown) -> Text:
    """Return what became of a file without a verdict."""
    why = f": {shown.error}: {shown.error_message}" if shown.error else ""
    return printed(f"{shown.state}{why}", STYLES.get(shown.state or "", ""))


def print_history(shown: queries.Shown) -> None:
    """Print every verdict on the content, and where it was seen."""
    out = console()
    out.print(Text("\nHistory", style="bold"))
    print_table(
        ("verdict", "label", "reason", "created"),
        ((j.id, j.label, j.reason, j.created_at.isoformat()) for j in shown.history),
    )
    out.print(Text("\nSeen at", style="bold"))
    for location in shown.sightings:
        out.print(printed(f"  {location.path}"), soft_wrap=True)


def heading(dossier: Dossier, verdict: StoredVerdict) -> Iterator[Text]:
    """Yield the lines between the file and the findings."""
    yield Text(f"verdict {dossier.verdict_id}: ") + labelled(verdict)
    yield Text("")
    yield printed(wording.result(verdict))
    yield from rate_lines(verdict, dossier.validations, verdict.label)
    yield printed(wording.scope(verdict))
    if verdict.coverage:
        yield printed(wording.coverage(verdict))


def print_finding(finding: StoredFinding, provenance: Provenance) -> None:
    """Print one detector's finding, the licence of its code and weights, and a timeline of what it scored."""
    out, licence = console(), provenance.licences.get(finding.detector)
    weights = f", weights {finding.weights[:12]}" if finding.weights else ""
    head = f"\n{finding.detector} {finding.version}{weights}: {finding.outcome}"
    out.print(printed(head, "bold"), Text(f"({finding.seconds:.2f} s)"), soft_wrap=True)
    if licence:
        out.print(printed(f"  licence: {licence}", "dim"), soft_wrap=True)
    if finding.message:
        out.print(printed(f"  {finding.message}"), soft_wrap=True)
    for statement in finding.evidence.statements:
        out.print(printed(f"  {statement}"), soft_wrap=True)
    if finding.evidence.tracks:
        print_table(TRACKS, (track_row(track) for track in finding.evidence.tracks))
    for line in timeline(finding, provenance, out.width, marks_of(out.encoding)):
        out.print(line, no_wrap=True, crop=True)


def track_row(track: TrackScore) -> tuple[object, ...]:
    """Return a face track as a line of the table."""
    return (
        track.id,
        wording.clock(track.first_s),
        wording.clock(track.last_s),
        track.frames,
        round(track.median_face_px),
        track.score,
        track.log10_lr,
        track.label,
    )
