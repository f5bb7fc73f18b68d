"""Where a video is sampled: a few runs of samples that follow each other closely, spread over the passage.

Or, for comparison with systems that look at nothing else, at its first frames.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

from ..records import MediaInfo, Passage
from ..settings import Settings


@dataclass(frozen=True)
class Run:
    """A place in the video, in seconds, and how many samples are taken from there."""

    start_s: float
    samples: int


@dataclass(frozen=True)
class Plan:
    """The runs in order, the seconds between the samples of one (0: every frame), and the passage they are to cover.

    A run may start up to `slack_s` after its place, where it is found sooner.
    """

    runs: tuple[Run, ...]
    stride_s: float
    start_s: float
    end_s: float
    slack_s: float


def sizes(samples: int, run_samples: int) -> list[int]:
    """Share samples out over runs of `run_samples` at most, as evenly as they go."""
    runs = math.ceil(samples / run_samples)
    return [samples // runs + (number < samples % runs) for number in range(runs)]


def plan(info: MediaInfo, settings: Settings, passage: Passage) -> Plan:
    """Place the samples in the passage, as the settings ask."""
    whole_s = info.duration_s or 0.0
    start_s = max(passage.start_s or 0.0, 0.0)
    end_s = whole_s if passage.end_s is None else min(passage.end_s, whole_s)
    if settings.sampling == "first":
        return Plan((Run(start_s, settings.frames),), 0.0, start_s, end_s, slack_s=0.0)
    return spread(start_s, end_s, settings)


def spread(start_s: float, end_s: float, settings: Settings) -> Plan:
    """Place the runs in the middle of equal parts of the passage; each may move by half of its part.

    When the passage is too short for the wanted stride, the samples move together until they fit.
    """
    length_s = max(end_s - start_s, 0.0)
    stride_s = min(settings.stride_s, length_s / settings.frames)
    counts = sizes(settings.frames, settings.run_frames)
    part_s = length_s / len(counts)
    runs = tuple(
        Run(start_s + (number + 0.5) * part_s - (count - 1) * stride_s / 2, count)
        for number, count in enumerate(counts)
    )
    return Plan(runs, stride_s, start_s, end_s, slack_s=(end_s - start_s) / len(runs) / 2)


def max_gap(start_s: float, end_s: float, times_s: list[float]) -> float:
    """Return the longest stretch of a passage without a sample, its start and end included."""
    marks = [start_s, *times_s, max(end_s, *times_s)] if times_s else [start_s, end_s]
    return max(after - before for before, after in pairwise(marks))
