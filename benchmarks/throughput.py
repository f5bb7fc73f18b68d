"""Clips per minute: the daemon with one and with two workers, against the bare loop over the same clips.

All of them are warm, and take their turns round by round, so that what else the machine does meets all alike. The
clips' bytes differ in every round, because the same bytes are analysed only once.
"""

import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from forensics.analysis.analyse import Equipment, analyse
from forensics.analysis.messages import Done, Task

from .clips import variants
from .daemon import watching
from .report import Cell, Part, say
from .stages import warm_equipment

WORKERS = (1, 2)
BARE = "bare loop"


def loop(paths: Sequence[Path], equipment: Equipment) -> float:
    """Analyse the clips one after the other in this process; returns seconds."""
    started = time.perf_counter()
    for number, path in enumerate(paths):
        *_, last = analyse(Task(number, str(path)), equipment)
        if not isinstance(last, Done):
            raise SystemExit(f"{path.name}: no verdict: {last}")
    return time.perf_counter() - started


def part(clips: Sequence[Path], rounds: int) -> Part:
    """Measure round by round."""
    equipment = warm_equipment()
    seconds: dict[str, list[float]] = {BARE: []}
    gaps_ms: list[float] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        daemons = {f"daemon, workers: {n}": stack.enter_context(watching(n)) for n in WORKERS}
        say("throughput: warming up")
        for daemon, workers in zip(daemons.values(), WORKERS, strict=True):
            daemon.work(list(variants(list(clips[:1]) * workers * 2, folder, f"warm-{workers}")))
        loop(clips[:1], equipment)
        for number in range(rounds):
            say(f"throughput: round {number + 1} of {rounds}")
            seconds[BARE].append(loop(clips, equipment))
            for name, daemon in daemons.items():
                files = list(variants(list(clips), folder, f"round-{number}"))
                seconds.setdefault(name, []).append(daemon.work(files))
            gaps_ms.append(next(iter(daemons.values())).gap_ms(len(clips)))
    return table(len(clips), seconds, median(gaps_ms))


def table(count: int, seconds: dict[str, list[float]], gap_ms: float) -> Part:
    """Return clips per minute by median, and the overhead as the median of the rounds' ratios."""
    rows: list[tuple[Cell, ...]] = []
    for name, taken in seconds.items():
        ratios = [one / bare for one, bare in zip(taken, seconds[BARE], strict=True)]
        overhead = 100 * (median(ratios) - 1) if name != BARE else None
        text = None if overhead is None else f"{overhead:+.1f} %"
        rows.append((name, 60 * count / median(taken), median(taken) / count, text))
    notes = [
        f"{count} clips of 5 to 7 s, 720p; {len(seconds[BARE])} rounds; from the first start to the last stored verdict",
        f"one worker waits {gap_ms:.0f} ms between two clips: verdict stored, next job claimed",
        "the bare loop and one worker use all cores, two workers half of them each",
    ]
    columns = ("way", "clips per minute", "s per clip", "time against the bare loop")
    return Part("throughput", "Clips per minute", columns, rows, notes)
