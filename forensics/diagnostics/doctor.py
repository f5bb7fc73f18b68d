"""What `forensics doctor` looks at: each check gives lines that are ok, or that say what to do next."""

import importlib.metadata
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url

from .. import __version__, weights
from ..clock import utc_now
from ..daemon.folders import is_listable
from ..errors import ForensicsError
from ..plugins import probe
from ..settings import Settings, config_dir, data_dir
from ..store import migrate, queries
from ..store.database import connect, masked, reading
from . import system_limits
from .system_limits import Line

NEEDED = ("av", "facenet-pytorch", "numpy", "opencv-python", "pillow", "torch", "torchvision")
TO_ANALYSE = "run \"pip install 'media-forensics[faces]'\""
NO_PLUGIN = "run 'pip install forensics-resnext-lstm forensics-weights'"
LIST = "run 'forensics plugins list'"


@dataclass(frozen=True)
class Checked:
    """One line of the report, of one area: installed, plugins, device, weights, database, folders or limits."""

    area: str
    what: str
    state: str
    advice: str

    @property
    def is_ok(self) -> bool:
        """Say whether nothing needs to be done."""
        return not self.advice

    def plain(self) -> dict[str, object]:
        """Return it as JSON values."""
        return {
            "ok": self.is_ok,
            "area": self.area,
            "what": self.what,
            "found": self.state,
            "advice": self.advice,
        }


def examine(settings: Settings) -> Iterator[Checked]:
    """Look at everything, area by area. A check that can't be made is a line with the reason, and the others go on."""
    for area, look in AREAS.items():
        try:
            for line in look(settings):
                yield Checked(area, line.what, line.state, line.advice)
        except ForensicsError as error:
            yield Checked(area, "check", "could not be made", str(error))


def installed(settings: Settings) -> Iterator[Line]:
    """Look at the toolkit and what it needs to analyse."""
    yield Line("media-forensics", f"{__version__}, Python {platform.python_version()}")
    versions = {name: version_of(name) for name in NEEDED}
    missing = [name for name, version in versions.items() if version is None]
    present = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    if missing:
        yield Line("to analyse", f"missing: {', '.join(missing)}", TO_ANALYSE)
    else:
        yield Line("to analyse", present)


def version_of(distribution: str) -> str | None:
    """Return a distribution's version, or None when it is not installed."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def plugins(settings: Settings) -> Iterator[Line]:
    """Look at each plugin, in a process of its own."""
    rows = probe.statuses(settings)
    for row in rows:
        broken = row["state"] == "broken"
        detectors = ", ".join(row["detectors"]) or "no detector"
        state = detectors if row["state"] == "ok" else f"{row['state']}: {row['why']}"
        advice = f"{LIST}, or 'forensics plugins disable {row['name']}'" if broken else ""
        yield Line(row["name"], state, advice)
    if not any(row["detectors"] for row in rows):
        yield Line("detectors", "none works", LIST if rows else NO_PLUGIN)


def device(settings: Settings) -> Iterator[Line]:
    """Look at what the networks would run on, in a process of its own."""
    is_usable, state = probe.device(settings)
    yield Line("device", state, "" if is_usable else "set FORENSICS_DEVICE=cpu")


def found_weights(settings: Settings) -> Iterator[Line]:
    """Compare every file of weights with its manifest."""
    entries = weights.find(settings)
    for entry in entries:
        try:
            weights.verify(entry)
            yield Line(entry.name, f"{entry.sha256[:12]} as its manifest says, {entry.path}")
        except ForensicsError as error:
            yield Line(entry.name, "can't be used", str(error))
    if not entries:
        yield Line("weights", "none", "run 'pip install forensics-weights'")


def database(settings: Settings) -> Iterator[Line]:
    """Look at the database without making one."""
    shown, file = masked(settings.database_url), make_url(settings.database_url).database
    if settings.database_url.startswith("sqlite") and not Path(file or "").exists():
        yield Line("database", f"{shown}: not made yet, the first scan makes it")
        return
    have, want = migrate.current(connect(settings.database_url)), migrate.head()
    advice = "" if have == want else "run 'forensics db upgrade'"
    yield Line("database", f"{shown}: schema {have or 'none'}, this program's is {want}", advice)


def folders(settings: Settings) -> Iterator[Line]:
    """Look at the folders that are written to, and at those that daemons watch."""
    places = {
        "data": data_dir(),
        "evidence": Path(settings.evidence_folder).expanduser(),
        "configuration": config_dir(),
        "temporary": Path(tempfile.gettempdir()),
    }
    if settings.database_url.startswith("sqlite"):
        places["database"] = Path(make_url(settings.database_url).database or "").absolute().parent
    for what, folder in places.items():
        yield writable(what, folder)
    for folder in watched(settings):
        advice = "" if is_listable(folder) else f"see 'ls {folder}'; is it mounted?"
        yield Line("watched", f"{folder}: {'can' if not advice else 'can not'} be read", advice)


def writable(what: str, folder: Path) -> Line:
    """Say whether a folder can be written to, or made."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if os.access(there, os.W_OK | os.X_OK):
        return Line(what, f"{folder}: {'writable' if there == folder else 'can be made'}")
    return Line(what, f"{folder}: can't be written to", f"run 'chmod u+rwx {there}' as its owner")


def watched(settings: Settings) -> list[Path]:
    """Return the folders that living daemons watch, or none where the database can't be asked."""
    file = make_url(settings.database_url).database
    if settings.database_url.startswith("sqlite") and not Path(file or "").exists():
        return []
    try:
        with reading(connect(settings.database_url)) as session:
            daemons = queries.status(session, utc_now()).daemons
    except ForensicsError:
        return []  # said by `database`
    return [Path(folder) for daemon in daemons for folder in daemon.folders]


AREAS: dict[str, Callable[[Settings], Iterator[Line]]] = {
    "installed": installed,
    "plugins": plugins,
    "device": device,
    "weights": found_weights,
    "database": database,
    "folders": folders,
    "limits": system_limits.look,
}
