"""The contract: its version, what fits it, and that a misfit is seen before anything runs."""

import subprocess
import sys
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

import forensics
from forensics.errors import PluginError
from forensics.hookspecs import CONTRACT_VERSION, Detector, Frugal, Resources
from forensics.plugins import contract
from forensics.settings import Settings

from ..distributions.colour.forensics_colour import ColourDetector

DETECTOR = ColourDetector("colour", steady=True)
MUCH = Resources(memory_mb=9000, seconds=1.0)
MISFIT = """
from collections.abc import Iterable
from forensics import hookimpl
from forensics.hookspecs import Detector
from forensics.records import Finding, MediaKind, Need, Outcome, Sample
from forensics.settings import Settings

class Misfit:
    name = "misfit"
    version = "1.0"
    permitted_use = ""
    weights = None
    examines = ()
    needs = frozenset({Need.FRAMES})
    kinds = (MediaKind.VIDEO,)
    calibration = None

    def examine(self, sample: Sample) -> Finding:
        return Finding(self.name, self.version, None, Outcome.STATEMENT)

@hookimpl
def forensics_detectors(settings: Settings) -> Iterable[Detector]:
    detector: Detector = Misfit()
    return [detector]
"""


@dataclass(frozen=True)
class Hungry(ColourDetector):
    """Says what it takes."""

    resources: Resources = MUCH


def test_detector_of_the_tests_fits() -> None:
    fitting: Detector = DETECTOR
    assert [*contract.misfits(fitting)] == []


@pytest.mark.parametrize(
    ("member", "value", "words"),
    [
        pytest.param("name", "", "'name' is '', not a text that is not empty", id="no-name"),
        pytest.param("licence", None, "'licence' is None", id="no-licence"),
        pytest.param("weights", 7, "'weights' is 7, not a SHA-256 or None", id="weights"),
        pytest.param("examines", "faces", "'examines' is 'faces', not a tuple", id="one-text"),
        pytest.param("needs", {"faces"}, "not a frozenset of Need", id="needs"),
        pytest.param("kinds", frozenset({"video"}), "not a frozenset of MediaKind", id="kinds"),
        pytest.param("calibration", 2.0, "not a Calibration or None", id="calibration"),
        pytest.param("parameters", {"a": object()}, "object has no JSON form", id="parameters"),
        pytest.param("examine", None, "'examine' is None, not a method", id="examine"),
    ],
)
def test_misfit_is_named_with_its_member(member: str, value: Any, words: str) -> None:
    class Odd(ColourDetector):
        pass

    odd = Odd("odd", steady=True)
    object.__setattr__(odd, member, value)
    assert words in "; ".join(contract.misfits(odd))


def test_detector_that_asks_for_more_memory_than_there_is_is_refused() -> None:
    hungry = Hungry("hungry", steady=True)
    assert isinstance(hungry, Frugal)
    assert not isinstance(DETECTOR, Frugal)
    contract.check(hungry, Settings(memory_mb=0))
    contract.check(replace(hungry, resources=Resources(100, 1.0)), Settings())
    with pytest.raises(PluginError, match="asks for 9000 MB, memory_mb is 4096; raise FORENSICS_"):
        contract.check(hungry, Settings())


@pytest.mark.parametrize(
    ("made_for", "todo"),
    [
        pytest.param(CONTRACT_VERSION + 1, "upgrade media-forensics", id="newer"),
        pytest.param(CONTRACT_VERSION - 1, "upgrade the plugin", id="older"),
        pytest.param("one", "upgrade the plugin", id="no-number"),
    ],
)
def test_plugin_for_another_contract_is_refused_with_what_to_do(made_for: Any, todo: str) -> None:
    with pytest.raises(PluginError, match=f"made for contract {made_for}, .*; {todo}"):
        contract.check_version(made_for)


def test_module_that_does_not_say_is_made_for_the_first_contract() -> None:
    assert contract.stated(object()) == 1


@pytest.mark.parametrize(
    ("source", "version"),
    [
        pytest.param("CONTRACT = 7\nimport gone", 7, id="says-so"),
        pytest.param("import gone", None, id="does-not-say"),
        pytest.param("def (", None, id="no-python"),
    ],
)
def test_contract_is_read_from_a_source_that_cannot_be_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, version: int | None
) -> None:
    (tmp_path / "forensics_unimportable.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    point = EntryPoint("unimportable", "forensics_unimportable", "forensics")
    assert contract.stated_in_source(point) == version


def test_types_are_shipped() -> None:
    assert (Path(forensics.__file__).parent / "py.typed").is_file()


@pytest.mark.slow
def test_misfit_is_an_error_in_its_authors_own_type_check(tmp_path: Path) -> None:
    (tmp_path / "misfit.py").write_text(MISFIT)
    command = [sys.executable, "-m", "mypy", "--strict", "misfit.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert '"Misfit" is missing following "Detector" protocol members' in done.stdout
    for member in ("licence", "parameters", "kinds: expected"):
        assert member in done.stdout
