"""The sampled frames of one file, one after the other, and what they cover."""

import math
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from ..errors import MediaError
from ..records import Coverage, Frame, MediaInfo
from .frame_source import Player, Timed
from .sampling_plan import Plan, Run, max_gap
from .shot_change import Colours, colours, has_changed
from .videos import pixels

if TYPE_CHECKING:
    from ..records import Picture

Opener = Callable[["Counter[str]"], AbstractContextManager[Player]]
LATE_END_S = 1.0


class Sampling:
    """Sampled frames, decoded as they are asked for and not kept; to be iterated once.

    `coverage` then says what was seen. Its `shots` is one more than the changes of picture between neighbouring
    samples, within a run and from run to run; a long pan between two runs may count as one.
    Iterating raises MediaError: undecodable when not a single frame comes out, unreadable when the system refuses.
    """

    def __init__(
        self,
        frames: Iterator[Frame],
        faults: "Counter[str]",
        asked: int,
        duration_s: float | None = None,
        passage_s: tuple[float, float] | None = None,
    ) -> None:
        self._frames = frames
        self._faults = faults
        self._asked = asked
        self._duration_s = duration_s
        self._passage_s = passage_s
        self._times_s: list[float] = []
        self._shots = 0
        self._before: Colours | None = None

    def __iter__(self) -> Iterator[Frame]:
        for frame in self._frames:
            self._note(frame)
            yield frame

    def _note(self, frame: Frame) -> None:
        after = colours(frame.pixels)
        self._shots += self._before is None or has_changed(self._before, after)
        self._before = after
        self._times_s.append(frame.time_s)

    def coverage(self, frames_with_face: int) -> Coverage:
        """Return what the frames iterated so far cover; gaps are None for a still."""
        return Coverage(
            duration_s=self._duration_s,
            frames_asked=self._asked,
            frames_decoded=len(self._times_s),
            frames_with_face=frames_with_face,
            shots=self._shots,
            max_gap_s=max_gap(*self._passage_s, self._times_s) if self._passage_s else None,
            decode_errors=self._faults["decode"],
        )


def of_still(decode: "Callable[[], Picture]") -> Sampling:
    """Sample a still: one frame at time 0, decoded when it is asked for."""
    frames = (Frame(0, 0.0, read()) for read in (decode,))
    return Sampling(frames, Counter(), asked=1)


def of_video(info: MediaInfo, wanted: Plan, opened: Opener, nothing: MediaError) -> Sampling:
    """Sample a video by a plan; `nothing` is raised when no frame can be decoded."""
    faults: Counter[str] = Counter()
    frames = video_frames(wanted, opened, faults, nothing)
    asked = sum(run.samples for run in wanted.runs)
    return Sampling(frames, faults, asked, info.duration_s, (wanted.start_s, wanted.end_s))


def video_frames(
    wanted: Plan, opened: Opener, faults: "Counter[str]", nothing: MediaError
) -> Iterator[Frame]:
    """Yield the frames of all runs in order, no frame twice.

    A stream that stops well before the end it claims was cut short; FFmpeg is silent about that, so it counts as
    a decode error here.
    """
    last_s = -math.inf
    with opened(faults) as decoder:
        for number, run in enumerate(wanted.runs):
            start_s = start(decoder, wanted, run, last_s)
            for time_s, frame in run_frames(decoder, wanted, run, start_s):
                last_s = time_s
                yield Frame(number, max(time_s, 0.0), pixels(frame, decoder.aspect))
        faults["decode"] += decoder.has_ended_before(wanted.end_s - end_slack_s(wanted))
    if last_s == -math.inf:
        raise nothing


def end_slack_s(wanted: Plan) -> float:
    """Return how much a whole video may end early: sound lasts longer, and headers round up."""
    return max(LATE_END_S, 2 * wanted.stride_s)


def start(decoder: Player, wanted: Plan, run: Run, last_s: float) -> float:
    """Return where a run starts: at the key frame near its place when that is new, else at the place itself.

    Jumps there when that spares decoding. A key frame after the place is one of a container that can't be
    searched exactly (MPEG-TS); close enough, it is taken too.
    """
    key_s = decoder.key_near(run.start_s)
    if key_s is None or not last_s < key_s <= run.start_s + wanted.slack_s:
        return run.start_s
    decoder.jump(run.start_s)
    return key_s if key_s >= wanted.start_s else run.start_s


def run_frames(decoder: Player, wanted: Plan, run: Run, start_s: float) -> Iterator[Timed]:
    """Yield the frames of one run with their times.

    A frame is at its place from half a frame's time before it on.
    """
    early_s = 0.5 / decoder.fps
    place_s = start_s
    for _ in range(run.samples):
        timed = decoder.next_at(place_s - early_s)
        if timed is None or timed[0] > wanted.end_s + early_s:
            return
        yield timed
        place_s = timed[0] + wanted.stride_s
