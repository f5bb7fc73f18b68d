"""What the two stages of training share: what a trainer asks of them, the data's sides, the number type."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from .batches import Batch
from .recipe import Recipe


@dataclass(frozen=True)
class Run:
    """Where a run reads and writes, and what it computes on. `teacher`, `start` and `after` are files of weights.

    `data` are folders that `prepare` wrote, or that hold `train.csv` and `train-*.tar`. `start` takes the place of the
    recipe's. `after` is the checkpoint of a run, on smaller pictures say, whose network this one begins with. `workers`
    prepare batches. `compiled` lets torch compile the trunk, which takes two minutes and a C++ compiler, and then goes
    1.3 times as fast on a CPU. `fast_bfloat16` says that the device gains from it; a recipe's `mixed` asks for it.
    """

    data: tuple[Path, ...]
    work: Path
    teacher: Path | None = None
    start: Path | None = None
    after: Path | None = None
    device: str = "cpu"
    workers: int = 1
    compiled: bool = False
    fast_bfloat16: bool = False


@dataclass(frozen=True)
class Measured:
    """What held-out data says: AUC, of sequences also that of the mean over their frames, and a sentence."""

    auc: float
    auc_mean: float | None
    text: str


class Stage(Protocol):
    """One stage of training: what it learns from, what learns, and how it is measured.

    `seen` and `unseen` name the groups of people (`lineage.whose`) that it learns from and that it is measured on.
    """

    seen: frozenset[str]
    unseen: frozenset[str]

    def about(self) -> str:
        """Say how much there is to learn from."""
        ...

    def parameters(self) -> list[dict[str, Any]]:
        """Return what learns as groups for the optimiser, each with the `factor` of its learning rate."""
        ...

    def modes(self) -> None:
        """Put every part of the network in training or evaluation mode."""
        ...

    def batches(self, first: int) -> Iterator[Batch]:
        """Yield the batches from step `first` on."""
        ...

    def crops_in(self, batch: Batch) -> int:
        """Return how many crops go through the trunk for a batch."""
        ...

    def loss(self, batch: Batch) -> Tensor:
        """Return the loss of one batch."""
        ...

    def measure(self) -> Measured | str:
        """Measure on held-out data, or say why that can't be done."""
        ...

    def learnt(self) -> dict[str, Tensor] | None:
        """Return the state of what learns beside the network, or None where nothing does."""
        ...

    def go_on(self, state: dict[str, Any]) -> None:
        """Take up from a checkpoint what learns beside the network."""
        ...


def both_kinds(fakes: Sequence[bool]) -> bool:
    """Say whether there are real and fake ones among them."""
    return len(set(fakes)) == 2


def number_type(recipe: Recipe, run: Run) -> AbstractContextManager[Any]:
    """Return the context to compute in: bfloat16 where recipe and device are for it."""
    enabled = recipe.mixed and run.fast_bfloat16
    return torch.autocast(run.device, dtype=torch.bfloat16, enabled=enabled)
