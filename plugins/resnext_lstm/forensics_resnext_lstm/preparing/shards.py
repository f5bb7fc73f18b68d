"""The folder that `prepare` writes: tar archives and a journal that only grow, and an index made from the journal.

A video is done when its line of the journal is whole. Archives are written first, so after a kill at any moment they
may hold more than the journal says; that is cut off before the work goes on.
"""

import csv
import fcntl
import json
import os
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from ..data import INDEX, DataError
from .cutting import COLUMNS, Cut

JOURNAL, TERMS = "journal.jsonl", "prepare.json"
SHARD_BYTES = 500_000_000
BLOCK = tarfile.BLOCKSIZE
END = bytes(2 * BLOCK)  # ends a tar; the next file is written over it
AGAIN = frozenset({"vanished", "unreadable", "changed"})  # may be there the next time


class Shards:
    """An output folder, opened for going on; raises DataError when it is in use or was begun on other terms."""

    def __init__(self, folder: Path, terms: dict[str, Any], shard_bytes: int = SHARD_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self._shard_bytes = folder, shard_bytes
        self.done: set[str] = set()
        self._number, self._end = 0, 0
        with ExitStack() as open_files:
            self._journal = open_files.enter_context((folder / JOURNAL).open("a+b"))
            self._lock()
            check_terms(folder / TERMS, terms)
            self._recover()
            self._shard = self._opened()
            open_files.pop_all()

    def add(self, cut: Cut) -> None:
        """Keep what became of a video: pictures first, then its line of the journal."""
        if self._end > self._shard_bytes:
            self._shard.close()
            self._number, self._end = self._number + 1, 0
            self._shard = self._opened()
        self._shard.seek(self._end)
        for face in cut.faces:
            self._shard.write(member(face.row[0], face.jpeg))
        end = self._shard.tell()
        self._shard.write(END)
        settled(self._shard)
        line = {
            "video": cut.video,
            "code": cut.code,
            "reason": cut.reason,
            "shard": self._number,
            "end": end,
            "rows": [face.row for face in cut.faces],
        }
        self._journal.write(json.dumps(line).encode() + b"\n")
        settled(self._journal)
        self._end = end
        self.done.add(cut.video)

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield the last line of each video in the journal, by the video's name."""
        with (self.folder / JOURNAL).open("rb") as journal:
            places, place = {}, 0
            for line in journal:
                places[json.loads(line)["video"]] = place
                place += len(line)
            for _, place in sorted(places.items()):
                journal.seek(place)
                yield json.loads(journal.readline())

    def write_index(self) -> Path:
        """Write index.csv, whole or not at all."""
        path = self.folder / INDEX
        half = path.with_suffix(".tmp")
        with half.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(COLUMNS)
            for line in self.lines():
                rows.writerows(line["rows"])
        half.replace(path)
        return path

    def close(self) -> None:
        """Let another process go on here."""
        self._shard.close()
        self._journal.close()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DataError(f"{self.folder}: another process is preparing into it") from error

    def _recover(self) -> None:
        """Read the journal, and cut off what a killed process left half written in it."""
        self._journal.seek(0)
        whole = 0
        for line in self._journal:
            if not line.endswith(b"\n"):
                break
            try:
                self._take(json.loads(line))
            except (ValueError, KeyError) as error:
                raise DataError(
                    f"{self.folder / JOURNAL}: byte {whole}: no line of a journal; choose another folder"
                ) from error
            whole += len(line)
        self._journal.truncate(whole)

    def _take(self, line: dict[str, Any]) -> None:
        self._number, self._end = int(line["shard"]), int(line["end"])
        if line["code"] in AGAIN:
            self.done.discard(line["video"])
        else:
            self.done.add(line["video"])

    def _opened(self) -> BinaryIO:
        """Open the archive that grows, cut to what the journal says."""
        path = self.folder / f"faces-{self._number:05d}.tar"
        path.touch()
        if path.stat().st_size < self._end:
            raise DataError(f"{path}: is shorter than {JOURNAL} says; choose another folder")
        shard = path.open("r+b")
        shard.truncate(self._end)
        shard.seek(self._end)
        shard.write(END)
        shard.flush()
        return shard


def member(name: str, data: bytes) -> bytes:
    """Return a file as it stands in a tar: header, content, padding."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    return info.tobuf(tarfile.PAX_FORMAT) + data + bytes(-len(data) % BLOCK)


def settled(file: BinaryIO) -> None:
    """Have what was written on the disk."""
    file.flush()
    os.fsync(file.fileno())


def check_terms(path: Path, terms: dict[str, Any]) -> None:
    """Write down on what terms a folder was begun, or raise DataError when it was begun on others."""
    if not path.exists():
        half = path.with_suffix(".tmp")
        half.write_text(json.dumps(terms, indent=1), encoding="utf-8")
        half.replace(path)
        return
    try:
        begun = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path}: can't be read: {error}; choose another folder") from error
    for key in terms.keys() | begun.keys():
        if begun.get(key) != terms.get(key):
            raise DataError(
                f"{path}: was begun with {key} = {begun.get(key)!r}, not {terms.get(key)!r}; choose another folder"
            )
