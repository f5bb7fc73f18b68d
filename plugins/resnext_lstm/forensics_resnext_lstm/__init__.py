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

    Raises WeightsError when there is none.
    """
    entries = [entry for entry in find(settings) if entry.layout == LAYOUT]
    if not entries:
        other = get(settings, NAME)
        raise WeightsError(
            f"{other.manifest}: weights {NAME!r}: key 'layout' is {other.layout!r}, not {LAYOUT!r}; "
            "run 'forensics weights list'"
        )
    from .detector import SequenceDetector

    return [SequenceDetector(entry, settings) for entry in entries]
