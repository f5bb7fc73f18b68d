"""What several tests are made of: tiny networks with their entries, small pictures in archives, and short runs."""

import csv
import io
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from click.testing import CliRunner, Result
from forensics_resnext_lstm import LAYOUT
from forensics_resnext_lstm.checkpoints import save
from forensics_resnext_lstm.commands import group
from forensics_resnext_lstm.data import Crop, Place
from forensics_resnext_lstm.model import FaceSequenceNet, ModelConfig
from forensics_resnext_lstm.training.recipe import Recipe
from forensics_resnext_lstm.training.train import Run, Trainer

from forensics.settings import Settings
from forensics.weights import CropValues, WeightsEntry, WeightsStatus

TRUNK = "mobilenetv2_035"
PX = 32
COLUMNS = ("file", "label", "original", "part")
TINY_RECIPE = Recipe(name="tiny", trunk=TRUNK, hidden=4, px=PX, held_out=(9,))


def network(seed: int, hidden: int = 4) -> FaceSequenceNet:
    """Return a network as training begins with it: its recurrence adds nothing yet."""
    torch.manual_seed(seed)
    return FaceSequenceNet(ModelConfig(TRUNK, hidden))


def recurrent_network() -> FaceSequenceNet:
    """Return a network whose recurrence counts."""
    net = network(3, hidden=8)
    torch.nn.init.normal_(net.residual_head.weight)
    return net


def entry_of(net: FaceSequenceNet, folder: Path, name: str = "resnext-lstm") -> WeightsEntry:
    """Save a network into a folder and return its entry, which has no calibration."""
    entry = replace(unsaved(folder, name), trunk=net.config.trunk, hidden=net.config.hidden)
    return replace(entry, sha256=save(net, entry.path))


def unsaved(folder: Path, name: str) -> WeightsEntry:
    """Return an entry whose file is not there."""
    return WeightsEntry(
        manifest=folder / "manifest.toml",
        name=name,
        file=f"{name}.safetensors",
        sha256="0" * 64,
        layout=LAYOUT,
        trunk=TRUNK,
        hidden=4,
        frames=4,
        status=WeightsStatus.PROVISIONAL,
        date="2025-11-22",
        licence="none",
        permitted_use="tests",
        data=(),
        crop=CropValues(0.82, 0.1, PX),
    )


def settings_of(folder: Path) -> Settings:
    """Return settings by which a folder's weights give the same scores on every machine."""
    return Settings(weights=str(folder), device="cpu", reproducible=True)


def noise(seed: int, px: int = 40, brighter: int = 127) -> npt.NDArray[np.uint8]:
    """Return noise, (px, px, 3): dark for an even seed, brighter by so many grey levels for an odd one."""
    values = np.random.default_rng(seed).integers(0, 128, (px, px, 3), np.uint8)
    return (values + brighter * (seed % 2)).astype(np.uint8)


def picture(seed: int, px: int = 48) -> npt.NDArray[np.uint8]:
    """Return colours that change slowly from place to place, as in a photograph, (px, px, 3)."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    return np.asarray(cv2.resize(coarse, (px, px), interpolation=cv2.INTER_CUBIC), np.uint8)


def as_jpeg(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Return a BGR picture as JPEG."""
    return cv2.imencode(".jpg", pixels)[1].tobytes()


def as_png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Return a BGR picture as PNG."""
    return cv2.imencode(".png", pixels)[1].tobytes()


def write_tar(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write files into an uncompressed archive, in the order given."""
    with tarfile.open(path, "w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def write_index(
    path: Path, rows: Iterable[Sequence[object]], columns: Sequence[str] = COLUMNS
) -> Path:
    """Write an index of crops or videos as CSV."""
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    return path


def crop_of(**values: Any) -> Crop:
    """Return a crop that can't be read: a real one of video a and part 0, where the values say nothing else."""
    given = {"fake": False, "original": "a", "part": 0, **values}
    return Crop(Place(Path("x.tar"), 0, 0), **given)


def trained(recipe: Recipe, run: Run, *stops: int) -> tuple[dict[str, torch.Tensor], list[str]]:
    """Train up to each of the steps, begun anew each time; returns the state of the network and what was said."""
    said: list[str] = []
    for stop in stops:
        Trainer(recipe, run, said.append).fit(until=stop)
    state = torch.load(run.work / "last.pt", weights_only=True)
    assert {"model", "optimiser", "step"} <= state.keys()
    return state["model"], said


def called(*words: str) -> Result:
    """Run a command of the plugin in this process; what it raises comes through."""
    obj = {"config": None, "database_url": None}
    return CliRunner().invoke(group, words, obj=obj, catch_exceptions=False)


def quiet(done: int, of: int, what: str) -> None:
    """Tell nobody how far it is."""
