"""What was measured, as tables for people and as JSON."""

import importlib.metadata
import json
import os
import platform
import re
import sqlite3
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

FOLDER = Path(__file__).parent
LAST = FOLDER / "last.json"
README = FOLDER / "README.md"
BEGIN, END = "<!-- last table -->", "<!-- end of last table -->"
PACKAGES = (
    "torch", "torchvision", "facenet-pytorch", "opencv-python", "av", "numpy", "SQLAlchemy", "psycopg"
)  # fmt: skip
Cell = str | float | int | None


@dataclass(frozen=True)
class Part:
    """One table: each row is what was measured, then numbers by the other columns."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Cell, ...]]
    notes: list[str] = field(default_factory=list)


def say(text: str) -> None:
    """Say on stderr what is being done."""
    click.echo(f"  {text}", err=True)


def machine() -> dict[str, str]:
    """Describe this machine in words, without names or paths."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    versions = [f"{name} {importlib.metadata.version(name)}" for name in PACKAGES]
    return {
        "cores": f"{len(os.sched_getaffinity(0))}, of which {at_once():.1f} could be used at once",
        "cpu": cpu(),
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "versions": ", ".join(
            [f"Python {platform.python_version()}", *versions, f"SQLite {sqlite3.sqlite_version}"]
        ),
    }


def at_once(busy_s: float = 0.5) -> float:
    """Return how many cores' time this many busy processes got, one for each core."""
    code = f"import time\nend = time.time() + {busy_s}\nwhile time.time() < end: pass\nprint(time.process_time())"
    command = [sys.executable, "-S", "-c", code]
    cores = len(os.sched_getaffinity(0))
    busy = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(cores)]
    return sum(float(one.communicate()[0]) for one in busy) / busy_s


def cpu() -> str:
    """Return the processor's family, and whether it computes in 16-bit floats."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    known = dict(re.findall(r"^(.+?)\s*: (.*)$", text, re.MULTILINE))
    flags = set(known.get("flags", "").split())
    wide = next((name for name in ("avx512f", "avx2") if name in flags), "no AVX2")
    half = "with" if flags & {"avx512_bf16", "amx_bf16"} else "without"
    name, family = known.get("model name", "unknown"), known.get("cpu family", "?")
    return f"{name}, family {family}, {wide}, {half} bfloat16 instructions"


def keep(parts: list[Part]) -> dict[str, Any]:
    """Write the measured parts to last.json, beside those of earlier runs; returns all."""
    before = json.loads(LAST.read_text(encoding="utf-8")) if LAST.exists() else {"parts": {}}
    now = datetime.now(UTC).isoformat(timespec="seconds")
    measured = {part.name: {"measured_at": now, **asdict(part)} for part in parts}
    found = {"machine": machine(), "parts": {**before["parts"], **measured}}
    LAST.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


def print_parts(parts: list[Part]) -> None:
    """Print the tables to a terminal or a pipe."""
    out = Console(highlight=False)
    out = out if out.is_terminal else Console(highlight=False, width=150)
    for key, value in machine().items():
        out.print(f"{key:9} {value}", soft_wrap=True)
    for part in parts:
        table = Table(title=part.title, title_justify="left", box=None, header_style="bold")
        for number, name in enumerate(part.columns):
            table.add_column(name, justify="right" if number else "left", overflow="fold")
        for row in part.rows:
            table.add_row(*map(shown, row))
        out.print()
        out.print(table)
        for note in part.notes:
            out.print(f"  {note}", style="dim", soft_wrap=True)


def shown(cell: Cell) -> str:
    """Return a cell as text: three digits that count."""
    if cell is None:
        return "-"
    if not isinstance(cell, float):
        return str(cell)
    return f"{cell:.0f}" if cell >= 100 else f"{cell:.3g}" if cell >= 1 else f"{cell:.3f}"


def write_readme(found: dict[str, Any]) -> None:
    """Put the tables into benchmarks/README.md, between its two marks."""
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    table = "\n".join(markdown(found))
    README.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


def markdown(found: dict[str, Any]) -> list[str]:
    """Return the machine and the tables as lines of Markdown."""
    lines = ["", *(f"- {key}: {value}" for key, value in found["machine"].items())]
    for part in found["parts"].values():
        day = part["measured_at"][:10]
        lines += ["", f"**{part['title']}** ({day})", ""]
        lines += ["| " + " | ".join(part["columns"]) + " |", "|" + " --- |" * len(part["columns"])]
        lines += ["| " + " | ".join(map(shown, row)) + " |" for row in part["rows"]]
        lines += ["", *(f"{note}." for note in part["notes"])]
    return lines
