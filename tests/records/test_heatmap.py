"""Heat maps: what travels, and what is laid over a face."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.records import HeatMap, overlay
from forensics.serialization import plain


def test_map_keeps_the_order_of_its_cells_and_one_scale_for_a_track() -> None:
    heat = HeatMap.of([[0.0, 0.5], [-3.0, 2.0], [1.0, 1.0]], 2.0)
    assert (heat.rows, heat.columns, heat.peak) == (3, 2, 2.0)
    assert list(base64.b64decode(heat.cells)) == [0, 64, 0, 255, 128, 128]


@pytest.mark.parametrize(
    ("heat", "whole"),
    [
        pytest.param(HeatMap(1, 2, "AAA=", 1.0), True, id="two-cells"),
        pytest.param(HeatMap(2, 2, "AAA=", 1.0), False, id="too-few"),
        pytest.param(HeatMap(-1, -2, "AAA=", 1.0), False, id="negative"),
        pytest.param(HeatMap(1, 2, "A_A=", 1.0), False, id="another-alphabet"),
    ],
)
def test_map_is_whole_when_each_place_has_its_cell(heat: HeatMap, whole: bool) -> None:
    assert heat.is_whole is whole


def opened(file: Path | io.BytesIO) -> "np.typing.NDArray[np.int_]":
    with Image.open(file) as image:
        return np.asarray(image, int)


def test_overlay_hides_nothing_where_nothing_responded(tmp_path: Path) -> None:
    path = tmp_path / "face.jpg"
    Image.new("RGB", (160, 160), (60, 90, 120)).save(path)
    heat = HeatMap.of([[0.0, 0.0, 0.0, 0.0]] * 3 + [[0.0, 0.0, 0.0, 2.0]], 2.0)
    laid_over = opened(io.BytesIO(overlay(path, heat)))
    before = opened(path)
    assert laid_over.shape == (160, 160, 3)
    assert np.abs(laid_over - before)[:80, :80].max() <= 4
    assert np.abs(laid_over - before).sum(2)[-20:, -20:].min() > 150


@pytest.mark.parametrize(
    "change", [{"rows": 5}, {"cells": ""}, {"cells": "?"}, {"rows": -2, "columns": -2}]
)
def test_map_that_is_none_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "face.jpg"
    Image.new("RGB", (160, 160)).save(path)
    values = {**plain(HeatMap.of([[1.0, 0.0], [0.0, 1.0]], 1.0)), **change}
    heat = HeatMap(**values)
    with pytest.raises(ValueError, match=r"cells|padded|base64"):
        overlay(path, heat)
