"""The daemon's life: nothing is lost, nothing is done twice."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from forensics.analysis.analyse import Equipment
from forensics.clock import utc_now
from forensics.daemon import intake
from forensics.daemon import service as service_module
from forensics.daemon.listing import listing
from forensics.daemon.service import Service
from forensics.errors import UnreachableError
from forensics.settings import Settings
from forensics.store import jobs, queries
from forensics.store.database import CHUNK, reading, writing
from tests.inline import InlineExecutor

from ..distributions import write_still
from ..distributions.colour.forensics_colour import FAKE, REAL, SLOW, ColourDetector

SETTINGS = Settings(settle_s=0.0, watcher="polling", stop_s=5.0)
EQUIPMENT = Equipment(SETTINGS, (ColourDetector("colour", steady=False),), None, {})


def once(engine: Engine, *folders: Path, settings: Settings = SETTINGS) -> Service:
    found = Service(engine, settings, folders, InlineExecutor(EQUIPMENT))
    found.run(threading.Event(), once=True)
    return found


def labels(engine: Engine) -> dict[str, Any]:
    with reading(engine) as session:
        rows = queries.results(session, queries.ResultFilter(), 100, None)
    return {Path(row.path).name: row.label or row.error for row in rows}


def jobs_made(engine: Engine) -> int:
    with reading(engine) as session:
        return len(queries.job_list(session, None, 100))


def test_one_pass_analyses_all_folders_and_ends(engine: Engine, tmp_path: Path) -> None:
    for folder in ("a", "b/c"):
        (tmp_path / folder).mkdir(parents=True)
    write_still(tmp_path / "a" / "red.png", FAKE)
    write_still(tmp_path / "b" / "c" / "green.png", REAL)
    (tmp_path / "b" / "text.mp4").write_text("no video")
    done = once(engine, tmp_path / "a", tmp_path / "b")
    assert labels(engine) == {"red.png": "fake", "green.png": "real", "text.mp4": "unsupported"}
    assert done.failed == 1


def test_second_pass_over_known_files_does_nothing(engine: Engine, tmp_path: Path) -> None:
    write_still(tmp_path / "red.png", FAKE)
    once(engine, tmp_path)
    once(engine, tmp_path)
    assert jobs_made(engine) == 1


def test_empty_folder_ends_at_once(engine: Engine, tmp_path: Path) -> None:
    once(engine, tmp_path)
    assert labels(engine) == {}


def test_one_pass_waits_for_files_to_settle(engine: Engine, tmp_path: Path) -> None:
    write_still(tmp_path / "red.png", FAKE)
    once(engine, tmp_path, settings=replace(SETTINGS, settle_s=0.3))
    assert labels(engine) == {"red.png": "fake"}


def test_one_pass_leaves_a_file_that_keeps_growing_to_the_next(
    engine: Engine, tmp_path: Path
) -> None:
    write_still(tmp_path / "red.png", FAKE)
    stop = threading.Event()
    growing = threading.Thread(target=grow, args=(tmp_path / "growing.png", stop))
    growing.start()
    try:
        once(engine, tmp_path, settings=replace(SETTINGS, settle_s=0.5))
    finally:
        stop.set()
        growing.join()
    assert labels(engine) == {"red.png": "fake"}


def grow(path: Path, stop: threading.Event) -> None:
    with path.open("ab", buffering=0) as file:
        while not stop.wait(0.02):
            file.write(b"x")


def test_jobs_go_on_while_a_large_folder_is_listed(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_still(tmp_path / "red.png", FAKE)
    write_still(tmp_path / "green.png", REAL)
    green, red = sorted(listing([tmp_path]), key=lambda file: file.path)
    during: list[dict[str, Any]] = []

    def large(folders: Any) -> Any:
        yield from [green] * 3 * CHUNK
        during.append(labels(engine))

    with writing(engine) as session:
        jobs.sight(session, [red], utc_now())
    monkeypatch.setattr(intake, "listing", large)
    once(engine, tmp_path)
    assert during[0] == {"red.png": "fake"}
    assert labels(engine) == {"red.png": "fake", "green.png": "real"}


def test_stop_lets_the_running_job_finish(engine: Engine, tmp_path: Path) -> None:
    write_still(tmp_path / "slow.png", SLOW)
    stop = threading.Event()
    executor = InlineExecutor(EQUIPMENT)
    service = Service(engine, SETTINGS, [tmp_path], executor)
    thread = threading.Thread(target=lambda: service.run(stop))
    thread.start()
    while executor.slots and thread.is_alive():
        stop.wait(0.01)
    stop.set()
    thread.join(20)
    assert labels(engine) == {"slow.png": "inconclusive"}
    with reading(engine) as session:
        assert queries.status(session, utc_now()).daemons == ()


def test_database_that_goes_away_is_waited_for(
    engine: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    write_still(tmp_path / "red.png", FAKE)
    calls = iter(range(100))

    def fails_at_first(engine: Engine) -> Any:
        if next(calls) < 3:
            raise UnreachableError("no answer")
        return writing(engine)

    monkeypatch.setattr(service_module, "writing", fails_at_first)
    once(engine, tmp_path)
    assert labels(engine) == {"red.png": "fake"}
    assert [r.getMessage() for r in caplog.records].count("database unreachable, waiting") == 1
