"""Options and small values that several commands share."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from forensics.commands import load_settings

from .. import NAME

if TYPE_CHECKING:
    from forensics.settings import Settings

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)


def numbers(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> tuple[int, ...] | None:
    """Read whole numbers with commas between them."""
    try:
        return None if value is None else tuple(int(part) for part in value.split(","))
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is no list of whole numbers") from error


faces_option = click.option(
    "--faces", type=FILE, multiple=True, required=True, help="Tar archive of face crops; repeat."
)
index_option = click.option(
    "--index", type=FILE, required=True, help="CSV with the columns file, label, original, part."
)
entry_option = click.option("--entry", default=NAME, show_default=True, help="Name of the weights.")
weights_option = click.option("--weights", type=FOLDER, help="Folder with a manifest.toml.")
device_option = click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]))


def settings_of(ctx: click.Context, weights: Path | None, device: str | None) -> "Settings":
    """Return the settings with this call's folder of weights and device."""
    return load_settings(ctx, weights=str(weights) if weights else None, device=device)


def today() -> str:
    """Return today's date in UTC."""
    return datetime.now(UTC).date().isoformat()
