"""One report as bytes, in the format that is asked for, with its pictures from the gallery."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from ..evidence.thumbnails import Gallery
from ..settings import Settings
from .page import NO_SHOTS, html_report
from .pdf import pdf_report
from .report_data import Made, Record, Wanted, record


@dataclass(frozen=True)
class Report:
    """A report: what it is made of, and the file's bytes."""

    record: Record
    data: bytes

    @property
    def verdict_ids(self) -> tuple[int, ...]:
        """The verdict that it is on, if there is one."""
        return () if self.record.verdict_id is None else (self.record.verdict_id,)


class Maker:
    """Makes reports from a database and its evidence folder."""

    def __init__(self, settings: Settings, engine: Engine, by: str, *, pdf: bool = False) -> None:
        """`by` stands in every report as whoever made it."""
        self.suffix = ".pdf" if pdf else ".html"
        self._engine, self.by = engine, by
        self._gallery = Gallery(settings, engine)
        self._write: Callable[[str], bytes] = pdf_report if pdf else str.encode

    def report(self, wanted: Wanted) -> Report | None:
        """Return the report on what is wanted; None where nothing is known of it."""
        contents = self.record(wanted)
        if contents is None:
            return None
        number = contents.verdict_id
        shots = NO_SHOTS if number is None else self._gallery.shots(number)
        return Report(contents, self._write(html_report(contents, shots, self.artifact)))

    def record(self, wanted: Wanted) -> Record | None:
        """Return what a report is made of, without pictures."""
        return record(self._engine, wanted, self.made())

    def made(self) -> Made:
        """Return that something is made now, by whom this makes reports."""
        return Made.now(self.by)

    def artifact(self, sha256: str) -> Path | None:
        """Return the file with the bytes that a detector left, or None where they are not kept."""
        return self._gallery.artifact(sha256)
