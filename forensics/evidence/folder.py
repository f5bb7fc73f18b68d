"""The evidence folder: files by the SHA-256 of their bytes, written whole or not at all.

    ab/ab3f..           what a detector left: can't be made again, goes only with its verdict
    ab/ab3f...jpg       a picture (`thumbnails`): can be made again from the file that was analysed
    shots/cd/cd12..     which pictures a verdict has, by the verdict's hash in the chain
    copies/             what `previews` keeps

Several databases may share a folder: nothing is removed because one database does not know it, pictures apart.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from ..errors import UnreachableError
from ..files import HALF, write_whole
from ..records import Verdict
from ..settings import Settings

PICTURE = ".jpg"
SHOTS = "shots"
YOUNG_S = 3600.0  # a picture that nothing names yet may be one that is being made
SHA256 = re.compile("[0-9a-f]{64}")


class EvidenceFolder:
    """The folder of the setting `evidence_folder`, made when the first file is kept."""

    def __init__(self, settings: Settings) -> None:
        self.root = Path(settings.evidence_folder).expanduser()

    def place(self, sha256: str, ending: str = "") -> Path:
        """Return where the file with these bytes is, or would be."""
        return self.root / sha256[:2] / f"{sha256}{ending}"

    def shots_place(self, verdict_hash: str) -> Path:
        """Return where it is noted which pictures a verdict has."""
        return self.root / SHOTS / verdict_hash[:2] / f"{verdict_hash}.json"

    def keep(self, data: bytes, ending: str = "") -> str:
        """Keep bytes for good and return their SHA-256. What is there already is only made younger.

        Raises UnreachableError when the folder does not take them: the same call may succeed later.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        path = self.place(sha256, ending)
        with self.answering():
            if path.is_file() and path.stat().st_size == len(data):
                os.utime(path)
            else:
                self._write(path, data, sync=not ending)
        return sha256

    def note_shots(self, verdict_hash: str, text: bytes) -> None:
        """Note which pictures a verdict has. Raises UnreachableError like `keep`."""
        with self.answering():
            self._write(self.shots_place(verdict_hash), text)

    def _write(self, path: Path, data: bytes, *, sync: bool = False) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(path, data, mode=0o600, sync=sync)

    def answering(self) -> "Answering":
        """Turn the system's refusals into errors that name the folder."""
        return Answering(self.root)

    def artifact(self, sha256: str) -> Path | None:
        """Return the file of what a detector left, or None."""
        known = SHA256.fullmatch(sha256) and self.place(sha256).is_file()
        return self.place(sha256) if known else None

    def artifacts(self) -> Iterator[Path]:
        """Yield the files that detectors left."""
        yield from (path for path in self.files() if not path.suffix)

    def pictures(self) -> Iterator[Path]:
        """Yield the pictures."""
        yield from (path for path in self.files() if path.suffix == PICTURE)

    def files(self) -> Iterator[Path]:
        """Yield artifacts and pictures."""
        yield from (path for path in self.root.glob("[0-9a-f][0-9a-f]/*") if path.name[0] != ".")

    def notes(self) -> Iterator[Path]:
        """Yield the notes of which pictures a verdict has."""
        yield from self.root.glob(f"{SHOTS}/??/*.json")

    def left_halves(self, now: float) -> Iterator[Path]:
        """Yield what a process that died has left half-written."""
        for pattern in (f"[0-9a-f][0-9a-f]/{HALF}*", f"{SHOTS}/??/{HALF}*"):
            yield from (path for path in self.root.glob(pattern) if is_older(path, now, YOUNG_S))


class Answering:
    """Raises UnreachableError in place of an OSError, naming the folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __enter__(self) -> None:
        """Begin to watch for refusals."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Turn an OSError into advice."""
        if isinstance(error, OSError):
            raise UnreachableError(
                f"{self.root}: {error.strerror or error}; check FORENSICS_EVIDENCE_FOLDER or the disk, "
                "then run 'forensics evidence status'"
            ) from error


def keep_artifacts(settings: Settings, verdict: Verdict) -> None:
    """Keep what detectors left, before the verdict that names it is stored. Raises UnreachableError: nothing is lost.

    A verdict that is not stored after all leaves a file that no database names; nothing half-written is ever named.
    """
    folder = EvidenceFolder(settings)
    for finding in verdict.findings:
        for artifact in finding.evidence.artifacts:
            folder.keep(artifact.data)


def is_older(path: Path, now: float, seconds: float) -> bool:
    """Say whether a file was written longer ago than that; one that is gone was not."""
    try:
        return now - path.stat().st_mtime > seconds
    except FileNotFoundError:
        return False


def remove(paths: Iterable[Path]) -> int:
    """Remove files and return how many there were."""
    count = 0
    for path in paths:
        with suppress(FileNotFoundError):
            path.unlink()
            count += 1
    return count
