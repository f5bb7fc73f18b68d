"""`forensics onnx-classifier check`: a card and its model, before any file is analysed with it."""

from pathlib import Path

import click

from forensics.commands import load_settings


@click.command()
@click.argument(
    "cards",
    metavar="CARD.toml...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
)
@click.pass_context
def check(ctx: click.Context, cards: tuple[Path, ...]) -> None:
    """Load each CARD and its model and hold them against each other, as a worker would."""
    from ..cards import PREFIX, read
    from ..model import load

    settings = load_settings(ctx)
    for path in cards:
        card = read(path)
        model = load(card, settings)
        batch = f"{model.batch}" if model.batch else "any number"
        click.echo(f"{path}: ok: detector {PREFIX}{card.name}, pictures at once: {batch}")
