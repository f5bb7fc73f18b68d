"""Turn a training checkpoint into weights: a safetensors file and its entry in a manifest."""

from dataclasses import asdict, dataclass
from pathlib import Path

from forensics.weights import FILE_NAME, CropValues, WeightsEntry, WeightsStatus, put

from .. import LAYOUT
from ..checkpoints import from_training, save
from ..data import DataError
from ..model import ModelConfig
from .blending import blended_lineage, read_blended
from .lineage import Lineage, differing, lineage_of
from .recipe import Recipe, recipe_of


@dataclass(frozen=True)
class Terms:
    """What a manifest says beside the network: terms, data, the geometry of the crops trained on, and how they are looked at.

    With `blend` the weights are between those of that file and the checkpoint's, which have the `share`.
    """

    licence: str
    permitted_use: str
    data: tuple[str, ...]
    scale: float
    shift: float
    frames: int
    date: str
    mirrored: bool = False
    blend: Path | None = None
    share: float = 0.5


def write(
    checkpoint: Path, recipe: Recipe | None, name: str, folder: Path, terms: Terms
) -> WeightsEntry:
    """Write NAME.safetensors and its entry, of status provisional, into a folder of weights; return the entry.

    The recipe is the checkpoint's own; one of before checkpoints named theirs needs it given. An earlier entry of that
    name is replaced, with its calibration and figures: they belonged to other weights.
    """
    lineage = lineage_of(checkpoint)
    recipe = recipe_for(checkpoint, lineage, recipe)
    if terms.blend is None:
        model = from_training(checkpoint, ModelConfig(recipe.trunk, recipe.hidden))
    else:
        model = read_blended(checkpoint, terms.blend, recipe.trunk, terms.share)
        lineage = blended_lineage(lineage, terms.blend, terms.share)
    file = f"{name}.safetensors"
    entry = WeightsEntry(
        manifest=folder / FILE_NAME,
        name=name,
        file=file,
        sha256=save(model, folder / file),
        layout=LAYOUT,
        trunk=recipe.trunk,
        hidden=model.config.hidden,
        frames=terms.frames,
        status=WeightsStatus.PROVISIONAL,
        date=terms.date,
        licence=terms.licence,
        permitted_use=terms.permitted_use,
        data=terms.data,
        crop=CropValues(terms.scale, terms.shift, recipe.px),
        recipe=asdict(recipe),
        mirrored=terms.mirrored,
        learnt=tuple(sorted(lineage.learnt)),
        stages=lineage.stages,
    )
    put(entry)
    return entry


def recipe_for(checkpoint: Path, lineage: Lineage, given: Recipe | None) -> Recipe:
    """Return the recipe that a checkpoint was last trained by; raises DataError when another one is given, or none is known."""
    if not lineage.stages:
        if given is None:
            raise DataError(
                f"{checkpoint}: does not say by which recipe it was made; give --recipe"
            )
        return given
    if given is not None and (other := differing(given, lineage, checkpoint)):
        raise DataError(
            f"{checkpoint}: belongs to another recipe ({', '.join(other)} differ); leave --recipe out"
        )
    return recipe_of(lineage.stages[-1]["recipe"], str(checkpoint))
