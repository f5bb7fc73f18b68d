"""A case in one file to hand on: reports, the data that they are made of, and the hash of every part."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..files import sha256_of
from .builder import Maker
from .collection import INDEX, Line, index_page
from .report_data import Record

Write = Callable[[Path, Callable[[Line, Record], None]], list[Line]]

MANIFEST = "manifest-sha256.txt"
README = """\
What is in here

reports/index.html      leads to the reports; open it in a browser
reports/                a report on each file, complete in itself
data/                   what each report is made of, as JSON
media/                  facts about each file (container, codec, size, duration), named by its SHA-256
artifacts/              what detectors left as evidence, named by its SHA-256
chain.json              the newest entry of the chain of records when this was packed
manifest-sha256.txt     the SHA-256 of every other file; to check them: sha256sum -c manifest-sha256.txt

The files that were examined are not in here.
"""


def pack(target: Path, write: Write, maker: Maker, title: str) -> list[Line]:
    """Write a ZIP file; returns the lines of the index.

    `write` writes the reports into a folder that it is given, and hands on each one's line and record.
    """
    with TemporaryDirectory(prefix=".export-", dir=target.parent) as place:
        folder = Path(place)
        put(folder, "README.txt", README.encode())
        lines = write(folder / "reports", lambda line, record: add(folder, line, record, maker))
        put(folder, f"reports/{INDEX}", index_page(title, lines, maker.made()).encode())
        names = sorted(
            str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()
        )
        put(folder, MANIFEST, "".join(f"{sha256_of(folder / n)}  {n}\n" for n in names).encode())
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in [MANIFEST, *names]:
                archive.write(folder / name, name)
    return lines


def add(folder: Path, line: Line, record: Record, maker: Maker) -> None:
    """Put the data of one report beside it; the names are made of numbers and hashes alone."""
    contents = record.plain()
    put(folder, f"data/{line.subject.name}.json", as_json(contents))
    put(folder, "chain.json", as_json(contents["head"]))
    if record.verdict is None:
        return
    put(folder, f"media/{record.shown.sha256}.json", as_json(contents["media"]))
    for finding in record.verdict.findings:
        for artifact in finding.evidence.artifacts:
            path = maker.artifact(artifact.sha256)
            if path:
                put(folder, f"artifacts/{artifact.sha256}", path.read_bytes())


def put(folder: Path, name: str, data: bytes) -> None:
    """Write a part of the bundle."""
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)


def as_json(value: Any) -> bytes:
    """Return JSON that people can read too."""
    return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=True) + "\n").encode()
