"""Checkpoints of the original system: pickles of a state dict, read without running what may be in them."""

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from forensics.errors import WeightsError
from forensics.weights import WeightsEntry

from .. import ORIGINAL, checkpoints
from .network import POOLINGS, OriginalNet, Pooling, shapes

WRAPPER = "state_dict"
PREFIX = "module."  # of DataParallel
NAMED_FIRST = 3
OLD_NAME = re.compile(
    r"model_(?P<accuracy>\d+(?:\.\d+)?)_acc_(?P<frames>[1-9]\d*)_frames_(?P<data>.+)\.pth?"
)
ASKED_FOR = re.compile(r"GLOBAL (\S+) (?:was not an allowed|whose module)")  # in torch's message


@dataclass(frozen=True)
class Claim:
    """What the author of a checkpoint wrote into its file name."""

    accuracy_percent: str
    frames: int
    data: str

    def __str__(self) -> str:
        return (
            f"data {self.data!r}, accuracy {self.accuracy_percent} %, {self.frames} frames: "
            "stated by its author, not verified"
        )


def claimed(file_name: str) -> Claim | None:
    """Return what a name of the original's form claims, `model_<acc>_acc_<frames>_frames_<data>.pt`; None for others."""
    found = OLD_NAME.fullmatch(file_name)
    return Claim(found["accuracy"], int(found["frames"]), found["data"]) if found else None


def read(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a checkpoint, on the CPU, in 32-bit floats, none sharing memory with another.

    The file may be of the form before torch 1.6 or a zip, saved on any device, bare or under the key `state_dict`, and
    with the names that DataParallel gives. Raises WeightsError for one that holds code, is damaged or does not fit.
    """
    state = bare(unpickled(path))
    if not isinstance(state, Mapping):
        raise WeightsError(f"{path}: holds a {type(state).__name__}, not a state dict")
    check(state, path)
    return {
        name: (value.float() if value.is_floating_point() else value).detach().clone().contiguous()
        for name, value in state.items()
    }


def unpickled(path: Path) -> Any:
    """Return what is in a checkpoint. Torch's restricted reader makes tensors and plain types of it, and runs no code."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise WeightsError(f"{path}: can't be read: {error.strerror or error}") from error
    try:
        with file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch remarks on what damaged files seem to be
            return torch.load(file, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        if not (asked := ASKED_FOR.search(str(error))):
            raise damaged(path, error) from error
        # torch's message is left out: it tells how to load the file all the same
        raise WeightsError(
            f"{path}: refused: it asks for {asked[1]!r}, which is code and not numbers, and nothing of it was run; "
            "a checkpoint that holds a state dict and nothing else is read"
        ) from None
    except Exception as error:  # damaged files fail in a dozen ways: KeyError, struct.error, ..
        raise damaged(path, error) from error


def damaged(path: Path, error: Exception) -> WeightsError:
    """Return the error for a file that is no checkpoint, or no longer one."""
    return WeightsError(
        f"{path}: can't be read as a checkpoint: cut short, damaged or not written by torch.save "
        f"({type(error).__name__}); compare its size with where it comes from"
    )


def bare(state: Any) -> Any:
    """Take off what training loops put around a state dict."""
    if isinstance(state, Mapping) and isinstance(state.get(WRAPPER), Mapping):
        state = state[WRAPPER]
    if isinstance(state, Mapping) and all(str(name).startswith(PREFIX) for name in state):
        return {str(name).removeprefix(PREFIX): value for name, value in state.items()}
    return state


def check(state: Mapping[Any, Any], source: Path) -> None:
    """Raise WeightsError, with the first few names of each kind, unless a state dict is one of the original's network."""
    wanted = shapes()
    other = [name for name in wanted if name in state and not fits(state[name], wanted[name])]
    problems = [
        listed("missing", [repr(name) for name in wanted if name not in state]),
        listed("unexpected", [repr(name)[:80] for name in state if name not in wanted]),
        listed(
            "of another shape",
            [f"{name!r} is {kind(state[name])}, not {kind(wanted[name])}" for name in other],
        ),
    ]
    if any(problems):
        said = "; ".join(problem for problem in problems if problem)
        raise WeightsError(
            f"{source}: does not fit the original's network, which has {len(wanted)} entries: {said}"
        )
    if wrong := [repr(name) for name, value in state.items() if not value.isfinite().all()]:
        raise WeightsError(f"{source}: {listed('not finite', wrong)}; its training went astray")


def listed(what: str, names: Sequence[str]) -> str:
    """Return a count with the first few names; nothing for none."""
    rest = ", .." if len(names) > NAMED_FIRST else ""
    return f"{len(names)} {what}: {', '.join(names[:NAMED_FIRST])}{rest}" if names else ""


def fits(value: Any, wanted: Tensor) -> bool:
    """Say whether a value is a dense tensor of the wanted shape, and of floats where floats are wanted."""
    return (
        isinstance(value, Tensor)
        and value.layout == torch.strided
        and value.device.type == "cpu"
        and value.shape == wanted.shape
        and value.is_floating_point() == wanted.is_floating_point()
    )


def kind(value: Any) -> str:
    """Return a tensor's shape and number type, or the type of what is no tensor."""
    if not isinstance(value, Tensor):
        return type(value).__name__
    return f"{tuple(value.shape)} {str(value.dtype).removeprefix('torch.')}"


def pooling_of(entry: WeightsEntry) -> Pooling:
    """Return the pooling of an imported entry; raises WeightsError when its manifest has none that is known."""
    value = entry.recipe.get("pooling")
    for known in POOLINGS:
        if value == known:
            return known
    choices = ", ".join(POOLINGS)
    raise WeightsError(
        f"{entry.manifest}: weights {entry.name!r}: recipe: key 'pooling' is {value!r}, choose from {choices}; "
        "run 'forensics resnext-lstm import-checkpoint' again"
    )


def load(entry: WeightsEntry) -> OriginalNet:
    """Return the network of an imported entry, in 32-bit floats on the CPU, in evaluation mode. Raises WeightsError."""
    state = checkpoints.read(entry, ORIGINAL)
    check(state, entry.path)
    with torch.device("meta"):
        model = OriginalNet(pooling_of(entry))
    model.load_state_dict(state, assign=True)
    return model.eval()
