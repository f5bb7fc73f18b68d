"""One frozen Settings: default, then `forensics.toml`, then `FORENSICS_*`, then a flag of the command line."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

import platformdirs

from .errors import SettingsError
from .records import Policy
from .toml_tables import Rule, SlipError, TableReader
from .toml_tables import load as load_table

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


@dataclass(frozen=True)
class Value:
    """A value that was given for a setting, and where it stands."""

    source: str
    name: str
    value: Any


def load(
    config: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> Settings:
    """Read the settings; raises SettingsError with a line for all that is wrong, naming the key and where it stands."""
    environment = os.environ if environment is None else environment
    path = find_file(config)
    values = [
        *(from_file(path) if path else ()),
        *from_environment(environment),
        *from_flags(flags or {}),
    ]
    if not values:
        return Settings()
    if wrong := [text for value in values for text in list_mistakes(value)]:
        raise SettingsError("\n".join(wrong))
    return READER.structure({value.name: value.value for value in values}, Settings, "settings")


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


def from_file(path: Path) -> Iterator[Value]:
    """Yield what a settings file gives."""
    for name, value in load_table(path, SettingsError).items():
        yield Value(str(path), name, value)


def from_environment(environment: Mapping[str, str]) -> Iterator[Value]:
    """Yield what the environment gives."""
    for name in known():
        variable = f"FORENSICS_{name.upper()}"
        if variable in environment:
            yield Value(f"environment {variable}", name, environment[variable])


def from_flags(flags: Mapping[str, Any]) -> Iterator[Value]:
    """Yield what the command line gives."""
    for name, value in flags.items():
        if value is not None:
            yield Value(FLAGS.get(name, f"--{name.replace('_', '-')}"), name, value)


def list_mistakes(value: Value) -> Iterator[str]:
    """Yield what is wrong with a value. It is shown, unless it has a check of its own: a URL may hold a password."""
    name = value.name
    if name not in known():
        yield f"{value.source}: no setting is called {name!r}; known: {', '.join(known())}"
        return
    result = READER.attempt({name: value.value}, Settings)
    for problem in result if isinstance(result, list) else ():
        shown = name if name in CHECKS else f"{name} = {value.value!r}"
        yield f"{value.source}: {shown}: {problem.text}"


def read_text(value: Any) -> str:
    """Take a string as it is."""
    if not isinstance(value, str):
        raise SlipError("must be text")
    return value


def read_flag(value: Any) -> bool:
    """Take true or false, also as a word."""
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise SlipError("must be true or false")


def read_int(value: Any) -> int:
    """Take a whole number, also as text."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise SlipError("must be a whole number")
    return int(value)


def read_float(value: Any) -> float:
    """Take a number, also as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise SlipError("must be a number")
    return float(value)


def read_names(value: Any) -> tuple[str, ...]:
    """Take a list of names, also as text with commas."""
    if isinstance(value, str):
        return tuple(name.strip() for name in value.split(",") if name.strip())
    if isinstance(value, list | tuple) and all(isinstance(name, str) for name in value):
        return tuple(value)
    raise SlipError("must be a list of names")


def check_database_url(value: str) -> str:
    """Return what is wrong with a database's URL, as far as its first word tells."""
    kind = value.partition(":")[0].partition("+")[0]
    return (
        ""
        if kind in DATABASES
        else "write sqlite:////folder/file.sqlite3 or postgresql://user@host/name"
    )


def check_weights(value: str) -> str:
    """Return what is wrong with a folder of weights."""
    return "" if not value or Path(value).expanduser().is_dir() else "there is no such folder"


CHECKS: dict[str, Callable[[Any], str]] = {
    "database_url": check_database_url,
    "weights": check_weights,
}


def rule_of(item: Field[Any]) -> Rule:
    """Return the rule of a setting: its choices, its least value and its own check."""
    choices, least = item.metadata["choices"], item.metadata["at_least"]

    def check(value: Any) -> str:
        if choices and value not in choices:
            return f"choose from {', '.join(choices)}"
        if isinstance(value, int | float) and not value >= least:
            return f"must be at least {least}"
        return CHECKS[item.name](value) if item.name in CHECKS else ""

    return check


READER = TableReader(
    SettingsError,
    {Settings: {name: rule_of(item) for name, item in known().items()}},
    scalars={
        str: read_text,
        bool: read_flag,
        int: read_int,
        float: read_float,
        tuple[str, ...]: read_names,
    },
)
