"""Plugins are told of stored verdicts, and what they do there harms nobody."""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forensics import plugins
from forensics.analysis.analyse import Equipment, analyse
from forensics.analysis.messages import Done, Ready, Started, Task
from forensics.daemon import notifier
from forensics.daemon.active_job import Ended
from forensics.plugins import registration
from forensics.records import Verdict
from forensics.serialization import converter
from forensics.settings import Settings

from ..commands import Cli
from ..distributions import COLOUR, write_distribution, write_still
from ..distributions.colour.forensics_colour import FAKE, ColourDetector

WRITES = """
import os
from pathlib import Path
from forensics import hookimpl
@hookimpl
def forensics_verdict_stored(verdict, verdict_id, path):
    if os.environ.get("TOLD_ABORT"):
        os.abort()
    with Path(os.environ["TOLD"]).open("a") as told:
        told.write(f"{verdict_id} {verdict.label} {path}\\n")
"""
RAISES = """
from forensics import hookimpl
@hookimpl
def forensics_verdict_stored(verdict):
    raise RuntimeError("no connection")
"""


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plugin that writes down what it is told, and the file that it writes to."""
    write_distribution(tmp_path, "writes", WRITES)
    monkeypatch.setenv("TOLD", str(tmp_path / "told.txt"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path), str(COLOUR))))
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path / "told.txt"


@pytest.fixture(scope="module")
def verdict(tmp_path_factory: pytest.TempPathFactory) -> Verdict:
    still = write_still(tmp_path_factory.mktemp("still") / "red.png", FAKE)
    equipment = Equipment(Settings(), (ColourDetector("colour", steady=True),), None, {})
    *_, done = analyse(Task(1, str(still)), equipment)
    assert isinstance(done, Done)
    return done.verdict


def announcer(*listeners: str) -> notifier.Notifier:
    found = notifier.Notifier(Settings(plugins=("writes",)))
    found.follow(Ready({}, (), (), listeners))
    return found


def test_scan_tells_a_plugin_of_its_verdict_once(
    cli: Cli, tmp_path: Path, told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORENSICS_PLUGINS", "colour,writes")
    path = write_still(tmp_path / "a.png", FAKE)
    (line,) = cli.lines("scan", "--json", path)
    assert told.read_text() == f"{line['verdict_id']} fake {path}\n"
    cli("scan", path)
    assert len(told.read_text().splitlines()) == 1


def test_nothing_is_started_where_no_plugin_listens(verdict: Verdict, told: Path) -> None:
    one = announcer()
    one.follow(Done(1, verdict))
    one.ended(Ended(1, "a.png", 5))
    one.close()
    assert not told.exists()


def test_verdict_that_a_content_had_already_is_no_news(verdict: Verdict, told: Path) -> None:
    one = announcer("writes")
    one.follow(Done(1, verdict))
    one.follow(Started(1, 0))
    one.ended(Ended(1, "a.png", 5))
    one.ended(Ended(2, "b.png", 6))
    one.follow(Done(3, verdict))
    one.ended(Ended(3, "c.png", 7))
    one.close(60)
    assert told.read_text() == "7 fake c.png\n"


def test_plugin_that_ends_the_process_does_not_hold_up_the_parent(
    verdict: Verdict, told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOLD_ABORT", "1")
    one = announcer("writes")
    began = time.monotonic()
    for number in range(3):
        one.tell(verdict, number, "a.png")
    assert time.monotonic() - began < 1
    one.close(60)
    assert not told.exists()


def notices(verdict: Verdict) -> Iterator[dict[str, Any]]:
    for number in (1, 2):
        yield {
            "verdict": json.loads(converter().dumps(verdict)),
            "verdict_id": number,
            "path": "a.png",
        }


def test_hook_that_raises_is_logged_and_the_others_are_told(
    tmp_path: Path,
    told: Path,
    verdict: Verdict,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    write_distribution(tmp_path, "raises", RAISES)
    monkeypatch.delitem(sys.modules, "forensics_writes", raising=False)
    listeners = [registration.register(plugins.require(name)) for name in ("raises", "writes")]
    notifier.serve(notices(verdict), listeners)
    assert told.read_text() == "1 fake a.png\n2 fake a.png\n"
    assert caplog.text.count("plugin raises: forensics_verdict_stored") == 2
    assert "RuntimeError: no connection" in caplog.text


def test_plugin_that_is_gone_is_left_out(told: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert [one.name for one in notifier.registered(["gone", "writes"])] == ["writes"]
    assert "plugin gone is not told" in caplog.text


def test_hook_that_hangs_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.signal(signal.SIGALRM, notifier.out_of_time)
    try:
        with pytest.raises(TimeoutError, match="took longer than 30 s"), notifier.limited(0.01):
            signal.pause()
    finally:
        signal.signal(signal.SIGALRM, before)
