"""One report as bytes, in the format that is asked for, with its pictures from the gallery."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from ..evidence.thumbnails import Gallery
from ..settings import Settings
from .page import NO_SHOTS, html_report
from .pdf import pdf_report
from .report_data import Made, Wanted, record


@dataclass(frozen=True)
class Report:
    """A report and what it is about: `told` is its record, `data` the file's bytes."""

    told: dict[str, Any]
    data: bytes

    @property
    def verdict_ids(self) -> tuple[int, ...]:
        """The verdict that it is on, if there is one."""
        return () if self.told["verdict_id"] is None else (self.told["verdict_id"],)


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
        told = self.told(wanted)
        if told is None:
            return None
        number = told["verdict_id"]
        shots = NO_SHOTS if number is None else self._gallery.shots(number)
        return Report(told, self._write(html_report(told, shots, self.artifact)))

    def told(self, wanted: Wanted) -> dict[str, Any] | None:
        """Return the record of a report, without pictures."""
        return record(self._engine, wanted, self.made())

    def made(self) -> Made:
        """Return that something is made now, by whom this makes reports."""
        return Made.now(self.by)

    def artifact(self, sha256: str) -> Path | None:
        """Return the file with the bytes that a detector left, or None where they are not kept."""
        return self._gallery.artifact(sha256)
