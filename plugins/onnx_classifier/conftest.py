"""Fixtures of the plugin's tests: tiny models and their cards. It stands beside `tests/` so that no two test folders hold a module of one name."""

import hashlib
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # protobuf's, on import
    from onnx import TensorProto, checker, helper, numpy_helper

PX = 8
Shape = list[int | str | None]
Write = Callable[..., Path]


def mean_colour_model(
    path: Path,
    weights: list[list[float]],
    shape: Shape | None = None,
    end: str = "",
    number: int = TensorProto.FLOAT,
) -> str:
    """Write a model of (N, C) values: each a weighted sum of the picture's mean colour; returns its SHA-256.

    `weights` is (3, C). `end` is an operator over the result, such as Softmax. NHWC where `shape` ends in 3.
    """
    shape = shape or ["n", 3, PX, PX]
    axes = [1, 2] if shape[-1] == 3 else [2, 3]
    dtype = helper.tensor_dtype_to_np_dtype(number)
    nodes = [
        helper.make_node("ReduceMean", ["x", "axes"], ["mean"], keepdims=0),
        helper.make_node("MatMul", ["mean", "w"], ["sum" if end else "y"]),
        *([helper.make_node(end, ["sum"], ["y"])] if end else []),
    ]
    graph = helper.make_graph(
        nodes,
        "mean-colour",
        [helper.make_tensor_value_info("x", number, shape)],
        [helper.make_tensor_value_info("y", number, [shape[0], len(weights[0])])],
        [
            numpy_helper.from_array(np.array(axes, np.int64), "axes"),
            numpy_helper.from_array(np.array(weights, dtype), "w"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return hashlib.sha256(path.read_bytes()).hexdigest()


def card_of(name: str, sha256: str, **tables: Mapping[str, Any]) -> dict[str, Any]:
    """Return a card for red faces: one logit, the mean of red, from -1 to 1. Tables given are laid over it."""
    card: dict[str, Any] = {
        "schema": 1,
        "name": name,
        "file": f"{name}.onnx",
        "sha256": sha256,
        "licence": "CC0-1.0",
        "permitted_use": "",
        "examines": ["face_manipulation"],
        "input": {
            "px": PX,
            "layout": "NCHW",
            "colour": "RGB",
            "scale": 1 / 255,
            "mean": [0.5, 0.5, 0.5],
            "std": [0.5, 0.5, 0.5],
        },
        "output": {"fake": 0, "kind": "logit"},
        "view": {"of": "face", "scale": 1.0, "shift": 0.0},
        "pooling": {"how": "mean"},
    }
    return {key: value for key, value in {**card, **tables}.items() if value is not None}


def write_card(
    folder: Path,
    name: str = "red",
    weights: list[list[float]] | None = None,
    shape: Shape | None = None,
    end: str = "",
    number: int = TensorProto.FLOAT,
    **tables: Any,
) -> Path:
    """Write a card and its model, by default of red; returns the card's path."""
    weights = weights or [[1.0], [0.0], [0.0]]
    sha256 = mean_colour_model(folder / f"{name}.onnx", weights, shape, end, number)
    path = folder / f"{name}.toml"
    path.write_text(tomli_w.dumps(card_of(name, sha256, **tables)))
    return path


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return what writes a card and its model into this test's folder."""
    return partial(write_card, tmp_path)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a card of faces and one of whole frames."""
    folder = tmp_path_factory.mktemp("shelf")
    write_card(folder, "faces")
    write_card(folder, "frames", view={"of": "frame", "fit": "centre"}, pooling={"how": "median"})
    return folder
