"""Files are written whole or not at all."""

from pathlib import Path

import pytest

from forensics.errors import ForensicsError
from forensics.report.files import whole


def test_file_takes_its_place_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text("old")
    with whole(target) as half:
        half.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def write_half(target: Path, interruption: type[BaseException]) -> None:
    with whole(target) as half:
        half.write_text("ha")
        raise interruption


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, ValueError])
def test_interrupted_file_leaves_nothing(tmp_path: Path, interruption: type[BaseException]) -> None:
    target = tmp_path / "report.html"
    target.write_text("old")
    with pytest.raises(interruption):
        write_half(target, interruption)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_place_that_is_not_there_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(ForensicsError, match=r"gone/report\.html: can't be written: No such file"),
        whole(tmp_path / "gone" / "report.html") as half,
    ):
        half.write_text("x")


def test_error_about_another_file_is_not_taken_for_one_about_this(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), whole(tmp_path / "report.html"):
        (tmp_path / "evidence" / "lost.jpg").read_bytes()
    assert list(tmp_path.iterdir()) == []
