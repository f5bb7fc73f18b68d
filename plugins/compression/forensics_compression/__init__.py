"""Traces of compression: classic methods after published papers, each with a map or plot, a statistic and its measured errors.

Importing this module loads no library; the hook does, in the worker that calls it.
"""

from collections.abc import Iterable

from forensics import hookimpl
from forensics.hookspecs import Detector
from forensics.settings import Settings

__version__ = "0.1.0"

CONTRACT = 1


@hookimpl
def forensics_detectors(settings: Settings) -> Iterable[Detector]:
    """Return four detectors for JPEG stills and three for videos."""
    from .detectors import of_stills, of_videos

    return [*of_stills(), *of_videos(settings.max_megapixels)]
