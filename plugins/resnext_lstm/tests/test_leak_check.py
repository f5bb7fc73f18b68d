"""Nobody is on both sides of a split, and what is on neither is counted."""

from pathlib import Path

import pytest
from forensics_resnext_lstm.data import DataError, split
from forensics_resnext_lstm.training.leak_check import check, without_tested
from forensics_resnext_lstm.training.split import read_sides
from tiny import TINY_RECIPE, crop_of, write_index, write_tar

COLUMNS = ("file", "label", "original", "part", "identity", "split")


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


def folder_of(folder: Path, *rows: tuple[str, ...]) -> Path:
    """Write an index of rows without their file, and an archive of empty files."""
    files = [f"{i}.jpg" for i in range(len(rows))]
    write_tar(folder / "faces.tar", dict.fromkeys(files, b""))
    table = [(name, *row) for name, row in zip(files, rows, strict=True)]
    write_index(folder / "index.csv", table, COLUMNS)
    return folder


def test_what_is_on_no_side_is_counted_by_label_and_reason(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path,
        ("real", "a", "1", "anna", "train"),
        ("real", "b", "2", "bert", "test"),
        ("fake", "c", "2", "bert+carl", "train"),
        ("fake", "c", "2", "carl", "train"),
        ("real", "d", "-1", "", "train"),
        ("fake", "e", "3", "dora+emil", "train"),
        ("fake", "f", "4", "dora", "val"),
    )
    sides = read_sides(TINY_RECIPE, [folder])
    assert ([c.original for c in sides.train], [c.original for c in sides.held]) == (["a"], ["f"])
    assert sides.left_out == (
        "1 real and 0 fake crops of the test split are left out",
        "0 real and 2 fake crops of people tied to the test split are left out",
        "0 real and 1 fake crops of people tied to the val split are left out",
        "1 real and 0 fake crops of unknown people are left out",
    )


def test_data_of_which_nothing_is_left_says_where_it_went(tmp_path: Path) -> None:
    rows = [("real", "a", "1", "anna", "test"), ("fake", "b", "1", "anna+bert", "train")]
    with pytest.raises(DataError, match=r"of 2 crops none is left .* 0 are held out; 1 real .*"):
        read_sides(TINY_RECIPE, [folder_of(tmp_path, *rows)])


def test_val_split_is_held_out_whatever_its_part() -> None:
    train = crop_of(original="1", identity="anna", part=1)
    val = crop_of(original="2", identity="bert", part=1, split="val")
    assert split([train, val], frozenset({9})) == ([train], [val])
    check([train], [val])  # other people of the same part
    with pytest.raises(DataError, match="part 1 is trained on"):
        check([train], [crop_of(original="3", part=1, split="val")])
