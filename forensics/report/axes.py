"""The axes of a timeline: where a time and a score lie, with what they are called."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from markupsafe import Markup

from . import wording
from .svg_marks import nice_step, tag

WIDTH, PLOT_HEIGHT = 560, 190
LEFT, RIGHT, TOP = 54, 42, 12
AXIS_HEIGHT = 46
INSET_PX = 18  # from the plot's sides to the first and last moment
TIME_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)
SCORE_STEPS = (1, 2, 5, 10, 20, 50, 100)


@dataclass(frozen=True)
class Scale:
    """A span of values laid over a span of pixels."""

    low: float
    high: float
    start_px: float
    end_px: float

    def __call__(self, value: float) -> float:
        """Return where a value lies."""
        share = (value - self.low) / (self.high - self.low)
        return self.start_px + share * (self.end_px - self.start_px)


def time_scale(moments_s: Sequence[float]) -> Scale:
    """Return the scale of time from 0 to the last of some moments; a still's one moment lies in the middle."""
    last_s = max(moments_s, default=0.0)
    if last_s <= 0:
        return Scale(-1, 1, LEFT, WIDTH - RIGHT)
    return Scale(0, last_s, LEFT + INSET_PX, WIDTH - RIGHT - INSET_PX)


def score_scale(scores: Sequence[float]) -> Scale:
    """Return the scale of scores with some room at both ends."""
    low, high = min(scores, default=0.0), max(scores, default=1.0)
    room = 0.1 * (high - low) or 0.5
    return Scale(low - room, high + room, TOP + PLOT_HEIGHT, TOP)


def score_axis(y: Scale) -> list[Markup]:
    """Return the axis on the left, and a thin line across for each of its values."""
    span = y.high - y.low
    unit = 10.0 ** (floor(log10(span)) - 1)
    step = nice_step(span, tuple(unit * n for n in SCORE_STEPS), 6)
    parts = []
    for n in range(ceil(y.low / step), floor(y.high / step) + 1):
        at = y(n * step)
        parts += [
            tag("line", **across(at), stroke="currentColor", stroke_opacity=0.15),
            tag("text", f"{n * step:.3g}", x=LEFT - 6, y=at + 4, text_anchor="end"),
        ]
    middle = TOP + PLOT_HEIGHT / 2
    turned = f"rotate(-90 12 {middle:.0f})"
    parts.append(tag("text", "raw score", x=12, y=middle, text_anchor="middle", transform=turned))
    return parts


def across(at: float) -> dict[str, float]:
    """Return the ends of a line across the plot."""
    return {"x1": LEFT, "x2": WIDTH - RIGHT, "y1": at, "y2": at}


def time_axis(x: Scale, sampled_s: Sequence[float], *, still: bool) -> list[Markup]:
    """Return the axis below, with a short tick at every sampled moment."""
    bottom = TOP + PLOT_HEIGHT
    parts = [tag("line", **across(bottom), stroke="currentColor")]
    parts += [
        tag("line", x1=x(t), x2=x(t), y1=bottom - 6, y2=bottom + 3, stroke="currentColor")
        for t in sampled_s
    ]
    if still:
        parts.append(tag("text", "still", x=x(0), y=bottom + 18, text_anchor="middle"))
        return parts
    step = nice_step(x.high, TIME_STEPS, 6)
    for n in range(int(x.high / step + 1e-6) + 1):
        text = moment(n * step, step, x.high)
        parts.append(tag("text", text, x=x(n * step), y=bottom + 18, text_anchor="middle"))
    caption = f"time{'' if x.high >= 60 else ' in seconds'}; short strokes are the sampled moments"
    parts.append(tag("text", caption, x=WIDTH - RIGHT, y=bottom + 36, text_anchor="end"))
    return parts


def moment(seconds: float, step_s: float, longest_s: float) -> str:
    """Return a time as it stands at the axis: seconds below a minute, else as a clock has it."""
    if longest_s >= 60:
        return wording.clock(round(seconds))
    return f"{seconds:.0f}" if step_s >= 1 else f"{seconds:.1f}"
