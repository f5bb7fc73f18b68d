"""Sound for detectors that need it: decoded once, one channel at 16 kHz, the passage that was asked for."""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from forensics import media
from forensics.analysis.analyse import Equipment, analyse
from forensics.analysis.messages import Done, Task
from forensics.records import Finding, Need, Outcome, Passage, Sample, Sound
from forensics.settings import Settings

from ..distributions import write_still
from ..distributions.colour.forensics_colour import FAKE, ColourDetector
from ..fakes import Clip, cut_short, pictures, render

RATE_HZ = 44_100
SECONDS = 2
WHOLE = Passage()


def talking(path: Path) -> Path:
    """Render two seconds of video with a tone that is loud in the second one only, in stereo."""
    with av.open(str(path), "w") as output:
        picture = output.add_stream("libx264", rate=25)
        picture.width, picture.height, picture.pix_fmt = 96, 64, "yuv420p"
        picture.codec_context.time_base = Fraction(1, 25)
        sound = output.add_stream("aac", rate=RATE_HZ, layout="stereo")
        for frame in pictures(Clip(frames=25 * SECONDS)):
            output.mux(picture.encode(frame))
        output.mux(picture.encode())
        for start in range(0, RATE_HZ * SECONDS, 1024):
            times = np.arange(start, start + 1024) / RATE_HZ
            wave = np.where(times >= 1, 0.5, 0.0) * np.sin(times * 2 * np.pi * 440)
            stereo = np.stack([wave, wave]).astype(np.float32)
            piece = av.AudioFrame.from_ndarray(stereo, format="fltp", layout="stereo")
            piece.sample_rate, piece.pts = RATE_HZ, start
            output.mux(sound.encode(piece))
        output.mux(sound.encode(None))
    return path


def sound_of(path: Path, passage: Passage = WHOLE) -> Sound | None:
    with media.opened(str(path)) as medium:
        return medium.sound(medium.probe("hash"), passage)


def loudness(samples: "np.typing.NDArray[np.float32]") -> float:
    return float(np.sqrt(np.mean(samples**2)))


def test_sound_is_one_channel_at_16_khz(tmp_path: Path) -> None:
    sound = sound_of(talking(tmp_path / "a.mp4"))
    assert sound is not None
    assert (str(sound.samples.dtype), sound.samples.ndim) == ("float32", 1)
    assert sound.rate_hz == 16_000
    assert len(sound.samples) / 16_000 == pytest.approx(SECONDS, abs=0.1)
    assert (sound.start_s, sound.is_whole) == (0.0, True)
    assert loudness(sound.samples[:14_000]) < 0.01
    assert loudness(sound.samples[18_000:30_000]) == pytest.approx(0.5 / 2**0.5, rel=0.1)


def test_passage_has_its_own_sound(tmp_path: Path) -> None:
    path = talking(tmp_path / "a.mp4")
    for start_s, end_s, loud in ((0.2, 0.7, 0.0), (1.2, 1.7, 0.35)):
        sound = sound_of(path, Passage(start_s, end_s))
        assert sound is not None
        assert sound.start_s == pytest.approx(start_s, abs=0.03)
        assert len(sound.samples) / 16_000 == pytest.approx(end_s - start_s, abs=0.03)
        assert loudness(sound.samples) == pytest.approx(loud, abs=0.04)


def test_file_without_sound_gives_none(tmp_path: Path) -> None:
    assert sound_of(render(tmp_path / "a.mp4")) is None
    assert sound_of(write_still(tmp_path / "a.png", FAKE)) is None


def test_sound_that_ends_early_is_what_there_is(tmp_path: Path) -> None:
    path = cut_short(tmp_path / "b.mkv", talking(tmp_path / "a.mkv"), 0.7)
    sound = sound_of(path)
    assert sound is not None
    assert len(sound.samples) / 16_000 < SECONDS - 0.2


@dataclass(frozen=True)
class Listening(ColourDetector):
    """Says how much it hears."""

    def examine(self, sample: Sample) -> Finding:
        heard = 0.0 if sample.sound is None else len(sample.sound.samples) / 16_000
        return Finding(self.name, self.version, None, Outcome.SCORED, score=heard)


@pytest.mark.parametrize(
    ("needs", "heard"), [({Need.AUDIO}, SECONDS), ({Need.FILE}, 0.0)], ids=["audio", "file"]
)
def test_sound_is_decoded_only_for_a_detector_that_needs_it(
    tmp_path: Path, needs: set[Need], heard: float
) -> None:
    listening = replace(Listening("listening", steady=True), needs=frozenset(needs))
    task = Task(1, str(talking(tmp_path / "a.mp4")))
    *_, done = analyse(task, Equipment(Settings(), (listening,), None, {}))
    assert isinstance(done, Done)
    assert done.verdict.findings[0].score == pytest.approx(heard, abs=0.1)
