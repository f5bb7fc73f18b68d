"""The command group `forensics compression`. Heavy imports are inside the command."""

from pathlib import Path

import click


@click.group("compression")
def group() -> None:
    """Traces of compression: how often the methods err."""


@group.command()
@click.argument(
    "folders",
    metavar="FOLDER...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
)
@click.option(
    "--per-clip",
    default=4,
    show_default=True,
    type=click.IntRange(1),
    help="Pictures taken of each clip.",
)
@click.option(
    "--jobs", default=1, show_default=True, type=click.IntRange(1), help="Processes to work in."
)
@click.option(
    "--toml",
    "table",
    type=click.Path(path_type=Path),
    help="Write the rates there, as the plugin reads them.",
)
@click.option(
    "--about", help="With --toml: what the folders hold, as it is to stand in every statement."
)
@click.option(
    "--values", type=click.Path(path_type=Path), help="Write every statistic there, as CSV."
)
def measure(
    folders: tuple[Path, ...],
    per_clip: int,
    jobs: int,
    table: Path | None,
    about: str | None,
    values: Path | None,
) -> None:
    """Count how often each method reaches its threshold.

    FOLDER holds unmanipulated pictures and clips. JPEG files are examined as they are; pictures of other formats and of
    clips are saved as JPEG once and twice, and manipulated; clips are encoded once and twice, and with pictures repeated.
    """
    import csv
    from dataclasses import asdict, astuple

    import tomli_w

    from forensics.errors import ForensicsError

    from .measuring.measure import measured, rates
    from .measuring.sources import gathered

    if table and not about:
        raise click.UsageError("--toml takes --about: rates without their material say nothing")
    material = gathered(folders)
    if not any(astuple(material)):
        raise ForensicsError(f"{folders[0]}: holds no picture and no clip; name a folder that does")
    click.echo(
        f"{len(material.jpegs)} JPEG files, {len(material.pictures)} other pictures, {len(material.clips)} clips"
    )
    measurements = [*measured(material, per_clip, jobs)]
    by_detector = rates(measurements)
    for detector, truths in by_detector.items():
        for truth, rows in truths.items():
            for row in rows:
                click.echo(f"{detector}: {truth}: {row.words}")
    if table:
        plain = {
            d: {t: [asdict(row) for row in rows] for t, rows in truths.items()}
            for d, truths in by_detector.items()
        }
        table.write_text(tomli_w.dumps({"about": about, **plain}), encoding="utf-8")
    if values:
        with values.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(map(astuple, measurements))
