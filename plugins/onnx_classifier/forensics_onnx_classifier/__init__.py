"""Bring your own model: an ONNX file and a TOML card beside it become a detector, without any code.

Importing this module loads neither onnxruntime nor NumPy; the hook loads NumPy when there is a card, and the first file
loads onnxruntime.
"""

from collections.abc import Iterable

from forensics import hookimpl
from forensics.hookspecs import Detector
from forensics.settings import Settings

__version__ = "0.1.0"

CONTRACT = 1  # of the toolkit's hooks and records, that this was made for


@hookimpl
def forensics_detectors(settings: Settings) -> Iterable[Detector]:
    """Return a detector for each card, and a stand-in for each that can't be used; none where there is no card.

    Raises SettingsError when FORENSICS_ONNX_CARDS names a folder that is not there.
    """
    from .shelf import BrokenCard, folders, on_shelf

    cards = on_shelf(folders())
    if not cards:
        return ()
    from .broken import BrokenDetector
    from .detector import CardDetector

    return [
        BrokenDetector(card) if isinstance(card, BrokenCard) else CardDetector(card, settings)
        for card in cards
    ]
