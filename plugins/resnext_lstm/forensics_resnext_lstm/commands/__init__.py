"""The command group `forensics resnext-lstm`: one file per command. Heavy imports are inside the commands."""

import click

from .calibrate import calibrate
from .calibrate_videos import calibrate_videos
from .evaluate import evaluate
from .export_onnx import export_onnx
from .import_checkpoint import import_checkpoint
from .prepare import prepare
from .train import export, train


@click.group("resnext-lstm")
def group() -> None:
    """Prepare data, train, export, calibrate and measure the face-sequence detectors; import the original's checkpoints."""


for command in (
    prepare,
    train,
    export,
    export_onnx,
    evaluate,
    calibrate,
    calibrate_videos,
    import_checkpoint,
):
    group.add_command(command)
