"""Maps of where the network responded: each belongs to its frame, and depends on the weights."""

import base64
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from forensics_resnext_lstm import gradcam
from forensics_resnext_lstm.detector import Seen, SequenceDetector, joined
from forensics_resnext_lstm.fuse_batchnorm import fold
from forensics_resnext_lstm.model import FaceSequenceNet, ModelConfig
from tiny import entry_of

from forensics.records import (
    Coverage,
    FacePatch,
    FaceTrack,
    Finding,
    FrameScore,
    HeatMap,
    MediaInfo,
    MediaKind,
    Sample,
)
from forensics.settings import Settings
from forensics.testing import portrait
from forensics.weights import CropValues

PX = 96
TRUNKS = [
    pytest.param("resnext50_32x4d", id="resnext"),
    pytest.param("tf_efficientnet_lite0", id="efficientnet-lite"),
]
Grid = np.typing.NDArray[np.float64]


def network(trunk: str, residual: float, seed: int = 3) -> FaceSequenceNet:
    """Return a network whose random weights give features of an ordinary size."""
    torch.manual_seed(seed)
    net = FaceSequenceNet(ModelConfig(trunk, 8)).eval()
    torch.nn.init.normal_(net.frame_head.weight)
    torch.nn.init.normal_(net.residual_head.weight, std=max(residual, 1e-9))
    if not residual:
        torch.nn.init.zeros_(net.residual_head.weight)
    return net


def detector(net: FaceSequenceNet, folder: Path) -> SequenceDetector:
    entry = replace(entry_of(net, folder), crop=CropValues(1.0, 0.0, PX))
    return SequenceDetector(entry, Settings(device="cpu", reproducible=True))


def track(number: int, frames: int, patched: int | None = None) -> FaceTrack:
    """Return a face that brightens from frame to frame, with a patch on its upper left quarter in one of them."""
    patches = []
    for i in range(frames):
        pixels = np.clip(portrait.face(PX).astype(int) + 9 * i, 0, 255).astype(np.uint8)
        if i == patched:
            pixels[: PX // 2, : PX // 2] = np.random.default_rng(7).integers(0, 256, (48, 48, 3))
        box = (0.0, 0.0, float(PX), float(PX))
        patches.append(FacePatch(0, i * 0.2, box, (0.0, 0.0), 1.0, 0.99, pixels))
    return FaceTrack(number, tuple(patches))


def examined(one: SequenceDetector, *tracks: FaceTrack) -> Finding:
    info = MediaInfo("0" * 64, 1, MediaKind.VIDEO, "mp4", "h264", PX, PX)
    return one.examine(Sample(info, (), tracks, Coverage(1.0, 4, 4, 4, 1, 0.2, 0), fd=-1))


def grid(heat: HeatMap | None) -> Grid:
    assert heat is not None
    assert heat.is_whole
    cells = np.frombuffer(base64.b64decode(heat.cells), np.uint8)
    return cells.reshape(heat.rows, heat.columns) * heat.peak / 255


def grids(frames: Sequence[FrameScore], number: int = 1) -> list[Grid]:
    return [grid(frame.map) for frame in frames if frame.track == number]


@pytest.mark.parametrize("trunk", TRUNKS)
def test_split_trunk_is_the_trunk(trunk: str) -> None:
    whole = fold(network(trunk, 1.0).trunk)
    x = torch.rand(2, 3, PX, PX, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        maps = gradcam.last_map(whole, x)
        assert torch.equal(gradcam.pooled(whole, maps), whole(x))
        assert torch.allclose(maps.mean((2, 3)), whole(x), atol=1e-5)


@pytest.mark.parametrize("trunk", TRUNKS)
def test_mirror_image_has_the_mirrored_maps_where_both_are_looked_at(trunk: str) -> None:
    net = network(trunk, 1.0)
    net.config = replace(net.config, mirrored=True)
    x = torch.rand(2, 3, PX, PX, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        maps, features = gradcam.looked(net, x)
        turned, same = gradcam.looked(net, x.flip(-1))
        torch.testing.assert_close(features, net.features(x), rtol=1e-4, atol=1e-5)
    assert (maps - maps.flip(-1)).abs().max() > 1e-2 * maps.abs().max()
    torch.testing.assert_close(turned, maps.flip(-1), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(same, features, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("trunk", TRUNKS)
def test_patch_in_one_frame_changes_the_map_of_that_frame_alone(trunk: str, tmp_path: Path) -> None:
    one = detector(network(trunk, residual=0), tmp_path)
    before = grids(examined(one, track(1, 4)).evidence.frames)
    after = grids(examined(one, track(1, 4, patched=2)).evidence.frames)
    moved = [float(np.abs(a - b).max()) for a, b in zip(before, after, strict=True)]
    step = max(float(g.max()) for g in before + after) / 255  # what one cell's number stands for
    assert moved[2] > 20 * step
    assert max(moved[:2] + moved[3:]) <= 2 * step


def test_patch_moves_the_map_where_it_lies(tmp_path: Path) -> None:
    one = detector(network("resnext50_32x4d", residual=0), tmp_path)
    before = grids(examined(one, track(1, 3)).evidence.frames)[1]
    change = np.abs(grids(examined(one, track(1, 3, patched=1)).evidence.frames)[1] - before)
    assert change[: len(change) // 2, : len(change) // 2].mean() > change.mean()


def test_longer_track_beside_it_changes_nothing(tmp_path: Path) -> None:
    one = detector(network("tf_efficientnet_lite0", residual=1), tmp_path)
    alone = examined(one, track(1, 3)).evidence.frames
    among = examined(one, track(2, 7, patched=1), track(1, 3)).evidence.frames
    for a, b in zip(grids(alone), grids(among), strict=True):
        assert np.abs(a - b).max() <= 2 * a.max() / 255 + 1e-6


def test_recurrence_is_in_the_gradient() -> None:
    net = network("tf_efficientnet_lite0", residual=1)
    features = torch.randn(2, 4, 1280, generator=torch.Generator().manual_seed(1))
    lengths = torch.tensor([4, 2])
    found = gradcam.gradients(net, features, lengths)
    step = 1e-2 * torch.randn(features.shape, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        moved = net.head(features + step, lengths).track - net.head(features - step, lengths).track
        mean_alone = net.frame_head.weight[0] / lengths.view(2, 1, 1)
    assert (2 * found * step).sum((1, 2)).tolist() == pytest.approx(moved.tolist(), rel=0.05)
    assert found[1, 2:].abs().max() == 0
    assert (found - mean_alone).abs()[0].max() > 1e-3


def test_same_input_gives_the_same_maps(tmp_path: Path) -> None:
    one = detector(network("tf_efficientnet_lite0", residual=1), tmp_path)
    assert examined(one, track(1, 4)).evidence == examined(one, track(1, 4)).evidence


def test_entry_whose_maps_say_nothing_ships_none(tmp_path: Path) -> None:
    one = detector(network("tf_efficientnet_lite0", residual=1), tmp_path)
    one.entry = replace(one.entry, maps=False)
    found = examined(one, track(1, 4)).evidence.frames
    assert [frame.map for frame in found] == [None] * 4


def test_track_that_nothing_speaks_against_has_no_map() -> None:
    assert gradcam.heat_maps(torch.ones(2, 3, 4, 4), -torch.ones(2, 3)) == [None, None]


def test_scores_decide_which_faces_of_a_crowd_have_maps() -> None:
    lengths = [30, 30, 30, 30]
    assert gradcam.chosen([0.1, 0.9, 0.5, 0.7], lengths, kept=120) == [1, 3]
    assert gradcam.chosen([0.1, 0.9, 0.5, 0.7], lengths, kept=60) == [1, 0]


def test_maps_of_the_first_crops_are_kept_and_all_features() -> None:
    parts = (Seen(torch.zeros(32, 5), torch.zeros(32, 5, 4, 4)) for _ in range(40))
    found = joined(parts)
    assert (len(found.features), len(found.maps)) == (1280, gradcam.MOST_KEPT)
