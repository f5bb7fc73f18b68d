"""What a plugin author reads: the Detector protocol and the hooks. The tutorial is `plugins/README.md`.

A plugin is a distribution with an entry point in the group `forensics` that names a module. The module says for which
contract it was made (`CONTRACT = 1`) and has `@hookimpl` functions. Commands are no hooks: a click group named by an
entry point in the group `forensics.commands` is imported when it is called. Where the hooks fire:

    a worker process starts; it may write to a scratch folder only, and open no TCP connection
    │   for each plugin, by name:  import, compare CONTRACT
    │                              forensics_detectors(settings)        -> detectors, made once per worker
    └─ for each file:
        │   media: hash, probe, sample frames; faces: find, track, cut out; sound     (once, only what detectors need)
        │   for each detector that takes this kind of media:
        │                              detector.examine(sample)             -> Finding, contained and timed
        └─  verdict: calibrate with detector.calibration, fuse (docs/fusion.md), state the reason
                │
    the parent, the only writer, stores the verdict
                │
    a process beside it, not confined, if any plugin asks for it
        └─ for each verdict that is new:
                for each plugin:       forensics_verdict_stored(verdict, verdict_id, path)

What goes wrong in a plugin stays there. One that can't be imported, misspells a hook, takes a name that is in use or was
made for another contract is left out, and `forensics plugins list` says why. An exception in `examine` costs that finding;
a hang or a crash costs its process, and the file is done again without the culprit, whose finding says so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from pluggy import HookspecMarker

from .records import Calibration, Finding, MediaKind, Need, Sample, Verdict
from .settings import Settings

hookspec = HookspecMarker("forensics")

CONTRACT_VERSION = 1
"""Raised when a plugin made for the contract before would not work any more, and only then.

A module without `CONTRACT` is taken to be made for contract 1.
"""


@dataclass(frozen=True)
class Resources:
    """What one examination takes: megabytes beyond what the worker held before, seconds on one CPU core.

    A detector that asks for more than the setting `memory_mb` is left out.
    """

    memory_mb: int
    seconds: float


class Detector(Protocol):
    """Examines one file at a time. Members are read once, when the worker starts, and must not need a model loaded.

    `weights` is a hash of what the detector judges by, or None. `examines` says what it looks for, e.g.
    `("face_manipulation",)`. `parameters` are the values that decide its result and belong in the record of a re-run.
    `calibration` is None as long as its scores mean nothing beyond their order: such scores never vote.
    """

    @property
    def name(self) -> str:
        """Its name, unique among the detectors installed, in the style of a distribution's."""

    @property
    def version(self) -> str:
        """Its version."""

    @property
    def licence(self) -> str:
        """The terms of its code and, where there are any, of its weights: "MIT (code), CC-BY-4.0 (weights)"."""

    @property
    def permitted_use(self) -> str:
        """What its weights may be used for, when that is limited; said once by whoever runs it. Empty: no limit."""

    @property
    def weights(self) -> str | None:
        """SHA-256 of its weights."""

    @property
    def examines(self) -> tuple[str, ...]:
        """What it looks for."""

    @property
    def needs(self) -> frozenset[Need]:
        """What it works on; empty or `Need.FILE` for the descriptor alone."""

    @property
    def kinds(self) -> frozenset[MediaKind]:
        """The media that it takes."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What decides its result, as JSON values."""

    @property
    def calibration(self) -> Calibration | None:
        """How its score becomes evidence."""

    def examine(self, sample: Sample) -> Finding:
        """Return what was found. `log10_lr` and `fake` are left None: the toolkit fills them from the calibration.

        A file in which there is nothing to look at is a Finding with the outcome `nothing_to_examine`.
        An exception costs this finding alone.
        """


@runtime_checkable
class Frugal(Protocol):
    """What a detector may have besides: a hint of what it takes. The conformance kit holds it to that."""

    @property
    def resources(self) -> Resources:
        """What one examination takes at most, on the largest of the kit's files."""


@hookspec
def forensics_detectors(settings: Settings) -> Iterable[Detector]:
    """Return this plugin's detectors. Called once per worker; import heavy libraries here, not at the module's top."""
    return ()


@hookspec
def forensics_verdict_stored(verdict: Verdict, verdict_id: int, path: str) -> None:
    """Take note of a verdict that was stored: to tell somebody, to fill another database.

    `path` comes from `os.fsdecode`. A content that had its verdict already is not told again. Called in a process of
    its own, after the fact and at most once: what it raises is logged, a call of more than 30 s is broken off, and the
    verdicts that come while a thousand wait are dropped with a warning.
    """
