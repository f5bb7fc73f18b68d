import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import forensics_onnx_classifier as plugin
import pytest
from click.testing import CliRunner
from forensics_onnx_classifier.shelf import VARIABLE

from forensics.cli import main
from forensics.errors import SettingsError, WeightsError
from forensics.hookspecs import Detector
from forensics.plugins import contract
from forensics.records import Coverage, MediaInfo, MediaKind, Need, Sample
from forensics.settings import Settings

Write = Callable[..., Path]
NOTHING = Sample(
    MediaInfo("0" * 64, 1, MediaKind.STILL, "png", "png", 8, 8),
    (),
    (),
    Coverage(None, 1, 1, 0, 1, None, 0),
    fd=-1,
)


@pytest.fixture(autouse=True)
def _shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))


def detectors() -> dict[str, Detector]:
    return {detector.name: detector for detector in plugin.forensics_detectors(Settings(threads=1))}


def test_importing_the_plugin_loads_nothing_heavy() -> None:
    code = (
        "import sys, forensics_onnx_classifier.commands; "
        "sys.exit(bool({'numpy', 'onnxruntime', 'cv2'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_a_card_there_is_no_detector(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert detectors() == {}
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "none"))
    assert detectors() == {}


def test_users_own_folder_is_searched_when_none_is_named(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write()
    folder = tmp_path / "data" / "forensics" / "onnx-cards"
    folder.mkdir(parents=True)
    for name in ("red.toml", "red.onnx"):
        (tmp_path / name).rename(folder / name)
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert set(detectors()) == {"onnx-red"}


def test_folder_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, os.pathsep.join([str(tmp_path), str(tmp_path / "none")]))
    with pytest.raises(SettingsError, match=f"{VARIABLE}: .*none: there is no such folder"):
        detectors()


def test_card_becomes_a_detector_that_fits_the_contract(write: Write) -> None:
    write(view={"of": "frame", "fit": "stretch"}, kinds=["still"])
    write("green")
    by_name = detectors()
    assert [*map(list, map(contract.misfits, by_name.values()))] == [[], []]
    assert by_name["onnx-red"].needs == {Need.FRAMES}
    assert by_name["onnx-red"].kinds == {MediaKind.STILL}
    assert by_name["onnx-green"].needs == {Need.FACES}
    assert by_name["onnx-red"].licence == "MIT (code), CC0-1.0 (weights)"


def test_broken_card_costs_its_own_finding_only(write: Write, tmp_path: Path) -> None:
    write()
    write("Green Net", pooling={"how": "sum"}, kinds=["still"])
    by_name = detectors()
    assert list(by_name) == ["onnx-red", "onnx-green-net"]
    stand_in = by_name["onnx-green-net"]
    assert [*contract.misfits(stand_in)] == []
    with pytest.raises(WeightsError, match=r"Green Net\.toml: key 'name' is 'Green Net'"):
        stand_in.examine(NOTHING)
    assert "Green Net.toml: key 'name'" in stand_in.licence


def test_second_card_of_a_name_is_broken_and_the_first_works(write: Write, tmp_path: Path) -> None:
    path = write()
    for name in ("red_copy.toml", "red_copy_.toml"):
        (tmp_path / name).write_text(path.read_text())
    by_name = detectors()
    assert list(by_name) == ["onnx-red", "onnx-red-copy", "onnx-red-copy-2"]
    with pytest.raises(WeightsError, match=r"key 'name' is 'red', as in .*red\.toml; change it"):
        by_name["onnx-red-copy-2"].examine(NOTHING)


def test_stand_in_takes_no_good_cards_name(write: Write, tmp_path: Path) -> None:
    write().rename(tmp_path / "a.toml")
    (tmp_path / "red.toml").write_text("")
    assert list(detectors()) == ["onnx-red", "onnx-red-2"]


def test_folders_that_overlap_give_a_card_once(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write()
    monkeypatch.setenv(VARIABLE, os.pathsep.join([str(tmp_path), str(tmp_path)]))
    assert list(detectors()) == ["onnx-red"]


def test_check_tells_what_a_worker_would_find(write: Write) -> None:
    good, bad = write(), write("wide", shape=["n", 3, 9, 9])
    result = CliRunner().invoke(main, ["onnx-classifier", "check", str(good), str(bad)])
    assert result.stdout == f"{good}: ok: detector onnx-red, pictures at once: any number\n"
    assert f"Error: {bad}: input: keys 'layout' and 'px'" in result.stderr
    assert result.exit_code == 1
