"""A broken plugin harms nobody: it is named, left out or loses its finding, and every file has its verdict."""

import os
import sys
import time
from pathlib import Path

import pytest

from forensics.analysis.messages import Ready
from forensics.settings import Settings
from forensics.workers.handle import START_S
from forensics.workers.pool import ProcessPool

from ..commands import Cli
from ..distributions import COLOUR, write_distribution, write_still
from ..distributions.colour.forensics_colour import ABORTS, FAKE, HANGS, RAISES

HOOK = """
import os, sys, time
from forensics import hookimpl
from forensics_colour import ColourDetector
@hookimpl
def forensics_detectors(settings):
    """
MISSPELT = HOOK.replace("forensics_detectors", "forensics_detectros") + "return []"

BROKEN = [
    pytest.param("import no_such_module", "ModuleNotFoundError", id="import-error"),
    pytest.param("def (", "SyntaxError", id="no-python"),
    pytest.param(MISSPELT, "unknown hook 'forensics_detectros'", id="hook-misspelt"),
    pytest.param("x = 1", "implements no hook", id="no-hook"),
    pytest.param(
        HOOK + "return [ColourDetector('colour', steady=True)]",
        "detector name 'colour' is taken by another plugin",
        id="name-clash",
    ),
    pytest.param(
        HOOK + "return [ColourDetector('a', True), ColourDetector('a', True)]",
        "detector name 'a' is taken by another detector of its own",
        id="name-twice",
    ),
    pytest.param(
        HOOK + "raise RuntimeError('no model')", "RuntimeError: no model", id="hook-raises"
    ),
    pytest.param(HOOK + "return [object()]", "'name' is missing", id="no-detector"),
    pytest.param(HOOK + "return 7", "TypeError", id="no-list"),
    pytest.param(HOOK + "sys.exit(3)", "SystemExit", id="exits"),
    pytest.param(
        "CONTRACT = 2" + HOOK + "return []",
        "made for contract 2, this toolkit has contract 1; upgrade media-forensics",
        id="newer-contract",
    ),
    pytest.param(
        "CONTRACT = 0\nfrom forensics import gone",
        "made for contract 0, this toolkit has contract 1; upgrade the plugin",
        id="older-contract-that-cannot-be-imported",
    ),
    pytest.param("import os; os.abort()", "died with status -6 while it was loaded", id="aborts"),
    pytest.param(HOOK + "os._exit(9)", "died with status 9 while it was loaded", id="hook-ends-it"),
]


@pytest.fixture(autouse=True)
def _both(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The colour plugin and one called 'other' are installed, for this process and those it starts."""
    monkeypatch.setenv("FORENSICS_PLUGINS", "colour,other")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path), str(COLOUR))))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "forensics_other", raising=False)


@pytest.mark.parametrize(("source", "why"), BROKEN)
def test_broken_plugin_is_named_and_the_file_has_its_verdict(
    cli: Cli, tmp_path: Path, source: str, why: str
) -> None:
    write_distribution(tmp_path, "other", source)
    result = cli("scan", "--json", write_still(tmp_path / "a.png", FAKE))
    assert '"label": "fake"' in result.stdout
    assert f"Plugin left out: other: {why}" in result.stderr or why in result.stderr


@pytest.mark.parametrize(
    ("source", "why"),
    [
        pytest.param("import no_such_module", "ModuleNotFoundError", id="import-error"),
        pytest.param("import os; os.abort()", "ended with status -6", id="aborts"),
    ],
)
def test_list_names_it_and_strict_exits_with_1(
    cli: Cli, tmp_path: Path, source: str, why: str
) -> None:
    write_distribution(tmp_path, "other", source)
    rows = {row["name"]: row for row in cli.lines("plugins", "list", "--json", "--strict", code=1)}
    assert (rows["colour"]["state"], rows["other"]["state"]) == ("ok", "broken")
    assert why in rows["other"]["why"]
    cli("plugins", "disable", "other")
    assert "enable other" in cli("plugins", "list", "--strict").stdout


def test_plugin_that_blocks_its_worker_is_left_out_after_a_while(tmp_path: Path) -> None:
    write_distribution(tmp_path, "other", "import time; time.sleep(3600)")

    def clock() -> float:
        """Let the time for a start pass at once for a worker that is importing the plugin."""
        is_stuck = any(worker.loading == "other" for worker in pool.workers)
        return time.monotonic() + (START_S + 1 if is_stuck else 0)

    pool = ProcessPool(Settings(plugins=("colour", "other")), clock=clock)
    try:
        pool.warm_up()
        (ready,) = pool.events(0)
    finally:
        pool.close()
    assert isinstance(ready, Ready)
    assert [detector["name"] for detector in ready.pipeline["detectors"]] == ["colour"]
    assert ready.broken == (
        f"other: its process was not done after {START_S:.0f} s while it was loaded",
    )


@pytest.mark.parametrize(
    ("colour", "outcome", "words"),
    [
        pytest.param(RAISES, "error", "ValueError: black is not a colour", id="exception"),
        pytest.param(HANGS, "deadline", "took longer than 2 s", id="hang"),
        pytest.param(ABORTS, "crashed", "died with status -6", id="abort"),
    ],
)
def test_detector_loses_its_finding_and_the_verdict_says_so(
    cli: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    colour: tuple[int, int, int],
    outcome: str,
    words: str,
) -> None:
    monkeypatch.setenv("FORENSICS_DEADLINE_S", "2")
    write_distribution(tmp_path, "other", HOOK + "return [ColourDetector('steady', True)]")
    path = write_still(tmp_path / "a.png", colour)
    (line,) = cli.lines("scan", "--json", path)
    assert line["state"] == "done"
    outcomes = {finding["detector"]: finding["outcome"] for finding in line["findings"]}
    assert outcomes == {"colour": outcome, "steady": "scored"}
    shown = cli("show", path).stdout
    assert f"colour 1.0: {outcome}" in shown
    assert words in shown


def test_second_plugin_of_a_name_is_left_out(cli: Cli, tmp_path: Path) -> None:
    write_distribution(tmp_path, "other", HOOK + "return []")
    points = tmp_path / "forensics_other-1.0.dist-info" / "entry_points.txt"
    points.write_text("[forensics]\ncolour = forensics_other\n")
    rows = [row for row in cli.lines("plugins", "list", "--json") if row["name"] == "colour"]
    assert [(row["distribution"], row["state"]) for row in rows] == [
        ("forensics-colour", "ok"),
        ("forensics-other", "broken"),
    ]
    assert rows[1]["why"].startswith("plugin name 'colour' is taken by forensics-colour")
