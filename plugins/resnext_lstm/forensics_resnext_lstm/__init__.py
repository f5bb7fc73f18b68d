"""Detectors of manipulated faces: a convolutional trunk with an LSTM over the face track.

Importing this module loads no torch; the hook does, in the worker that calls it.
"""

from collections.abc import Iterable

from forensics import hookimpl
from forensics.errors import WeightsError
from forensics.hookspecs import Detector
from forensics.settings import Settings
from forensics.weights import find, get

__version__ = "0.1.0"

NAME = "resnext-lstm"
LAYOUT = "frame-head-lstm-residual"


@hookimpl
def forensics_detectors(settings: Settings) -> Iterable[Detector]:
    """Return a detector for each entry of the manifests whose layout is ours.

    Raises WeightsError when there is none, or when those of `resnext-lstm` have another layout.
    """
    entries = [entry for entry in find(settings) if entry.layout == LAYOUT]
    if not any(entry.name == NAME for entry in entries):
        check_default(settings, needed=not entries)
    from .detector import SequenceDetector

    return [SequenceDetector(entry, settings) for entry in entries]


def check_default(settings: Settings, *, needed: bool) -> None:
    """Raise WeightsError when the default weights are missing but `needed`, or have a layout that is not ours."""
    known = [entry for entry in find(settings) if entry.name == NAME]
    other = known[0] if known else get(settings, NAME) if needed else None
    if other is not None:
        raise WeightsError(
            f"{other.manifest}: weights {NAME!r}: key 'layout' is {other.layout!r}, not {LAYOUT!r}; "
            "run 'forensics weights list'"
        )
