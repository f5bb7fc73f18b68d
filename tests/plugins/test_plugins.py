"""One broken plugin is named and left out; the others work."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from forensics import plugins
from forensics.errors import PluginError, UsageError
from forensics.settings import Settings

from ..distributions import COLOUR, write_distribution

MISSPELT = """
from forensics import hookimpl
@hookimpl
def forensics_detectros(settings):
    return []
"""
CLASH = """
from forensics import hookimpl
from forensics_colour import ColourDetector
@hookimpl
def forensics_detectors(settings):
    return [ColourDetector("colour", steady=True)]
"""
RAISES = """
from forensics import hookimpl
@hookimpl
def forensics_detectors(settings):
    raise RuntimeError("no such model")
"""


@pytest.fixture(autouse=True)
def _own_plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the plugins on `tmp_path` and the colour one are there; the user's configuration is empty."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.syspath_prepend(str(COLOUR))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "forensics_other", raising=False)


ALLOWED = Settings(plugins=("colour", "other"))


def states(settings: Settings = ALLOWED) -> dict[str, str]:
    return {s.name: s.state for s in plugins.load(settings).statuses if s.name in ALLOWED.plugins}


def why(name: str) -> str:
    return next(s.why for s in plugins.load(ALLOWED).statuses if s.name == name)


def test_working_plugin_gives_its_detectors() -> None:
    loaded = plugins.load(ALLOWED)
    assert [detector.name for detector in loaded.detectors] == ["colour"]
    assert next(s for s in loaded.statuses if s.name == "colour").distribution == "forensics-colour"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        pytest.param("import no_such_module", "ModuleNotFoundError", id="cannot-be-imported"),
        pytest.param("def (", "SyntaxError", id="is-no-python"),
        pytest.param(MISSPELT, "unknown hook 'forensics_detectros'", id="misspells"),
        pytest.param(CLASH, "detector name 'colour' is taken", id="takes-a-used-name"),
        pytest.param(RAISES, "RuntimeError: no such model", id="fails-in-its-hook"),
        pytest.param("raise SystemExit(3)", "SystemExit", id="exits"),
    ],
)
def test_broken_plugin_is_named_and_the_others_work(
    tmp_path: Path, source: str, words: str
) -> None:
    write_distribution(tmp_path, "other", source)
    assert states() == {"colour": "ok", "other": "broken"}
    assert words in why("other")


def test_disabled_plugin_is_not_imported(tmp_path: Path) -> None:
    write_distribution(tmp_path, "other", "raise RuntimeError('imported')")
    plugins.set_enabled("other", False)
    assert states() == {"colour": "ok", "other": "disabled"}
    plugins.set_enabled("other", True)
    assert states()["other"] == "broken"


def test_unknown_plugin_cannot_be_switched() -> None:
    with pytest.raises(PluginError, match=r"no plugin is called 'coluor'; known: .*colour"):
        plugins.set_enabled("coluor", False)


def test_plugin_outside_the_allow_list_is_not_imported(tmp_path: Path) -> None:
    write_distribution(tmp_path, "other", "raise RuntimeError('imported')")
    assert states(replace(ALLOWED, plugins=("colour",))) == {"colour": "ok", "other": "not_allowed"}


def test_unknown_detector_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no detector is called 'color'; known: colour"):
        plugins.choose(plugins.load(ALLOWED), ["color"])


def test_chosen_detector_is_the_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLOUR_STEADY", "1")
    loaded = plugins.load(ALLOWED)
    assert [d.name for d in plugins.choose(loaded, ["steady"])] == ["steady"]
    assert [d.name for d in plugins.choose(loaded, [])] == ["colour", "steady"]
