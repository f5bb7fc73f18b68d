from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from forensics_resnext_lstm.data import DataError, read_folder
from forensics_resnext_lstm.training.augment import augment, augment_clip
from forensics_resnext_lstm.training.learning_curve import Curve, Point
from forensics_resnext_lstm.training.recipe import Recipe
from forensics_resnext_lstm.training.reencode import reencode
from forensics_resnext_lstm.training.selfblend import (
    draw_blend,
    draw_clip_blend,
    self_blend,
    widened,
)
from forensics_resnext_lstm.training.sequences import SequenceSteps, clip_groups, clips
from forensics_resnext_lstm.training.train import Run, Trainer
from tiny import TINY_RECIPE, as_jpeg, crop_of, picture, trained, write_index, write_tar

RECIPE = replace(
    TINY_RECIPE, steps=4, pairs=2, warmup_steps=1, stage="sequences", frames=4, rate=1e-2
)
HEAD = ("file", "label", "original", "part", "video", "track", "run", "time_s", "margin")
VIDEOS = [
    ("a", "real", "a", 0),
    ("fa", "fake", "a", 0),
    ("b", "real", "b", 0),
    ("c", "real", "c", 9),
]


def write(folder: Path, videos: Sequence[tuple[str, str, str, int]] = VIDEOS) -> Path:
    """Write five faces of each video, in the order of time backwards."""
    folder.mkdir(exist_ok=True)
    rows, faces = [], {}
    for seed, (video, label, original, part) in enumerate(videos):
        for i in reversed(range(5)):
            name = f"{video}/{i}.jpg"
            faces[name] = as_jpeg(picture(10 * seed + i))
            rows.append((name, label, original, part, video, 1, i // 4, i / 5, 1.5))
    write_tar(folder / "faces-0.tar", faces)
    write_index(folder / "index.csv", rows, HEAD)
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="module")
def trunk(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("trunk")
    Trainer(replace(RECIPE, stage="crops"), Run((data,), work, workers=0), print).fit(until=1)
    return work / "last.pt"


def run_of(data: Path, work: Path, trunk: Path) -> Run:
    return Run((data,), work, after=trunk, workers=0)


def test_clip_is_a_track_in_order_of_time(data: Path) -> None:
    found = clips(read_folder(data))
    assert [[crop.time_s for crop in clip.crops] for clip in found] == [[0, 0.2, 0.4, 0.6, 0.8]] * 4
    groups = clip_groups(found)
    assert [(len(group.real), len(group.fake)) for group in groups] == [(1, 1), (1, 0), (1, 0)]
    assert clips(read_folder(data)[:2]) == []


def test_batch_of_clips_is_a_function_of_seed_and_step(data: Path) -> None:
    found = [clip for clip in clips(read_folder(data)) if clip.crops[0].part == 0]
    faces, lengths, y = SequenceSteps(found, RECIPE, first=0)[3]
    again = SequenceSteps(found, RECIPE, first=2)[1][0]
    assert (faces.shape[0], faces.shape[2:]) == (4, (32, 32, 3))
    assert faces.shape[1] == lengths.max() <= 4
    assert y.tolist() == [0, 1, 0, 1]
    assert torch.equal(faces, again)


def test_clips_need_video_and_track(data: Path) -> None:
    with pytest.raises(DataError, match="no real clip of at least 3 faces"):
        SequenceSteps(clips([crop_of()] * 5), RECIPE, first=0)


def test_resumed_run_of_clips_equals_one_that_was_not_stopped(
    data: Path, trunk: Path, tmp_path: Path
) -> None:
    whole, said = trained(RECIPE, run_of(data, tmp_path / "whole", trunk), 4)
    parts, _ = trained(RECIPE, run_of(data, tmp_path / "parts", trunk), 1, 3, 4)
    for name, value in whole.items():
        torch.testing.assert_close(parts[name], value, rtol=1e-4, atol=1e-6)
    assert said[0] == "3 clips to train on, 1 held out"
    assert "by the LSTM" in said[-1]
    assert "by the mean of the frames; 1 real clips, 1 self-blended copies at step 4" in said[-1]


def test_trunk_and_frame_head_stay_unless_the_recipe_lets_them_learn(
    data: Path, trunk: Path, tmp_path: Path
) -> None:
    before = torch.load(trunk, weights_only=True)["model"]

    def changed(recipe: Recipe, work: Path) -> set[str]:
        after, _ = trained(recipe, run_of(data, work, trunk), 2)
        return {name.split(".")[0] for name in after if not torch.equal(after[name], before[name])}

    assert changed(RECIPE, tmp_path / "heads") == {"lstm", "residual_head"}
    both = replace(RECIPE, tunes_trunk=True, tunes_frame_head=True)
    assert changed(both, tmp_path / "all") == {"lstm", "residual_head", "trunk", "frame_head"}


def test_clips_build_on_a_trained_trunk(data: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="build on a trained trunk; give --after CHECKPOINT"):
        Trainer(RECIPE, Run((data,), tmp_path), print)


def test_folders_are_mixed(data: Path, trunk: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other", [("d", "real", "d", 0)])
    run = Run((data, other), tmp_path / "work", after=trunk, workers=0)
    stage = Trainer(RECIPE, run, print).stage
    assert {clip.crops[0].video for clip in stage.clips} == {"a", "fa", "b", "d"}  # type: ignore[attr-defined]


def test_clips_of_fakes_without_a_real_partner_are_counted(trunk: Path, tmp_path: Path) -> None:
    data = write(tmp_path / "data", [*VIDEOS, ("fx", "fake", "x", 0)])
    said = Trainer(RECIPE, run_of(data, tmp_path / "work", trunk), print).stage.about()
    assert said.endswith("; 1 fakes have no real clip of their source video and are not used")


def test_leaking_split_is_refused(trunk: Path, tmp_path: Path) -> None:
    data = write(tmp_path / "data", [*VIDEOS, ("fc", "fake", "c", 0)])
    with pytest.raises(DataError, match=r"leaks: source video c .* fc \(part 0\) .* c \(part 9\)"):
        Trainer(RECIPE, run_of(data, tmp_path / "work", trunk), print)


def test_nothing_to_train_on_is_said(data: Path, trunk: Path, tmp_path: Path) -> None:
    all_held = replace(RECIPE, held_out=(0, 9))
    with pytest.raises(DataError, match="of 20 crops none is left to train on"):
        Trainer(all_held, run_of(data, tmp_path, trunk), print)


def test_held_out_of_one_class_is_said(data: Path, tmp_path: Path) -> None:
    recipe = replace(RECIPE, stage="crops", steps=1)
    _, said = trained(recipe, Run((data,), tmp_path, workers=0), 1)
    assert said == [
        "15 crops to train on, 5 held out",
        "held-out AUC: not measured, the held-out parts lack real or fake crops",
    ]


def test_unreadable_crop_is_named_without_a_traceback(tmp_path: Path, trunk: Path) -> None:
    data = write(tmp_path / "data")
    archive = data / "faces-0.tar"
    for crop in read_folder(data):
        tar = bytearray(archive.read_bytes())
        tar[crop.place.offset : crop.place.offset + 20] = bytes(20)
        archive.write_bytes(tar)
    run = Run((data,), tmp_path / "work", after=trunk, workers=1)
    with pytest.raises(
        DataError, match=r"^\S*faces-0.tar: the picture at byte \d+ can't be decoded$"
    ):
        Trainer(RECIPE, run, print).fit()


def test_change_of_a_clip_is_the_same_in_all_its_frames() -> None:
    for seed in range(12):
        rng = np.random.default_rng(seed)
        one, *others = augment_clip([picture(1)] * 3, 32, rng, [1.5] * 3, reencoded=0)
        assert one.shape == (32, 32, 3)
        assert all(np.abs(one.astype(int) - other).mean() < 16 for other in others)  # noise alone
    still = augment_clip([picture(1)] * 3, 32, np.random.default_rng(0), [1.0] * 3, reencoded=1)
    assert len(still) == 3


def test_reencoded_clip_is_near_its_origin_and_always_the_same() -> None:
    clip = [picture(seed, 64) for seed in range(5)]
    fine, coarse, again = (reencode(clip, crf, 1.0) for crf in (10, 45, 45))
    errors = [
        np.mean([np.abs(a.astype(int) - b).mean() for a, b in zip(clip, made, strict=True)])
        for made in (fine, coarse)
    ]
    assert errors[0] < 0.6 * errors[1]
    assert all(np.array_equal(a, b) for a, b in zip(coarse, again, strict=True))
    assert reencode(clip, 30, 0.5)[0].shape == (64, 64, 3)


def test_blend_of_a_clip_is_steady_or_wavers() -> None:
    kinds = []
    for seed in range(40):
        blends = draw_clip_blend(np.random.default_rng(seed), 4)
        kinds.append(len(set(blends)))
        assert len({blend.shrink for blend in blends}) == 1
        assert np.ptp([blend.zoom for blend in blends]) < 0.08
    assert set(kinds) == {1, 4}
    assert 10 < kinds.count(1) < 30


def test_blend_with_a_margin_lies_where_it_would_without() -> None:
    wide = picture(4, 96)
    blend = replace(draw_blend(np.random.default_rng(2)), radii=(0.2, 0.2), centre=(0.5, 0.5))
    changed = (self_blend(wide, widened(blend, 2.0)) != wide).any(2)
    inner = (self_blend(wide[24:72, 24:72], blend) != wide[24:72, 24:72]).any(2)
    assert not changed[:20].any()
    assert (changed[24:72, 24:72] == inner).mean() > 0.8


def test_margin_takes_the_place_of_a_mirrored_edge() -> None:
    wide = picture(5, 72)
    tight = wide[12:60, 12:60]
    one = augment(tight, 32, np.random.default_rng(4)).astype(int)
    other = augment(wide, 32, np.random.default_rng(4), margin=1.5).astype(int)
    assert np.abs(one - other)[8:24, 8:24].mean() < 12


def test_curve_drops_what_is_run_again_and_reads_old_tables(tmp_path: Path) -> None:
    (tmp_path / "curve.csv").write_text("400,0.5,0.75\n800,0.4,0.8\n")
    curve = Curve(tmp_path, step=600)
    curve.add(Point(610, 0.45, 1e-4))
    curve.draw(print)
    assert Curve(tmp_path, 1000).points == [Point(400, 0.5, None, 0.75), Point(610, 0.45, 1e-4)]
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_missing_matplotlib_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    said: list[str] = []
    Curve(tmp_path, 0).draw(said.append)
    assert len(said) == 1
    assert "curve.png is not drawn" in said[0]
    assert "pip install 'forensics-resnext-lstm[train]'" in said[0]
