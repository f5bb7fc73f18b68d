"""From a form to the watched folder: streamed under a random name into a hidden file, renamed when whole, queued at once.

    open .upload-RANDOM.part ──bytes, up to max_upload_mb──> fsync ──┐  in one transaction: rename to RANDOM.mp4,
    (hidden: the daemon passes it over)                              └──> sighting and job, with the name it came by

A crash before the rename leaves a hidden part, which is removed a day later; after it, a file in the watched folder, which
the daemon finds like any other. The name that it came by is the sighting's `exhibit`, and never a path.
"""

import logging
import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ..clock import utc_now
from ..daemon.listing import see
from ..errors import UnreachableError
from ..escaping import shown
from ..store import jobs
from ..store.database import writing
from .multipart import Nowhere, Sink
from .state import Site

log = logging.getLogger(__name__)

VIDEOS = (
    ".3g2", ".3gp", ".asf", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf",
    ".ogv", ".ts", ".vob", ".webm", ".wmv",
)  # fmt: skip
PICTURES = (
    ".avif", ".bmp", ".gif", ".heic", ".heif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp",
)  # fmt: skip
SUFFIXES = VIDEOS + PICTURES
MB = 1_000_000
MOST_FILES = 50
LONGEST_NAME = 200
LEFT_S = 24 * 3600.0
SOON = 10  # priority: before the files that were not asked for by a person, as in `scan`


@dataclass(frozen=True)
class Wanted:
    """What is asked for with an upload; `parameters` are what differs from the default, as `scan` stores them."""

    parameters: dict[str, object]
    case: str | None = None


@dataclass(frozen=True)
class Arrived:
    """A whole file, still hidden, and the name that it came by."""

    part: Path
    name: str


class Upload:
    """The files of one form. `problems` says of each file that is not taken why not; `close` removes what was not kept."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._count = 0
        self._parts: list[Part] = []
        self.arrived: list[Arrived] = []
        self.problems: list[str] = []

    def open_file(self, name: str) -> Sink:
        """Return where the bytes of a file go. An empty field of a form is a file without a name, and no matter."""
        name = plain_name(name)
        if not name:
            return Nowhere()
        self._count += 1
        suffix = PurePosixPath(name).suffix.lower()
        if self._count > MOST_FILES:
            return self.refuse(f"{name}: not taken; send at most {MOST_FILES} files at a time.")
        if suffix not in SUFFIXES:
            return self.refuse(
                f"{name}: is no video or picture by its name; taken are {', '.join(SUFFIXES)}."
            )
        part = self._site.inbox / f".upload-{secrets.token_hex(16)}.part"
        limit_bytes = int(self._site.settings.max_upload_mb * MB)
        try:
            self._parts.append(Part(self, part, name, limit_bytes))
        except OSError as error:
            return self.refuse(f"{name}: can't be stored: {error.strerror}.")
        return self._parts[-1]

    def refuse(self, why: str) -> Nowhere:
        """Note that a file is not taken."""
        self.problems.append(why)
        return Nowhere()

    def close(self) -> None:
        """Remove the hidden files that were not taken."""
        for part in self._parts:
            part.remove()

    def queue(self, wanted: Wanted) -> list[int]:
        """Move the whole files into the watched folder and queue them; returns their jobs."""
        job_ids = []
        for file in self.arrived:
            try:
                job_ids.append(queued(self._site, file, wanted))
            except UnreachableError:
                self.problems.append(
                    f"{file.name}: is stored, but the database does not answer; it is analysed once it does."
                )
        return job_ids


class Part:
    """A hidden file that is being written."""

    def __init__(self, upload: Upload, part: Path, name: str, limit_bytes: int) -> None:
        self._upload, self._part, self._name, self._limit_bytes = upload, part, name, limit_bytes
        self._size_bytes = 0
        self._file = open(part, "xb")  # noqa: PTH123, SIM115  closed by `end` or `remove`

    def write(self, data: bytes) -> None:
        """Write some more, unless there is too much."""
        self._size_bytes += len(data)
        if self._file.closed:
            return
        if self._size_bytes > self._limit_bytes:
            limit = f"{self._limit_bytes / MB:g} MB"
            self._drop(f"{self._name}: is larger than {limit}; use 'forensics scan' for it.")
            return
        try:
            self._file.write(data)
        except OSError as error:
            self._drop(f"{self._name}: can't be stored: {error.strerror}.")

    def end(self) -> None:
        """Make sure that the file is on the disk."""
        if self._file.closed:
            return
        if not self._size_bytes:
            self._drop(f"{self._name}: is empty.")
            return
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        except OSError as error:
            self._drop(f"{self._name}: can't be stored: {error.strerror}.")
            return
        self._upload.arrived.append(Arrived(self._part, self._name))

    def remove(self) -> None:
        """Remove the file, unless it was renamed."""
        with suppress(OSError):
            self._file.close()
        self._part.unlink(missing_ok=True)

    def _drop(self, why: str) -> None:
        self.remove()
        self._upload.refuse(why)


def queued(site: Site, file: Arrived, wanted: Wanted) -> int:
    """Rename a file into place and queue it; returns its job.

    Raises UnreachableError when the database can't take it now; the file is in its place all the same.
    """
    place = file.part.with_name(secrets.token_hex(8) + PurePosixPath(file.name).suffix.lower())
    seen = see(file.part)
    if seen is None:
        raise FileNotFoundError(file.part)
    seen = replace(seen, path=os.fspath(place.absolute()))  # renaming changes nothing else
    try:
        with writing(site.engine) as session:
            sighted = jobs.sight(
                session,
                [seen],
                utc_now(),
                parameters=wanted.parameters,
                priority=SOON,
                case=wanted.case,
                exhibit=file.name,
                is_default=not wanted.parameters,
                again=True,
            )
            file.part.rename(place)
    except UnreachableError:
        if file.part.exists():
            file.part.rename(place)
        raise
    log.info("uploaded", extra={"path": seen.path, "bytes": seen.size_bytes, "exhibit": file.name})
    return sighted.job_ids[0]


def plain_name(name: str) -> str:
    """Return a file's own name as text that can be shown anywhere: some browsers send the folders as well."""
    base = re.split(r"[/\\]", name)[-1].strip()
    if len(base) > LONGEST_NAME:
        suffix = PurePosixPath(base).suffix[:20]
        base = base[: LONGEST_NAME - len(suffix)] + suffix
    return shown(base)


def make_ready(inbox: Path) -> None:
    """Make the folder, for its owner only, and remove parts that nobody finished."""
    inbox.mkdir(parents=True, exist_ok=True, mode=0o700)
    now_s = utc_now().timestamp()
    for part in inbox.glob(".upload-*.part"):
        with suppress(OSError):
            if now_s - part.stat().st_mtime > LEFT_S:
                part.unlink()
