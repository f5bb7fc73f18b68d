"""Reports on many files in one folder: one for each verdict or failure, and a page that leads to them."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..records import ErrorRates
from ..store.queries import Result
from . import wording
from .builder import Maker
from .files import whole
from .page import environment
from .report_data import Made, Record, Wanted

INDEX = "index.html"


@dataclass(frozen=True)
class Subject:
    """What one report is about: a verdict, or the failure of a path, with the paths that it answers for, newest first."""

    name: str
    results: tuple[Result, ...]

    def wanted(self, case: str | None) -> Wanted:
        """Return what its report is asked for by."""
        first = self.results[0]
        if first.verdict_id is None:
            return Wanted(first.path, first.job_id, case)
        return Wanted(str(first.verdict_id), case=case)

    @property
    def label(self) -> str:
        """The verdict's label, or the state of a file without one."""
        return str(self.results[0].label or self.results[0].state)


@dataclass(frozen=True)
class Line:
    """A line of the index: a subject with the name and SHA-256 of its report, and its verdict if it has one.

    `errors` are those of its detectors in validation (`wording.validated_errors`).
    """

    subject: Subject
    file: str
    sha256: str
    verdict_id: int | None
    errors: Mapping[str, ErrorRates]


def subjects(results: Iterable[Result]) -> list[Subject]:
    """Return what there are reports on, in the order of the results; one content under two names is one subject."""
    by_name: dict[str, list[Result]] = {}
    for result in results:
        number = result.verdict_id
        name = f"job-{result.job_id}" if number is None else f"verdict-{number}"
        by_name.setdefault(name, []).append(result)
    return [Subject(name, tuple(same)) for name, same in by_name.items()]


def write_reports(
    folder: Path, asked: Iterable[Subject], maker: Maker, case: str | None = None
) -> Iterator[tuple[Line, Record]]:
    """Write a report on each subject into a folder, each whole or not at all; yields lines of the index with records.

    What was erased meanwhile is passed over.
    """
    for subject in asked:
        report = maker.report(subject.wanted(case))
        if report is None:
            continue
        file = subject.name + maker.suffix
        with whole(folder / file) as half:
            half.write_bytes(report.data)
        record = report.record
        errors = wording.validated_errors(record.verdict) if record.verdict else {}
        digest = hashlib.sha256(report.data).hexdigest()
        yield Line(subject, file, digest, record.verdict_id, errors), record


def index_page(title: str, lines: Sequence[Line], made: Made) -> str:
    """Return the page that leads to reports: counts by label with the rates of error, and a table."""
    rates = dict.fromkeys(
        (name, sentence)
        for line in lines
        for name, errors in line.errors.items()
        for sentence in wording.error_rates(None, errors)
    )
    return (
        environment()
        .get_template("index.html")
        .render(
            title=title,
            lines=lines,
            counts=Counter(line.subject.label for line in lines),
            paths=sum(len(line.subject.results) for line in lines),
            rates=list(rates),
            made=made,
        )
    )
