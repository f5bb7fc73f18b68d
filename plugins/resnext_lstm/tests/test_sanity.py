"""Maps change when the weights become random ones, or they are not shipped."""

from collections.abc import Callable

import numpy as np
import pytest
import sanity
import torch
from forensics_resnext_lstm import LAYOUT, gradcam
from forensics_resnext_lstm.checkpoints import load
from forensics_resnext_lstm.model import FaceSequenceNet, ModelConfig, normalise
from torch import Tensor

from forensics import weights
from forensics.faces import CropGeometry, crop_frame
from forensics.settings import Settings
from forensics.testing import portrait
from forensics.weights import WeightsEntry

SHIPPED = [e for e in weights.find(Settings()) if e.layout == LAYOUT and e.maps]


def shipped(test: Callable[[WeightsEntry], None]) -> Callable[[WeightsEntry], None]:
    """Run a test for each entry that ships maps; one that fails gets `maps = false` in the manifest."""
    each = pytest.mark.parametrize("entry", [pytest.param(e, id=e.name) for e in SHIPPED])
    return pytest.mark.weights(each(test))


def crops(geometry: CropGeometry) -> Tensor:
    """Return the free portrait's face, mirrored or not and held differently, (T, 3, px, px), normalised."""
    found = []
    for mirrored in (False, True):
        picture = portrait.face(portrait.SIDE_PX, mirrored=mirrored)
        left, top, width, height = portrait.box(0, 0, portrait.SIDE_PX, mirrored=mirrored)
        for x, y, scale, light in ((0, 0, 1.0, 0), (-9, 6, 1.2, 30), (8, -5, 0.9, -30)):
            lit = np.clip(picture.astype(int) + light, 0, 255).astype(np.uint8)
            box = (left + x, top + y, width * scale, height * scale)
            found.append(crop_frame(lit, box, geometry))
    return normalise(torch.from_numpy(np.stack(found)))


def of_entry(entry: WeightsEntry) -> tuple[FaceSequenceNet, Tensor]:
    return load(entry), crops(CropGeometry(entry.crop.scale, entry.crop.shift, entry.crop.px))


@shipped
def test_shipped_maps_are_not_those_of_random_heads(entry: WeightsEntry) -> None:
    assert sanity.alike_by_heads(*of_entry(entry)) < sanity.MOST_ALIKE


@shipped
def test_shipped_maps_are_not_those_of_random_layers(entry: WeightsEntry) -> None:
    assert sanity.alike_by_layers(*of_entry(entry), seeds=2) < sanity.MOST_ALIKE


def test_maps_that_never_change_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    net = FaceSequenceNet(ModelConfig("mobilenetv2_035", 8)).eval()
    edges = torch.rand(6, 4, 4, generator=torch.Generator().manual_seed(1))
    monkeypatch.setattr(gradcam, "responses", lambda maps, gradient: edges)
    seen = crops(CropGeometry(0.82, 0.1, 64))
    assert sanity.alike_by_heads(net, seen, seeds=1) > sanity.MOST_ALIKE
    assert sanity.alike_by_layers(net, seen, seeds=1) > sanity.MOST_ALIKE


def test_random_layers_are_other_weights_that_still_respond() -> None:
    net = FaceSequenceNet(ModelConfig("mobilenetv2_035", 8)).eval()
    seen = crops(CropGeometry(0.82, 0.1, 64))
    other = sanity.random_layers(net, seen)
    shared = {n for n, w in net.named_parameters() if torch.equal(w, other.get_parameter(n))}
    assert not {name for name in shared if "conv" in name or "lstm" in name}
    assert sanity.maps(other, sanity.response(other, seen)).max() > 0


def test_seeds_leave_the_random_numbers_of_others_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    assert [seed for seed in sanity.seeded(2) if torch.rand(1).item() >= 0] == [0, 1]
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param([[1, 2], [3, 4]], [[10, 20], [30, 400]], 1.0, id="same-order"),
        pytest.param([[1, 2], [3, 4]], [[4, 3], [2, 1]], -1.0, id="reversed"),
        pytest.param([[0, 0], [0, 0]], [[1, 2], [3, 4]], 0.0, id="nothing-responds"),
        pytest.param([[0, 0], [1, 1]], [[0, 1], [1, 0]], 0.0, id="ties-share-a-rank"),
    ],
)
def test_correlation_is_of_ranks(
    one: list[list[int]], other: list[list[int]], expected: float
) -> None:
    found = sanity.correlation(np.array(one, float), np.array(other, float))
    assert found == pytest.approx(expected)
