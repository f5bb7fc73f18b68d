"""Detectors of manipulated faces: a convolutional trunk with an LSTM over the face track.

Importing this module loads no torch; the hook does, in the worker that calls it.
"""

from collections.abc import Iterable

from forensics import hookimpl
from forensics.errors import WeightsError
from forensics.hookspecs import Detector
from forensics.settings import Settings
from forensics.weights import WeightsEntry, find, get

__version__ = "0.1.0"

CONTRACT = 1  # of the toolkit's hooks and records, that this was made for

NAME = "resnext-lstm"
LAYOUT = "frame-head-lstm-residual"
ORIGINAL = "original"  # layout of imported checkpoints of the original system


@hookimpl
def forensics_detectors(settings: Settings) -> Iterable[Detector]:
    """Return a detector for each entry of the manifests whose layout is ours, or the original's.

    Of the latter there are none but those that somebody imported. Raises WeightsError when there is no entry at all,
    or when that of `resnext-lstm` has another layout than ours.
    """
    entries = [entry for entry in find(settings) if entry.layout in (LAYOUT, ORIGINAL)]
    if not any(entry.name == NAME and entry.layout == LAYOUT for entry in entries):
        check_default(settings, needed=not entries)
    return [detector_of(entry, settings) for entry in entries]


def detector_of(entry: WeightsEntry, settings: Settings) -> Detector:
    """Return the detector that works as an entry's layout asks."""
    if entry.layout == ORIGINAL:
        from .original.detector import OriginalDetector

        return OriginalDetector(entry, settings)
    from .detector import SequenceDetector

    return SequenceDetector(entry, settings)


def check_default(settings: Settings, *, needed: bool) -> None:
    """Raise WeightsError when the default weights are missing but `needed`, or have a layout that is not ours."""
    known = [entry for entry in find(settings) if entry.name == NAME]
    other = known[0] if known else get(settings, NAME) if needed else None
    if other is not None:
        raise WeightsError(
            f"{other.manifest}: weights {NAME!r}: key 'layout' is {other.layout!r}, not {LAYOUT!r}; "
            "run 'forensics weights list'"
        )
