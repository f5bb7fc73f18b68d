"""What names tell of people and of originals, and what a column `source` means."""

import pytest
from forensics_resnext_lstm.data.identity import names_datasets, original_of, people_in


@pytest.mark.parametrize(
    ("name", "people"),
    [
        pytest.param("183_253", {"183", "253"}, id="faceforensics-fake"),
        pytest.param("183", {"183"}, id="faceforensics-real"),
        pytest.param("01_02__walking_outside", {"01", "02"}, id="deepfakedetection-fake"),
        pytest.param("01__kitchen_pan", {"01"}, id="deepfakedetection-real"),
        pytest.param("id3_id5_0007", {"id3", "id5"}, id="celeb-df-fake"),
        pytest.param("ann; bob", {"ann", "bob"}, id="list"),
        pytest.param("talking head_2", {"talking head_2"}, id="any-name"),
        pytest.param("", set(), id="none"),
    ],
)
def test_names_tie_the_people_in_them(name: str, people: set[str]) -> None:
    assert people_in(name) == people


@pytest.mark.parametrize(
    ("swap", "original"),
    [
        ("183_253", "183"),
        ("01_02__walking_outside__YVGY8LOK", "01__walking_outside"),
        ("id3_id5_0007", "id3_0007"),
        ("talking_head_2", "talking_head_2"),
        ("01__kitchen_pan", "01__kitchen_pan"),
    ],
)
def test_name_of_a_swap_tells_its_original(swap: str, original: str) -> None:
    assert original_of(swap) == original


def rows(*cells: tuple[str, str, str]) -> list[tuple[int, dict[str, str]]]:
    names = ("label", "source", "dataset")
    return [(i, dict(zip(names, row, strict=True))) for i, row in enumerate(cells)]


def test_source_names_data_sets_where_real_files_share_its_few_values() -> None:
    shared = rows(*[("real", "phone", "")] * 4, ("fake", "net", ""))
    assert names_datasets(shared)
    assert not names_datasets(shared[1:])
    many = [("real", f"s{i}", "") for i in range(21) for _ in range(4)]
    assert not names_datasets(rows(*many))
    assert not names_datasets(rows(("fake", "net", ""), ("fake", "net", "")))


def test_video_in_three_compressions_is_still_one_source() -> None:
    assert not names_datasets(rows(*[("real", "183", "")] * 3, *[("fake", "183", "")] * 3))


def test_video_in_two_data_sets_is_still_one_source() -> None:
    assert not names_datasets(rows(("real", "183", "c23"), ("real", "183", "c40")))
