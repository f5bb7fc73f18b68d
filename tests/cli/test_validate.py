"""Validation on somebody's own files: counted, kept, and shown beside later verdicts."""

import json
from pathlib import Path

import pytest

from ..commands import Cli
from ..distributions import write_still
from ..distributions.colour.forensics_colour import FAKE, RAISES, REAL


@pytest.fixture
def known(tmp_path: Path) -> Path:
    """Return a folder with 3 real pictures, of which one looks fake, and 2 manipulated ones."""
    colours = {"real": (REAL, (1, 221, 1), FAKE), "fake": ((221, 1, 1), (222, 2, 2))}
    for truth, found in colours.items():
        (tmp_path / truth).mkdir()
        for number, colour in enumerate(found):
            write_still(tmp_path / truth / f"{number}.png", colour)
    return tmp_path


def folders(known: Path) -> tuple[object, ...]:
    return ("--real", known / "real", "--fake", known / "fake")


def test_own_files_are_counted_and_the_errors_told(cli: Cli, known: Path) -> None:
    said = cli("validate", *folders(known), "--name", "lab").stdout
    assert "In validation on 3 real files of comparable quality, 1 were flagged: 33.3%" in said
    assert "on 2 manipulated files of comparable quality, 0 showed no indication: 0.0%" in said
    (kept,) = cli.lines("validate", *folders(known), "--name", "lab", "--json")
    assert kept["counts"] == {"real": {"real": 2, "fake": 1}, "fake": {"fake": 2}}
    assert (kept["flagged_real"]["wrong"], kept["flagged_real"]["files"]) == (1, 3)


def test_own_rates_stand_beside_every_later_verdict(cli: Cli, known: Path) -> None:
    cli("validate", *folders(known), "--name", "lab 1")
    write_still(known / "new.png", (210, 5, 5))
    cli("scan", known / "new.png")
    assert "Own files: In validation on 3 real files" in cli("show", known / "new.png").stdout
    (told,) = cli.lines("show", known / "new.png", "--json")
    assert [one["name"] for one in told["validations"]] == ["lab 1"]
    assert told["validations"][0]["same_pipeline"]


def test_scan_tells_own_rates_of_what_its_labels_depend_on(cli: Cli, known: Path) -> None:
    cli("validate", *folders(known), "--name", "lab")
    real, fake = (known / truth / "0.png" for truth in ("real", "fake"))
    assert own_errors(cli("scan", real).stdout) == ["showed no indication"]
    assert own_errors(cli("scan", fake).stdout) == ["were flagged"]
    assert own_errors(cli("scan", real, fake).stdout) == ["were flagged", "showed no indication"]


def own_errors(said: str) -> list[str]:
    """Return which errors are told of own files, in order."""
    lines = [line for line in said.splitlines() if line.startswith("Own files: ")]
    errors = ("were flagged", "showed no indication")
    return [error for line in lines for error in errors if error in line]


def test_scan_and_show_have_the_same_validations_in_json(cli: Cli, known: Path) -> None:
    new = write_still(known / "new.png", (210, 5, 5))
    assert cli.lines("scan", new, "--json")[0]["validations"] == []
    for name in ("lab 1", "lab 2"):
        cli("validate", *folders(known), "--name", name)
    (scanned,), (shown,) = cli.lines("scan", new, "--json"), cli.lines("show", new, "--json")
    assert [one["name"] for one in scanned["validations"]] == ["lab 2", "lab 1"]
    assert scanned["validations"] == shown["validations"]


@pytest.mark.parametrize(
    "name", [pytest.param("gone.mp4", id="lost"), pytest.param("text.mp4", id="failed")]
)
def test_scan_has_no_validations_beside_a_failure(cli: Cli, known: Path, name: str) -> None:
    cli("validate", *folders(known), "--name", "lab")
    (known / "text.mp4").write_text("no video")
    (told,) = cli.lines("scan", known / name, "--json", code=1)
    assert (told["state"], told["validations"]) == ("failed", [])


def test_rates_of_another_pipeline_are_named_as_such(
    cli: Cli, known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("validate", *folders(known), "--name", "lab")
    monkeypatch.setenv("FORENSICS_FRAMES", "3")
    scanned = cli("scan", known / "real" / "0.png", "--force").stdout
    shown = cli("show", known / "real" / "0.png").stdout
    for said in (scanned, shown):
        assert "Own files (other detectors or settings than this verdict's):" in said


def test_the_newest_validation_of_a_name_counts(cli: Cli, known: Path) -> None:
    cli("validate", *folders(known), "--name", "lab")
    write_still(known / "real" / "3.png", (2, 222, 2))
    cli("validate", *folders(known), "--name", "lab")
    (told,) = cli.lines("show", known / "real" / "0.png", "--json")
    assert [one["flagged_real"]["files"] for one in told["validations"]] == [4]


def test_file_that_fails_is_counted_apart_from_those_assessed(cli: Cli, known: Path) -> None:
    (known / "real" / "text.mp4").write_text("no video")
    (kept,) = cli.lines("validate", *folders(known), "--name", "lab", "--json")
    assert kept["counts"]["real"] == {"real": 2, "fake": 1, "failed": 1}
    assert kept["flagged_real"]["files"] == 3


@pytest.mark.parametrize("truth", ["real", "fake"])
def test_empty_folder_is_refused(cli: Cli, known: Path, truth: str) -> None:
    for file in (known / truth).iterdir():
        file.unlink()
    said = cli("validate", *folders(known), "--name", "lab", code=2).output
    assert f"--{truth} {known / truth}: not all of it can be read, or nothing is there" in said


def test_same_content_in_both_folders_is_refused(cli: Cli, known: Path) -> None:
    (known / "fake" / "copy.png").write_bytes((known / "real" / "0.png").read_bytes())
    said = cli("validate", *folders(known), "--name", "lab", code=2).output
    assert "it can't be real and fake" in said
    assert json.loads(cli("show", known / "real" / "0.png", "--json").stdout)["validations"] == []


def test_validation_without_a_single_verdict_is_an_error(cli: Cli, tmp_path: Path) -> None:
    for truth in ("real", "fake"):
        (tmp_path / truth).mkdir()
        write_still(tmp_path / truth / "a.png", RAISES if truth == "real" else (1, 1, 0))
    (tmp_path / "fake" / "a.png").write_text("no picture")
    said = cli("validate", *folders(tmp_path), "--name", "lab", code=1).output
    assert "nothing was validated; run 'forensics results --state failed'" in said
