"""What a detector may use of the toolkit beside media, faces and weights: work side by side, and words for an error.

    from forensics.plugins.toolkit import parallel_map, single_thread

`forensics.analysis` has the arithmetic of calibrations, `forensics.commands` what a command needs.
"""

from ..concurrency import parallel_map, prefetch, single_thread
from ..escaping import shown
from ..process.sandbox import is_shortage

__all__ = ["is_shortage", "parallel_map", "prefetch", "shown", "single_thread"]
