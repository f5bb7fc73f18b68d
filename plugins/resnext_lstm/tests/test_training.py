from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from forensics_resnext_lstm.data import Crop, DataError, Place, groups, read_index, split
from forensics_resnext_lstm.model import build_trunk
from forensics_resnext_lstm.training.augment import augment
from forensics_resnext_lstm.training.batches import Steps
from forensics_resnext_lstm.training.distil import distance, listening
from forensics_resnext_lstm.training.recipe import start_file
from forensics_resnext_lstm.training.selfblend import blend_mask, draw_blend, self_blend
from forensics_resnext_lstm.training.train import Run, Trainer, load_start, rate_factor
from tiny import TINY_RECIPE, as_jpeg, picture, trained, write_index, write_tar

RECIPE = replace(TINY_RECIPE, steps=4, pairs=2, warmup_steps=2)
ROWS = [
    ("r0.jpg", "real", "a", "0"),
    ("f0.jpg", "fake", "a", "0"),
    ("r1.jpg", "real", "b", "0"),
    ("r2.jpg", "real", "c", "-1"),
    ("r9.jpg", "real", "d", "9"),
    ("f9.jpg", "fake", "d", "9"),
]


def write_data(folder: Path, rows: list[tuple[str, ...]]) -> Path:
    faces = {row[0]: as_jpeg(picture(i)) for i, row in enumerate(ROWS)}
    write_tar(folder / "train-0.tar", faces)
    write_index(folder / "train.csv", rows)
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("data"), list(ROWS))


def crops_of(data: Path) -> list[Crop]:
    return read_index(data / "train.csv", [data / "train-0.tar"])


def test_index_finds_its_pictures_in_the_archive(data: Path) -> None:
    crops = crops_of(data)
    assert [(crop.fake, crop.original, crop.part) for crop in crops[:2]] == [
        (False, "a", 0),
        (True, "a", 0),
    ]
    difference = crops[3].read()[..., ::-1].astype(int) - picture(3)
    assert np.abs(difference).mean() < 8


@pytest.mark.parametrize(
    ("row", "message"),
    [
        pytest.param(("r0.jpg", "REAL", "a", "0"), "r0.jpg: label is 'REAL'", id="label"),
        pytest.param(("none.jpg", "real", "a", "0"), "none.jpg is in none of", id="picture"),
        pytest.param(("r0.jpg", "real", "a", "x"), "part is 'x', not a whole number", id="part"),
        pytest.param(("r0.jpg", "real"), "lacks one of the columns", id="column"),
    ],
)
def test_wrong_row_is_named(tmp_path: Path, row: tuple[str, ...], message: str) -> None:
    write_data(tmp_path, [*ROWS[:1], row])
    with pytest.raises(DataError, match=message) as caught:
        crops_of(tmp_path)
    assert f"{tmp_path / 'train.csv'}: row 3: " in str(caught.value)


def test_archive_that_is_no_tar_is_named(tmp_path: Path, data: Path) -> None:
    (tmp_path / "x.tar").write_bytes(b"no tar" * 200)
    with pytest.raises(DataError, match=r"x.tar: can't be read as an uncompressed tar"):
        read_index(data / "train.csv", [tmp_path / "x.tar"])


def test_broken_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(b"0123")
    with pytest.raises(DataError, match="the picture at byte 1 can't be decoded"):
        Crop(Place(tmp_path / "x.tar", 1, 2), True, "a", 0).read()


def test_split_keeps_unknown_people_out_of_both_sides(data: Path) -> None:
    train, held = split(crops_of(data), frozenset({9}))
    assert ({crop.part for crop in train}, {crop.part for crop in held}) == ({0}, {9})


def test_groups_join_a_fake_with_its_source(data: Path) -> None:
    first, second = groups(split(crops_of(data), frozenset({9}))[0])
    assert (len(first.real), len(first.fake), len(second.fake)) == (1, 1, 0)


def test_self_blend_leaves_the_outside_untouched() -> None:
    face = picture(1)
    for seed in range(8):
        blend = draw_blend(np.random.default_rng(seed))
        blended, mask = self_blend(face, blend), blend_mask(48, 48, blend)
        assert np.array_equal(blended[mask == 0], face[mask == 0])
        assert np.abs(blended[mask > 0.3].astype(int) - face[mask > 0.3]).mean() > 0.5
        assert mask.max() <= 1


def test_augmented_crop_is_a_function_of_its_draws() -> None:
    one, two = (augment(picture(1), 32, np.random.default_rng(3)) for _ in range(2))
    assert one.shape == (32, 32, 3)
    assert one.dtype == np.uint8
    assert np.array_equal(one, two)


def test_batch_is_a_function_of_seed_and_step(data: Path) -> None:
    found = groups(split(crops_of(data), frozenset({9}))[0])
    x, y = Steps(found, RECIPE, first=0, px=32)[3]
    again = Steps(found, RECIPE, first=2, px=32)[1][0]
    other = Steps(found, replace(RECIPE, seed=2), first=0, px=32)[3][0]
    assert (x.shape, y.tolist()) == ((4, 3, 32, 32), [0, 1, 0, 1])
    assert torch.equal(x, again)
    assert not torch.equal(x, other)


def test_paired_crops_differ_by_the_manipulation_alone(data: Path) -> None:
    (group,) = [one for one in groups(crops_of(data)) if one.real and one.fake][:1]
    same = replace(group, fake=group.real)
    recipe = replace(RECIPE, self_blended=0.0, paired=True)
    real, fake, _ = Steps([same], recipe, first=0, px=32).pair(same, np.random.default_rng(3))
    assert np.array_equal(real, fake)
    apart = replace(recipe, paired=False)
    real, fake, _ = Steps([same], apart, first=0, px=32).pair(same, np.random.default_rng(3))
    assert not np.array_equal(real, fake)


def test_nothing_to_train_on_is_said() -> None:
    with pytest.raises(DataError, match="no source video with a real crop"):
        Steps([], RECIPE, first=0, px=32)


def test_fakes_without_a_real_partner_are_counted(tmp_path: Path) -> None:
    write_data(tmp_path, [*ROWS[:1], ("f0.jpg", "fake", "x", "0"), ("f9.jpg", "fake", "y", "1")])
    stage = Trainer(RECIPE, Run((tmp_path,), tmp_path / "work"), print).stage
    assert stage.about() == (
        "3 crops to train on, 0 held out; "
        "2 fakes have no real crop of their source video and are not used"
    )


def test_rate_warms_up_and_falls_to_zero() -> None:
    factors = [
        rate_factor(step, replace(RECIPE, steps=100, warmup_steps=10)) for step in range(101)
    ]
    assert factors[0] < factors[9] > factors[50] > factors[99]
    assert factors[100] == pytest.approx(0)


def test_rate_stays_until_the_cooldown_where_a_recipe_has_one() -> None:
    recipe = replace(RECIPE, steps=100, warmup_steps=10, cooldown_steps=20)
    assert rate_factor(10, recipe) == rate_factor(79, recipe) == 1
    assert rate_factor(90, recipe) == pytest.approx(0.5)
    assert rate_factor(100, recipe) == 0


def test_resumed_run_equals_one_that_was_not_stopped(data: Path, tmp_path: Path) -> None:
    whole, said = trained(RECIPE, Run((data,), tmp_path / "whole", workers=0), 4)
    parts, _ = trained(RECIPE, Run((data,), tmp_path / "parts", workers=0), 2, 4, 4)
    for name, value in whole.items():
        torch.testing.assert_close(parts[name], value, rtol=1e-4, atol=1e-6)
    assert said[-1].startswith("held-out AUC")
    assert (
        (tmp_path / "whole" / "curve.csv").read_text().startswith("step,loss,rate,auc,auc_mean\n4,")
    )


def test_run_begins_with_the_network_of_the_one_before(data: Path, tmp_path: Path) -> None:
    trained(RECIPE, Run((data,), tmp_path / "first", workers=0), 2)
    last = tmp_path / "first" / "last.pt"
    second = Trainer(RECIPE, Run((data,), tmp_path / "second", after=last), print)
    assert second.step == 0
    kept = torch.load(last, weights_only=True)["model"]
    assert all(torch.equal(value, kept[name]) for name, value in second.model.state_dict().items())


def test_lstm_of_another_width_starts_anew_on_the_same_trunk(data: Path, tmp_path: Path) -> None:
    trained(RECIPE, Run((data,), tmp_path / "first", workers=0), 2)
    last = tmp_path / "first" / "last.pt"
    kept = torch.load(last, weights_only=True)["model"]
    wider = replace(RECIPE, hidden=RECIPE.hidden + 1)
    made = Trainer(wider, Run((data,), tmp_path / "wide", after=last), print).model.state_dict()
    same = {name for name, value in made.items() if torch.equal(value, kept[name])}
    assert {name for name in made if name.startswith(("trunk.", "frame_head."))} <= same
    assert not made["residual_head.weight"].any()


def test_pupil_needs_its_teacher_and_learns_from_it(data: Path, tmp_path: Path) -> None:
    trained(RECIPE, Run((data,), tmp_path / "teacher", workers=0), 1)
    pupil = replace(RECIPE, teacher_trunk=RECIPE.trunk, teacher_px=48)
    with pytest.raises(DataError, match="needs --teacher"):
        Trainer(pupil, Run((data,), tmp_path / "pupil"), print)
    run = Run((data,), tmp_path / "pupil", teacher=tmp_path / "teacher" / "last.pt", workers=0)
    trained(pupil, run, 1, 2)
    assert "bridge" in torch.load(run.work / "last.pt", weights_only=True)


def test_pupil_learns_every_stage_from_its_teacher_and_resumes_exactly(
    data: Path, tmp_path: Path
) -> None:
    trained(RECIPE, Run((data,), tmp_path / "teacher", workers=0), 1)
    teacher = tmp_path / "teacher" / "last.pt"
    pupil = replace(RECIPE, teacher_trunk=RECIPE.trunk, teacher_px=48, teacher_hints=0.5)
    whole = Run((data,), tmp_path / "whole", teacher=teacher, workers=0)
    parts = replace(whole, work=tmp_path / "parts")
    trained(pupil, whole, 2)
    trained(pupil, parts, 1, 2)
    learnt, again = (torch.load(run.work / "last.pt")["bridge"] for run in (whole, parts))
    assert {name.split(".")[0] for name in learnt} == {"bridge", "hints"}
    assert {name.split(".")[1] for name in learnt if "hints" in name} == set("0123")
    for name, value in learnt.items():
        torch.testing.assert_close(again[name], value, rtol=1e-4, atol=1e-6)


def test_distance_to_a_teacher_is_in_units_of_its_variance() -> None:
    aim = torch.randn(64, 3, 5, 5, generator=torch.Generator().manual_seed(0)) * torch.tensor(10.0)
    assert distance(aim, aim) == 0
    assert distance(torch.zeros_like(aim), aim) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("name", ["resnext50_32x4d", "tf_efficientnet_lite0"])
def test_stages_of_a_trunk_are_4_to_32_times_smaller_than_the_crop(name: str) -> None:
    trunk, _ = build_trunk(name)
    heard: list[torch.Tensor] = []
    with torch.no_grad(), listening(trunk.eval(), heard):
        trunk(torch.zeros(1, 3, 64, 64))
    assert [found.shape[-1] for found in heard] == [16, 8, 4, 2]


def test_checkpoint_of_another_recipe_is_refused(data: Path, tmp_path: Path) -> None:
    torch.save({"model": {}, "optimiser": {}, "step": 1}, tmp_path / "last.pt")
    with pytest.raises(DataError, match="belongs to another recipe; choose another one"):
        Trainer(RECIPE, Run((data,), tmp_path), print)


def test_start_is_the_one_file_in_a_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "some_backbone" / "models").mkdir(parents=True)
    (tmp_path / "some_backbone" / "__init__.py").touch()
    file = tmp_path / "some_backbone" / "models" / "net.pth"
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(DataError, match="0 weights files found; install some-backbone"):
        start_file("package:some_backbone")
    file.touch()
    assert start_file("package:some_backbone") == file
    with pytest.raises(DataError, match="must have the form package:NAME"):
        start_file(str(file))


def test_start_takes_tensors_in_order_and_refuses_others(data: Path, tmp_path: Path) -> None:
    trainer = Trainer(RECIPE, Run((data,), tmp_path / "work"), print)
    state = trainer.model.trunk.state_dict()
    renamed = {f"other.{i}": value + 1 for i, value in enumerate(state.values())}
    torch.save({**renamed, "fc.weight": torch.zeros(2)}, tmp_path / "start.pth")
    load_start(trainer.model, tmp_path / "start.pth")
    started = trainer.model.trunk.state_dict()
    assert torch.equal(started["conv_stem.weight"], renamed["other.0"])
    torch.save({"x": torch.zeros(1)}, tmp_path / "wrong.pth")
    with pytest.raises(DataError, match=r"wrong.pth: its tensors do not fit"):
        load_start(trainer.model, tmp_path / "wrong.pth")
