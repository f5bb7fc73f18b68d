"""The network of an entry as an ONNX file, with the card by which `forensics-onnx-classifier` uses it.

What goes over is what a card can say: the trunk and the frame head, a logit for each crop, the mean over a track's. The
LSTM looks at all crops of a track at once, which a card can't; as long as its residual is zero nothing is lost.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tomli_w
import torch
from torch import Tensor, nn

from forensics.errors import ForensicsError
from forensics.weights import WeightsEntry, sha256_of, toml_value

from .checkpoints import load
from .fuse_batchnorm import fold
from .model import IMAGENET_MEAN, IMAGENET_STD, FaceSequenceNet

SCHEMA = 1  # of the card
OPSET = 18
TRACED = 2  # crops in the example; one would be taken for the only number there is


@dataclass(frozen=True)
class Exported:
    """What was written: the ONNX file, its card, and whether the network has a residual, which is left out."""

    file: Path
    card: Path | None
    had_residual: bool


class FrameLogits(nn.Module):
    """Features and frame head: (N, 3, px, px) to (N, 1), batch norm folded. Changes the network that it is given."""

    def __init__(self, net: FaceSequenceNet) -> None:
        super().__init__()
        self.net = net
        fold(net.trunk)

    def forward(self, crops: Tensor) -> Tensor:
        """Return one logit for each crop, positive for manipulated."""
        logits: Tensor = self.net.frame_head(self.net.features(crops))  # (N, 1)
        return logits


def export(entry: WeightsEntry, file: Path, *, with_card: bool) -> Exported:
    """Write an entry's network, and its card under the same name with .toml.

    Raises WeightsError when its weights are not what the manifest says, ForensicsError when a library is missing.
    """
    net = load(entry)
    had_residual = has_residual(net)
    write_network(FrameLogits(net).eval(), entry.crop.px, file)
    card = file.with_suffix(".toml") if with_card else None
    if card is not None:
        values = card_of(entry, file, calibrated=not had_residual)
        card.write_text(tomli_w.dumps(values), encoding="utf-8")
    return Exported(file, card, had_residual)


def has_residual(net: FaceSequenceNet) -> bool:
    """Say whether the LSTM adds anything to the mean of the frame logits."""
    head = net.residual_head
    return bool(head.weight.any() or head.bias.any())


def write_network(net: nn.Module, px: int, file: Path) -> None:
    """Write a network as one ONNX file for any number of crops."""
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401 - torch.onnx writes through it
    except ImportError as error:
        raise ForensicsError(
            f"{error.name} is not installed; run \"pip install 'forensics-resnext-lstm[onnx]'\""
        ) from error
    file.parent.mkdir(parents=True, exist_ok=True)
    half = file.with_name(f"{file.name}.tmp")
    torch.onnx.export(
        net,
        (torch.zeros(TRACED, 3, px, px),),
        half,
        dynamo=True,
        input_names=["crops"],
        output_names=["logit"],
        opset_version=OPSET,
        dynamic_shapes=({0: torch.export.Dim("number")},),
        external_data=False,
        verbose=False,
    )
    half.replace(file)


def card_of(entry: WeightsEntry, file: Path, *, calibrated: bool) -> dict[str, Any]:
    """Return the card of an exported network. Its calibration was fitted on scores with the residual, if there is one."""
    card = {
        "schema": SCHEMA,
        "name": entry.name,
        "file": file.name,
        "sha256": sha256_of(file),
        "licence": entry.licence,
        "permitted_use": entry.permitted_use,
        "examines": ["face_manipulation"],
        "kinds": ["video", "still"],
        "input": {
            "px": entry.crop.px,
            "layout": "NCHW",
            "colour": "RGB",
            "scale": 1 / 255,
            "mean": IMAGENET_MEAN,
            "std": IMAGENET_STD,
        },
        "output": {"fake": 0, "kind": "logit"},
        "view": {"of": "face", "scale": entry.crop.scale, "shift": entry.crop.shift},
        "pooling": {"how": "mean"},
    }
    if calibrated and entry.calibration is not None:
        card["calibration"] = asdict(entry.calibration)
    found: dict[str, Any] = toml_value({key: toml_value(value) for key, value in card.items()})
    return found
