"""What a manipulation changed, and learning from it."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from forensics_resnext_lstm.data import Crop, Group, Place
from forensics_resnext_lstm.data.difference_maps import change
from forensics_resnext_lstm.evaluation.change_filter import differences
from forensics_resnext_lstm.model import build_trunk
from forensics_resnext_lstm.training.augment import augment, moved
from forensics_resnext_lstm.training.batches import Steps
from forensics_resnext_lstm.training.distil import channels
from forensics_resnext_lstm.training.localisation import Locator
from forensics_resnext_lstm.training.train import Run, Trainer
from tiny import TINY_RECIPE, as_png, write_index, write_tar

PX = 64
RECIPE = replace(
    TINY_RECIPE,
    px=PX,
    steps=4,
    pairs=2,
    warmup_steps=2,
    self_blended=0.0,
    paired=True,
    located=1.0,
)


def face(seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(40, 216, (7, 7, 3), np.uint8)
    return np.asarray(cv2.resize(noise, (112, 112), interpolation=cv2.INTER_CUBIC), np.uint8)


def repainted(picture: np.ndarray) -> np.ndarray:
    """Return it with another upper left quarter."""
    picture = picture.copy()
    picture[16:56, 16:56] = 255 - picture[16:56, 16:56]
    return picture


def test_change_is_found_where_it_was_made() -> None:
    found = change(face(), repainted(face()))
    assert found.where.shape == (112, 112)
    assert found.where[24:48, 24:48].mean() > 0.9
    assert found.where[72:, 72:].mean() < 0.05


def test_crops_of_one_picture_with_boxes_apart_count_as_untouched() -> None:
    matrix = np.array([[1.03, 0.01, 3], [-0.01, 1.03, -2]], np.float32)
    moved_a_little = cv2.warpAffine(face(), matrix, (112, 112), borderMode=cv2.BORDER_REFLECT)
    apart = np.asarray(moved_a_little, np.uint8)
    assert np.abs(face().astype(int) - apart).mean() > 6
    assert change(face(), apart).levels < 6 < change(face(), repainted(apart)).levels


def test_flat_pictures_that_no_alignment_fits_are_compared_as_they_are() -> None:
    flat = np.full((50, 50, 3), 90, np.uint8)
    assert change(flat, np.full_like(flat, 120)).where.min() == 1
    assert change(flat, flat).where.max() == 0


def test_a_map_moves_with_its_picture() -> None:
    marks = np.zeros((112, 112), np.uint8)
    marks[20:50, 60:100] = 255
    picture = np.repeat(marks[..., None], 3, 2)
    for seed in range(4):
        kept = moved(picture, PX, np.random.default_rng(seed))[..., 0]
        assert np.array_equal(kept, moved(marks, PX, np.random.default_rng(seed)))
        seen = augment(picture, PX, np.random.default_rng(seed)).astype(float).mean(2)
        assert seen[kept > 250].mean() > seen[kept < 5].mean() + 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures in one file: a real one, a copy, and a repainted one."""
    folder = tmp_path_factory.mktemp("places")
    pictures = [face(), face(), repainted(face()), face(2), repainted(face(2))]
    data = [as_png(one[..., ::-1]) for one in pictures]
    (folder / "all").write_bytes(b"".join(data))
    (folder / "sizes").write_text(" ".join(str(len(one)) for one in data))
    return folder


def crop(folder: Path, i: int, *, fake: bool) -> Crop:
    sizes = [int(size) for size in (folder / "sizes").read_text().split()]
    return Crop(Place(folder / "all", sum(sizes[:i]), sizes[i]), fake, "a", 0)


def test_batch_says_where_its_fakes_were_changed(folder: Path) -> None:
    group = Group((crop(folder, 0, fake=False),), (crop(folder, 2, fake=True),))
    x, y, where = Steps([group], RECIPE, first=0, px=PX)[0]
    assert (x.shape, y.tolist(), where.shape) == ((4, 3, PX, PX), [0, 1, 0, 1], (4, 4, 4))
    assert not where[0::2].any()
    assert (where[1::2].amax((1, 2)) > 0.8).all()
    assert (where[1::2].amin((1, 2)) < 0.1).all()


def test_fake_of_another_moment_is_used_but_not_compared(folder: Path) -> None:
    later = replace(crop(folder, 1, fake=True), time_s=0.4)
    group = Group((crop(folder, 0, fake=False),), (later,))
    recipe = replace(RECIPE, least_change=6.0)
    real, fake, where = Steps([group], recipe, first=0, px=PX).pair(group, np.random.default_rng(1))
    assert np.array_equal(real, fake)
    assert where is None
    assert (Steps([group], recipe, first=0, px=PX)[0][2][1::2] == -1).all()
    assert not differences([*group.real, later])
    assert differences([*group.real, replace(later, time_s=0.04)])


def test_fake_that_was_not_changed_gives_way_to_a_self_blended_one(folder: Path) -> None:
    untouched = Group((crop(folder, 0, fake=False),), (crop(folder, 1, fake=True),))
    for least, same in ((0.0, True), (6.0, False)):
        steps = Steps([untouched], replace(RECIPE, least_change=least), first=0, px=PX)
        real, fake, _ = steps.pair(untouched, np.random.default_rng(1))
        assert np.array_equal(real, fake) is same


def test_places_that_are_not_known_teach_nothing() -> None:
    trunk, _ = build_trunk(RECIPE.trunk)
    locator = Locator(trunk)
    wide, narrow = channels(trunk)[2:]
    maps = [
        torch.empty(0),
        torch.empty(0),
        torch.randn(2, wide, 4, 4),
        torch.randn(2, narrow, 2, 2),
    ]
    where = torch.stack([torch.zeros(4, 4), torch.full((4, 4), -1.0)])
    alone = [found[:1] for found in maps[2:]]
    assert locator.loss(maps, where) == locator.loss([*maps[:2], *alone], where[:1])


def test_run_that_learns_places_resumes_exactly(folder: Path, tmp_path: Path) -> None:
    rows = [(0, "real", "a", 0), (2, "fake", "a", 0), (3, "real", "b", 9), (4, "fake", "b", 9)]
    data = written(folder, tmp_path / "data", rows)
    states = []
    for stops in ((4,), (2, 4)):
        run = Run((data,), tmp_path / str(stops), workers=0)
        for stop in stops:
            Trainer(RECIPE, run, print).fit(until=stop)
        states.append(torch.load(run.work / "last.pt", weights_only=True))
    whole, parts = ({**state["model"], **state["bridge"]} for state in states)
    assert {"locator.heads.0.weight", "locator.heads.1.bias"} <= whole.keys()
    for name, value in whole.items():
        torch.testing.assert_close(parts[name], value, rtol=1e-4, atol=1e-6)


def test_places_are_learnt_in_bfloat16_too(folder: Path, tmp_path: Path) -> None:
    data = written(folder, tmp_path / "data", [(0, "real", "a", 0), (2, "fake", "a", 0)])
    run = Run((data,), tmp_path / "work", workers=0, fast_bfloat16=True)
    Trainer(replace(RECIPE, mixed=True, steps=1), run, print).fit()
    state = torch.load(run.work / "last.pt", weights_only=True)
    assert all(value.isfinite().all() for value in state["bridge"].values())


def written(folder: Path, data: Path, rows: list[tuple[int, str, str, int]]) -> Path:
    """Write a data folder of some of the pictures."""
    data.mkdir()
    whole = (folder / "all").read_bytes()
    places = {f"{i}.png": crop(folder, i, fake=False).place for i, *_ in rows}
    files = {name: whole[at.offset : at.offset + at.size] for name, at in places.items()}
    write_tar(data / "train-0.tar", files)
    write_index(data / "train.csv", [(f"{i}.png", *row) for i, *row in rows])
    return data
