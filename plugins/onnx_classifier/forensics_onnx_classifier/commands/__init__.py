"""The command group `forensics onnx-classifier`. Heavy imports are inside the commands."""

import click

from .check import check


@click.group("onnx-classifier")
def group() -> None:
    """Detectors from ONNX files and the cards beside them."""


group.add_command(check)
