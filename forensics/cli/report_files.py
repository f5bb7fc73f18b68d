"""Writing reports: files whole or not at all, a progress bar, and an entry in the chain for what is handed on."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from ..clock import utc_now
from ..errors import ForensicsError
from ..escaping import shown
from ..report.builder import Maker
from ..report.collection import INDEX, Line, Subject, index_page, subjects, write_reports
from ..report.files import whole
from ..report.report_data import Record, Wanted
from ..store import queries
from ..store.database import masked, reading, writing
from ..store.ledger import chain
from ..store.ledger.chain import Export
from .lookup import unknown
from .results import moment, pages

EVERY = 10**9
Keep = Callable[[Line, Record], None]


def forget(line: Line, record: Record) -> None:
    """Keep nothing of a report but its file."""


@dataclass(frozen=True)
class Selection:
    """The files on which reports are asked for, and the database that knows them."""

    engine: Engine
    subjects: list[Subject]
    case: str | None
    since: str | None

    @property
    def title(self) -> str:
        """What the index is called."""
        parts = [f"Case {self.case}" if self.case is not None else "All cases"]
        return ", ".join([*parts, f"since {self.since}"] if self.since else parts)


def select_files(engine: Engine, case: str | None, since: str | None) -> Selection:
    """Return the files of a case or of a time, those that are gone too. Raises ForensicsError where there is none."""
    now = utc_now()
    wanted = queries.ResultFilter(case=case, since=moment(since, now) if since else None, past=True)
    with reading(engine) as session:
        selection = Selection(engine, subjects(pages(session, wanted, EVERY)), case, since)
    if not selection.subjects:
        title = selection.title
        raise ForensicsError(
            f"nothing found for {title!r} in {masked(engine.url)}; run 'forensics results'"
        )
    return selection


def write_one(output: Path, key: str, maker: Maker, engine: Engine) -> int:
    """Write one report; returns its entry in the chain."""
    made = maker.report(Wanted(key))
    if made is None:
        with reading(engine) as session:
            raise unknown(session, engine, key)
    with whole(output) as half:
        half.write_bytes(made.data)
        digest = hashlib.sha256(made.data).hexdigest()
        return recorded(engine, Export("report", maker.by, made.verdict_ids, None, digest))


def write_all(folder: Path, selection: Selection, maker: Maker) -> int:
    """Write reports and their index; returns the entry in the chain, which has the hash of the index."""
    lines = write_folder(folder, selection, maker)
    with whole(folder / INDEX) as half:
        page = index_page(selection.title, lines, maker.made()).encode()
        half.write_bytes(page)
        digest = hashlib.sha256(page).hexdigest()
        export = Export("reports", maker.by, verdict_ids(lines), selection.case, digest)
        return recorded(selection.engine, export)


def write_folder(
    folder: Path, selection: Selection, maker: Maker, keep: Keep = forget
) -> list[Line]:
    """Write reports into a folder, with a progress bar; returns the lines of their index. `keep` is given each record."""
    from .scan_run import progress

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = error.strerror or str(error)
        raise ForensicsError(f"{shown(str(folder))}: can't be made: {why}") from error
    lines = []
    with progress() as bar:
        task = bar.add_task("reports", total=len(selection.subjects))
        for line, record in write_reports(folder, selection.subjects, maker, selection.case):
            keep(line, record)
            lines.append(line)
            bar.update(task, advance=1, description=line.file)
    return lines


def verdict_ids(lines: Iterable[Line]) -> tuple[int, ...]:
    """Return the verdicts that lines lead to."""
    numbers = {line.verdict_id for line in lines}
    return tuple(sorted(number for number in numbers if number is not None))


def recorded(engine: Engine, export: Export) -> int:
    """Record what is handed on in the chain; returns the entry's number."""
    with writing(engine) as session:
        return chain.record_export(session, export, utc_now())
