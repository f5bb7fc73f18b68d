"""`forensics resnext-lstm evaluate --faces`: on crops that are bright when fake, and on indexes that are wrong."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import Result
from forensics_resnext_lstm.data import DataError, read_index
from forensics_resnext_lstm.evaluation.change_filter import differences
from forensics_resnext_lstm.evaluation.robustness import ALTERATIONS, for_crops, shrunk
from tiny import as_jpeg, called, entry_of, network, noise, write_index, write_tar

from forensics.errors import ForensicsError, SettingsError, UsageError
from forensics.records import Calibration, MediaKind
from forensics.weights import put, read

CROPS = 64
COLUMNS = ("file", "label", "original", "part", "method", "dataset")
CALIBRATION = Calibration(1.0, 0.0, 2.0, 0.31, -0.1, 64, 3, (MediaKind.VIDEO, MediaKind.STILL))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Crops in an archive with their index, and weights with and without a calibration."""
    path = tmp_path_factory.mktemp("evaluate")
    entry = entry_of(network(1), path, "bare")
    put(entry)
    put(replace(entry, name="calibrated", calibration=CALIBRATION))
    write_index(path / "index.csv", rows(), COLUMNS)
    faces = {row[0]: as_jpeg(noise(i, brighter=100)) for i, row in enumerate(rows())}
    write_tar(path / "faces.tar", {**faces, "broken.jpg": b"no picture"})
    return path


def rows() -> list[tuple[str, ...]]:
    """Crops of 32 videos, each real and fake, of two data sets and two methods."""
    return [
        (f"{i}.jpg", kind, f"v{i // 2}", str(i % 4), ("camera", "swap")[i % 2], f"set{i // 4 % 2}")
        for i in range(CROPS)
        for kind in [("real", "fake")[i % 2]]
    ]


def run(folder: Path, *words: str, index: Path | None = None, entry: str = "calibrated") -> Result:
    given = ["evaluate", "--weights", str(folder), "--entry", entry, "--device", "cpu"]
    return called(*given, "--index", str(index or folder / "index.csv"), *words)


HALF = ("--parts", "0,1")  # too few clusters to be resampled: quick


def on_faces(folder: Path, *words: str, **named: Any) -> Result:
    return run(folder, "--faces", str(folder / "faces.tar"), *words, **named)


def test_one_json_object_has_the_auc_at_its_top(folder: Path) -> None:
    found = json.loads(on_faces(folder, "--json").stdout)
    assert next(iter(found)) == "auc"
    assert found["auc"]["low"] <= found["auc"]["value"] <= found["auc"]["high"]
    assert (found["n"], found["real"], found["fake"], found["clusters"]) == (64, 32, 32, 32)
    assert (found["entry"], found["index"], found["by"]) == ("calibrated", "index.csv", "people")
    assert sum(map(sum, (row.values() for row in found["verdicts"].values()))) == 64


def test_lstm_mean_and_one_frame_stand_beside_each_other(folder: Path) -> None:
    found = json.loads(on_faces(folder, *HALF, "--json").stdout)
    assert found["untrained"]
    assert found["compared"]["lstm"] == found["compared"]["mean"] == found["compared"]["single"]
    assert any("exactly zero" in note for note in found["notes"])


def test_data_sets_and_methods_have_rows_of_their_own(folder: Path) -> None:
    found = json.loads(on_faces(folder, *HALF, "--json").stdout)
    assert [(one["name"], one["n"]) for one in found["datasets"]] == [("set0", 16), ("set1", 16)]
    assert [(one["name"], one["n"]) for one in found["methods"]] == [("swap", 32)]
    pooled = {cut["name"]: cut["threshold"] for cut in found["accuracy"]}
    for one in found["datasets"]:
        assert {cut["name"]: cut["threshold"] for cut in one["accuracy"]} == pooled


def test_tables_are_printed_for_people(folder: Path) -> None:
    text = on_faces(folder, *HALF).stdout
    assert "32 crops: 16 real, 16 fake" in text
    assert "No intervals: the fakes are of 16 and the real files of 16" in text
    for title in ("Verdicts", "By data set", "By method", "shipped: fake", "one frame", "Cllr"):
        assert title in text


def test_by_part_there_are_too_few_clusters_for_intervals(folder: Path) -> None:
    found = json.loads(on_faces(folder, "--by", "part", "--json").stdout)
    assert (found["clusters"], found["auc"]["low"]) == (4, None)
    assert found["pairs"]["of"] == 32 * 32


def test_several_entries_are_measured_by_what_they_say_together(
    folder: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(folder, tmp_path / "copy"))
    one = read(folder / "manifest.toml").entries[0]
    put(replace(one, name="again", calibration=replace(CALIBRATION, slope=0.5)))
    alone = json.loads(on_faces(folder, "--json").stdout)
    both = json.loads(on_faces(folder, "--entry", "again", "--json", "--robustness").stdout)
    assert both["entry"] == "calibrated + again"
    assert both["auc"]["value"] == pytest.approx(alone["auc"]["value"], abs=0.01)
    assert both["cllr"]["value"] is not None
    assert {one["n"] for one in both["robustness"]} >= {64}
    with pytest.raises(
        UsageError, match="--write of several --entry is of --faces, and needs --data"
    ):
        on_faces(folder, "--entry", "again", "--write")
    on_faces(folder, "--entry", "again", "--write", "--data", "noise")
    (kept,) = read(folder / "manifest.toml").together
    assert kept.of == ("calibrated", "again")
    assert kept.flagged_real.wrong == both["verdicts"]["real"]["fake"]
    assert kept.missed_fake.files == both["fake"]
    with pytest.raises(UsageError, match="'bare' has no calibration"):
        on_faces(folder, "--entry", "bare")


def test_uncalibrated_weights_give_no_calibrated_figure(folder: Path) -> None:
    result = on_faces(folder, *HALF, entry="bare")
    assert "no calibration" in result.stdout
    assert "not available" in result.stdout
    found = json.loads(on_faces(folder, *HALF, "--json", entry="bare").stdout)
    assert (found["calibrated"], found["cllr"]["value"]) == (False, None)
    assert found["verdicts"]["fake"]["inconclusive"] == 16


def robustness(folder: Path, index: Path) -> dict[str, int]:
    found = json.loads(on_faces(folder, *HALF, "--robustness", "--json", index=index).stdout)
    return {one["name"]: one["n"] for one in found["robustness"]}


def test_robustness_has_a_row_for_each_alteration(folder: Path) -> None:
    count = robustness(folder, folder / "index.csv")
    assert count == dict.fromkeys([*ALTERATIONS, "face of 96 px", "face of 48 px"], 32)


def test_face_sizes_have_rows_where_the_index_knows_them(folder: Path, tmp_path: Path) -> None:
    sized = [(*row, ("40", "200", "")[i // 2 % 3]) for i, row in enumerate(rows())]
    count = robustness(folder, write_index(tmp_path / "sized.csv", sized, (*COLUMNS, "face_px")))
    sizes = ("face 32-64 px", "face 64-128 px", "face over 128 px")
    assert [count[size] for size in sizes] == [12, 0, 10]


def test_fakes_are_counted_by_how_far_they_differ_from_their_originals(folder: Path) -> None:
    found = json.loads(on_faces(folder, "--json").stdout)
    (group,) = found["changes"]  # all fakes here are brighter by 100
    assert (group["name"], group["fake"], group["real"]) == ("30 and more", 32, 32)
    assert group["auc"]["value"] == found["auc"]["value"]
    assert "By how many grey levels fakes differ" in on_faces(folder).stdout
    alone = read_index(folder / "index.csv", [folder / "faces.tar"])[1:4]
    assert len(differences(alone)) == 1  # the first fake's original is not there


def test_alterations_change_a_picture_and_keep_its_shape(folder: Path) -> None:
    (entry, _) = read(folder / "manifest.toml").entries
    before = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    for alter in for_crops(entry).values():
        after = alter(before)
        assert (after.shape, after.dtype) == (before.shape, before.dtype)
        assert (after != before).any()
        assert (alter(before) == after).all()
    assert shrunk(before, 200, 300) is before


@pytest.mark.parametrize("entry", ["calibrated", "bare"])
def test_page_is_a_png(folder: Path, tmp_path: Path, entry: str) -> None:
    on_faces(folder, *HALF, "--page", str(tmp_path / "page.png"), entry=entry)
    page = cv2.imread(str(tmp_path / "page.png"))
    assert page is not None
    assert page.shape[1] > 1000


def test_page_in_no_folder_is_refused_at_once(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ForensicsError, match="there is no such folder"):
        on_faces(folder, "--page", str(tmp_path / "none" / "page.png"))


def test_written_figures_are_those_printed(folder: Path) -> None:
    found = json.loads(on_faces(folder, *HALF, "--json", "--write").stdout)
    kept = {one.name: one.figures for one in read(folder / "manifest.toml").entries}["calibrated"]
    assert kept["auc"] == {"value": found["auc"]["value"]}
    assert kept["accuracy"][0]["real_flagged"] == found["accuracy"][0]["real_flagged"]
    assert (kept["index"], kept["n"]) == ("index.csv", 32)


WRONG = [
    pytest.param([("0.jpg", "", "v", "1")], r"row 2: 0.jpg: label is ''", id="missing-label"),
    pytest.param(
        [("0.jpg", "true", "v", "1")], r"row 2: 0.jpg: label is 'true'", id="unknown-label"
    ),
    pytest.param([("no.jpg", "real", "v", "1")], r"row 2: no.jpg is in none", id="missing-file"),
    pytest.param([("0.jpg", "real", "v", "1")], "of 1 crops 0 are fake", id="one-class"),
    pytest.param([], "holds no row", id="empty-index"),
    pytest.param(
        [("broken.jpg", "real", "v", "1"), ("1.jpg", "fake", "v", "1")],
        r"row 2: broken.jpg: .*can't be decoded",
        id="unreadable-crop",
    ),
]


@pytest.mark.parametrize(("wrong", "says"), WRONG)
def test_wrong_index_is_refused_by_file_and_row(
    folder: Path, tmp_path: Path, wrong: list[tuple[str, ...]], says: str
) -> None:
    index = write_index(tmp_path / "wrong.csv", wrong)
    with pytest.raises(DataError, match=says) as caught:
        on_faces(folder, index=index)
    assert "wrong.csv" in str(caught.value)


def test_index_without_labels_is_refused(folder: Path, tmp_path: Path) -> None:
    index = write_index(tmp_path / "bare.csv", [("0.jpg", "v", "1")], ("file", "original", "part"))
    with pytest.raises(DataError, match="row 2: it lacks one of the columns"):
        on_faces(folder, index=index)


def test_parts_without_one_kind_are_refused(folder: Path) -> None:
    with pytest.raises(DataError, match="both kinds are needed"):
        on_faces(folder, "--parts", "1,3")


@pytest.mark.parametrize(
    "words", [pytest.param((), id="neither"), pytest.param(("--videos", "."), id="both")]
)
def test_crops_or_videos_are_measured_one_at_a_time(folder: Path, words: tuple[str, ...]) -> None:
    faces = ("--faces", str(folder / "faces.tar")) if words else ()
    with pytest.raises(UsageError, match="one of the two"):
        run(folder, *faces, *words)


def test_policy_without_thresholds_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORENSICS_POLICY", "report")
    with pytest.raises(SettingsError, match="not established for 'calibrated'"):
        on_faces(folder)


def test_missing_archive_is_wrong_usage(folder: Path) -> None:
    result = run(folder, "--faces", str(folder / "none.tar"))
    assert result.exit_code == 2
    assert "none.tar" in result.output
