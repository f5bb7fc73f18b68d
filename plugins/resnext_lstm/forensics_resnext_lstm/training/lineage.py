"""What a network has gone through: the stages of its training in order, and whose crops it has learnt from.

It goes with the network, in checkpoints and in manifests: whoever was learnt from can't be held out later, nor calibrated
or measured on.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from forensics.weights import FILE_NAME, read, sha256_of

from ..checkpoints import read_training
from ..data import VAL, Crop, DataError
from ..data.identity import PARTS, people
from .recipe import Recipe, recipe_of
from .stages import Run

LENGTH = frozenset({"steps", "cooldown_steps"})  # what may be changed while a run goes on


@dataclass(frozen=True)
class Lineage:
    """Stages as JSON values, the oldest first, and whose crops they learnt from, as `whose` names them.

    A stage has its `recipe`, the `steps` that were done of it, and the SHA-256 of the files that it began `after` and that
    were its `teacher`, empty without.
    """

    stages: tuple[Mapping[str, Any], ...] = ()
    learnt: frozenset[str] = frozenset()

    def at(self, steps: int) -> "Lineage":
        """Return it with so many steps done of the last stage."""
        return replace(self, stages=(*self.stages[:-1], {**self.stages[-1], "steps": steps}))

    def plain(self) -> dict[str, Any]:
        """Return it as it stands in a checkpoint."""
        return {"stages": [dict(stage) for stage in self.stages], "learnt": sorted(self.learnt)}


def whose(crop: Crop) -> str:
    """Name the group of people that a crop shows: its part, or its people where that is unknown, in their data set.

    Also for a row of a data set's own val split, which is held out whatever part its people have.
    """
    by_part = crop.part >= 0 and not (crop.split == VAL and crop.identity)
    return f"{crop.dataset}/{crop.part if by_part else crop.identity}".lstrip("/")


def groups_of(crops: Iterable[Crop]) -> frozenset[str]:
    """Return the names of all groups of people that crops show, as a lineage keeps them.

    A data set that shows fewer people than there are parts has them by name: two of them may share a part.
    """
    rows = list(crops)
    few = {dataset for dataset, count in people_in_each(rows).items() if count < PARTS}
    return frozenset(
        f"{crop.dataset}/{crop.identity}" if crop.identity and crop.dataset in few else whose(crop)
        for crop in rows
    )


def people_in_each(crops: Iterable[Crop]) -> Counter[str]:
    """Count the people, or those who occur together, of each data set."""
    return Counter(dataset for dataset, _ in {(crop.dataset, crop.identity) for crop in crops})


def all_names_of(crops: Iterable[Crop]) -> frozenset[str]:
    """Return every name that a lineage may have for the people whom crops show: by part, and by person."""
    rows = list(crops)
    by_person = {f"{crop.dataset}/{crop.identity}" for crop in rows if crop.identity}
    return frozenset({whose(crop) for crop in rows} | by_person)


def lineage_of(source: Path | None) -> Lineage:
    """Return what a checkpoint, or the manifest beside a file of weights, says; without any nothing is known."""
    if source is None:
        return Lineage()
    if source.suffix != ".safetensors":
        return of_checkpoint(read_training(source))
    manifest = source.parent / FILE_NAME
    entries = read(manifest).entries if manifest.exists() else ()
    found = next((entry for entry in entries if entry.file == source.name), None)
    return Lineage(found.stages, frozenset(found.learnt)) if found else Lineage()


def of_checkpoint(state: Mapping[str, Any]) -> Lineage:
    """Return what a checkpoint says; an older one says nothing."""
    return Lineage(tuple(state.get("stages", ())), frozenset(state.get("learnt", ())))


def joined(
    found: Lineage, recipe: Recipe, run: Run, learnt: frozenset[str], *, resumes: bool
) -> Lineage:
    """Return a lineage with a run as its last stage, anew or, where the run resumes, in the place that it has already.

    A pupil learns from whom its teacher has learnt.
    """
    files = {"after": hashed(run.after), "teacher": hashed(run.teacher)}
    stages = found.stages
    if resumes and stages:
        files = {key: str(stages[-1][key]) for key in files}
        stages = stages[:-1]
    values = asdict(recipe) | {"held_out": list(recipe.held_out)}
    own = {"recipe": values, "steps": 0, **files}
    return Lineage((*stages, own), found.learnt | learnt | lineage_of(run.teacher).learnt)


def hashed(file: Path | None) -> str:
    """Return the SHA-256 of a file, empty without one."""
    return sha256_of(file) if file else ""


def check_recipe(recipe: Recipe, found: Lineage, checkpoint: Path) -> None:
    """Raise DataError when a checkpoint belongs to a recipe that differs in more than its length."""
    if other := differing(recipe, found, checkpoint):
        raise DataError(
            f"{checkpoint}: belongs to another recipe ({', '.join(other)} differ); choose another --work, "
            "and give --after to begin with its network"
        )


def differing(recipe: Recipe, found: Lineage, checkpoint: Path) -> list[str]:
    """Return the keys, those of its length left out, in which a recipe is not the one of the last stage, if one is known."""
    if not found.stages:
        return []
    theirs = asdict(recipe_of(found.stages[-1]["recipe"], str(checkpoint)))
    own = asdict(recipe)
    return [key for key in own if own[key] != theirs[key] and key not in LENGTH]


def check_apart(fitted: Sequence[Crop], counted: Sequence[Crop]) -> None:
    """Raise DataError when errors would be counted on those by whom the thresholds were set."""
    shared = names_of(fitted) & names_of(counted)
    if shared:
        raise DataError(
            f"{some(shared)}: in the crops that errors are counted on and in those that the thresholds are fitted on; "
            "they must share no part, source video or person"
        )


def names_of(crops: Iterable[Crop]) -> frozenset[str]:
    """Return the groups of people, the source videos and the people that crops show."""
    rows = list(crops)
    videos = {f"video {crop.dataset}/{crop.original}" for crop in rows if crop.original}
    persons = {f"person {one}" for crop in rows for one in people(crop.identity)}
    return frozenset({f"part {group}" for group in groups_of(rows)} | videos | persons)


def check_unseen(groups: Iterable[str], learnt: frozenset[str], what: str) -> None:
    """Raise DataError when somebody was learnt from before; `what` says what is done with the crops."""
    if seen := learnt.intersection(groups):
        raise DataError(f"the network has learnt from crops of part {some(seen)}, which are {what}")


def some(names: Iterable[str]) -> str:
    """Return up to five names."""
    found = sorted(names, key=lambda name: (len(name), name))
    return ", ".join(found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "")
