"""One frozen Settings: default, then `forensics.toml`, then `FORENSICS_*`, then a flag of the command line."""

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import platformdirs

from .errors import SettingsError
from .records import Policy

FILE_NAME = "forensics.toml"
FLAGS = {"database_url": "--database"}
DATABASES = ("sqlite", "postgresql", "postgres")


def data_dir() -> Path:
    """Return the user's data folder for this program."""
    return Path(platformdirs.user_data_dir("forensics"))


def config_dir() -> Path:
    """Return the user's configuration folder for this program."""
    return Path(platformdirs.user_config_dir("forensics"))


def default_database_url() -> str:
    """Return the URL of the SQLite database in the user's data folder."""
    return f"sqlite:///{data_dir() / 'forensics.sqlite3'}"


def default_evidence_folder() -> str:
    """Return the folder `evidence` in the user's data folder."""
    return str(data_dir() / "evidence")


def setting(default: Any, doc: str, *, choices: tuple[str, ...] = (), at_least: float = 0) -> Any:
    """Declare a field with the sentence that documents it and the values it takes."""
    metadata = {"doc": doc, "choices": choices, "at_least": at_least}
    if callable(default):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Settings:
    """All settings. In the file and in the environment they have the same names (`FORENSICS_WORKERS`)."""

    database_url: str = setting(default_database_url, "SQLite or PostgreSQL URL")
    weights: str = setting("", "folder with a manifest.toml, searched before the installed weights")
    device: str = setting("auto", "where networks run", choices=("auto", "cpu", "cuda"))
    reproducible: bool = setting(
        False, "CPU, 32-bit floats and one thread: slower, the same on the same machine"
    )
    policy: str = setting(
        "triage",
        "errors aimed at: triage flags 1 real file in 20, report 1 in 100",
        choices=tuple(Policy),
    )
    workers: int = setting(1, "worker processes", at_least=1)
    threads: int = setting(0, "threads per worker; 0 shares the cores out")
    frames: int = setting(20, "frames sampled from a video", at_least=1)
    sampling: str = setting(
        "runs",
        "frames spread over the video in runs, or its first ones",
        choices=("runs", "first"),
    )
    run_frames: int = setting(4, "consecutive samples in a run", at_least=1)
    stride_s: float = setting(0.2, "seconds between the samples of a run", at_least=0.001)
    settle_s: float = setting(2.0, "a file is ready when unchanged for so many seconds")
    rescan_s: float = setting(
        30.0, "seconds between listings that no event asked for", at_least=0.1
    )
    watcher: str = setting("auto", "how to notice files", choices=("auto", "events", "polling"))
    deadline_s: float = setting(60.0, "time for one file before its size counts", at_least=0.1)
    deadline_s_per_mb: float = setting(0.1, "more time per megabyte")
    deadline_max_s: float = setting(900.0, "most time for one file", at_least=0.1)
    memory_mb: int = setting(4096, "most memory of one worker; 0 sets no limit")
    jobs_per_worker: int = setting(500, "a worker is replaced after so many files; 0 never")
    contained: bool = setting(
        True, "workers can't write outside a scratch folder nor open TCP connections (Linux)"
    )
    stop_s: float = setting(10.0, "time that running jobs get to finish when the daemon stops")
    max_file_mb: float = setting(20_000.0, "larger files are not analysed", at_least=1)
    max_megapixels: float = setting(128.0, "larger pictures and frames are not decoded", at_least=1)
    max_upload_mb: float = setting(
        500.0, "larger files are not taken by the upload page", at_least=1
    )
    evidence_folder: str = setting(
        default_evidence_folder, "folder of pictures and of files that detectors leave as evidence"
    )
    thumbnails: str = setting(
        "on",
        "pictures of frames and faces: as they are, with the faces blurred, or none",
        choices=("on", "blurred", "off"),
    )
    evidence_keep_days: float = setting(
        0.0, "pictures that can be made again are removed after so many days; 0 never"
    )
    plugins: tuple[str, ...] = setting((), "load only these plugins; empty loads all")
    metrics_port: int = setting(0, "loopback port for Prometheus; 0 opens none")
    log_format: str = setting("text", "form of the log lines", choices=("text", "json"))
    log_level: str = setting("info", "least level logged", choices=("debug", "info", "warning"))

    def deadline(self, size_bytes: int) -> float:
        """Return the seconds that one stage may spend on a file of this size."""
        wanted = self.deadline_s + self.deadline_s_per_mb * size_bytes / 1e6
        return min(wanted, self.deadline_max_s)


def load(
    config: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> Settings:
    """Read the settings; raises SettingsError naming the key and where it stands."""
    environment = os.environ if environment is None else environment
    settings = from_file(Settings(), find_file(config))
    for name in known():
        text = environment.get(f"FORENSICS_{name.upper()}")
        if text is not None:
            settings = changed(settings, name, text, f"environment FORENSICS_{name.upper()}")
    for name, value in (flags or {}).items():
        if value is not None:
            settings = changed(
                settings, name, value, FLAGS.get(name, f"--{name.replace('_', '-')}")
            )
    return settings


def known() -> dict[str, Any]:
    """Return every setting's name and its field."""
    return {item.name: item for item in fields(Settings)}


def find_file(config: Path | None) -> Path | None:
    """Return the first settings file there is: the one asked for, the current folder's, the user's."""
    if config is not None:
        if not config.is_file():
            raise SettingsError(f"{config}: there is no such settings file")
        return config
    places = (Path(FILE_NAME), config_dir() / FILE_NAME)
    return next((path for path in places if path.is_file()), None)


def from_file(settings: Settings, path: Path | None) -> Settings:
    """Apply a settings file."""
    if path is None:
        return settings
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: can't be read: {error}") from error
    for name, value in values.items():
        if name not in known():
            raise SettingsError(
                f"{path}: no setting is called {name!r}; known: {', '.join(known())}"
            )
        settings = changed(settings, name, value, str(path))
    return settings


def changed(settings: Settings, name: str, value: Any, source: str) -> Settings:
    """Return the settings with one value replaced, after checking it."""
    item = known()[name]
    try:
        new = READERS[type(getattr(Settings(), name))](value)
    except (TypeError, ValueError) as error:
        raise SettingsError(f"{source}: {name} = {value!r}: {error}") from error
    problem = CHECKS[name](new) if name in CHECKS else ""
    if problem:
        raise SettingsError(f"{source}: {name}: {problem}")  # a URL may hold a password
    choices, least = item.metadata["choices"], item.metadata["at_least"]
    if choices and new not in choices:
        raise SettingsError(f"{source}: {name} = {value!r}: choose from {', '.join(choices)}")
    if isinstance(new, int | float) and not new >= least:
        raise SettingsError(f"{source}: {name} = {value!r}: must be at least {least}")
    return replace(settings, **{name: new})


def read_text(value: Any) -> str:
    """Take a string as it is."""
    if not isinstance(value, str):
        raise TypeError("must be text")
    return value


def read_flag(value: Any) -> bool:
    """Take true or false, also as a word."""
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise TypeError("must be true or false")


def read_int(value: Any) -> int:
    """Take a whole number, also as text."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError("must be a whole number")
    return int(value)


def read_float(value: Any) -> float:
    """Take a number, also as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError("must be a number")
    return float(value)


def read_names(value: Any) -> tuple[str, ...]:
    """Take a list of names, also as text with commas."""
    if isinstance(value, str):
        return tuple(name.strip() for name in value.split(",") if name.strip())
    if isinstance(value, list | tuple) and all(isinstance(name, str) for name in value):
        return tuple(value)
    raise TypeError("must be a list of names")


def check_database_url(value: str) -> str:
    """Say what is wrong with a database's URL, as far as its first word tells."""
    kind = value.partition(":")[0].partition("+")[0]
    return (
        ""
        if kind in DATABASES
        else "write sqlite:////folder/file.sqlite3 or postgresql://user@host/name"
    )


def check_weights(value: str) -> str:
    """Say what is wrong with a folder of weights."""
    return "" if not value or Path(value).expanduser().is_dir() else "there is no such folder"


CHECKS: dict[str, Callable[[Any], str]] = {
    "database_url": check_database_url,
    "weights": check_weights,
}

READERS: dict[type, Callable[[Any], Any]] = {
    str: read_text,
    bool: read_flag,
    int: read_int,
    float: read_float,
    tuple: read_names,
}
