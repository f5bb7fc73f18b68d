"""`python -m benchmarks [PART...]`: measure, print one table a part, and keep the numbers in benchmarks/last.json."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import click

from . import report
from .report import Part, say


@dataclass(frozen=True)
class Order:
    """What is asked for."""

    runs: int
    clips: tuple[Path, ...]
    rows: int
    files: int
    known: int
    why: bool

    def media(self) -> list[tuple[str, Path]]:
        """Return the clips with their names, rendered if they are not there."""
        from .clips import SCENES, STILL, clip

        if self.clips:
            return [(path.name, path) for path in self.clips]
        say("clips (some minutes when they are rendered, which is once)")
        return [(scene.name, clip(scene)) for scene in (*SCENES, STILL)]

    def several(self) -> list[Path]:
        """Return short clips that differ."""
        from .clips import SHORT, clip

        return list(self.clips) or [clip(scene) for scene in SHORT]


def stages(order: Order) -> Part:
    """Measure seconds per stage."""
    from . import stages

    return stages.part(order.media(), order.runs)


def seed(order: Order) -> Part:
    """Compare with the seed's way; not for clips that don't fit into memory."""
    from . import seed

    short = [(name, path) for name, path in order.media() if seed.is_short(path)]
    return seed.part(short, max(order.runs // 4, 1))


def faces(order: Order) -> Part:
    """Compare the face finder with MTCNN on full frames."""
    from . import finding

    return finding.part(order.media())


def throughput(order: Order) -> Part:
    """Compare the daemon with the bare loop."""
    from . import throughput

    return throughput.part(order.several(), max(order.runs // 2 + 1, 1))


def memory(order: Order) -> Part:
    """Measure the daemon's memory."""
    from . import memory

    return memory.part(order.several()[:4])


def cli(order: Order) -> Part:
    """Measure the start of the command line."""
    from . import commandline

    return commandline.part(order.runs, why=order.why)


def rows(order: Order) -> Part:
    """Measure queries over many verdicts."""
    from . import rows

    return rows.part(order.rows, order.runs)


def pages(order: Order) -> Part:
    """Measure the web pages over many verdicts."""
    from . import pages

    return pages.part(order.several()[0], order.rows, order.runs)


def soak(order: Order) -> Part:
    """Let many small files through the daemon."""
    from . import soak

    return soak.part(order.files)


def rescan(order: Order) -> Part:
    """List many known files again."""
    from . import rescan

    return rescan.part(order.known)


def evidence(order: Order) -> Part:
    """Measure what maps and pictures cost."""
    from . import evidence

    return evidence.part(order.media(), order.runs)


PARTS: dict[str, Callable[[Order], Part]] = {
    "stages": stages,
    "evidence": evidence,
    "seed": seed,
    "faces": faces,
    "throughput": throughput,
    "memory": memory,
    "cli": cli,
    "rows": rows,
    "pages": pages,
    "soak": soak,
    "rescan": rescan,
}
UNLESS_NAMED = ("soak", "rescan")  # take minutes, and say nothing about detectors


@click.command()
@click.argument("parts", nargs=-1, type=click.Choice([*PARTS]))
@click.option("--runs", default=5, show_default=True, help="Measure so often, take the median.")
@click.option(
    "--clip",
    "clips",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file to measure in place of the rendered ones; may be repeated.",
)
@click.option("--rows", default=1_000_000, show_default=True, help="Verdicts to search in.")
@click.option("--files", default=10_000, show_default=True, help="Small files to soak in.")
@click.option("--known", default=100_000, show_default=True, help="Known files to list again.")
@click.option("--why", is_flag=True, help="List the imports that the command line waits for.")
@click.option("--readme", is_flag=True, help="Put the tables into benchmarks/README.md.")
def main(
    parts: tuple[str, ...],
    runs: int,
    clips: tuple[Path, ...],
    rows: int,
    files: int,
    known: int,
    why: bool,
    readme: bool,
) -> None:
    """Measure all PARTS but soak and rescan, or those named. Ctrl-C keeps what was measured so far."""
    usual = [name for name in PARTS if name not in UNLESS_NAMED]
    done = measured(parts or usual, Order(runs, clips, rows, files, known, why))
    if done:
        report.print_parts(done)
        found = report.keep(done)
        if readme:
            report.write_readme(found)


def measured(names: Iterable[str], order: Order) -> list[Part]:
    """Measure part by part, until all are done or somebody has enough."""
    done: list[Part] = []
    try:
        for name in names:
            done.append(PARTS[name](order))
    except KeyboardInterrupt:
        say("interrupted")
    return done


if __name__ == "__main__":
    main()
