"""Weights between those before a run and those after it.

Half way between the two a network often does better on what neither run showed it than at either end: Wortsman et al.,
"Robust fine-tuning of zero-shot models" (CVPR 2022, arXiv 2109.01903). A run on many sources of few people learns these by
heart; the weights before it know none of them.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from forensics.weights import sha256_of

from ..checkpoints import fill, read_training
from ..data import DataError
from ..model import FaceSequenceNet, ModelConfig
from .lineage import Lineage, lineage_of

RECURRENT = ("lstm.", "residual_head.")


def blend(
    after: Mapping[str, Tensor], before: Mapping[str, Tensor], share: float
) -> dict[str, Tensor]:
    """Return the state that has a `share` of the weights `after` and the rest of those `before`; the LSTM is wholly the latter's.

    Raises DataError for states of two kinds of network.
    """
    mixed = {}
    for name, old in before.items():
        if name.startswith(RECURRENT) or not old.is_floating_point():
            mixed[name] = old
            continue
        if name not in after or after[name].shape != old.shape:
            raise DataError(f"{name}: the two networks have not the same trunk")
        mixed[name] = (1 - share) * old.float() + share * after[name].float()
    return mixed


def read_blended(checkpoint: Path, other: Path, trunk: str, share: float) -> FaceSequenceNet:
    """Return the network between a checkpoint and another file of weights, in evaluation mode."""
    after, before = (read_training(path)["model"] for path in (checkpoint, other))
    hidden = int(before["lstm.weight_hh_l0"].shape[1])
    return fill(ModelConfig(trunk, hidden), blend(after, before, share), checkpoint)


def blended_lineage(lineage: Lineage, other: Path, share: float) -> Lineage:
    """Return a lineage whose last stage says what its weights were blended with."""
    last = {**lineage.stages[-1], "blended_with": sha256_of(other), "share": share}
    learnt = lineage.learnt | lineage_of(other).learnt
    return replace(lineage, stages=(*lineage.stages[:-1], last), learnt=learnt)
