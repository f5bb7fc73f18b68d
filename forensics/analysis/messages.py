"""What goes to a worker and what comes back: plain values that cross a pipe, or one day a network, as JSON."""

from dataclasses import dataclass, field
from typing import Any

from ..errors import ForensicsError, PluginError, UsageError
from ..records import Failure, Finding, Passage, Verdict
from ..serialization import converter


@dataclass(frozen=True)
class Task:
    """One file to analyse. `path` comes from `os.fsdecode`; size, time and inode are those it was listed with, if it was.

    `without` has the findings of detectors that are left out: they cost an earlier try its deadline or its process.
    """

    id: int
    path: str
    size_bytes: int = 0
    mtime_ns: int = 0
    inode: int = 0
    passage: Passage = field(default_factory=Passage)
    without: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Ready:
    """A worker has loaded its plugins: what its results depend on, what they may be used for, what is broken.

    `listeners` are the plugins that want to be told of stored verdicts.
    """

    pipeline: dict[str, Any]
    permitted_use: tuple[str, ...]
    broken: tuple[str, ...]
    listeners: tuple[str, ...] = ()


@dataclass(frozen=True)
class Loading:
    """A worker is about to import a plugin, or (None) has imported them all: says whose fault it is when it ends here."""

    plugin: str | None


@dataclass(frozen=True)
class Started:
    """Work on a task began."""

    task_id: int
    worker: int


@dataclass(frozen=True)
class Hashed:
    """The file's hash is known. The worker waits until `Executor.decide` says whether to go on."""

    task_id: int
    sha256: str
    size_bytes: int
    pipeline: dict[str, Any]


@dataclass(frozen=True)
class DetectorStarted:
    """A detector began; its own deadline runs from here."""

    task_id: int
    detector: str


@dataclass(frozen=True)
class FindingReady:
    """A detector ended."""

    task_id: int
    finding: Finding


@dataclass(frozen=True)
class Done:
    """The verdict."""

    task_id: int
    verdict: Verdict


@dataclass(frozen=True)
class Failed:
    """There is no verdict. `failure.detector` is set when that detector hung or took the worker with it."""

    task_id: int
    failure: Failure


GO, SKIP = b"go", b"skip"  # the answers to Hashed

Event = Started | Hashed | DetectorStarted | FindingReady | Done | Failed
Message = Ready | Event
FromWorker = Loading | Message  # to its pool, which passes no Loading on


KINDS: dict[str, type[FromWorker]] = {
    kind.__name__: kind
    for kind in (Loading, Ready, Started, Hashed, DetectorStarted, FindingReady, Done, Failed)
}


def pack(message: FromWorker) -> bytes:
    """Return a message as JSON."""
    body = converter().unstructure(message)
    return converter().dumps({"kind": type(message).__name__, "body": body}).encode()


def unpack(data: bytes) -> FromWorker:
    """Return the message in JSON. Raises UsageError or PluginError when it is a refusal to start."""
    raw = converter().loads(data, dict[str, Any])
    if "refused" in raw:
        raise (UsageError if raw["usage"] else PluginError)(raw["refused"])
    return converter().structure(raw["body"], KINDS[raw["kind"]])


def pack_refusal(error: ForensicsError) -> bytes:
    """Return, as what a worker says in place of Ready, the error for which it can't start."""
    refusal = {"refused": str(error), "usage": isinstance(error, UsageError)}
    return converter().dumps(refusal).encode()


def pack_task(task: Task) -> bytes:
    """Return a task as JSON."""
    return converter().dumps(task).encode()


def unpack_task(data: bytes) -> Task:
    """Return the task in JSON."""
    return converter().loads(data, Task)
