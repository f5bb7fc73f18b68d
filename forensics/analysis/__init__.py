"""One file to one verdict. The door has the arithmetic of calibrations and fusion, and what an analysis is given and gives.

`forensics.analysis.analyse` is the analysis itself: it loads OpenCV, which this door does not.
"""

from .fusion import (
    Decision,
    bounds,
    calibrate,
    file_ratio,
    fuse,
    is_validated,
    label_of,
    log10_lr,
    under,
    wilson_interval,
)
from .messages import Done, Failed, Task

__all__ = [
    "Decision",
    "Done",
    "Failed",
    "Task",
    "bounds",
    "calibrate",
    "file_ratio",
    "fuse",
    "is_validated",
    "label_of",
    "log10_lr",
    "under",
    "wilson_interval",
]
