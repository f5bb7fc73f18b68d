import hashlib
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import tomli_w
from forensics_onnx_classifier.cards import Card, read
from forensics_onnx_classifier.model import load, options
from forensics_onnx_classifier.scores import log_odds
from onnx import TensorProto, helper, numpy_helper

from forensics.errors import WeightsError
from forensics.settings import Settings

Write = Callable[..., Path]
SETTINGS = Settings(threads=1)
PX = 8
TWO = [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]


def pictures(count: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.random.default_rng(1).normal(size=(count, 3, PX, PX)).astype(np.float32)


@pytest.mark.parametrize(
    ("number", "tolerance"),
    [
        pytest.param(TensorProto.FLOAT, 1e-6, id="32-bit"),
        pytest.param(TensorProto.FLOAT16, 1e-2, id="16-bit"),
    ],
)
def test_model_gives_a_row_for_each_picture(write: Write, number: int, tolerance: float) -> None:
    x = pictures(5)
    values = load(read(write(number=number)), SETTINGS).values(x)
    assert values[:, 0] == pytest.approx(x[:, 0].mean(axis=(1, 2)), abs=tolerance)


@pytest.mark.parametrize("batch", [1, 4])
def test_model_made_for_a_fixed_number_gives_the_same(write: Write, batch: int) -> None:
    free = load(read(write("free")), SETTINGS)
    fixed = load(read(write("fixed", shape=[batch, 3, PX, PX])), SETTINGS)
    assert (free.batch, fixed.at_once) == (None, batch)
    x = pictures(batch)
    assert fixed.values(x) == pytest.approx(free.values(x))
    assert fixed.values(x[:1]) == pytest.approx(free.values(x[:1]))


def test_open_height_and_width_fit_any_card(write: Write) -> None:
    assert load(read(write(shape=["n", 3, "h", "w"])), SETTINGS).batch is None


@pytest.mark.parametrize(
    ("model", "tables", "words"),
    [
        pytest.param(
            {}, {"sha256": "0" * 64}, "key 'sha256' is 000000000000.., that of", id="hash"
        ),
        pytest.param(
            {"shape": ["n", 3, 9, 9]}, {}, "input: keys 'layout' and 'px': NCHW with px 8", id="px"
        ),
        pytest.param(
            {"shape": ["n", PX, PX, 3]}, {}, "input: keys 'layout' and 'px': NCHW", id="layout"
        ),
        pytest.param(
            {}, {"output": {"fake": 1, "kind": "logit"}}, "output: key 'fake' is 1", id="index"
        ),
        pytest.param(
            {},
            {"output": {"fake": 0, "kind": "logit", "name": "z"}},
            "output: key 'name' is 'z', red.onnx has y",
            id="output-name",
        ),
        pytest.param(
            {"number": TensorProto.DOUBLE}, {}, "red.onnx takes tensor(double), must", id="number"
        ),
    ],
)
def test_model_that_is_not_as_the_card_says_is_refused(
    write: Write, model: dict[str, Any], tables: dict[str, Any], words: str
) -> None:
    path = write(**model)
    path.write_text(tomli_w.dumps(tomllib.loads(path.read_text()) | tables))
    with pytest.raises(WeightsError, match=f"^{re.escape(f'{path}: {words}')}"):
        load(read(path), SETTINGS)


def rehashed(card: Path, data: bytes) -> Card:
    """Put another model in the place of a card's."""
    (card.parent / "red.onnx").write_bytes(data)
    values = tomllib.loads(card.read_text()) | {"sha256": hashlib.sha256(data).hexdigest()}
    card.write_text(tomli_w.dumps(values))
    return read(card)


def test_file_that_is_no_model_is_named(write: Write) -> None:
    with pytest.raises(WeightsError, match=r"red\.onnx can't be loaded by onnxruntime"):
        load(rehashed(write(), b"no model"), SETTINGS)


def test_weights_outside_the_hashed_file_are_not_read(
    write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = write()
    model = onnx.load(tmp_path / "red.onnx")
    onnx.save_model(
        model,
        tmp_path / "outside.onnx",
        save_as_external_data=True,
        location="weights.bin",
        size_threshold=0,
    )
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WeightsError, match=r"red\.onnx can't be loaded by onnxruntime"):
        load(rehashed(path, (tmp_path / "outside.onnx").read_bytes()), SETTINGS)


def test_batch_that_a_model_only_seems_to_leave_open_is_found(write: Write, tmp_path: Path) -> None:
    path = write()
    model = onnx.load(tmp_path / "red.onnx")
    model.graph.node.append(helper.make_node("Reshape", ["y", "one"], ["z"]))
    model.graph.initializer.append(numpy_helper.from_array(np.array([1, 1], np.int64), "one"))
    model.graph.output[0].name = "z"
    with pytest.raises(WeightsError, match=r"red\.onnx can't (score 2 pictures|be loaded)"):
        load(rehashed(path, model.SerializeToString()), SETTINGS)


def test_threads_are_those_of_the_settings() -> None:
    assert options(Settings(threads=3)).intra_op_num_threads == 3
    assert options(Settings(threads=3, reproducible=True)).intra_op_num_threads == 1
    assert options(Settings(workers=10_000)).intra_op_num_threads == 1


def test_every_kind_of_output_gives_the_same_log_odds(write: Write) -> None:
    x = pictures(6)

    def scores(name: str, end: str, kind: str, weights: list[list[float]]) -> Any:
        card = read(write(name, weights, end=end, output={"fake": 0, "kind": kind}))
        return log_odds(load(card, SETTINGS).values(x), card)

    difference = [[1.0], [-1.0], [0.0]]
    logit = scores("a", "", "logit", difference)
    assert scores("b", "Sigmoid", "probability", difference) == pytest.approx(logit, abs=1e-5)
    assert scores("c", "", "logits", TWO) == pytest.approx(logit, abs=1e-5)
    assert scores("d", "Softmax", "softmax", TWO) == pytest.approx(logit, abs=1e-5)


def test_certain_probability_stays_a_number(write: Write) -> None:
    card = read(write(output={"fake": 0, "kind": "probability"}))
    high, low = log_odds(np.array([[1.0], [0.0]]), card)
    assert high == pytest.approx(13.8155, abs=1e-3) == -low


@pytest.mark.parametrize(
    ("kind", "values", "words"),
    [
        pytest.param("logit", [[np.nan, 0]], "not a number", id="nan"),
        pytest.param("softmax", [[2.0, 1.0]], "the values sum to 3, not 1", id="no-softmax"),
        pytest.param("softmax", [[1.0]], "gives one value", id="softmax-of-one"),
        pytest.param("logits", [[1.0]], "gives one value", id="logits-of-one"),
        pytest.param("probability", [[-0.5]], "gave -0.5: not between 0 and 1", id="below"),
        pytest.param("probability", [[0.5], [1.5]], "gave 1.5: not between", id="above"),
    ],
)
def test_values_that_are_not_what_the_card_says_are_refused(
    write: Write, kind: str, values: list[list[float]], words: str
) -> None:
    card = read(write(output={"fake": 0, "kind": kind}))
    with pytest.raises(WeightsError, match=words):
        log_odds(np.array(values), card)
