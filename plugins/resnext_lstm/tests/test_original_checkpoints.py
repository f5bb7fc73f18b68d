"""What is no checkpoint of the original is refused, with what is wrong; what is dressed up otherwise is read."""

import os
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result
from forensics_resnext_lstm import LAYOUT
from forensics_resnext_lstm.original.checkpoints import claimed, read
from forensics_resnext_lstm.original.network import shapes
from tiny import unsaved
from torch import Tensor

from forensics.cli import main
from forensics.errors import WeightsError
from forensics.weights import CropValues, WeightsEntry, put
from forensics.weights import read as read_manifest

State = dict[str, Any]
SAVED = [pytest.param(False, id="before-1.6"), pytest.param(True, id="zip")]


def tiny(value: float = 0.0) -> State:
    """Return a state dict of the right shapes whose tensors have one number of memory each."""
    return {
        name: torch.full((), value, dtype=wanted.dtype).expand(wanted.shape)
        for name, wanted in shapes().items()
    }


def saved(path: Path, content: object, *, zipped: bool = False) -> Path:
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    return path


def run(path: Path, folder: Path | None, *options: str) -> Result:
    where = ["--weights", str(folder)] if folder else []
    return CliRunner().invoke(
        main, ["resnext-lstm", "import-checkpoint", str(path), *where, *options]
    )


class Hostile:
    """A pickle of this makes a folder when it is loaded without care."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
        return os.mkdir, (str(self.marker),)


@pytest.mark.parametrize("zipped", SAVED)
def test_hostile_checkpoint_is_refused_and_its_code_does_not_run(
    tmp_path: Path, zipped: bool
) -> None:
    marker = tmp_path / "marker"
    path = saved(tmp_path / "old.pt", {**tiny(), "extra": Hostile(marker)}, zipped=zipped)
    result = run(path, tmp_path / "weights")
    assert result.exit_code == 1
    assert "refused: it asks for 'posix.mkdir', which is code and not numbers" in result.output
    assert "weights_only" not in result.output
    assert not marker.exists()
    assert not (tmp_path / "weights").exists()
    torch.load(path, weights_only=False)
    assert marker.exists(), "the pickle is not hostile, so the test shows nothing"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_hostile_pickle_is_refused_whoever_wrote_it(tmp_path: Path, protocol: int) -> None:
    marker, path = tmp_path / "marker", tmp_path / "old.pt"
    path.write_bytes(pickle.dumps(Hostile(marker), protocol))
    with pytest.raises(WeightsError, match=r"refused: it asks for|can't be read as a checkpoint"):
        read(path)
    assert not marker.exists()
    pickle.loads(path.read_bytes())  # noqa: S301  the test's own pickle
    assert marker.exists()


def test_whole_network_in_place_of_its_state_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "old.pt", torch.nn.Linear(2, 2))
    with pytest.raises(WeightsError, match=r"torch\.nn\.modules\.linear\.Linear'.* state dict"):
        read(path)


@pytest.mark.parametrize("zipped", SAVED)
@pytest.mark.parametrize("share", [0.0, 0.01, 0.2, 0.5, 0.9, 0.999])
def test_file_cut_short_is_said(tmp_path: Path, zipped: bool, share: float) -> None:
    path = saved(tmp_path / "old.pt", tiny(), zipped=zipped)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(WeightsError, match=r"old\.pt: can't be read as a checkpoint: cut short"):
        read(path)


@pytest.mark.parametrize("data", [b"no pickle at all", b"\x80\x04]", bytes(range(256)) * 9, b"PK"])
def test_file_that_is_no_pickle_is_said(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "old.pt"
    path.write_bytes(data)
    with pytest.raises(WeightsError, match="not written by"):
        read(path)


def without(state: State, *names: str) -> State:
    return {name: value for name, value in state.items() if name not in names}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(
            lambda state: without(state, "linear1.bias"), "1 missing: 'linear1.bias'", id="missing"
        ),
        pytest.param(
            lambda state: {"lstm.bias_ih_l0": torch.zeros(3), "x": 1, "y": 2, "z": 3} | state,
            "4 unexpected: 'lstm.bias_ih_l0', 'x', 'y', ..",
            id="unexpected",
        ),
        pytest.param(
            lambda state: state | {"linear1.weight": torch.zeros(3, 2048)},
            "1 of another shape: 'linear1.weight' is (3, 2048) float32, not (2, 2048) float32",
            id="shape",
        ),
        pytest.param(
            lambda state: state | {"linear1.bias": torch.zeros(2, dtype=torch.int8)},
            "'linear1.bias' is (2,) int8, not (2,) float32",
            id="whole-numbers",
        ),
        pytest.param(
            lambda state: state | {"linear1.bias": "0"}, "'linear1.bias' is str", id="no-tensor"
        ),
        pytest.param(
            lambda state: state | {"linear1.bias": torch.eye(2)[0].to_sparse()},
            "1 of another shape: 'linear1.bias'",
            id="sparse",
        ),
        pytest.param(
            lambda state: state | {"linear1.bias": torch.tensor([0, torch.nan])},
            "1 not finite: 'linear1.bias'",
            id="not-a-number",
        ),
        pytest.param(
            lambda state: {"model": state}, "322 missing: 'model.0.weight', ", id="all-missing"
        ),
        pytest.param(lambda state: [1, 2], "holds a list, not a state dict", id="list"),
        pytest.param(lambda state: {}, "322 missing", id="empty"),
    ],
)
def test_checkpoint_that_does_not_fit_says_where(
    tmp_path: Path, change: Callable[[State], object], words: str
) -> None:
    path = saved(tmp_path / "old.pt", change(tiny()))
    with pytest.raises(WeightsError) as error:
        read(path)
    assert str(error.value).startswith(f"{path}: ")
    assert words in str(error.value)


@pytest.mark.parametrize(
    "dress",
    [
        pytest.param(lambda state: state, id="bare"),
        pytest.param(lambda state: {"epoch": 3, "state_dict": state}, id="wrapped"),
        pytest.param(
            lambda state: {"state_dict": {f"module.{k}": v for k, v in state.items()}},
            id="data-parallel",
        ),
        pytest.param(
            lambda state: {k: v.half() if k == "linear1.bias" else v for k, v in state.items()},
            id="half-precision",
        ),
    ],
)
@pytest.mark.parametrize("zipped", SAVED)
def test_checkpoint_is_read_however_it_is_dressed(
    tmp_path: Path, dress: Callable[[dict[str, Tensor]], object], zipped: bool
) -> None:
    path = saved(tmp_path / "old.pt", dress(tiny(1.0)), zipped=zipped)
    state = read(path)
    assert {name: (value.shape, value.dtype) for name, value in state.items()} == {
        name: (value.shape, value.dtype) for name, value in shapes().items()
    }
    assert state["linear1.bias"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("name", "claim"),
    [
        pytest.param("model_97_acc_100_frames_FF_data.pt", ("97", 100, "FF_data"), id="usual"),
        pytest.param("model_84.5_acc_10_frames_final.pth", ("84.5", 10, "final"), id="decimal"),
        pytest.param("model_97_acc_0_frames_FF.pt", None, id="no-frames"),
        pytest.param("checkpoint.pt", None, id="other"),
        pytest.param("my_model_97_acc_20_frames_FF.pt", None, id="prefixed"),
    ],
)
def test_old_names_are_recognised(name: str, claim: tuple[str, int, str] | None) -> None:
    found = claimed(name)
    assert (found and (found.accuracy_percent, found.frames, found.data)) == claim


def test_import_without_a_folder_says_how_to_give_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("FORENSICS_WEIGHTS", raising=False)
    result = run(saved(tmp_path / "old.pt", {}), None)
    assert result.exit_code == 2
    assert "give --weights FOLDER, or set FORENSICS_WEIGHTS" in result.output


def entry_of(folder: Path, name: str, layout: str) -> WeightsEntry:
    entry = replace(unsaved(folder, name), layout=layout, frames=20, crop=CropValues(1.0, 0.0, 112))
    return replace(entry, trunk="resnext50_32x4d", hidden=2048)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        pytest.param("old", "is in", id="imported-before"),
        pytest.param("file", "give --replace, or choose another", id="file-without-entry"),
        pytest.param("resnext-lstm", "the default weights have this name", id="default"),
        pytest.param("own", "have this name; choose another", id="other-layout"),
        pytest.param("shared", "belongs to 'sharing'", id="file-of-another"),
        pytest.param("../up", "use lower-case letters", id="path"),
    ],
)
def test_name_that_is_taken_is_refused_before_the_checkpoint_is_read(
    tmp_path: Path, entry: str, words: str
) -> None:
    put(entry_of(tmp_path, "old", "original"))
    put(entry_of(tmp_path, "own", LAYOUT))
    put(replace(entry_of(tmp_path, "sharing", "original"), file="shared.safetensors"))
    (tmp_path / "file.safetensors").write_bytes(b"")
    before = (tmp_path / "manifest.toml").read_bytes()
    result = run(saved(tmp_path / "old.pt", {}), tmp_path, "--entry", entry)
    assert result.exit_code == 2
    assert words in result.output
    assert (tmp_path / "manifest.toml").read_bytes() == before


def test_import_into_the_folder_of_the_environment_can_replace_an_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORENSICS_WEIGHTS", str(tmp_path))
    put(entry_of(tmp_path, "old", "original"))
    options = ["--entry", "old", "--pooling", "mean", "--replace"]
    result = run(saved(tmp_path / "mine.pt", tiny()), None, *options)
    assert result.exit_code == 0, result.output
    (entry,) = read_manifest(tmp_path / "manifest.toml").entries
    assert (entry.recipe["pooling"], entry.frames, entry.data) == ("mean", 20, ("not stated",))
    entry.path.unlink()  # 226 MB
