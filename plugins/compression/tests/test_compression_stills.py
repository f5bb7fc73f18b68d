"""Made forgeries are found where they are, and untouched pictures are not."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import pytest
from forensics_compression import jpegs
from forensics_compression.stills import double_quantisation, jpeg_grid, noise_residual
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from forensics.records import Finding, Outcome

Picture = npt.NDArray[np.uint8]
Look = Callable[[str, bytes], Finding]
Jpeg = Callable[..., bytes]
Opened = Callable[[bytes], Picture]
STILLS = ("jpeg-grid", "double-quantisation", "noise-residual", "error-level")
PLACE = np.s_[104:232, 200:328]


def statistic(finding: Finding) -> float:
    (statement,) = (s for s in finding.evidence.statements if "statistic" in s)
    return float(re.search(r"statistic ([0-9.]+)", statement)[1])  # type: ignore[index]


def region(finding: Finding) -> tuple[slice, slice]:
    (statement,) = (s for s in finding.evidence.statements if s.startswith("Region of"))
    width, height, left, top = map(int, re.findall(r"\d+", statement)[:4])
    return np.s_[top : top + height, left : left + width]


def overlap(a: tuple[slice, slice], b: tuple[slice, slice]) -> float:
    """Return the shared area over that of both."""
    masks = []
    for place in (a, b):
        mask = np.zeros((512, 512), bool)
        mask[place] = True
        masks.append(mask)
    return float((masks[0] & masks[1]).sum() / (masks[0] | masks[1]).sum())


@pytest.fixture
def spliced(portrait: Picture, coffee: Picture, jpeg: Jpeg, opened: Opened) -> Callable[..., bytes]:
    """Paste a piece of a JPEG off its grid into a JPEG, and save that."""

    def splice(first: int, last: int) -> bytes:
        canvas = opened(jpeg(portrait, first)).copy()
        canvas[PLACE] = opened(jpeg(coffee, 75))[101:229, 203:331]
        return jpeg(canvas, last)

    return splice


@pytest.mark.parametrize(("first", "last"), [(60, 90), (75, 95), (85, 95), (75, 100)])
def test_piece_pasted_into_a_jpeg_lacks_double_quantisation(
    look: Look, spliced: Callable[..., bytes], first: int, last: int
) -> None:
    finding = look("double-quantisation", spliced(first, last))
    assert statistic(finding) > double_quantisation.THRESHOLD
    assert overlap(region(finding), PLACE) > 0.6


@pytest.mark.parametrize(("first", "last"), [(60, 90), (75, 95), (85, 95), (75, 100), (95, 75)])
def test_jpeg_saved_twice_is_told_and_not_accused(
    look: Look, portrait: Picture, jpeg: Jpeg, opened: Opened, first: int, last: int
) -> None:
    finding = look("double-quantisation", jpeg(opened(jpeg(portrait, first)), last))
    assert statistic(finding) < double_quantisation.THRESHOLD
    is_named = "quantised twice" in finding.evidence.statements[0]
    assert is_named is (last > first)


@pytest.mark.parametrize("quality", [50, 75, 90, 95, 100])
@pytest.mark.parametrize("name", ["double-quantisation", "jpeg-grid"])
def test_jpeg_saved_once_stays_below_the_threshold(
    look: Look, portrait: Picture, jpeg: Jpeg, name: str, quality: int
) -> None:
    finding = look(name, jpeg(portrait, quality))
    assert finding.outcome is Outcome.STATEMENT
    assert any("not reached" in statement for statement in finding.evidence.statements)


def test_first_steps_are_those_of_the_first_table(
    portrait: Picture, jpeg: Jpeg, opened: Opened, tmp_path: Path
) -> None:
    first, path = jpeg(portrait, 60), tmp_path / "twice.jpg"
    path.write_bytes(jpeg(opened(first), 95))
    with Image.open(io.BytesIO(first)) as image:
        table = np.array(cast(JpegImageFile, image).quantization[0]).reshape(8, 8)
    with path.open("rb") as file:
        read = jpegs.read(file.fileno())
        firsts = double_quantisation.examine(read, jpegs.cut_off(file.fileno(), read)).firsts
    assert len(firsts) == len(double_quantisation.FREQUENCIES)
    assert [first.step for first in firsts] == [table[first.frequency] for first in firsts]


def test_piece_with_a_grid_of_its_own_is_found(look: Look, spliced: Callable[..., bytes]) -> None:
    finding = look("jpeg-grid", spliced(90, 100))
    assert statistic(finding) > jpeg_grid.THRESHOLD
    assert overlap(region(finding), PLACE) > 0.6
    assert "begins at (5, 3)" in " ".join(finding.evidence.statements)


def test_picture_cut_out_of_a_jpeg_has_its_grid_elsewhere(
    look: Look, portrait: Picture, jpeg: Jpeg, opened: Opened
) -> None:
    cut = opened(jpeg(portrait, 75))[3:, 5:]
    finding = look("jpeg-grid", jpeg(cut, 100))
    assert "begins at (3, 5), not at its corner" in finding.evidence.statements[0]


def test_noise_added_in_a_piece_of_an_even_picture_is_found(look: Look, jpeg: Jpeg) -> None:
    grain = np.random.default_rng(0)
    slope = np.broadcast_to(np.linspace(60, 180, 512)[:, None, None], (512, 512, 3))
    even = slope + grain.normal(0, 3, (512, 512, 1))
    uneven = even.copy()
    uneven[PLACE] += grain.normal(0, 8, (128, 128, 1))
    before, after = (
        look("noise-residual", jpeg(np.clip(pixels, 0, 255).astype(np.uint8), 95))
        for pixels in (even, uneven)
    )
    assert statistic(before) < noise_residual.THRESHOLD < statistic(after)
    rows, columns = region(after)
    assert rows.start >= 64
    assert rows.stop <= 256
    assert columns.start >= 160
    assert columns.stop <= 368
    assert any("more noise" in statement for statement in after.evidence.statements)


def test_error_level_draws_and_concludes_nothing(look: Look, spliced: Callable[..., bytes]) -> None:
    finding = look("error-level", spliced(75, 95))
    assert "supports no conclusion" in finding.evidence.statements[0]
    assert not any("statistic" in statement for statement in finding.evidence.statements)
    assert [a.name for a in finding.evidence.artifacts] == ["error-level.png"]


@pytest.mark.parametrize("name", STILLS)
def test_map_is_a_small_picture_and_the_same_again(
    look: Look, spliced: Callable[..., bytes], name: str
) -> None:
    data = spliced(75, 95)
    (artifact,) = look(name, data).evidence.artifacts
    assert artifact.media_type == "image/png"
    assert len(artifact.data) < 60_000
    with Image.open(io.BytesIO(artifact.data)) as picture:
        assert max(picture.size) <= 512
    assert look(name, data) == look(name, data)


@pytest.mark.parametrize("name", STILLS)
def test_nothing_is_scored_and_nothing_votes(
    look: Look, spliced: Callable[..., bytes], name: str
) -> None:
    finding = look(name, spliced(75, 95))
    assert (finding.outcome, finding.score) == (Outcome.STATEMENT, None)


@pytest.mark.parametrize("name", STILLS[:3])
def test_measured_rates_stand_beside_the_statistic(
    look: Look, portrait: Picture, jpeg: Jpeg, name: str
) -> None:
    statement = " ".join(look(name, jpeg(portrait, 90)).evidence.statements)
    assert re.search(r"\d+ of [\d,]+ pictures saved once \(\d+\.\d%, 95 % interval", statement)
    assert "on other material are not known" in statement
