"""`forensics report` and `forensics export`, as they are used from the command line."""

import hashlib
import importlib
import json
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest

from forensics.report import builder
from forensics.report.pdf import pdf_report, pillow_as_it_was

from ..commands import Cli
from ..distributions import write_still
from ..distributions.colour.forensics_colour import FAKE, REAL

HOSTILE = "<script>alert('1')</script>\u202e\"gnp.png".replace("/", "\u2215")


@pytest.fixture
def inbox(cli: Cli, tmp_path: Path) -> Path:
    """Return a folder with two pictures of a case that are analysed, and a text that can't be."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    write_still(folder / "red.png", FAKE)
    write_still(folder / "green.png", REAL)
    (folder / "text.png").write_text("no picture")
    cli("scan", folder, "--case", "A-1", code=1)
    return folder


def newest_export(cli: Cli) -> dict[str, Any]:
    (head,) = cli.lines("chain", "head", "--json")
    assert head["kind"] == "export"
    return head


def test_report_without_a_file_is_plain_text(cli: Cli, inbox: Path) -> None:
    said = cli("report", inbox / "red.png").stdout
    assert said.startswith("Report of an automated examination: verdict ")
    assert "\nResult\n------\n" in said


def test_json_is_what_the_report_is_made_of(cli: Cli, inbox: Path) -> None:
    (told,) = cli.lines("report", inbox / "red.png", "--json")
    (shown,) = cli.lines("show", inbox / "red.png", "--json")
    assert shown.items() <= told.items()
    assert told["entry"]["hash"] == shown["history"][0]["hash"]
    assert told["head"]["entries"] == 2


def test_written_report_is_an_entry_of_the_chain(cli: Cli, inbox: Path, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    said = cli("report", inbox / "red.png", "-o", file, "--examiner", "R. Diaz").stdout
    assert said == f"{file}: written, entry 3 of the chain\n"
    assert "by R. Diaz with forensics" in file.read_text()
    newest_export(cli)
    assert "3 entries of the chain, 3 files: all is sound" in cli("verify").stdout


@pytest.mark.usefixtures("inbox")
def test_what_is_only_printed_is_no_entry(cli: Cli) -> None:
    cli("report", "1")
    cli("report", "--case", "A-1", "--json")
    assert cli.lines("chain", "head", "--json")[0]["entries"] == 2


def test_report_on_a_failure_says_why(cli: Cli, inbox: Path, tmp_path: Path) -> None:
    cli("report", inbox / "text.png", "-o", tmp_path / "failed.html")
    assert "could not be analysed (unsupported)" in (tmp_path / "failed.html").read_text()


@pytest.mark.usefixtures("inbox")
def test_case_gives_an_index_and_a_report_for_each_content(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "reports"
    cli("report", "--case", "A-1", "-o", folder)
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == 4
    index = (folder / "index.html").read_text()
    for name in set(names) - {"index.html"}:
        assert f'href="{name}"' in index
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() in index
    assert "3 different contents under 3 paths." in index
    newest_export(cli)


def test_copy_of_a_content_has_no_second_report(cli: Cli, inbox: Path, tmp_path: Path) -> None:
    (inbox / "copy.png").write_bytes((inbox / "red.png").read_bytes())
    cli("scan", inbox / "copy.png", "--case", "A-1")
    cli("report", "--case", "A-1", "-o", tmp_path / "reports")
    assert len(list((tmp_path / "reports").iterdir())) == 4
    assert "3 different contents under 4 paths." in (tmp_path / "reports/index.html").read_text()


def test_files_that_are_gone_or_rewritten_stay_in_their_case(
    cli: Cli, inbox: Path, tmp_path: Path
) -> None:
    write_still(inbox / "red.png", REAL, side=32)
    cli("scan", inbox / "red.png", "--case", "A-1")
    (inbox / "text.png").write_text("another text")
    cli("scan", inbox / "text.png", "--case", "A-1", code=1)
    told = cli.lines("report", "--case", "A-1", "--json")
    assert sorted(str(one["label"]) for one in told) == ["None", "None", "fake", "real", "real"]
    failed = {one["sha256"] for one in told if one["error"]}
    assert len(failed) == 2


def test_report_for_a_case_names_nothing_of_another(cli: Cli, inbox: Path, tmp_path: Path) -> None:
    other = tmp_path / "secret.png"
    other.write_bytes((inbox / "red.png").read_bytes())
    cli("scan", other, "--case", "B-2")
    cli("report", "--case", "A-1", "-o", tmp_path / "reports")
    said = "".join(path.read_text() for path in (tmp_path / "reports").iterdir())
    assert "secret" not in said
    assert "B-2" not in said
    assert "Seen at 1 other places outside this case" in said


@pytest.mark.usefixtures("inbox")
def test_since_takes_all_cases(cli: Cli, tmp_path: Path) -> None:
    cli("report", "--since", "1h", "-o", tmp_path / "reports")
    assert len(list((tmp_path / "reports").iterdir())) == 4
    assert "nothing found" in cli("report", "--since", "2999-01-01", "-o", tmp_path, code=1).output


@pytest.mark.usefixtures("inbox")
def test_interrupted_reports_leave_whole_files_and_no_index(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def interrupted(told: dict[str, Any], *pictures: object) -> str:
        if made:
            raise KeyboardInterrupt
        made.append("whole")
        return "whole"

    monkeypatch.setattr(builder, "html_report", interrupted)
    cli("report", "--case", "A-1", "-o", tmp_path / "reports", code=1)
    (only,) = (tmp_path / "reports").iterdir()
    assert only.read_text() == "whole"
    assert cli.lines("chain", "head", "--json")[0]["entries"] == 2


def test_export_holds_what_its_manifest_says(cli: Cli, inbox: Path, tmp_path: Path) -> None:
    cli("note", inbox / "red.png", "from the desk")
    file = tmp_path / "case.zip"
    cli("export", "--case", "A-1", "-o", file)
    archive = zipfile.ZipFile(file)
    archive.extractall(tmp_path / "out")
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "manifest-sha256.txt"],
        cwd=tmp_path / "out",
        capture_output=True,
        text=True,
        check=True,
    )
    listed = {line.split(": ")[0] for line in checked.stdout.splitlines()}
    assert listed | {"manifest-sha256.txt"} == set(archive.namelist())
    (shown,) = cli.lines("show", inbox / "red.png", "--json")
    red = json.loads((tmp_path / f"out/data/verdict-{shown['verdict_id']}.json").read_text())
    media = json.loads((tmp_path / f"out/media/{red['sha256']}.json").read_text())
    assert media == red["media"]
    assert [one["note"] for one in red["reviews"]] == ["from the desk"]
    assert (tmp_path / "out/reports/index.html").is_file()
    assert not [name for name in archive.namelist() if name.endswith(".png")]


@pytest.mark.usefixtures("inbox")
def test_export_leaves_one_file_and_names_a_folder_that_is_not_there(
    cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    cli("export", "--case", "A-1", "-o", tmp_path / "out" / "case.zip")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["case.zip"]
    said = cli("export", "--case", "A-1", "-o", tmp_path / "gone" / "case.zip", code=1).output
    assert "gone/case.zip: can't be written: No such file or directory" in said


@pytest.mark.usefixtures("inbox")
def test_export_is_an_entry_with_the_hash_of_its_file(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "case.zip"
    cli("export", "--case", "A-1", "-o", file, "--examiner", "R. Diaz")
    newest_export(cli)
    cli("verify")
    (gone,) = cli.lines("purge", "--case", "A-1", "--reason", "over", "--yes", "--json")
    assert gone["exports"] == 1
    cli("verify")


def test_hostile_file_name_is_data_in_every_report(cli: Cli, tmp_path: Path) -> None:
    write_still(tmp_path / HOSTILE, FAKE)
    cli("scan", tmp_path / HOSTILE, "--case", "<b>&\u202e")
    cli("export", "--case", "<b>&\u202e", "-o", tmp_path / "case.zip")
    archive = zipfile.ZipFile(tmp_path / "case.zip")
    for name in archive.namelist():
        text = archive.read(name).decode()
        assert "\u202e" not in text
        assert name.endswith(".json") or "<script" not in text
        assert name.endswith(".json") or "<b>" not in text
    assert "\u202e" not in cli("report", "1").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param([], "give a verdict's number", id="nothing"),
        pytest.param(["1", "--case", "A"], "give a verdict's number", id="both"),
        pytest.param(["1", "--pdf"], "-o report.pdf", id="pdf-to-terminal"),
        pytest.param(["--case", "A"], "-o DIR", id="many-to-terminal"),
        pytest.param(["1", "--json", "-o", "x"], "leave out -o", id="json-to-file"),
    ],
)
def test_what_does_not_go_together_is_said(cli: Cli, arguments: list[str], said: str) -> None:
    assert said in cli("report", *arguments, code=2).output


def test_unknown_and_erased_verdicts_are_told_apart(cli: Cli, inbox: Path, tmp_path: Path) -> None:
    assert "nothing is known of '99'" in cli("report", "99", code=1).output
    assert "nothing is known" in cli("report", "99", "-o", tmp_path / "x.html", code=1).output
    assert not (tmp_path / "x.html").exists()
    cli("purge", "--case", "A-1", "--reason", "over", "--yes")
    assert "was erased" in cli("report", "1", code=1).output


@pytest.fixture
def weasyprint() -> None:
    """Skip where WeasyPrint or the system library that it needs is missing."""
    try:
        with pillow_as_it_was(), warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of a library that it will need
            importlib.import_module("weasyprint")
    except (ImportError, OSError) as error:
        pytest.skip(f"WeasyPrint can't be imported: {error}")


@pytest.mark.usefixtures("weasyprint")
def test_pdf_is_written_and_says_what_the_html_says(cli: Cli, inbox: Path, tmp_path: Path) -> None:
    file = tmp_path / "report.pdf"
    cli("report", inbox / "red.png", "--pdf", "-o", file)
    assert file.read_bytes().startswith(b"%PDF-")


@pytest.mark.usefixtures("weasyprint")
def test_pdf_leaves_pillow_strict_about_cut_pictures() -> None:
    code = (
        "from PIL import ImageFile; from forensics.report.pdf import pdf_report; "
        "pdf_report('<html lang=en><title>t</title></html>'); print(ImageFile.LOAD_TRUNCATED_IMAGES)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.usefixtures("weasyprint")
def test_pdf_reads_nothing_but_what_stands_in_it(tmp_path: Path) -> None:
    picture = write_still(tmp_path / "outside.png", FAKE, side=400)
    with_it = pdf_report(
        f'<html lang="en"><title>t</title><img alt="a" src="{picture.as_uri()}"></html>'
    )
    without = pdf_report('<html lang="en"><title>t</title><img alt="a" src="nowhere:"></html>')
    assert len(with_it) < len(without) + 200


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        pytest.param(
            "ImportError('no module')", "pip install 'media-forensics[pdf]'", id="package"
        ),
        pytest.param("OSError('no libpango')", "libpango-1.0-0", id="library"),
    ],
)
def test_what_pdf_lacks_is_named(
    cli: Cli, inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str, said: str
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "weasyprint.py").write_text(f"raise {broken}\n")
    monkeypatch.syspath_prepend(str(tmp_path / "broken"))
    for name in [name for name in sys.modules if name.partition(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)
    assert (
        said in cli("report", inbox / "red.png", "--pdf", "-o", tmp_path / "x.pdf", code=1).output
    )
    assert not (tmp_path / "x.pdf").exists()


def test_reports_load_neither_torch_nor_opencv() -> None:
    modules = "forensics.cli.report, forensics.cli.export, forensics.report.builder"
    code = f"import {modules}, sys; print(sorted({{'torch', 'cv2', 'av', 'weasyprint'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[]"]
