"""verify, purge, notes and the chain's head, as they are used from the command line."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ..commands import Cli
from ..distributions import write_still
from ..distributions.colour.forensics_colour import FAKE, REAL


@pytest.fixture
def inbox(cli: Cli, tmp_path: Path) -> Path:
    """Return a folder with two pictures that are analysed."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    write_still(folder / "red.png", FAKE)
    write_still(folder / "green.png", REAL)
    cli("scan", folder, "--case", "A-1")
    return folder


def tamper(cli: Cli, statement: str) -> None:
    with closing(sqlite3.connect(cli.home / "forensics.sqlite3")) as connection:
        connection.execute(statement)
        connection.commit()


def files(cli: Cli) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in cli.home.glob("forensics.sqlite3*")}


@pytest.mark.usefixtures("inbox")
def test_sound_records_and_files_verify_and_nothing_is_written(cli: Cli) -> None:
    cli("note", "1", "seen")
    before = files(cli)
    said = cli("verify").stdout
    assert "3 entries of the chain, 2 files: all is sound" in said
    (summary,) = cli.lines("verify", "--json")
    assert (summary["what"], summary["problems"], summary["chain"]) == ("summary", 0, 3)
    assert summary["head"] == cli.lines("chain", "head", "--json")[0]["hash"]
    assert files(cli)["forensics.sqlite3"] == before["forensics.sqlite3"]


def test_changed_and_missing_files_are_reported(cli: Cli, inbox: Path) -> None:
    (inbox / "red.png").write_bytes(b"other bytes")
    (inbox / "green.png").unlink()
    *problems, summary = cli.lines("verify", "--json", code=1)
    assert {(Path(one["path"]).name, one["kind"]) for one in problems} == {
        ("red.png", "changed"),
        ("green.png", "missing"),
    }
    assert summary["problems"] == 2
    assert "has changed: SHA-256 is" in cli("verify", code=1).stdout
    cli("verify", "--no-files")


def test_only_one_content_is_checked_for_a_key(cli: Cli, inbox: Path) -> None:
    (inbox / "red.png").unlink()
    (green,) = cli.lines("show", "--json", inbox / "green.png")
    assert "1 files: all is sound" in cli("verify", green["sha256"]).stdout
    cli("verify", inbox / "red.png", code=1)
    tamper(cli, "UPDATE finding SET score = 7")
    assert "its findings differs" in cli("verify", inbox / "green.png", code=1).stdout


def test_folder_in_a_files_place_is_a_change(cli: Cli, inbox: Path) -> None:
    (inbox / "red.png").unlink()
    (inbox / "red.png").mkdir()
    assert "is no regular file any more" in cli("verify", code=1).stdout


def test_head_kept_elsewhere_shows_that_the_end_was_cut_off(cli: Cli, inbox: Path) -> None:
    cli("note", "1", "the last entry")
    head = cli("chain", "head").stdout.splitlines()[0]
    assert "all is sound" in cli("verify", "--head", head).stdout
    tamper(cli, "DELETE FROM review")
    tamper(cli, "DELETE FROM entry WHERE kind = 'note'")
    cli("verify")
    said = cli("verify", "--head", head, code=1).stdout
    assert f"head {head}: is not in the chain: its end was cut off" in said


@pytest.mark.usefixtures("inbox")
def test_options_that_do_not_go_together_are_wrong_usage(cli: Cli) -> None:
    assert "--rerun needs a verdict" in cli("verify", "--rerun", code=2).output
    assert "leave out '1'" in cli("verify", "1", "--head", "0" * 64, code=2).output
    assert "a hash has 64 digits" in cli("verify", "--head", "abc", code=2).output
    assert "nothing is known of '99'" in cli("verify", "99", code=1).output


def test_words_of_people_are_shown_apart_and_chained(cli: Cli, inbox: Path) -> None:
    red = inbox / "red.png"
    cli("note", red, "sent in by the desk", "--examiner", "R. Diaz")
    cli("review", red, "--conclusion", "not usable", "--examiner", "K. Ito")
    said = cli("show", red).stdout
    words = said[said.index("People's words, not the tool's") :]
    assert "note on verdict" in words
    assert "R. Diaz" in words
    assert "not usable" in words
    (told,) = cli.lines("show", "--json", red)
    assert [one["kind"] for one in told["reviews"]] == ["note", "review"]
    cli("note", red, "  ", code=2)
    tamper(cli, "UPDATE review SET conclusion = 'usable' WHERE conclusion != ''")
    assert "its text or hash was changed" in cli("verify", red, code=1).stdout


def test_chain_head_of_an_empty_database_is_no_error(cli: Cli) -> None:
    assert "no entry yet" in cli("chain", "head").stderr
    assert cli.lines("chain", "head", "--json") == [{"hash": "0" * 64, "entries": 0}]
    assert "0 entries of the chain" in cli("verify").stdout


def test_purged_case_is_gone_from_the_files_and_the_chain_verifies(cli: Cli, inbox: Path) -> None:
    secret = "words that nobody may read"  # noqa: S105  not a password
    (told,) = cli.lines("show", "--json", inbox / "red.png")
    cli("note", inbox / "red.png", secret)
    head = cli("chain", "head").stdout.splitlines()[0]
    assert "say --yes" in cli("purge", "--case", "A-1", "--reason", "asked for", code=2).output
    flags = ("--reason", "asked for", "--examiner", "K. Ito", "--yes")
    said = cli("purge", "--case", "A-1", *flags).stdout
    assert "erased: 2 contents, 2 verdicts, 1 notes and reviews" in said
    for name, data in files(cli).items():
        for text in (secret, "red.png", told["sha256"], "face_manipulation"):
            assert text.encode() not in data, (name, text)
    assert "all is sound" in cli("verify", "--head", head).stdout
    assert cli.lines("results", "--json") == []
    gone = cli("show", told["verdict_id"], code=1).stderr
    assert "was erased on" in gone
    assert "by K. Ito: asked for" in gone
    assert (inbox / "red.png").is_file()
    cli("purge", "--case", "A-1", *flags, code=1)


def test_number_of_an_erased_verdict_is_not_given_again(cli: Cli, inbox: Path) -> None:
    ids = {row["verdict_id"] for row in cli.lines("results", "--json")}
    cli("purge", "--case", "A-1", "--reason", "asked for", "--yes")
    (again,) = cli.lines("scan", "--json", inbox / "red.png")
    assert again["verdict_id"] > max(ids)
    assert "all is sound" in cli("verify").stdout


def test_rerun_gives_the_same_and_stores_nothing(cli: Cli, inbox: Path) -> None:
    head = cli("chain", "head").stdout
    said = cli("verify", inbox / "red.png", "--rerun").stdout
    assert "analysed again: the same; nothing was stored" in said
    rows = cli.lines("verify", inbox / "green.png", "--rerun", "--json")
    names = ["label", "log10 LR", "colour outcome", "colour log10 LR"]
    assert [row["name"] for row in rows] == names
    assert all(row["same"] for row in rows)
    assert rows[0]["then"] == "real"
    assert cli("chain", "head").stdout == head


def test_rerun_uses_the_recorded_parameters_not_the_present_ones(
    cli: Cli, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORENSICS_FRAMES", "3")
    monkeypatch.setenv("FORENSICS_POLICY", "report")
    cli("verify", inbox / "red.png", "--rerun")


def test_rerun_needs_the_bytes_wherever_they_are_now(cli: Cli, inbox: Path) -> None:
    red = inbox / "red.png"
    cli("scan", red)
    copy = inbox / "copy.png"
    copy.write_bytes(red.read_bytes())
    cli("scan", copy)
    red.unlink()
    cli("verify", copy, "--rerun")
    copy.write_bytes(b"other")
    said = cli("verify", copy, "--rerun", code=1).stderr
    assert "no current file has the bytes" in said


def test_rerun_of_an_edited_record_is_refused(cli: Cli, inbox: Path) -> None:
    tamper(cli, "UPDATE verdict SET label = 'real'")
    said = cli("verify", inbox / "red.png", "--rerun", code=1).stdout
    assert "its label differs from its text" in said
    assert "analysed again" not in said
