"""The command line: what it prints, what it stores, how it ends."""

import csv
import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from forensics.store.database import connect

from ..commands import Cli
from ..distributions import COLOUR, write_still
from ..distributions.colour.forensics_colour import ABORTS, FAKE, RAISES, REAL

CONTRACT = {
    "path", "sha256", "state", "label", "reason", "fake", "log10_lr", "error", "examined",
    "not_examined", "coverage", "findings", "verdict_id",
}  # fmt: skip
FINDING = {
    "detector", "version", "weights", "outcome", "score", "fake", "log10_lr", "seconds", "evidence",
}  # fmt: skip
LISTED = {
    "path", "sha256", "state", "label", "reason", "fake", "error", "stale", "created_at",
    "verdict_id",
}  # fmt: skip


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    write_still(folder / "red.png", FAKE)
    write_still(folder / "green.png", REAL)
    (folder / "text.mp4").write_text("no video")
    return folder


def test_scan_prints_and_stores_a_line_for_each_file(cli: Cli, inbox: Path) -> None:
    lines = cli.lines("scan", "--json", inbox, code=1)
    assert all(line.keys() >= CONTRACT for line in lines)
    assert {Path(line["path"]).name: line["label"] or line["error"] for line in lines} == {
        "red.png": "fake",
        "green.png": "real",
        "text.mp4": "unsupported",
    }
    red = next(line for line in lines if line["label"] == "fake")
    assert red["findings"][0].keys() >= FINDING
    assert (red["state"], red["examined"]) == ("done", ["face_manipulation"])
    failed = next(line for line in lines if line["error"])
    assert (failed["state"], failed["label"], failed["verdict_id"]) == ("failed", None, None)
    assert failed["findings"] == []
    stored = cli.lines("results", "--json")
    assert [row["path"] for row in stored] == [line["path"] for line in reversed(lines)]
    assert all(row.keys() == LISTED for row in stored)


def test_scan_without_failures_exits_with_0_whatever_the_verdict(cli: Cli, inbox: Path) -> None:
    cli("scan", inbox / "red.png")


def test_second_scan_reuses_the_verdict_unless_forced(cli: Cli, inbox: Path) -> None:
    ids = [
        cli.lines("scan", "--json", *flags, inbox / "red.png")[0]["verdict_id"]
        for flags in ([], [], ["--force"])
    ]
    assert ids[0] == ids[1] != ids[2]


def test_verdict_is_told_in_words(cli: Cli, inbox: Path) -> None:
    said = cli("scan", inbox / "red.png").stdout
    assert "times more probable if it was generated or altered" in said
    assert "In validation on 100 real files of comparable quality, 5 were flagged" in said
    assert "showed no indication" not in said
    said = cli("scan", inbox / "green.png").stdout
    assert "100 manipulated files of comparable quality, 10 showed no indication" in said
    assert "were flagged" not in said
    assert "Not examined: the sound" in said


def test_detector_that_kills_its_worker_fails_its_file_only(cli: Cli, inbox: Path) -> None:
    write_still(inbox / "white.png", ABORTS)
    write_still(inbox / "black.png", RAISES)
    lines = cli.lines("scan", "--json", inbox, code=1)
    found = {Path(line["path"]).name: line["label"] or line["error"] for line in lines}
    assert len(lines) == 5
    assert (found["white.png"], found["black.png"]) == ("worker_died", "internal")
    assert found["red.png"] == "fake"


@pytest.mark.parametrize(
    ("make", "code"),
    [
        pytest.param(lambda path: None, "vanished", id="missing"),
        pytest.param(lambda path: os.mkfifo(path), "unsupported", id="pipe"),
        pytest.param(lambda path: path.symlink_to(path), "vanished", id="link-to-itself"),
        pytest.param(lambda path: path.symlink_to("gone"), "vanished", id="broken-link"),
        pytest.param(lambda path: path.touch(), "empty", id="zero-bytes"),
    ],
)
def test_path_without_a_file_is_a_stated_failure(
    cli: Cli, tmp_path: Path, make: Callable[[Path], object], code: str
) -> None:
    path = tmp_path / "it.mp4"
    make(path)
    (line,) = cli.lines("scan", "--json", path, code=1)
    assert line.keys() >= CONTRACT
    assert (line["state"], line["error"], line["findings"]) == ("failed", code, [])


def test_name_that_is_not_utf8_is_analysed_and_shown_escaped(cli: Cli, tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"caf\xe9.png")
    write_still(tmp_path / "a.png", REAL).rename(odd)
    (line,) = cli.lines("scan", "--json", odd)
    assert line["label"] == "real"
    assert line["path"].endswith("caf\\xe9.png")
    assert cli.lines("show", "--json", line["path"])[0]["verdict_id"] == line["verdict_id"]


def test_folder_is_unchanged_afterwards(cli: Cli, inbox: Path) -> None:
    before = {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in inbox.iterdir()}
    cli("scan", inbox, code=1)
    assert {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in inbox.iterdir()} == before


def test_unknown_detector_is_wrong_usage_and_queues_nothing(cli: Cli, inbox: Path) -> None:
    said = cli("scan", "--detector", "coluor", inbox, code=2).stderr
    assert "no detector is called 'coluor'; known: colour" in said
    assert cli.lines("jobs", "list", "--json") == []


def test_no_detector_at_all_is_not_assessed(
    cli: Cli, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORENSICS_PLUGINS", "none")
    (line,) = cli.lines("scan", "--json", inbox / "red.png")
    assert (line["label"], line["reason"]) == ("not_assessed", "no_detector")


def test_results_are_filtered(cli: Cli, inbox: Path) -> None:
    cli("scan", inbox / "red.png", "--case", "A-1")
    cli("scan", inbox / "green.png", inbox / "text.mp4", code=1)

    def names(*flags: object) -> set[str]:
        return {Path(row["path"]).name for row in cli.lines("results", "--json", *flags)}

    assert names("--label", "fake") == {"red.png"}
    assert names("--state", "failed") == {"text.mp4"}
    assert names("--path", "*/inbox/g*") == {"green.png"}
    assert names("--case", "A-1") == {"red.png"}
    assert names("--detector", "colour") == {"red.png", "green.png"}
    assert names("--since", "1h") == {"red.png", "green.png", "text.mp4"}
    assert names("--since", "2099-01-01") == set()
    assert len(names("--limit", 1)) == 1


def test_wrong_since_says_what_is_right(cli: Cli) -> None:
    assert "30m, 12h, 7d, 2w" in cli("results", "--since", "yesterday", code=2).stderr


def test_nothing_found_names_the_database(cli: Cli) -> None:
    assert "forensics.sqlite3" in cli("results").stderr


def test_csv_cells_cannot_be_formulas(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from forensics.escaping import csv_cell

    assert [csv_cell(c) for c in ("=1+1", "+a", "-a", "@a", "a=1", -1)] == [
        "'=1+1", "'+a", "'-a", "'@a", "a=1", -1,
    ]  # fmt: skip
    cli("scan", write_still(tmp_path / "red.png", FAKE))
    (row,) = csv.DictReader(io.StringIO(cli("results", "--csv").stdout))
    assert row.keys() == LISTED
    assert row["label"] == "fake"


@pytest.mark.parametrize("key", ["verdict_id", "sha256", "path"])
def test_show_finds_by_number_hash_and_path(cli: Cli, inbox: Path, key: str) -> None:
    (line,) = cli.lines("scan", "--json", inbox / "red.png")
    (found,) = cli.lines("show", "--json", line[key])
    assert (found["label"], found["verdict_id"]) == ("fake", line["verdict_id"])
    assert found["findings"][0]["detector"] == "colour"
    assert [h["id"] for h in found["history"]] == [line["verdict_id"]]
    assert [s["path"] for s in found["sightings"]] == [line["path"]]
    assert "History" in cli("show", line[key]).stdout


def test_show_of_a_failure_says_why(cli: Cli, inbox: Path) -> None:
    cli("scan", inbox / "text.mp4", code=1)
    assert "unsupported" in cli("show", inbox / "text.mp4").stdout


def test_show_of_the_unknown_names_the_next_command(cli: Cli) -> None:
    assert "forensics results" in cli("show", "12345", code=1).stderr


def test_failed_job_is_retried(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_text("no picture")
    cli("scan", path, code=1)
    assert cli("jobs", "retry", "--all").stdout == "1 queued again\n"
    (job,) = cli.lines("jobs", "list", "--json")
    assert job["state"] == "queued"
    assert "give job numbers" in cli("jobs", "retry", code=2).stderr


def test_status_counts_and_check_needs_a_daemon(cli: Cli, inbox: Path) -> None:
    cli("scan", inbox, code=1)
    (status,) = cli.lines("status", "--json")
    assert (status["states"]["done"], status["states"]["failed"]) == (2, 1)
    assert "1 unsupported" in cli("status").stdout
    cli("status", "--check", code=1)


def test_one_pass_of_watch_analyses_the_folder(cli: Cli, inbox: Path) -> None:
    cli("watch", "--once", "--poll", "--settle-s", 0, inbox, code=1)
    labels = {Path(r["path"]).name: r["label"] for r in cli.lines("results", "--json")}
    assert labels == {"red.png": "fake", "green.png": "real", "text.mp4": None}


def test_plugin_is_listed_and_switched(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(COLOUR))
    by_name = {row["name"]: row for row in cli.lines("plugins", "list", "--json")}
    assert (by_name["colour"]["state"], by_name["colour"]["detectors"]) == ("ok", ["colour"])
    cli("plugins", "disable", "colour")
    by_name = {row["name"]: row for row in cli.lines("plugins", "list", "--json")}
    assert by_name["colour"]["state"] == "disabled"
    cli("plugins", "enable", "colour")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        pytest.param("postgresql://me@127.0.0.1:1/x", "127.0.0.1", id="unreachable"),
        pytest.param("oracle://x", "--database: database_url: write", id="unknown-kind"),
        pytest.param("sqlite:////proc/none/x.sqlite3", "/proc/none", id="no-such-folder"),
    ],
)
def test_database_that_cannot_be_used_is_named(cli: Cli, url: str, words: str) -> None:
    result = cli("--database", url, "results", code=1)
    assert words in result.stderr
    assert result.stderr.startswith("Error: ")


def test_newer_schema_is_refused_with_the_way_out(cli: Cli) -> None:
    cli("results")
    engine = connect(f"sqlite:///{cli.home / 'forensics.sqlite3'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999_later'")
    engine.dispose()
    assert "newer" in cli("results", code=1).stderr


def test_database_is_brought_up_to_date_on_request(cli: Cli) -> None:
    assert "none" in cli("db", "current").stdout
    assert "at revision" in cli("db", "upgrade").stdout


def test_wrong_setting_is_one_line(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORENSICS_WORKERS", "many")
    assert "FORENSICS_WORKERS" in cli("results", code=1).stderr
