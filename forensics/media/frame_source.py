"""What sampling asks of whatever decodes: frames forward, and jumps where there are any."""

from fractions import Fraction
from typing import Protocol

from av.video.frame import VideoFrame

Timed = tuple[float, VideoFrame]


class Player(Protocol):
    """Something that decodes one video; `fps` on average, `aspect` is width to height of a pixel."""

    fps: float
    aspect: Fraction

    def next_at(self, wanted_s: float) -> Timed | None:
        """Return the next frame at or after a time, with its time; None at the end."""

    def key_near(self, time_s: float) -> float | None:
        """Return the time of the frame that a jump to this time lands on, or None when it can't jump."""

    def jump(self, time_s: float) -> None:
        """Go on from there."""

    def has_ended_before(self, time_s: float) -> bool:
        """Return whether it was read to its end and that end comes before a time."""
