"""Turn a training checkpoint into weights: a safetensors file and its entry in a manifest."""

from dataclasses import asdict, dataclass
from pathlib import Path

from forensics.manifest import FILE_NAME
from forensics.weights import CropValues, WeightsEntry, WeightsStatus, put

from . import LAYOUT
from .checkpoints import from_training, save
from .model import ModelConfig
from .training.recipe import Recipe


@dataclass(frozen=True)
class Terms:
    """What a manifest says beside the network: terms, data, the geometry of the crops trained on, and how they are looked at."""

    licence: str
    permitted_use: str
    data: tuple[str, ...]
    scale: float
    shift: float
    frames: int
    date: str
    mirrored: bool = False


def write(checkpoint: Path, recipe: Recipe, name: str, folder: Path, terms: Terms) -> WeightsEntry:
    """Write NAME.safetensors and its entry, of status provisional, into a folder of weights; return the entry.

    An earlier entry of that name is replaced, with its calibration and figures: they belonged to other weights.
    """
    model = from_training(checkpoint, ModelConfig(recipe.trunk, recipe.hidden))
    file = f"{name}.safetensors"
    entry = WeightsEntry(
        manifest=folder / FILE_NAME,
        name=name,
        file=file,
        sha256=save(model, folder / file),
        layout=LAYOUT,
        trunk=recipe.trunk,
        hidden=recipe.hidden,
        frames=terms.frames,
        status=WeightsStatus.PROVISIONAL,
        date=terms.date,
        licence=terms.licence,
        permitted_use=terms.permitted_use,
        data=terms.data,
        crop=CropValues(terms.scale, terms.shift, recipe.px),
        recipe=asdict(recipe),
        mirrored=terms.mirrored,
    )
    put(entry)
    return entry
