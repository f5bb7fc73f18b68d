"""Weights files: safetensors written from a trained network and read back, never a pickle that can run code."""

from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from forensics.errors import WeightsError
from forensics.weights import WeightsEntry, sha256_of, verify

from . import LAYOUT
from .model import FaceSequenceNet, ModelConfig


def save(model: FaceSequenceNet, path: Path) -> str:
    """Write a network as safetensors, and return the file's SHA-256."""
    return write(packed(model.state_dict()), path, LAYOUT)


def write(state: dict[str, Tensor], path: Path, layout: str) -> str:
    """Write tensors that share no memory as safetensors, and return the file's SHA-256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".tmp")
    safetensors.torch.save_file(state, half, metadata={"layout": layout})
    half.chmod(0o644)  # safetensors writes for the owner alone, and others install these files
    half.replace(path)
    return sha256_of(path)


def packed(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a state dict with its matrices and kernels in half precision.

    Vectors stay as they are: they hold the running variances of batch norm, which half precision may turn into zero or
    infinity, and are below 1 % of the whole.
    """
    return {
        name: (value.half() if value.is_floating_point() and value.ndim > 1 else value).contiguous()
        for name, value in state.items()
    }


def load(entry: WeightsEntry) -> FaceSequenceNet:
    """Return the network of an entry, in 32-bit floats on the CPU, in evaluation mode.

    Raises WeightsError for another layout, a hash that is not the manifest's, or tensors that do not fit the network.
    """
    state = read(entry, LAYOUT)
    return fill(ModelConfig(entry.trunk, entry.hidden, entry.mirrored), state, entry.path)


def read(entry: WeightsEntry, layout: str) -> dict[str, Tensor]:
    """Return the tensors of an entry, on the CPU.

    Raises WeightsError for another layout, a hash that is not the manifest's, or a file that is no safetensors.
    """
    if entry.layout != layout:
        raise WeightsError(
            f"{entry.path}: layout is {entry.layout!r}, not {layout!r}; run 'forensics weights list'"
        )
    verify(entry)
    try:
        state: dict[str, Tensor] = safetensors.torch.load_file(entry.path)
    except SafetensorError as error:
        raise WeightsError(f"{entry.path}: not a safetensors file: {error}") from error
    return state


def from_training(checkpoint: Path, config: ModelConfig) -> FaceSequenceNet:
    """Return the network of a training checkpoint, in evaluation mode; raises WeightsError when it does not fit."""
    state = read_training(checkpoint)
    if not isinstance(state.get("model"), dict):
        raise WeightsError(f"{checkpoint}: no training checkpoint: it holds no 'model'")
    return fill(config, state["model"], checkpoint)


def read_training(checkpoint: Path) -> dict[str, Any]:
    """Read a training checkpoint: `model`, `optimiser`, `step` and, of a taught network, `bridge`.

    Exported weights (.safetensors) give the `model` alone.
    """
    try:
        if checkpoint.suffix == ".safetensors":
            return {"model": safetensors.torch.load_file(checkpoint)}
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, UnpicklingError, SafetensorError) as error:
        raise WeightsError(
            f"{checkpoint}: can't be read as a training checkpoint: {error}"
        ) from error
    return dict(state)


def fill(config: ModelConfig, state: Mapping[str, Tensor], source: Path) -> FaceSequenceNet:
    """Build the network without drawing random weights, which takes longer than reading, and fill it."""
    with torch.device("meta"):
        model = FaceSequenceNet(config)
    if unsaved := {name for name, _ in model.named_buffers()} - state.keys():
        raise WeightsError(f"{source}: holds no {min(unsaved)!r}, which {config.trunk} needs")
    model = model.to_empty(device="cpu")
    try:
        model.load_state_dict(state, strict=True)
    except RuntimeError as error:
        raise WeightsError(
            f"{source}: its tensors do not fit {config.trunk} with {config.hidden} hidden: {error}"
        ) from error
    return model.eval()
