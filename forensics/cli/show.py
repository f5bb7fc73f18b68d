"""`forensics show`: one verdict and what it rests on."""

from collections.abc import Iterator
from typing import Any

import click
from rich.text import Text

from .. import wording
from ..errors import ForensicsError
from ..plain import plain
from ..store import queries, reviews, validations
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
from .describe import Plain, rate_lines
from .found import erased
from .words import print_words

TRACKS = ("track", "from", "to", "frames", "face px", "score", "log10 LR", "label")


@click.command()
@click.argument("key", metavar="ID|PATH|SHA256")
@json_option
@click.pass_context
def show(ctx: click.Context, key: str, as_json: bool) -> None:
    """Show one verdict: by its number, by a file's path, or by (the first 8 digits of) its SHA-256."""
    settings = load_settings(ctx)
    with reading(open_database(settings)) as session:
        found, own = queries.show(session, key), validations.tallies(session)
        said = reviews.of_verdicts(session, [j.id for j in found.history] if found else [])
        gone = erased(session, key) if found is None else None
    if found is None:
        raise ForensicsError(
            gone
            or f"nothing is known of {key!r} in {masked(settings.database_url)}; "
            "run 'forensics results' to see what is, or 'forensics scan' to analyse a file"
        )
    told = {**flat(found), "validations": [as_shown(one, found) for one in own]}
    told["reviews"] = plain(said)
    if as_json:
        print_json([told])
    else:
        print_details(told)


def flat(found: queries.Shown) -> dict[str, Any]:
    """Return the verdict's fields with those around it, as JSON values."""
    told = found.plain()
    verdict = told.pop("verdict") or {}
    judged = told.pop("judged")
    return {**verdict, **told, "verdict_id": judged["id"] if judged else None}


def as_shown(tally: validations.Tally, found: queries.Shown) -> Plain:
    """Return a validation on somebody's own files as JSON values, and whether it was of what made this verdict."""
    same = found.verdict is not None and found.verdict["pipeline"] == tally.pipeline
    return {**plain(tally), **tally.error_rates(), "same_pipeline": same}


def print_details(found: Plain) -> None:
    """Print a verdict for people: the result, its error rate, what was seen, each finding, its history."""
    out = console()
    for line in heading(found):
        out.print(line, soft_wrap=True)
    if not found["verdict_id"]:
        return
    for finding in found["findings"]:
        print_finding(finding, found["provenance"]["licences"].get(finding["detector"]))
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
    yield from own_lines(found)
    yield printed(wording.scope(found))
    if found["coverage"]:
        yield printed(wording.coverage(found))


def own_lines(found: Plain) -> Iterator[Text]:
    """Yield how often verdicts were wrong on somebody's own files."""
    for tally in found["validations"]:
        other = (
            "" if tally["same_pipeline"] else " (other detectors or settings than this verdict's)"
        )
        for sentence in wording.error_rates(found["label"], tally):
            yield printed(f"Own files{other}: {sentence}")


def print_finding(finding: Plain, licence: str | None) -> None:
    """Print one detector's finding, and the licence of its code and weights."""
    out = console()
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
