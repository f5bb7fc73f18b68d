"""`forensics resnext-lstm export-onnx`: our own network for other programs, and as a card of forensics-onnx-classifier."""

from pathlib import Path

import click

from .options import entry_option, settings_of, weights_option


@click.command("export-onnx")
@entry_option
@weights_option
@click.option(
    "-o",
    "--out",
    "file",
    metavar="FILE.onnx",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="File to write.",
)
@click.option(
    "--card/--no-card", default=True, show_default=True, help="Write FILE.toml, its card, too."
)
@click.pass_context
def export_onnx(
    ctx: click.Context, entry: str, weights: Path | None, file: Path, card: bool
) -> None:
    """Write a network as ONNX: one logit for each face crop, whose mean is a track's score."""
    from forensics.errors import UsageError
    from forensics.weights import get

    from ..onnx_export import export

    if file.suffix != ".onnx":
        raise UsageError(f"{file}: must end in .onnx, its card will end in .toml")
    used = get(settings_of(ctx, weights, None), entry)
    written = export(used, file, with_card=card)
    click.echo(f"{written.file}  {written.file.stat().st_size / 1e6:.1f} MB")
    if written.had_residual:
        click.echo(
            f"The LSTM's residual of {entry} is left out: scores differ from {entry}'s, and the calibration, "
            "fitted with it, is left out too",
            err=True,
        )
    if written.card is not None:
        click.echo(f"{written.card}")
        click.echo(
            f"Next: FORENSICS_ONNX_CARDS={file.parent} forensics onnx-classifier check {written.card}"
        )
