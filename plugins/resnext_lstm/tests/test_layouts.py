import json
from collections.abc import Callable
from pathlib import Path

import pytest
from forensics_resnext_lstm.data import DataError
from forensics_resnext_lstm.data.identity import part_of, tied
from forensics_resnext_lstm.preparing.layouts import Video, chosen, layout_of
from tiny import write_index


def files(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def dfdc(root: Path) -> Path:
    files(root, "dfdc_train_part_3/real.mp4")
    about = {
        "real.mp4": {"label": "REAL", "split": "train"},
        "made.mp4": {"label": "FAKE", "split": "train", "original": "real.mp4"},
    }
    (root / "dfdc_train_part_3" / "metadata.json").write_text(json.dumps(about))
    return root


def celeb_df(root: Path) -> Path:
    names = ["Celeb-real/id1_0000", "Celeb-synthesis/id1_id2_0000", "YouTube-real/00170"]
    files(root, *(f"{name}.mp4" for name in names))
    text = "1 YouTube-real/00170.mp4\n0 Celeb-synthesis/id1_id2_0000.mp4\n"
    (root / "List_of_testing_videos.txt").write_text(text)
    return root


def faceforensics(root: Path) -> Path:
    files(
        root,
        "original_sequences/youtube/c23/videos/183.mp4",
        "original_sequences/youtube/c23/videos/253.mp4",
        "original_sequences/actors/c40/videos/01__kitchen_pan.mp4",
        "manipulated_sequences/Deepfakes/c23/videos/183_253.mp4",
        "manipulated_sequences/DeepFakeDetection/c40/videos/01_02__kitchen_pan__YVGY8LOK.mp4",
    )
    (root / "splits").mkdir()
    (root / "splits" / "test.json").write_text(json.dumps([["183", "253"]]))
    return root


def plain(root: Path) -> Path:
    files(root, "a.mp4", "b.mp4")
    head = ("file", "label", "source", "identity", "method")
    rows = [("a.mp4", "real", "a", "anna", ""), ("b.mp4", "fake", "a", "anna+bert", "swap")]
    write_index(root / "mine.csv", rows, head)
    return root


MAKERS: list[tuple[str, Callable[[Path], Path]]] = [
    ("dfdc", dfdc),
    ("celeb-df", celeb_df),
    ("faceforensics", faceforensics),
    ("csv", plain),
]


def videos(source: Path) -> dict[str, Video]:
    layout = layout_of(source)
    assert layout.read
    return {video.path.stem: video for video in layout.read(source)}


@pytest.mark.parametrize(("name", "make"), MAKERS, ids=[name for name, _ in MAKERS])
def test_layout_is_told_by_content(name: str, make: Callable[[Path], Path], tmp_path: Path) -> None:
    assert layout_of(make(tmp_path)).name == name
    assert layout_of(tmp_path, name).name == name


def test_unknown_folder_is_refused_with_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"looked for crops: .* dfdc: metadata.json.* csv: a CSV"):
        layout_of(tmp_path)
    with pytest.raises(DataError, match=r"looked for celeb-df: Celeb-real.*$") as caught:
        layout_of(tmp_path, "celeb-df")
    assert "metadata.json" not in str(caught.value)


def test_dfdc_ties_a_fake_to_its_original_and_names_what_is_not_there(tmp_path: Path) -> None:
    found = videos(dfdc(tmp_path))
    real, made = found["real"], found["made"]
    assert (real.fake, made.fake, made.original, made.part) == (False, True, "real", 3)
    assert made.name == "dfdc_train_part_3/made.mp4"
    assert not made.path.exists()


def test_celeb_df_list_says_1_for_real(tmp_path: Path) -> None:
    found = videos(celeb_df(tmp_path))
    swap = found["id1_id2_0000"]
    assert (swap.fake, swap.original, swap.split) == (True, "id1_0000", "test")
    assert (found["00170"].split, found["id1_0000"].split) == ("test", "train")
    assert swap.part == found["id1_0000"].part
    (tmp_path / "List_of_testing_videos.txt").write_text("0 YouTube-real/00170.mp4\n")
    with pytest.raises(DataError, match=r"00170.mp4: .* gives it the other label"):
        videos(tmp_path)


def test_faceforensics_people_of_a_swap_are_one_identity(tmp_path: Path) -> None:
    found = videos(faceforensics(tmp_path))
    swap = found["183_253"]
    assert (swap.dataset, swap.method, swap.original, swap.split) == (
        "FaceForensics++ c23",
        "Deepfakes",
        "183",
        "test",
    )
    assert {found[name].part for name in ("183", "253", "183_253")} == {swap.part}
    assert swap.part == part_of("ffpp-183")
    acted = found["01_02__kitchen_pan__YVGY8LOK"]
    assert acted.original == found["01__kitchen_pan"].original
    assert (acted.dataset, acted.identity) == ("DeepFakeDetection c40", "dfd-01+dfd-02")


def test_csv_gives_tied_people_one_part(tmp_path: Path) -> None:
    found = videos(plain(tmp_path))
    assert found["a"].part == found["b"].part == part_of("anna")
    assert (found["b"].original, found["b"].method) == ("a", "swap")


def listed(root: Path, *rows: str, columns: str = "file,label,source") -> dict[str, Video]:
    (root / "index.csv").write_text("\n".join([columns, *rows]) + "\n")
    return videos(root)


def test_swap_in_a_csv_has_the_original_that_its_name_tells_of(tmp_path: Path) -> None:
    found = listed(
        tmp_path,
        "r1.mp4,real,183",
        "r2.mp4,real,01__kitchen_pan",
        "f1.mp4,fake,183_253",
        "f2.mp4,fake,253_183",
        "f3.mp4,fake,01_02__kitchen_pan__YVGY8LOK",
    )
    assert found["f1"].original == found["r1"].original == "183"
    assert found["f3"].original == found["r2"].original == "01__kitchen_pan"
    assert found["f2"].original == "253_183"  # video 253 is not there


def test_names_of_swaps_say_who_is_seen_where_no_row_does(tmp_path: Path) -> None:
    rows = ["r1.mp4,real,183", "r2.mp4,real,253", "r3.mp4,real,d10", "f1.mp4,fake,183_253"]
    found = listed(tmp_path, *rows)
    assert [video.identity for video in found.values()] == ["183", "253", "", "183+253"]
    assert found["r1"].part == found["r2"].part == found["f1"].part == part_of("183")
    rows = [f"{row},{who}" for row, who in zip(rows, ("anna", "", "", ""), strict=True)]
    found = listed(tmp_path, *rows, columns="file,label,source,identity")
    assert [video.identity for video in found.values()] == ["anna", "", "", ""]


def test_source_that_names_data_sets_ties_no_clips(tmp_path: Path) -> None:
    rows = [f"{label}{i}.mp4,{label},phone" for i in range(4) for label in ("real", "fake")]
    found = listed(tmp_path, *rows)
    assert len({video.original for video in found.values()}) == 8
    assert {video.dataset for video in found.values()} == {"phone"}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        pytest.param("a.mp4,REAL,a", "row 2: a.mp4: label is 'REAL', not real or fake", id="label"),
        pytest.param("a.mp4,,a", "row 2: a.mp4: label is '', not real or fake", id="no label"),
        pytest.param("a.mp4,real,a\na.mp4,real,a", "row 3: a.mp4 stands there twice", id="twice"),
        pytest.param("../a.mp4,real,a", r"row 2: ../a.mp4: must be a path from", id="outside"),
    ],
)
def test_wrong_row_of_a_csv_is_named(tmp_path: Path, row: str, message: str) -> None:
    (tmp_path / "index.csv").write_text(f"file,label,source\n{row}\n")
    with pytest.raises(DataError, match=message):
        videos(tmp_path)


def test_videos_are_chosen_by_every_key_and_any_pattern_of_one(tmp_path: Path) -> None:
    found = list(videos(faceforensics(tmp_path)).values())

    def names(*only: str) -> set[str]:
        return {video.path.stem for video in chosen(found, only)}

    assert names("source=183", "source=253") == {"183", "253", "183_253"}
    assert names("source=183", "label=fake") == {"183_253"}
    assert names("dataset=DeepFake*", "label=real") == {"01__kitchen_pan"}
    with pytest.raises(DataError, match="--only colour=red: must be KEY=PATTERN"):
        names("colour=red")
    with pytest.raises(DataError, match="no video is left to prepare by --only source=none"):
        names("source=none")


def test_people_are_tied_through_others() -> None:
    identities = tied(["c+b", "d", "b+a", "e+d"])
    assert identities == {"a": "a", "b": "a", "c": "a", "d": "d", "e": "d"}
    assert (part_of(""), 0 <= part_of("a") < 50) == (-1, True)
