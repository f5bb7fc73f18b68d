"""What a training run tells while it works: a bar on a terminal, a line now and then elsewhere."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from forensics.commands import console

REPORT_STEPS = 10


@dataclass(frozen=True)
class Status:
    """Where a run stands after a step. `crops_s` are crops a second, `rate` is the learning rate."""

    step: int
    steps: int
    loss: float
    crops_s: float
    rate: float
    left_s: float

    def __str__(self) -> str:
        return (
            f"step {self.step}/{self.steps} loss {self.loss:.4f} {self.crops_s:.1f} crops/s "
            f"rate {self.rate:.2e} {self.left_s / 60:.0f} min left"
        )


Report = Callable[[str], None]
Follow = Callable[[Status], None]


def by_lines(report: Report) -> Follow:
    """Return what reports every tenth step as a line."""

    def follow(status: Status) -> None:
        if status.step % REPORT_STEPS == 0:
            report(str(status))

    return follow


@contextmanager
def stop_asked() -> Iterator[Callable[[], bool]]:
    """Give what says whether Ctrl-C or SIGTERM has asked to end the run; a second Ctrl-C ends it at once."""
    asked: list[int] = []

    def ask(number: int, _: object) -> None:
        asked.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = {one: signal.signal(one, ask) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@contextmanager
def following(report: Report) -> Iterator[tuple[Report, Follow]]:
    """Give what takes lines and what takes each step's status, for as long as a run works."""
    out = console()
    if not out.is_terminal:
        yield report, by_lines(report)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (MofNCompleteColumn(), BarColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=out) as bar:
        task = bar.add_task("starting", total=None)

        def follow(status: Status) -> None:
            _, _, text = str(status).partition(" loss ")
            bar.update(task, total=status.steps, completed=status.step, description=f"loss {text}")

        yield lambda text: bar.console.print(text, markup=False), follow
