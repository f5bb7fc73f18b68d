"""Nobody is on both sides of a split."""

from pathlib import Path

import pytest
from forensics_resnext_lstm.data import Crop, DataError, Place
from forensics_resnext_lstm.training.leaks import check, without_tested


def crop_of(**values: object) -> Crop:
    given = {"fake": False, "original": "a", "part": 0, **values}
    return Crop(Place(Path("x.tar"), 0, 0), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("held", "message"),
    [
        pytest.param({"original": "b", "part": 0}, "part 0 is trained on", id="part"),
        pytest.param({"part": 9}, "source video a is trained on", id="original"),
        pytest.param(
            {"original": "b", "part": 9, "identity": "bert+anna"},
            "person anna is trained on",
            id="person",
        ),
        pytest.param({"part": -1}, "has neither part nor identity", id="unknown"),
    ],
)
def test_leak_is_named(held: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        check([crop_of(identity="anna")], [crop_of(**held)])


def test_split_without_a_leak_is_taken() -> None:
    held = crop_of(original="b", identity="bert", part=9)
    check([crop_of(identity="anna+carl")], [held])
    check([crop_of(dataset="one")], [crop_of(dataset="two", part=9)])


def test_whoever_is_tied_to_a_tested_person_is_left_out() -> None:
    rows = [
        crop_of(original="1", identity="anna", split="test"),
        crop_of(original="2", identity="anna+bert", split="train"),
        crop_of(original="3", identity="bert"),
        crop_of(original="4", identity="carl"),
        crop_of(original="5"),
    ]
    assert [crop.original for crop in without_tested(rows)] == ["4", "5"]
