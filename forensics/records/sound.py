"""The sound of a recording as detectors are given it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True)
class Sound:
    """One channel: `samples` is (N,) float32 from -1 to 1, `start_s` the time of the first one in the recording.

    `is_whole` is False where it was cut off after the most that is decoded, or where the rest could not be.
    """

    samples: "npt.NDArray[np.float32]"
    rate_hz: int
    start_s: float
    is_whole: bool
