"""What a network has gone through goes with it: who was learnt from is not held out, calibrated or measured on later."""

import os
import signal
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch
from forensics_resnext_lstm.checkpoints import packed
from forensics_resnext_lstm.data import Crop, DataError, Place
from forensics_resnext_lstm.training.lineage import (
    all_names_of,
    check_apart,
    groups_of,
    lineage_of,
)
from forensics_resnext_lstm.training.recipe import Recipe, recipe_of
from forensics_resnext_lstm.training.train import Run, Trainer
from tiny import TINY_RECIPE, as_jpeg, called, crop_of, noise, write_index, write_tar

from forensics.errors import UsageError
from forensics.weights import sha256_of

RECIPE = replace(TINY_RECIPE, steps=2, pairs=2)
SECOND = replace(RECIPE, name="second", steps=1, seed=5)
SIZE = 16  # crops of each part


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pairs of parts 0, 8 and 9: fakes are bright."""
    folder = tmp_path_factory.mktemp("data")
    rows = [
        (f"{part}-{i}.jpg", ("real", "fake")[i % 2], f"{part}-{i // 2}", part)
        for part in (0, 8, 9)
        for i in range(SIZE)
    ]
    faces = {row[0]: as_jpeg(noise(seed)) for seed, row in enumerate(rows)}
    write_tar(folder / "train-0.tar", faces)
    write_index(folder / "train.csv", rows)
    return folder


def trained(recipe: Recipe, run: Run) -> Path:
    Trainer(recipe, run, lambda _: None).fit()
    return run.work / "last.pt"


@pytest.fixture(scope="module")
def first(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(RECIPE, Run((data,), tmp_path_factory.mktemp("first"), workers=0))


@pytest.fixture(scope="module")
def second(data: Path, first: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = Run((data,), tmp_path_factory.mktemp("second"), after=first, workers=0)
    return trained(SECOND, run)


@pytest.fixture
def weights(second: Path, tmp_path: Path) -> Path:
    words = ("export", str(second), "--weights", str(tmp_path), "--data", "noise")
    done = called(*words)
    assert done.exit_code == 0, done.output
    return tmp_path


def test_checkpoint_says_what_the_network_went_through(first: Path, second: Path) -> None:
    found = lineage_of(second)
    assert [stage["recipe"]["name"] for stage in found.stages] == ["tiny", "second"]
    assert [stage["steps"] for stage in found.stages] == [2, 1]
    assert found.stages[1]["after"] == sha256_of(first)
    assert found.learnt == {"0", "8"}


def test_recipes_in_the_weights_make_the_same_network_again(
    data: Path, weights: Path, tmp_path: Path
) -> None:
    (entry,) = tomllib.loads((weights / "manifest.toml").read_text())["weights"]
    after = None
    for number, stage in enumerate(entry["stages"]):
        recipe = recipe_of(stage["recipe"], "manifest")
        after = trained(recipe, Run((data,), tmp_path / str(number), after=after, workers=0))
    assert after is not None
    again = packed(torch.load(after, weights_only=True)["model"])
    kept = safetensors.torch.load_file(weights / entry["file"])
    assert entry["recipe"] == entry["stages"][-1]["recipe"]
    assert again.keys() == kept.keys()
    for name, value in kept.items():
        torch.testing.assert_close(again[name], value, rtol=1e-2, atol=1e-4)


def test_weights_that_are_gone_on_with_keep_their_lineage(
    data: Path, weights: Path, second: Path, tmp_path: Path
) -> None:
    run = Run((data,), tmp_path / "third", after=weights / "resnext-lstm.safetensors", workers=0)
    found = lineage_of(trained(replace(RECIPE, steps=1), run))
    assert [stage["recipe"]["name"] for stage in found.stages] == ["tiny", "second", "tiny"]


@pytest.mark.parametrize("taught", [False, True], ids=["after", "teacher"])
def test_who_was_learnt_from_is_not_held_out(
    taught: bool, data: Path, first: Path, tmp_path: Path
) -> None:
    recipe = replace(RECIPE, held_out=(8,), teacher_trunk=RECIPE.trunk if taught else "")
    run = Run((data,), tmp_path, workers=0, **{"teacher" if taught else "after": first})  # type: ignore[arg-type]
    with pytest.raises(DataError, match="has learnt from crops of part 8, which are held out now"):
        Trainer(recipe, run, print)


def test_run_goes_on_by_its_own_recipe_alone(data: Path, tmp_path: Path) -> None:
    run = Run((data,), tmp_path, workers=0)
    Trainer(RECIPE, run, lambda _: None).fit(until=1)
    other = replace(RECIPE, seed=9, held_out=(8,))
    with pytest.raises(DataError, match=r"another recipe \(held_out, seed differ\)"):
        Trainer(other, run, print)
    assert Trainer(replace(RECIPE, steps=3), run, print).step == 1


def test_best_checkpoint_is_the_one_of_the_highest_held_out_auc(first: Path) -> None:
    best = torch.load(first.with_name("best.pt"), weights_only=True)
    assert best["best"] == torch.load(first, weights_only=True)["best"] > 0


def test_export_names_the_recipe_that_the_checkpoint_was_made_by(
    second: Path, tmp_path: Path
) -> None:
    (tmp_path / "other.toml").write_text('name = "other"\ntrunk = "mobilenetv2_035"\n')
    words = ("export", str(second), "--recipe", str(tmp_path / "other.toml"), "--data", "noise")
    with pytest.raises(DataError, match="belongs to another recipe"):
        called(*words, "--weights", str(tmp_path))
    state = torch.load(second, weights_only=True)
    torch.save({"model": state["model"], "step": 1}, tmp_path / "old.pt")
    with pytest.raises(DataError, match="does not say by which recipe it was made; give --recipe"):
        called("export", str(tmp_path / "old.pt"), "--weights", str(tmp_path), "--data", "noise")


def words_of(command: str, data: Path, weights: Path) -> list[str]:
    given = ["--faces", str(data / "train-0.tar"), "--index", str(data / "train.csv")]
    return [command, *given, "--weights", str(weights), "--device", "cpu"]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        pytest.param("8", "learnt from crops of part 8, which are calibrated on", id="fitted"),
        pytest.param("9", "learnt from crops of part 0, 8, which are counted on", id="counted"),
    ],
)
def test_thresholds_are_not_set_on_who_was_learnt_from(
    parts: str, message: str, data: Path, weights: Path
) -> None:
    test = ["--test-faces", str(data / "train-0.tar"), "--test-index", str(data / "train.csv")]
    words = [*words_of("calibrate", data, weights), *test, "--data", "noise", "--parts", parts]
    with pytest.raises(DataError, match=message):
        called(*words)


def test_errors_are_not_counted_on_who_set_the_thresholds(
    data: Path, weights: Path, tmp_path: Path
) -> None:
    rows = (data / "train.csv").read_text().splitlines()
    ninth = [rows[0], *(row for row in rows if row.endswith(",9"))]
    (tmp_path / "ninth.csv").write_text("\n".join(ninth))
    test = ["--test-faces", str(data / "train-0.tar"), "--test-index", str(tmp_path / "ninth.csv")]
    words = [*words_of("calibrate", data, weights), *test, "--data", "noise", "--parts", "9"]
    with pytest.raises(
        DataError, match=r"^part 9, video /9-0, .* must share no part, source video or person"
    ):
        called(*words)


def test_figures_of_who_was_learnt_from_are_marked_and_not_kept(data: Path, weights: Path) -> None:
    words = words_of("evaluate", data, weights)
    said = "the network has learnt from crops of part 8"
    assert f"{said}: these figures are too good" in called(*words, "--parts", "8").output
    assert "learnt from" not in called(*words, "--parts", "9").output
    with pytest.raises(UsageError, match=said):
        called(*words, "--parts", "8", "--write")


def test_asked_to_stop_a_run_ends_after_its_step_and_goes_on_from_there(
    data: Path, tmp_path: Path
) -> None:
    recipe = tmp_path / "long.toml"
    recipe.write_text(
        'name = "long"\ntrunk = "mobilenetv2_035"\nhidden = 4\npx = 32\nheld_out = [9]\n'
        "steps = 100000\npairs = 1\n"
    )
    words = ["resnext-lstm", "train", str(recipe), "--data", str(data), "--device", "cpu"]
    command = [sys.executable, "-m", "forensics.cli", *words, "--work", str(tmp_path / "work")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as run:
        assert run.stdout is not None
        while "step 10/" not in run.stdout.readline():
            assert run.poll() is None
        os.killpg(run.pid, signal.SIGINT)  # as a terminal does, to the loader's process too
        _, told = run.communicate(timeout=60)
    step = torch.load(tmp_path / "work" / "last.pt", weights_only=True)["step"]
    assert step >= 10
    assert run.returncode == 1
    assert f"stopped at step {step} of 100000; the same command goes on from there" in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("counted", "shared"),
    [
        pytest.param({"dataset": "other", "original": "a", "part": 1}, "", id="other-data-set"),
        pytest.param({"original": "", "part": 3}, "", id="no-video-named"),
        pytest.param({"original": "1", "part": 3}, "", id="video-named-like-a-part"),
        pytest.param({"original": "b", "part": 1}, "part 1", id="part"),
        pytest.param({"original": "a", "part": 3}, "video /a", id="video"),
        pytest.param(
            {"original": "b", "part": 3, "identity": "tom+ann"}, "person tom", id="person"
        ),
    ],
)
def test_crops_are_apart_when_nobody_is_in_both(counted: dict[str, object], shared: str) -> None:
    fitted = [crop_of(part=1, identity="tom"), crop_of(part=1, original="")]
    if not shared:
        check_apart(fitted, [crop_of(**counted)])
        return
    with pytest.raises(DataError, match=f"^{shared}: in the crops"):
        check_apart(fitted, [crop_of(**counted)])


def test_few_people_are_kept_by_name_so_that_two_who_share_a_part_stay_apart() -> None:
    def seen(identity: str, part: int, dataset: str = "swaps") -> Crop:
        return Crop(
            Place(Path("a.tar"), 0, 0), False, "v", part, dataset=dataset, identity=identity
        )

    learnt = groups_of([seen("183-253", 37)])
    assert learnt == {"swaps/183-253"}
    assert learnt.isdisjoint(all_names_of([seen("585-599", 37)]))
    assert learnt & all_names_of([seen("183-253", 37)])
    many = [seen(f"p{n}", n % 50, "many") for n in range(60)]
    assert groups_of(many) == {f"many/{n}" for n in range(50)}
    assert groups_of(many) & all_names_of(many[:1])
