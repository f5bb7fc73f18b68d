"""Many sources in a batch: shares, people, methods, and what is done to the pictures."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from forensics_resnext_lstm.data import Crop, DataError, Place
from forensics_resnext_lstm.training.average import Average
from forensics_resnext_lstm.training.blending import blend
from forensics_resnext_lstm.training.degrade import CODECS, degrade, encoded
from forensics_resnext_lstm.training.mixing import Mixture, Pool
from forensics_resnext_lstm.training.selfblend import draw_blend
from torch import nn


def crop(folder: str, fake: bool, original: str, identity: str, method: str = "") -> Crop:
    place = Place(Path(folder) / "a.tar", 0, 0)
    return Crop(place, fake, original, 1, dataset=folder, method=method, identity=identity)


def test_pools_are_drawn_by_their_shares() -> None:
    crops = [crop("large", False, f"v{n}", f"p{n}") for n in range(100)]
    crops += [crop("small", False, "v", "p")]
    mixture = Mixture(crops, {"large": 1.0, "small": 3.0})
    rng = np.random.default_rng(1)
    drawn = Counter(mixture.draw(rng, 0.0).real.real[0].dataset for _ in range(800))
    assert 0.68 < drawn["small"] / 800 < 0.82


def test_shares_must_be_those_of_the_folders() -> None:
    with pytest.raises(DataError, match=r"shares are for other; the folders of --data are large"):
        Mixture([crop("large", False, "v", "p")], {"other": 1.0})


def test_people_are_drawn_alike_however_many_videos_they_have() -> None:
    crops = [crop("x", False, f"v{n}", "often") for n in range(30)] + [
        crop("x", False, "w", "once")
    ]
    pool, rng = Pool("x", crops), np.random.default_rng(2)
    drawn = Counter(pool.draw(rng, 1.0).real.real[0].identity for _ in range(600))
    assert 0.4 < drawn["once"] / 600 < 0.6


def test_methods_are_drawn_by_the_square_root_of_their_people() -> None:
    crops = [crop("x", False, "r", "r")]
    crops += [crop("x", True, f"a{n}", f"a{n}", "A") for n in range(9)]
    crops += [crop("x", True, "b", "b", "B")]
    pool, rng = Pool("x", crops), np.random.default_rng(3)
    drawn = Counter(pool.draw(rng, 0.0).fakes[0].method for _ in range(1000))
    assert 0.70 < drawn["A"] / 1000 < 0.80


def test_fake_with_a_real_crop_of_its_video_is_a_pair_and_one_without_is_not() -> None:
    pair = [crop("x", False, "v", "p"), crop("x", True, "v", "p", "A")]
    rng = np.random.default_rng(4)
    assert Pool("x", pair).draw(rng, 0.0).is_paired
    lone = [crop("x", False, "v", "p"), crop("x", True, "w", "q", "A")]
    drawn = Pool("x", lone).draw(rng, 0.0)
    assert not drawn.is_paired
    assert drawn.fakes


def test_folder_without_fakes_is_blended_with_itself() -> None:
    drawn = Pool("x", [crop("x", False, "v", "p")]).draw(np.random.default_rng(5), 0.0)
    assert drawn.fakes == ()


def test_folder_without_a_real_crop_is_refused() -> None:
    with pytest.raises(DataError, match="has no real crop"):
        Pool("x", [crop("x", True, "v", "p", "A")])


@pytest.mark.parametrize("codec", sorted(set(CODECS)))
def test_codecs_keep_the_picture_and_lose_some_of_it(codec: str) -> None:
    rng = np.random.default_rng(6)
    ramp = np.linspace(30, 220, 96, dtype=np.uint8)
    face = np.stack([np.tile(ramp, (96, 1))] * 3, 2)
    again = encoded(face, codec, rng)
    assert again.shape == face.shape
    assert 0 < np.abs(again.astype(int) - face).mean() < 12


def test_degraded_picture_is_a_function_of_the_draw() -> None:
    face = np.random.default_rng(7).integers(0, 255, (96, 96, 3), dtype=np.uint8)
    first, second = (degrade(face, np.random.default_rng(8)) for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, face)


def test_share_of_mouths_changes_the_lower_face_alone() -> None:
    rng = np.random.default_rng(9)
    blends = [draw_blend(rng, mouths=1.0) for _ in range(50)]
    assert all(blend.centre[1] - blend.radii[1] * 1.15 > 0.3 for blend in blends)
    plain = draw_blend(np.random.default_rng(10))
    assert plain == draw_blend(np.random.default_rng(10), mouths=0.0)


def test_average_follows_the_weights_and_is_worn_for_a_while() -> None:
    model = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(model.weight)
    average = Average(model, 0.9)
    nn.init.ones_(model.weight)
    for _ in range(5):
        average.follow(model)
    assert 0.5 < average.state["weight"].item() < 1.0
    with average.worn(model):
        assert model.weight.item() == average.state["weight"].item()
    assert model.weight.item() == 1.0


def test_blend_lies_between_two_networks_and_keeps_the_lstm_of_the_one_before() -> None:
    before = {
        "trunk.w": torch.zeros(2, 2),
        "lstm.weight_hh_l0": torch.ones(3),
        "n": torch.tensor(7),
    }
    after = {"trunk.w": torch.ones(2, 2), "lstm.weight_hh_l0": torch.zeros(9), "n": torch.tensor(9)}
    mixed = blend(after, before, 0.25)
    assert torch.equal(mixed["trunk.w"], torch.full((2, 2), 0.25))
    assert torch.equal(mixed["lstm.weight_hh_l0"], before["lstm.weight_hh_l0"])
    assert mixed["n"] == 7


def test_networks_of_two_kinds_are_not_blended() -> None:
    with pytest.raises(DataError, match="have not the same trunk"):
        blend({"trunk.w": torch.zeros(3)}, {"trunk.w": torch.zeros(2)}, 0.5)
