import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from forensics_onnx_classifier.cards import How, Kind, read

from forensics.errors import WeightsError
from forensics.records import MediaKind
from forensics.weights import CropValues

Write = Callable[..., Path]
INPUT = {
    "px": 8,
    "layout": "NCHW",
    "colour": "RGB",
    "scale": 1.0,
    "mean": [0.0, 0.0, 0.0],
    "std": [1.0, 1.0, 1.0],
}
CALIBRATION = {
    "slope": 1.0,
    "intercept": 0.0,
    "cap_log10": 2.0,
    "fake_at": 0.5,
    "real_at": -0.5,
    "min_face_px": 64,
    "min_frames": 3,
    "kinds": ["video"],
}


def test_card_says_all_that_its_model_needs(write: Write) -> None:
    card = read(write(pooling={"how": "top", "top": 3}, calibration=CALIBRATION))
    assert (card.name, card.output.kind, card.kinds) == ("red", Kind.LOGIT, tuple(MediaKind))
    assert card.view.crop == CropValues(1.0, 0.0, 8)
    assert (card.pooling.how, card.pooling.top) == (How.TOP, 3)
    assert card.calibration is not None
    assert card.calibration.kinds == (MediaKind.VIDEO,)


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        pytest.param({"schema": 2}, "key 'schema' is 2, this program reads 1", id="schema"),
        pytest.param({"name": "My Net"}, "key 'name' is 'My Net', use a-z", id="name"),
        pytest.param({"file": "../x.onnx"}, "key 'file' is '../x.onnx'", id="file-elsewhere"),
        pytest.param({"file": "no.onnx"}, "key 'file': there is no no.onnx", id="file-missing"),
        pytest.param({"sha256": "12ab"}, "key 'sha256' is '12ab', not 64", id="sha256"),
        pytest.param({"licence": None}, "key 'licence' is missing", id="licence"),
        pytest.param({"permitted_use": 3}, "key 'permitted_use' is 3, not text", id="use"),
        pytest.param({"kinds": []}, "key 'kinds' is empty", id="no-kind"),
        pytest.param({"kinds": ["film"]}, "key 'kinds' is 'film', choose", id="kind"),
        pytest.param({"colour": "RGB"}, "key 'colour' is not known here", id="unknown-key"),
        pytest.param({"input": None}, "key 'input' is missing", id="no-input"),
        pytest.param({"input": {**INPUT, "px": 0}}, "input: key 'px' is 0", id="px"),
        pytest.param(
            {"input": {**INPUT, "layout": "CHW"}}, "input: key 'layout' is 'CHW'", id="layout"
        ),
        pytest.param(
            {"input": {**INPUT, "colour": "YUV"}}, "input: key 'colour' is 'YUV'", id="colour"
        ),
        pytest.param({"input": {**INPUT, "scale": 0.0}}, "input: key 'scale' is 0.0", id="scale"),
        pytest.param(
            {"input": {**INPUT, "mean": [0.5]}}, "input: key 'mean' has 1 numbers", id="mean"
        ),
        pytest.param(
            {"input": {**INPUT, "mean": [0.5, "a", 0.5]}},
            "input: mean: key '1' is 'a', not a number",
            id="mean-text",
        ),
        pytest.param({"input": {**INPUT, "std": [1.0, 0.0, 1.0]}}, "input: key 'std' is", id="std"),
        pytest.param(
            {"output": {"fake": -1, "kind": "logit"}}, "output: key 'fake' is -1", id="fake"
        ),
        pytest.param(
            {"output": {"fake": 0, "kind": "score"}}, "output: key 'kind' is 'score'", id="output"
        ),
        pytest.param({"view": {"of": "body"}}, "view: key 'of' is 'body', choose", id="view"),
        pytest.param({"view": {"of": "face"}}, "view: key 'scale' is missing", id="no-crop"),
        pytest.param(
            {"view": {"of": "face", "scale": -1.0, "shift": 0.0}},
            "view: key 'scale' is -1.0",
            id="crop",
        ),
        pytest.param({"view": {"of": "frame"}}, "view: key 'fit' is missing", id="no-fit"),
        pytest.param(
            {"view": {"of": "frame", "fit": "centre", "scale": 1.0}},
            "view: key 'scale' is not known",
            id="crop-of-a-frame",
        ),
        pytest.param({"pooling": {"how": "sum"}}, "pooling: key 'how' is 'sum'", id="pooling"),
        pytest.param({"pooling": {"how": "top"}}, "pooling: key 'top' is missing", id="no-top"),
        pytest.param(
            {"calibration": {**CALIBRATION, "cap_log10": 0.0}},
            "calibration: key 'cap_log10' is 0.0",
            id="calibration",
        ),
    ],
)
def test_slip_in_a_card_is_named_by_file_and_key(
    write: Write, tables: dict[str, Any], words: str
) -> None:
    path = write()
    card = tomllib.loads(path.read_text()) | tables
    path.write_text(tomli_w.dumps({k: v for k, v in card.items() if v is not None}))
    with pytest.raises(WeightsError, match=f"^{re.escape(f'{path}: {words}')}"):
        read(path)


def test_card_names_everything_that_is_wrong_with_it(write: Write) -> None:
    path = write()
    tables = {
        "sha256": "12ab",
        "kinds": ["film", "tape"],
        "colour": "RGB",
        "input": {**INPUT, "px": 0, "std": [1.0, 0.0, 1.0]},
        "view": {"of": "frame", "scale": 1.0},
        "pooling": {"how": "mean", "top": 3},
    }
    path.write_text(tomli_w.dumps(tomllib.loads(path.read_text()) | tables))
    with pytest.raises(WeightsError) as caught:
        read(path)
    lines = [line.partition("; known: ")[0] for line in str(caught.value).splitlines()]
    assert [line.removeprefix(f"{path}: ") for line in lines] == [
        "key 'sha256' is '12ab', not 64 lower-case hexadecimal digits",
        "key 'kinds' is 'film', 'tape', choose from video, still",
        "input: key 'px' is 0, must be at least 1",
        "input: key 'std' is [1.0, 0.0, 1.0], each must be above 0",
        "pooling: key 'top' is not known here",
        "view: key 'scale' is not known here",
        "view: key 'fit' is missing",
        "key 'colour' is not known here",
    ]


def test_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text("name = ")
    with pytest.raises(WeightsError, match=r"x\.toml: can't be read"):
        read(path)


def test_card_in_the_readme_is_one(tmp_path: Path) -> None:
    text = (Path(__file__).parent.parent / "README.md").read_text()
    path = tmp_path / "blend-net.toml"
    path.write_text(text.partition("```toml\n")[2].partition("```")[0])
    (tmp_path / "blend-net.onnx").write_bytes(b"")
    assert read(path).output.kind is Kind.LOGITS
