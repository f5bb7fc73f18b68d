"""The doctor: every line is ok or says what to do, and nothing is changed by looking."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from forensics.diagnostics import doctor, system_limits
from forensics.errors import PluginError
from forensics.plugins import probe
from forensics.settings import Settings
from forensics.store.database import connect

from ..commands import Cli
from ..distributions import COLOUR, write_distribution

AREAS = ["installed", "plugins", "device", "weights", "database", "folders", "limits"]


@pytest.fixture(autouse=True)
def _children_see_the_plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path), str(COLOUR))))
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(database_url=f"sqlite:///{tmp_path / 'none.sqlite3'}", plugins=("colour",))


def test_every_area_is_looked_at_and_no_database_is_made(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORENSICS_DEVICE", "cpu")
    lines = cli.lines("doctor", "--json")
    assert [*dict.fromkeys(line["area"] for line in lines)] == AREAS
    assert all(line["ok"] and not line["advice"] for line in lines)
    assert all(line.keys() == {"ok", "area", "what", "found", "advice"} for line in lines)
    assert not (cli.home / "forensics.sqlite3").exists()


def test_broken_plugin_needs_doing_and_the_next_command_is_said(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORENSICS_PLUGINS", "colour,other")
    write_distribution(tmp_path, "other", "import no_such_module")
    said = cli("doctor", code=1).stdout
    assert "!!  plugins    other: broken: ModuleNotFoundError" in said
    assert "-> run 'forensics plugins list', or 'forensics plugins disable other'" in said
    assert said.splitlines()[-1] == "1 to do"


def test_detector_that_is_missing_is_said(settings: Settings) -> None:
    *_, last = doctor.plugins(replace(settings, plugins=("nothing",)))
    assert (last.what, last.state) == ("detectors", "none works")
    assert last.advice == "run 'forensics plugins list'"


def test_older_schema_is_said_with_the_command(tmp_path: Path, settings: Settings) -> None:
    (line,) = doctor.database(settings)
    assert "not made yet" in line.state
    assert not line.advice
    engine = connect(settings.database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num TEXT)")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('0001')")
    engine.dispose()
    (line,) = doctor.database(settings)
    assert "schema 0001" in line.state
    assert line.advice == "run 'forensics db upgrade'"


def test_check_that_cannot_be_made_is_a_line_and_the_others_go_on(settings: Settings) -> None:
    url = "postgresql://nobody@127.0.0.1:1/none"
    lines = [*doctor.examine(replace(settings, database_url=url))]
    database = next(line for line in lines if line.area == "database")
    assert not database.is_ok
    assert "127.0.0.1" in database.advice
    assert lines[-1].area == "limits"


def test_folder_that_cannot_be_written_to_is_said_with_the_command(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Path(settings.database_url.removeprefix("sqlite:///")).parent / "evidence"
    found = {
        line.what: line for line in doctor.folders(replace(settings, evidence_folder=f"{held}"))
    }
    assert found.keys() == {"data", "evidence", "configuration", "temporary", "database"}
    assert found["evidence"].state == f"{held}: can be made"
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anywhere
    said = doctor.writable("evidence", held)
    assert said.state == f"{held}: can't be written to"
    assert said.advice == f"run 'chmod u+rwx {held.parent}' as its owner"


def test_device_that_is_not_there_is_said(settings: Settings) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    (line,) = doctor.device(replace(settings, device="cuda"))
    assert line.advice == "set FORENSICS_DEVICE=cpu"


@pytest.mark.parametrize(
    ("watches", "advice"),
    [
        pytest.param("524288", "", id="enough"),
        pytest.param(
            "100",
            "run 'sysctl fs.inotify.max_user_watches=8192' as root, or set FORENSICS_WATCHER=polling",
            id="too-few",
        ),
    ],
)
def test_few_watches_are_said(tmp_path: Path, watches: str, advice: str) -> None:
    (tmp_path / "max_user_watches").write_text(f"{watches}\n")
    (tmp_path / "max_user_instances").write_text("128\n")
    assert [line.advice for line in system_limits.inotify(tmp_path)] == [advice, ""]


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        pytest.param(Settings(workers=2, memory_mb=4000), "", id="fits"),
        pytest.param(Settings(workers=4, memory_mb=4000), "set FORENSICS_WORKERS=2", id="workers"),
        pytest.param(
            Settings(workers=1, memory_mb=9000), "set FORENSICS_MEMORY_MB=6710", id="one-too-large"
        ),
    ],
)
def test_memory_is_held_against_what_workers_may_take(
    tmp_path: Path, settings: Settings, advice: str
) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:        8192000 kB\nMemAvailable:    4096000 kB\n")
    assert system_limits.memory(settings, meminfo).advice == advice


def test_confinement_is_told_and_asks_for_nothing() -> None:
    assert not system_limits.confinement(Settings()).advice
    assert "switched off" in system_limits.confinement(Settings(contained=False)).state


def test_plugin_that_does_not_come_to_an_end_is_named(tmp_path: Path) -> None:
    write_distribution(tmp_path, "other", "import time; time.sleep(3600)")
    rows = probe.statuses(Settings(plugins=("colour", "other")), limit_s=8)
    found = {row["name"]: row for row in rows}
    assert found["colour"]["state"] == "ok"
    assert found["other"]["why"] == "its process took longer than 8 s while it was loaded"


def test_probe_that_fails_for_another_reason_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORENSICS_WORKERS", "none")
    with pytest.raises(PluginError, match="the probe of the plugins ended with status 1"):
        probe.statuses(Settings())
