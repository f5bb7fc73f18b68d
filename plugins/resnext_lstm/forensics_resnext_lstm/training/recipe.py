"""A training recipe: everything that decides what a run yields, as a TOML file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from forensics.toml_tables import Rules, TableReader, at_least, load, one_of

from ..data import DataError

PACKAGE_PREFIX = "package:"


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a run yields; stored with the weights.

    `start`: ImageNet weights of the trunk as `package:NAME`, an installed package that holds one .pth file, or "".
    `teacher_trunk` and `teacher_px`: the network that it is distilled from, when the run is given one, and the side of
    the crops that this was trained on. `held_out`: parts for early stopping and calibration, never trained on.
    `pairs`: source videos in a batch, which has two crops of each. `self_blended`: share of fakes made by blending a
    face with itself. `paired`: the two crops of a pair are altered alike, so that they differ by the manipulation alone
    (as self-blended images are, arXiv 2204.08376). `located`: weight of finding where a crop was changed. `least_change`:
    fakes that differ from their originals by fewer grey levels are left out, self-blended ones take their place.
    `shares`: how the pairs of a batch are shared out among folders of data, by their names; inside a folder fakes are drawn
    by method, real faces by person, and a fake without a real crop of its video has anybody's beside it. Without shares
    each epoch takes every source video once. `worse`: share of pictures that go through what platforms and players do
    (`degrade`). `mouths`: share of self-blended fakes that change the lower face alone. `smoothing`: distance of the labels from 0 and 1. `teacher_hints`:
    weight of the feature maps of four stages beside the teacher's features. `cooldown_steps`: how many steps at the end
    the rate falls; before, it stays, so that a run can be made longer while it goes on. With 0 it falls from the start,
    along a cosine. `frozen_stages`: the stem and so many stages of the trunk stay as they are. `steady_norm`: batch norm keeps
    the statistics that it has. `average`: the network that is measured and kept is the running mean of the weights, by this
    decay a step (0: the last one).

    `stage`: `crops` trains trunk and frame head on single crops, `sequences` the LSTM and its head on clips of up to
    `frames` faces, and the trunk or the frame head too where `tunes_trunk` or `tunes_frame_head` says so; `reencoded`
    is the share of clips that is compressed as video. `mixed`: compute in bfloat16 where the device is fast at it.
    """

    name: str
    trunk: str
    hidden: int = 512
    px: int = 112
    held_out: tuple[int, ...] = (47, 48, 49)
    steps: int = 1000
    pairs: int = 16
    rate: float = 3e-4
    trunk_rate_factor: float = 1.0
    weight_decay: float = 0.02
    warmup_steps: int = 100
    self_blended: float = 0.3
    paired: bool = False
    located: float = 0.0
    least_change: float = 0.0
    smoothing: float = 0.02
    seed: int = 1
    start: str = ""
    teacher_trunk: str = ""
    teacher_px: int = 128
    teacher_share: float = 0.7
    teacher_hints: float = 0.0
    cooldown_steps: int = 0
    stage: str = "crops"
    frames: int = 20
    tunes_trunk: bool = False
    tunes_frame_head: bool = False
    reencoded: float = 0.5
    mixed: bool = False
    shares: dict[str, float] = field(default_factory=dict)
    worse: float = 0.0
    mouths: float = 0.0
    frozen_stages: int = 0
    steady_norm: bool = False
    average: float = 0.0


STAGES = ("crops", "sequences")
COUNTS = ("hidden", "px", "steps", "pairs", "warmup_steps", "teacher_px", "frames")


def check_shares(shares: Mapping[str, float]) -> str:
    """Say what is wrong with the shares of the folders of data."""
    wrong = next((name for name, share in shares.items() if share <= 0), None)
    return "" if wrong is None else f"gives {wrong} {shares[wrong]}, must be above 0"


RULES: Rules = {
    Recipe: dict.fromkeys(COUNTS, at_least(1)) | {"stage": one_of(*STAGES), "shares": check_shares}
}
READER = TableReader(DataError, RULES)


def read_recipe(path: Path) -> Recipe:
    """Read a TOML recipe; raises DataError with a line for everything that is wrong, naming the file and the key."""
    return recipe_of(load(path, DataError), str(path))


def recipe_of(values: Mapping[str, Any], where: str) -> Recipe:
    """Return the recipe of a table; raises DataError naming the keys that are wrong after `where`."""
    return READER.structure(values, Recipe, where)


def start_file(start: str) -> Path:
    """Return the file that `package:NAME` means: the one .pth inside an installed package.

    Raises DataError when the package is not installed or holds none or several.
    """
    name = start.removeprefix(PACKAGE_PREFIX)
    if name == start or not name.isidentifier():
        raise DataError(f"start = {start!r}: must have the form {PACKAGE_PREFIX}NAME")
    spec = find_spec(name)
    places = (spec.submodule_search_locations if spec else None) or []
    files = [file for place in places for file in sorted(Path(place).rglob("*.pth"))]
    if len(files) != 1:
        distribution = name.replace("_", "-")
        raise DataError(
            f"start = {start!r}: {len(files)} weights files found; install {distribution} or train with --start FILE"
        )
    return files[0]
