"""What a file says of itself: content credentials and metadata, as statements with their sources, never as a score.

Importing this module loads no library; the hook does, in the worker that calls it.
"""

import os
from collections.abc import Iterable

from forensics import hookimpl
from forensics.hookspecs import Detector
from forensics.settings import Settings

__version__ = "0.1.0"

CONTRACT = 1
NAME = "provenance"


@hookimpl
def forensics_detectors(settings: Settings) -> Iterable[Detector]:
    """Return the one detector. Raises SettingsError for a trust list that can't be used."""
    from . import trust
    from .detector import ProvenanceDetector

    return [ProvenanceDetector(trust.from_environment(os.environ), settings.max_megapixels)]
