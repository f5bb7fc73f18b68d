"""What every plugin must keep to, as tests: a class that pytest collects under the name it is given."""

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest

from .. import plugins
from .. import settings as settings_module
from ..hookspecs import CONTRACT_VERSION, Detector, Frugal
from ..plugins import contract, registration
from ..records import Sample
from ..settings import Settings
from . import findings
from .fixtures import golden_folder
from .measuring import measure
from .media import GOLDEN, write
from .samples import given, sampled

HEAVY = (
    "av", "cv2", "facenet_pytorch", "jax", "onnxruntime", "scipy", "skimage", "sklearn",
    "tensorflow", "timm", "torch", "torchvision", "transformers",
)  # fmt: skip
LARGEST = ("still_4k", "two_faces")  # of the stills and of the videos
SCORE_TOLERANCE = (
    1e-3  # relative, beside as much absolute: how much company may move a track's score
)
START_S = 120.0  # for a new process that imports what the detector needs


@dataclass(frozen=True)
class Kit:
    """The plugin under test, loaded once, and where the golden media are."""

    plugin: str
    settings: Settings
    registered: registration.Registered
    detectors: tuple[Detector, ...]
    folder: Path

    @contextmanager
    def asked(self, medium: str) -> Iterator[tuple[Sample, list[Detector]]]:
        """Give one golden file's sample and the detectors that take its kind; skips where there are none."""
        with sampled(medium, self.folder, self.settings) as sample:
            takers = [d for d in self.detectors if sample.info.kind in d.kinds]
            if not takers:
                pytest.skip(f"no detector takes a {sample.info.kind}")
            yield sample, takers


@cache
def kit_of(plugin: str, settings: Settings, folder: Path) -> Kit:
    """Load a plugin; what it can't be loaded for is raised."""
    registered = registration.register(plugins.require(plugin))
    return Kit(plugin, settings, registered, registered.detectors(settings), folder)


class Conformance:
    """The suite. `plugin` is the name of an entry point in the group `forensics`; see `conformance`."""

    plugin: str = ""
    settings: Settings | None = None

    @pytest.fixture
    def kit(self, tmp_path_factory: pytest.TempPathFactory) -> Kit:
        """Give the plugin as a worker loads it, once for all tests."""
        settings = self.settings or settings_module.load()
        return kit_of(self.plugin, settings, golden_folder(tmp_path_factory))

    def test_loads_as_a_worker_loads_it(self, kit: Kit) -> None:
        """Its import, hooks and detectors' names are in order, and it gives the same detectors each time."""
        plugins.check(kit.registered, kit.detectors, kit.settings, ())
        again = [detector.name for detector in kit.registered.detectors(kit.settings)]
        assert again == [detector.name for detector in kit.detectors]

    def test_states_the_contract_it_was_made_for(self, kit: Kit) -> None:
        """The module has CONTRACT; see forensics.hookspecs."""
        module = plugins.require(kit.plugin).load()
        assert getattr(module, contract.STATEMENT, None) == CONTRACT_VERSION, (
            f"write {contract.STATEMENT} = {CONTRACT_VERSION} into {module.__name__}"
        )

    def test_imports_nothing_heavy_before_its_hook_is_called(self, kit: Kit) -> None:
        """Importing its module brings none of `HEAVY` along."""
        module = plugins.require(kit.plugin).module
        code = f"import {module}, sys; print(*sorted({set(HEAVY)!r} & set(sys.modules)))"
        done = subprocess.run(  # noqa: S603 - our own interpreter and an installed module
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            check=True,
        )
        result = done.stdout.strip()
        assert not result, f"{module} imports {result}; import it inside forensics_detectors"

    def test_fits_the_protocol(self, kit: Kit) -> None:
        """Every member is there and of its kind."""
        for detector in kit.detectors:
            assert [*contract.misfits(detector)] == []

    def test_states_its_licences(self, kit: Kit) -> None:
        """The distribution has a licence, and a detector with weights states theirs beside its own."""
        assert registration.licence_of(plugins.require(kit.plugin)), "no licence in pyproject.toml"
        for detector in kit.detectors:
            if detector.weights is not None:
                words = f"{detector.name}: write as in 'MIT (code), CC-BY-4.0 (weights)'"
                assert "(code)" in detector.licence, words
                assert "(weights)" in detector.licence, words

    @pytest.mark.parametrize("medium", GOLDEN)
    def test_finding_is_proper(self, kit: Kit, medium: str) -> None:
        """It is a Finding with finite scores, tracks that exist, in the range that its calibration leaves."""
        with kit.asked(medium) as (sample, detectors):
            for detector in detectors:
                finding = detector.examine(given(sample, detector))
                findings.check_proper(detector, sample, finding)
                findings.check_range(detector, sample, finding)
                findings.check_alike(finding, pickle.loads(pickle.dumps(finding)), 0.0)  # noqa: S301

    @pytest.mark.parametrize("medium", LARGEST)
    def test_finding_is_the_same_again(self, kit: Kit, medium: str) -> None:
        """After another file, and from a detector made anew."""
        fresh = {d.name: d for d in kit.registered.detectors(kit.settings)}
        with kit.asked(medium) as (sample, detectors):
            for detector in detectors:
                first = detector.examine(given(sample, detector))
                with sampled("still", kit.folder, kit.settings) as other:
                    if other.info.kind in detector.kinds:
                        detector.examine(given(other, detector))
                findings.check_alike(first, detector.examine(given(sample, detector)))
                findings.check_alike(first, fresh[detector.name].examine(given(sample, detector)))

    def test_track_is_scored_the_same_alone_and_in_company(self, kit: Kit) -> None:
        """What else is in the file does not move a face's score."""
        with kit.asked("two_faces") as (sample, detectors):
            for detector in detectors:
                together = findings.scores(detector.examine(given(sample, detector)))
                for track in sample.tracks if together else ():
                    alone = detector.examine(given(replace(sample, tracks=(track,)), detector))
                    expected = pytest.approx(
                        together[track.id], rel=SCORE_TOLERANCE, abs=SCORE_TOLERANCE
                    )
                    assert findings.scores(alone) == {track.id: expected}, detector.name

    def test_leaves_the_sample_and_the_file_as_they_were(self, kit: Kit) -> None:
        """No pixel, byte or time changed, the descriptor open and where it stood, and nothing left open."""
        for medium in LARGEST:
            path = write(medium, kit.folder)
            with kit.asked(medium) as (sample, detectors):
                for detector in detectors:
                    detector.examine(given(sample, detector))  # what is loaded once is loaded now
                    before = findings.state(sample, path)
                    detector.examine(given(sample, detector))
                    changed = findings.differences(before, findings.state(sample, path))
                    assert not changed, f"{detector.name}: {changed}"

    @pytest.mark.parametrize("medium", LARGEST)
    def test_keeps_to_its_deadline_and_memory(self, kit: Kit, medium: str) -> None:
        """Confined as in a worker, in the time that files get, and within its hint where it gives one."""
        size = write(medium, kit.folder).stat().st_size
        limit_s = kit.settings.deadline(size)
        with kit.asked(medium) as (_, detectors):
            names = [detector.name for detector in detectors]
        for detector in (d for d in kit.detectors if d.name in names):
            try:
                result = measure(
                    kit.plugin, detector.name, medium, kit.folder, kit.settings, START_S + limit_s
                )
            except (TimeoutError, BrokenProcessPool) as error:
                pytest.fail(f"{detector.name}: its process did not come back: {error!r}")
            assert result.wall_s <= limit_s, f"{detector.name}: over its deadline"
            if isinstance(detector, Frugal):
                hint = detector.resources
                assert result.memory_mb <= hint.memory_mb, f"{detector.name}: over its memory hint"
                assert result.cpu_s <= hint.seconds, f"{detector.name}: over its time hint"


def conformance(plugin: str, settings: Settings | None = None) -> type[Conformance]:
    """Return the suite for one installed plugin, by its entry point's name; settings default to those in force."""
    return type("Conformance", (Conformance,), {"plugin": plugin, "settings": settings})
