"""The conformance kit: a new plugin passes it as it is written, and each way to break the contract fails it."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forensics.errors import PluginError
from forensics.records import (
    Artifact,
    Evidence,
    FaceTrack,
    Finding,
    FrameScore,
    HeatMap,
    MediaKind,
    Need,
    Outcome,
    Sample,
    TrackScore,
)
from forensics.settings import Settings
from forensics.testing import (
    GOLDEN,
    checking,
    conformance,
    findings,
    fixtures,
    portrait,
    sampled,
    write,
)
from forensics.testing.measuring import measure
from forensics.testing.samples import given

from .. import builders
from ..distributions.colour.forensics_colour import CALIBRATION, ColourDetector
from ..projects import begin

sample_of = fixtures.sample_of

DETECTOR = ColourDetector("colour", steady=True)
GOOD = builders.finding(name="colour", version="1.0", score=0.5)
TRACK = builders.track(7, 0.1)


def mapped(cells: str) -> Evidence:
    """Evidence with one map of two by two places in the first track."""
    return Evidence(frames=(FrameScore(0.0, 1, (0, 0, 9, 9), 0.5, HeatMap(2, 2, cells, 1.0)),))


@pytest.fixture(scope="module", autouse=True)
def _film_grain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A new plugin called film-grain is installed."""
    folder = tmp_path_factory.mktemp("project") / "film"
    begin(folder, "film-grain")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield


TestNewPlugin = conformance("film-grain", Settings(device="cpu"))


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_file_is_what_its_name_says(name: str, sample_of: Callable[[str], Sample]) -> None:
    golden, sample = GOLDEN[name], sample_of(name)
    assert sample.info.kind is (MediaKind.VIDEO if golden.stamps else MediaKind.STILL)
    assert (sample.info.width, sample.info.height) == (golden.width, golden.height)
    assert sample.frames[0].pixels.shape == (golden.height, golden.width, 3)
    assert len(sample.tracks) == len(golden.spots)
    assert (len(sample.frames) == 1) == (len(golden.stamps) <= 1)
    assert (sample.coverage.decode_errors > 0) == (golden.kept < 1)
    assert (sample.frames[0].pixels.mean() < 20) == (golden.light < 1)


def test_frames_of_the_uneven_file_are_unevenly_spaced(
    sample_of: Callable[[str], Sample],
) -> None:
    times = [frame.time_s for frame in sample_of("variable_rate").frames]
    assert len({round(b - a, 2) for a, b in pairwise(times)}) > 2


def test_face_is_where_its_track_says(sample_of: Callable[[str], Sample]) -> None:
    drawn = portrait.face(300)
    for name in ("one_face", "rotated", "still"):
        sample = sample_of(name)
        spot = GOLDEN[name].spots[0]
        shown = sample.frames[0].pixels[spot.top :, spot.left :][:300, :300].astype(int)
        assert np.abs(shown - drawn[: shown.shape[0]]).mean() < 12
        assert sample.tracks[0].patches[0].box == spot.box


def test_drawn_face_stands_in_for_the_photograph() -> None:
    drawn = portrait.drawn()
    left, top, width, height = (int(value) for value in portrait.FACE)
    skin = drawn[top + height // 4 : top + height // 2, left + width // 3 : left + width // 2]
    assert drawn.shape == portrait.square().shape
    assert np.abs(skin.mean((0, 1)) - portrait.SKIN).max() < 60
    assert (portrait.drawn() == drawn).all()


def test_detector_is_given_what_it_asks_for_and_no_more(tmp_path: Path) -> None:
    with sampled("one_face", tmp_path) as sample:
        frames = given(sample, DETECTOR)
        faces = given(sample, replace(DETECTOR, needs=frozenset({Need.FACES})))
    assert (bool(frames.frames), bool(frames.tracks)) == (True, False)
    assert (bool(faces.frames), bool(faces.tracks)) == (False, True)


@pytest.mark.parametrize(
    ("finding", "words"),
    [
        pytest.param(0.5, "gave float, not a Finding", id="a-number"),
        pytest.param(replace(GOOD, detector="b"), "speaks as", id="in-anothers-name"),
        pytest.param(replace(GOOD, score=float("nan")), "not finite", id="not-a-number"),
        pytest.param(replace(GOOD, score=None), "the score None", id="scored-without-score"),
        pytest.param(replace(GOOD, fake=0.9), "calibrates itself", id="calibrates-itself"),
        pytest.param(replace(GOOD, outcome=Outcome.CRASHED), "said by the toolkit", id="crashed"),
        pytest.param(
            replace(GOOD, evidence=Evidence(tracks=(TRACK,))), "unknown tracks", id="no-such-track"
        ),
        pytest.param(
            replace(GOOD, evidence=mapped("AAAA")), "a map has not the cells", id="map-too-small"
        ),
        pytest.param(
            replace(GOOD, evidence=mapped("!")), "a map has not the cells", id="map-of-no-bytes"
        ),
    ],
)
def test_improper_finding_fails_the_kit(tmp_path: Path, finding: object, words: str) -> None:
    with (
        sampled("still", tmp_path) as sample,
        pytest.raises(AssertionError, match=words),
    ):
        findings.check_proper(DETECTOR, sample, finding)


def test_finding_that_cannot_be_stored_fails_the_kit(tmp_path: Path) -> None:
    odd: Any = object()
    with sampled("no_face", tmp_path) as sample, pytest.raises(TypeError):
        findings.check_proper(DETECTOR, sample, replace(GOOD, message=odd))


def test_score_that_changes_fails_the_kit() -> None:
    findings.check_alike(GOOD, replace(GOOD, seconds=3.0, score=0.50001))
    with pytest.raises(AssertionError, match="scores"):
        findings.check_alike(GOOD, replace(GOOD, score=0.6))
    other = Evidence(artifacts=(Artifact("map.png", "image/png", b"x"),))
    with pytest.raises(AssertionError, match="differs from itself"):
        findings.check_alike(GOOD, replace(GOOD, evidence=other))


def test_calibrated_score_stays_in_its_range(tmp_path: Path) -> None:
    with sampled("still", tmp_path) as sample:
        findings.check_range(DETECTOR, sample, replace(GOOD, score=1e9))
        loose = replace(DETECTOR, calibration=replace(CALIBRATION, cap_log10=float("nan")))
        with pytest.raises(AssertionError):
            findings.check_range(loose, sample, GOOD)


def test_what_an_examination_leaves_behind_is_named(tmp_path: Path) -> None:
    with sampled("one_face", tmp_path) as sample:
        path = write("one_face", tmp_path)
        before = findings.state(sample, path)
        assert findings.differences(before, findings.state(sample, path)) == ""
        left = os.open(path, os.O_RDONLY)
        sample.frames[0].pixels[0, 0, 0] ^= 255
        os.lseek(sample.fd, 3, os.SEEK_SET)
        after = findings.state(sample, path)
        os.close(left)
    assert findings.differences(before, after) == (
        "pixels changed, descriptor moved or closed, descriptors left open"
    )


def test_measured_examination_is_confined_and_hints_are_measured(tmp_path: Path) -> None:
    measured = measure("film-grain", "film-grain", "still", tmp_path, Settings(device="cpu"), 120)
    assert measured.finding.outcome is Outcome.SCORED
    assert 0 <= measured.memory_mb < 500
    assert 0 < measured.cpu_s < 10


@dataclass(frozen=True)
class Leaky(ColourDetector):
    """Scores by how many tracks it is given."""

    needs: frozenset[Need] = frozenset({Need.FACES})
    seen: list[int] = field(default_factory=list)

    def examine(self, sample: Sample) -> Finding:
        tracks = tuple(score_of(track, len(sample.tracks)) for track in sample.tracks)
        return replace(GOOD, score=1.0, evidence=Evidence(tracks=tracks))


def score_of(track: FaceTrack, company: int) -> TrackScore:
    return builders.track(track.id, company / 10)


def test_score_that_depends_on_company_is_seen(sample_of: Callable[[str], Sample]) -> None:
    sample = sample_of("two_faces")
    together = findings.scores(Leaky("colour", steady=True).examine(sample))
    alone = replace(sample, tracks=sample.tracks[:1])
    assert findings.scores(Leaky("colour", steady=True).examine(alone)) == {1: 0.1}
    assert together == {1: 0.2, 2: 0.2}


def test_check_of_an_unknown_plugin_names_the_known_ones() -> None:
    from forensics import plugins

    with pytest.raises(PluginError, match=r"no plugin is called 'grain'; known: .*film-grain"):
        plugins.require("grain")


@pytest.mark.slow
def test_check_runs_the_kit_and_says_what_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    written = begin(tmp_path / "new", "heavy-thing")
    module = tmp_path / "new" / "forensics_heavy_thing" / "__init__.py"
    module.write_text(module.read_text().replace("CONTRACT = 1", "import cv2"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "new"))
    assert written.detector.is_file()
    assert checking.run("heavy-thing", Settings()) == 1
    output = capfd.readouterr().out
    assert "forensics_heavy_thing imports cv2" in output
    assert "write CONTRACT = 1 into forensics_heavy_thing" in output
    assert "2 failed" in output
