"""A report as plain text, for a terminal or a mail: what the HTML says, without pictures."""

import textwrap
from collections.abc import Iterable, Iterator

from ..escaping import visible
from ..records import Provenance, StoredFinding, StoredVerdict, TrackScore
from ..store.ledger.reviews import Words
from . import wording
from .processing_rows import media_facts, processing, rerun_command, seen_at
from .report_data import Record
from .summary import Row, moment, summary

WIDTH = 80
NAME_WIDTH = 22
PATHS = ("File", "Path")  # never broken: a space at the end of a line would be lost


def text_report(record: Record) -> str:
    """Return the report on a verdict or a failure from its record; no line moves a terminal's cursor."""
    number = record.verdict_id
    head = f"Report of an automated examination: {'no verdict' if number is None else f'verdict {number}'}"
    lines = [head, "=" * len(head)]
    for title, body in sections(record):
        lines += ["", title, "-" * len(title), *body]
    return "\n".join(visible(line) for line in lines) + "\n"


def sections(record: Record) -> Iterator[tuple[str, list[str]]]:
    """Yield the titles and lines of the report's sections, in the order of the HTML."""
    page, verdict = summary(record), record.verdict
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
    if verdict and verdict.findings:
        yield "Findings of every detector", findings(verdict)
    if verdict:
        yield "Media facts", rows(media_facts(verdict.media))
    if record.shown.sightings:
        yield "Provenance: where the file was seen", places(record)
    if verdict:
        again = f"To analyse the file again as recorded, and compare: {rerun_command(record.verdict_id)}"
        yield "Processing record", [*rows(processing(record)), *filled([again])]
    yield "Limits of the method", bullets(wording.LIMITS)
    if record.reviews:
        lines = [line for words in record.reviews for line in words_lines(words)]
        yield "People's words, not the program's", lines


def findings(verdict: StoredVerdict) -> list[str]:
    """Return the lines of every detector's finding."""
    return [
        line for finding in verdict.findings for line in finding_lines(finding, verdict.provenance)
    ]


def places(record: Record) -> list[str]:
    """Return the lines that say where a file was seen."""
    lines = [line for place in record.shown.sightings for line in [*rows(seen_at(place)), ""]]
    if record.elsewhere:
        other = f"Seen at {record.elsewhere} other places outside this case, not named here."
        lines += [*filled([other]), ""]
    return lines[:-1]


def finding_lines(finding: StoredFinding, provenance: Provenance) -> Iterator[str]:
    """Yield the lines of one detector's finding."""
    name = finding.detector
    yield f"{name} {finding.version}: {finding.outcome}"
    terms = (("licence", provenance.licences), ("permitted use", provenance.permitted_use))
    for title, by_detector in terms:
        if name in by_detector:
            yield from filled([f"{title}: {by_detector[name]}"], "  ")
    if finding.message:
        yield from filled([finding.message], "  ")
    yield from bullets(finding.evidence.statements, "  ")
    yield from filled((track_sentence(track) for track in finding.evidence.tracks), "  ")
    for item in finding.evidence.artifacts:
        yield f"  made: {item.name}, {item.media_type}, {item.bytes} bytes, SHA-256 {item.sha256}"


def track_sentence(track: TrackScore) -> str:
    """Return what a detector made of a face track."""
    ratio = track.log10_lr
    return (
        f"face track {track.id}, {wording.clock(track.first_s)}-{wording.clock(track.last_s)}, "
        f"{track.frames} frames, {track.median_face_px:.0f} px: score {track.score:.3f}, "
        f"log10 ratio {'none' if ratio is None else f'{ratio:.2f}'}, {track.label}"
    )


def words_lines(words: Words) -> Iterator[str]:
    """Yield what a person wrote, line by line as it was written."""
    yield f"{words.kind} on verdict {words.verdict_id} by {words.examiner}, {moment(words.created_at)}"
    for line in (words.conclusion or words.note).splitlines():
        yield from filled([line], "  ")


def rows(pairs: Iterable[Row]) -> list[str]:
    """Return names with their values in two columns; a long name has a line of its own."""
    lines: list[str] = []
    for name, value in pairs:
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
        line
        for i, sentence in enumerate(sentences, 1)
        for line in wrapped(sentence, f"  {i}. ", "     ")
    ]


def bullets(sentences: Iterable[str], indent: str = "") -> list[str]:
    """Return sentences as a list."""
    return [line for text in sentences for line in wrapped(text, f"{indent}- ", f"{indent}  ")]


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
