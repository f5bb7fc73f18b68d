"""`forensics show`: one verdict and what it rests on."""

from collections.abc import Iterator

import click
from rich.text import Text

from ..errors import ForensicsError
from ..report import wording
from ..report.report_data import collected
from ..store.database import masked, reading
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
from .lookup import erased
from .reviews import print_words
from .text_timeline import marks_of, timeline
from .verdict_text import Plain, rate_lines

TRACKS = ("track", "from", "to", "frames", "face px", "score", "log10 LR", "label")


@click.command()
@click.argument("key", metavar="ID|PATH|SHA256")
@json_option
@click.pass_context
def show(ctx: click.Context, key: str, as_json: bool) -> None:
    """Show one verdict: by its number, by a file's path, or by (the first 8 digits of) its SHA-256."""
    settings = load_settings(ctx)
    with reading(open_database(settings)) as session:
        told = collected(session, key)
        gone = erased(session, key) if told is None else None
    if told is None:
        raise ForensicsError(
            gone
            or f"nothing is known of {key!r} in {masked(settings.database_url)}; "
            "run 'forensics results' to see what is, or 'forensics scan' to analyse a file"
        )
    if as_json:
        print_json([told])
    else:
        print_details(told)


def print_details(found: Plain) -> None:
    """Print a verdict for people: the result, its error rate, what was seen, each finding, its history."""
    out = console()
    for line in heading(found):
        out.print(line, soft_wrap=True)
    if not found["verdict_id"]:
        return
    for finding in found["findings"]:
        print_finding(finding, found["provenance"])
    out.print(Text("\nHistory", style="bold"))
    print_table(
        ("verdict", "label", "reason", "created"),
        ((h["id"], h["label"], h["reason"], h["created_at"]) for h in found["history"]),
    )
    out.print(Text("\nSeen at", style="bold"))
    for sighting in found["sightings"]:
        out.print(printed(f"  {sighting['path']}"), soft_wrap=True)
    print_words(found["reviews"])


def heading(found: Plain) -> Iterator[Text]:
    """Yield the lines above the findings."""
    yield printed(found["path"] or "", "bold")
    yield Text(f"SHA-256 {found['sha256'] or 'unknown'}")
    if not found["verdict_id"]:
        why = f": {found['error']}: {found['error_message']}" if found["error"] else ""
        yield printed(f"{found['state']}{why}", STYLES.get(found["state"] or "", ""))
        return
    reason = f" ({found['reason']})" if found["reason"] else ""
    yield Text(f"verdict {found['verdict_id']}: ") + printed(
        found["label"] + reason, STYLES.get(found["label"], "")
    )
    yield Text("")
    yield printed(wording.result(found))
    yield from rate_lines(found, found["label"])
    yield printed(wording.scope(found))
    if found["coverage"]:
        yield printed(wording.coverage(found))


def print_finding(finding: Plain, provenance: Plain) -> None:
    """Print one detector's finding, the licence of its code and weights, and a timeline of what it scored."""
    out, licence = console(), provenance["licences"].get(finding["detector"])
    weights = f", weights {finding['weights'][:12]}" if finding["weights"] else ""
    head = f"\n{finding['detector']} {finding['version']}{weights}: {finding['outcome']}"
    out.print(printed(head, "bold"), Text(f"({finding['seconds']:.2f} s)"), soft_wrap=True)
    if licence:
        out.print(printed(f"  licence: {licence}", "dim"), soft_wrap=True)
    if finding["message"]:
        out.print(printed(f"  {finding['message']}"), soft_wrap=True)
    for statement in finding["evidence"]["statements"]:
        out.print(printed(f"  {statement}"), soft_wrap=True)
    if finding["evidence"]["tracks"]:
        print_table(TRACKS, (track_row(track) for track in finding["evidence"]["tracks"]))
    for line in timeline(finding, provenance, out.width, marks_of(out.encoding)):
        out.print(line, no_wrap=True, crop=True)


def track_row(track: Plain) -> tuple[object, ...]:
    """Return a face track as a line of the table."""
    return (
        track["id"],
        wording.clock(track["first_s"]),
        wording.clock(track["last_s"]),
        track["frames"],
        round(track["median_face_px"]),
        track["score"],
        track["log10_lr"],
        track["label"],
    )
