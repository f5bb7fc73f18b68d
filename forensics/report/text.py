"""A report as plain text, for a terminal or a mail: what the HTML says, without pictures."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..escaping import visible
from . import wording
from .processing_rows import media_facts, processing, rerun_command, seen_at
from .summary import Row, moment, summary

Plain = Mapping[str, Any]

WIDTH = 80
NAME_WIDTH = 22
PATHS = ("File", "Path")  # never broken: a space at the end of a line would be lost


def text_report(told: Plain) -> str:
    """Return the report on a verdict or a failure from its record (`report_data.record`); no line moves a terminal's cursor."""
    number = told["verdict_id"]
    head = f"Report of an automated examination: {'no verdict' if number is None else f'verdict {number}'}"
    lines = [head, "=" * len(head)]
    for title, body in sections(told):
        lines += ["", title, "-" * len(title), *body]
    return "\n".join(visible(line) for line in lines) + "\n"


def sections(told: Plain) -> Iterator[tuple[str, list[str]]]:
    """Yield the titles and lines of the report's sections, in the order of the HTML."""
    page = summary(told)
    judged = told["verdict_id"] is not None
    yield "Question", [*filled([wording.QUESTION]), *numbered(page.propositions)]
    yield "Exhibit", rows(page.exhibit)
    yield "Result", filled([page.result])
    if page.error_rates:
        yield "How often such a result is wrong", rows(page.error_rates)
    yield "What was and was not examined", filled([page.scope])
    yield "Coverage", filled([page.coverage])
    yield "Who and which versions", rows(page.examined_by)
    if page.why:
        yield "Why the result is inconclusive", filled(page.why)
    if told["findings"]:
        yield (
            "Findings of every detector",
            [line for one in told["findings"] for line in finding(one, told)],
        )
    if told["media"]:
        yield "Media facts", rows(media_facts(told["media"]))
    if told["sightings"]:
        seen = [line for one in told["sightings"] for line in [*rows(seen_at(one)), ""]]
        if told["elsewhere"]:
            other = f"Seen at {told['elsewhere']} other places outside this case, not named here."
            seen += [*filled([other]), ""]
        yield "Provenance: where the file was seen", seen[:-1]
    if judged:
        again = f"To analyse the file again as recorded, and compare: {rerun_command(told)}"
        yield "Processing record", [*rows(processing(told)), *filled([again])]
    yield "Limits of the method", bullets(wording.LIMITS)
    if told["reviews"]:
        yield (
            "People's words, not the program's",
            [line for one in told["reviews"] for line in words(one)],
        )


def finding(found: Plain, told: Plain) -> Iterator[str]:
    """Yield the lines of one detector's finding."""
    name, record = found["detector"], told["provenance"]
    yield f"{name} {found['version']}: {found['outcome']}"
    for title, known in (("licence", "licences"), ("permitted use", "permitted_use")):
        if name in record.get(known, {}):
            yield from filled([f"{title}: {record[known][name]}"], "  ")
    if found["message"]:
        yield from filled([found["message"]], "  ")
    yield from bullets(found["evidence"]["statements"], "  ")
    for track in found["evidence"]["tracks"]:
        ratio = track["log10_lr"]
        yield from filled(
            [
                f"face track {track['id']}, {wording.clock(track['first_s'])}-{wording.clock(track['last_s'])}, "
                f"{track['frames']} frames, {track['median_face_px']:.0f} px: score {track['score']:.3f}, "
                f"log10 ratio {'none' if ratio is None else f'{ratio:.2f}'}, {track['label']}"
            ],
            "  ",
        )
    for one in found["evidence"]["artifacts"]:
        yield f"  made: {one['name']}, {one['media_type']}, {one['bytes']} bytes, SHA-256 {one['sha256']}"


def words(one: Plain) -> Iterator[str]:
    """Yield what a person said, line by line as it was written."""
    yield f"{one['kind']} on verdict {one['verdict_id']} by {one['examiner']}, {moment(one['created_at'])}"
    for line in (one["conclusion"] or one["note"]).splitlines():
        yield from filled([line], "  ")


def rows(found: Iterable[Row]) -> list[str]:
    """Return names with their values in two columns; a long name has a line of its own."""
    lines: list[str] = []
    for name, value in found:
        first = f"{name}: ".ljust(NAME_WIDTH)
        if len(first) > NAME_WIDTH:
            lines.append(first.rstrip())
            first = " " * NAME_WIDTH
        lines += [first + value] if name in PATHS else wrapped(value, first, " " * NAME_WIDTH)
    return lines


def filled(sentences: Iterable[str], indent: str = "") -> list[str]:
    """Return sentences, each broken into lines and begun on a new one."""
    return [line for sentence in sentences for line in wrapped(sentence, indent, indent)]


def numbered(sentences: Iterable[str]) -> list[str]:
    """Return sentences with their numbers."""
    return [
        line for i, one in enumerate(sentences, 1) for line in wrapped(one, f"  {i}. ", "     ")
    ]


def bullets(sentences: Iterable[str], indent: str = "") -> list[str]:
    """Return sentences as a list."""
    return [line for one in sentences for line in wrapped(one, f"{indent}- ", f"{indent}  ")]


def wrapped(text: str, first: str, others: str) -> list[str]:
    """Return a text in lines of at most 80 signs; a hash or a path stays whole."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first.rstrip()]
