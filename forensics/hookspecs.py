"""What a plugin author reads: the Detector protocol and the hooks.

A plugin is a distribution with an entry point in the group `forensics` that names a module with `@hookimpl` functions.
It is loaded in worker processes only. Where the hooks fire:

    worker starts
        for each plugin:  forensics_detectors(settings)          -> detectors, made once per worker
        for each file:
            media: hash, probe, sample frames; faces: find, track, cut out     (once, only what detectors need)
            for each detector:  detector.examine(sample)         -> Finding, contained and timed
            verdict: calibrate with detector.calibration, fuse, state the reason
"""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from pluggy import HookspecMarker

from .records import Calibration, Finding, MediaKind, Need, Sample
from .settings import Settings

hookspec = HookspecMarker("forensics")

CONTRACT_VERSION = 1


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
        """The terms of its code and of its weights."""

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
        """What it works on."""

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


@hookspec
def forensics_detectors(settings: Settings) -> Iterable[Detector]:
    """Return this plugin's detectors. Called once per worker; import heavy libraries here, not at the module's top."""
    return ()
