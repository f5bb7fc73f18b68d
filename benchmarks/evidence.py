"""What evidence costs: time and bytes that maps add to an analysis, and how long pictures take when first asked for."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from sqlalchemy import Engine, String, cast, func, select

from forensics.analysis.analyse import Equipment
from forensics.evidence.folder import EvidenceFolder
from forensics.evidence.thumbnails import Gallery
from forensics.settings import Settings
from forensics.store.database import reading
from forensics.store.models import FindingRow, VerdictRow

from .report import Cell, Part, say
from .stages import database, measured, warm_equipment

COLUMNS = (
    "clip",
    "CPU s without maps",
    "with maps",
    "added %",
    "bytes stored without",
    "with maps",
    "first pictures s",
    "again s",
    "pictures kB",
)


def let_map(equipment: Equipment, *, maps: bool) -> None:
    """Let detectors that can make maps make them, or not."""
    for detector in equipment.detectors:
        if hasattr(detector, "entry"):
            detector.entry = replace(detector.entry, maps=maps)


def cpu_s(path: Path, equipment: Equipment, engine: Engine, *, maps: bool) -> float:
    """Return the processor's seconds, of all threads, for one analysis up to the stored verdict."""
    let_map(equipment, maps=maps)
    started = time.process_time()
    measured(path, equipment, engine)
    return time.process_time() - started


def newest(engine: Engine) -> tuple[int, int]:
    """Return the newest verdict's id, and the bytes of its text and of its findings' evidence."""
    with reading(engine) as session:
        verdict_id, text = session.execute(
            select(VerdictRow.id, func.length(VerdictRow.payload)).order_by(VerdictRow.id.desc())
        ).first() or (0, 0)
        size = func.sum(func.length(cast(FindingRow.evidence, String)))
        evidence = session.scalar(select(size).where(FindingRow.verdict_id == verdict_id))
    return verdict_id, text + int(evidence or 0)


def pictures(engine: Engine, verdict_id: int) -> tuple[float, float, float]:
    """Return the seconds of the first and of a later look at a verdict's pictures, and their size in kB."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(evidence_folder=folder)
        seconds = []
        for _ in range(2):
            started = time.perf_counter()
            lacking = Gallery(settings, engine).shots(verdict_id).lacking
            seconds.append(time.perf_counter() - started)
            if lacking:
                raise SystemExit(lacking)
        size = sum(path.stat().st_size for path in EvidenceFolder(settings).pictures())
    return seconds[0], seconds[1], size / 1e3


def row(name: str, path: Path, equipment: Equipment, runs: int) -> tuple[Cell, ...]:
    """Measure one clip; the first analysis of each kind, which warms caches, is not counted."""
    with database() as engine:
        found: dict[bool, list[float]] = {False: [], True: []}
        sizes = {}
        for _ in range(runs + 1):
            for maps, seconds in found.items():
                seconds.append(cpu_s(path, equipment, engine, maps=maps))
                verdict_id, sizes[maps] = newest(engine)
        without, with_maps = (median(found[maps][1:]) for maps in (False, True))
        added = 100 * (with_maps / without - 1)
        shown = pictures(engine, verdict_id)
    return (name, without, with_maps, added, sizes[False], sizes[True], *shown)


def part(clips: Sequence[tuple[str, Path]], runs: int) -> Part:
    """Measure all clips."""
    equipment = warm_equipment()
    rows: list[tuple[Cell, ...]] = []
    for name, path in clips:
        say(f"evidence: {name}")
        rows.append(row(name, path, equipment, runs))
    note = f"median of {runs}, with and without in turn; bytes: the verdict's text and its findings"
    return Part("evidence", "What evidence costs", COLUMNS, rows, [note])
