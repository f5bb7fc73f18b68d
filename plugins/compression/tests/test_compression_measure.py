"""The measuring command counts what it says it counts, and its table is what the statements quote."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from click.testing import CliRunner
from forensics_compression import figures
from forensics_compression.commands import measure
from forensics_compression.measuring import made
from forensics_compression.measuring.measure import THRESHOLDS, Measurement, rates
from forensics_compression.measuring.rates import counted
from forensics_compression.measuring.sources import gathered, pictures
from PIL import Image

Picture = npt.NDArray[np.uint8]


@pytest.mark.parametrize(
    ("over", "files", "low", "high"),
    [
        pytest.param(0, 10, 0.0, 0.3085, id="none of ten"),
        pytest.param(10, 10, 0.6915, 1.0, id="all of ten"),
        pytest.param(1, 100, 0.0003, 0.0545, id="one of a hundred"),
    ],
)
def test_interval_is_that_of_clopper_and_pearson(
    over: int, files: int, low: float, high: float
) -> None:
    rate = counted("files", [1.0] * over + [0.0] * (files - over), 0.5)
    assert (rate.over, rate.files) == (over, files)
    assert [rate.low, rate.high] == pytest.approx([low, high], abs=2e-4)


def test_rates_are_kept_apart_by_truth_and_reach_includes_the_threshold() -> None:
    by_truth = rates(
        [
            Measurement("jpeg-grid", "pictures saved once", THRESHOLDS["jpeg-grid"]),
            Measurement("jpeg-grid", "pictures saved once", 0.0),
            Measurement("jpeg-grid", "pictures with something pasted", 9.0),
        ]
    )["jpeg-grid"]
    assert [(r.over, r.files) for r in by_truth["real"]] == [(1, 2)]
    assert [(r.over, r.files) for r in by_truth["made"]] == [(1, 1)]


def test_material_is_sorted_by_content_and_small_pictures_left_out(
    tmp_path: Path, portrait: Picture, jpeg: object, moving: Sequence[Picture]
) -> None:
    Image.fromarray(portrait).save(tmp_path / "b.png")
    Image.fromarray(portrait[:100, :100]).save(tmp_path / "small.png")
    Image.fromarray(portrait).save(tmp_path / "a.tif", "JPEG")
    made.encoded(tmp_path / "c.mp4", moving[:10], "libx264", 10, made.PLAIN["libx264"])
    material = gathered([tmp_path])
    assert [p.name for p in material.jpegs] == ["a.tif"]
    assert [p.name for p in material.clips] == ["c.mp4"]
    assert [p.shape for p in pictures(material, 2)] == [(512, 512, 3), *[(240, 320, 3)] * 2]


def test_piece_lies_inside_and_off_the_grid() -> None:
    for number in range(200):
        rows, columns = made.piece((300 + number, 500, 3), number)
        assert rows.stop <= 300 + number and columns.stop <= 500  # noqa: PT018
        assert rows.start % 8 and columns.start % 8  # noqa: PT018


def test_command_writes_what_the_plugin_reads(
    tmp_path: Path, portrait: Picture, coffee: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, table, values = tmp_path / "real", tmp_path / "new.toml", tmp_path / "new.csv"
    folder.mkdir()
    Image.fromarray(portrait[:300, :300]).save(folder / "a.png")
    Image.fromarray(coffee[:300, :300]).save(folder / "b.png")
    Image.fromarray(portrait).save(folder / "c.jpg")
    options = ["--toml", str(table), "--about", "three pictures", "--values", str(values)]
    done = CliRunner().invoke(measure, [str(folder), *options], catch_exceptions=False)
    assert done.output.startswith("1 JPEG files, 2 other pictures, 0 clips\n")
    monkeypatch.setattr(figures, "FILE", table)
    figures.measured.cache_clear()
    try:
        rates = figures.measured("double-quantisation")
    finally:
        figures.measured.cache_clear()
    assert {r.kind: r.files for r in rates.real} == {
        "JPEG files as they were found": 1,
        "pictures saved once": 2,
        "pictures saved twice": 2,
    }
    assert rates.sentences[2].startswith("Measured on three pictures. ")
    with values.open(newline="") as file:
        assert len([*csv.reader(file)]) == 3 + 2 * (4 + 4 + 5)


def test_table_needs_to_say_what_it_was_measured_on(tmp_path: Path) -> None:
    done = CliRunner().invoke(measure, [str(tmp_path), "--toml", str(tmp_path / "x.toml")])
    assert done.exit_code == 2
    assert "--about" in done.output


@pytest.mark.parametrize("detector", THRESHOLDS)
def test_every_statistic_has_rates_of_either_kind(detector: str) -> None:
    measured = figures.measured(detector)
    for rate in (*measured.real, *measured.made):
        assert 0 <= rate.over <= rate.files
        assert rate.low <= rate.over / rate.files <= rate.high
    assert measured.real
    assert measured.made


@pytest.mark.parametrize("detector", THRESHOLDS)
def test_readme_has_the_rates_that_are_stated(detector: str) -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    measured = figures.measured(detector)
    for rate in (*measured.real, *measured.made):
        row = f"| `{detector}` | {rate.kind} | {rate.over:,} of {rate.files:,} | "
        assert f"{row}{rate.low:.1%} to {rate.high:.1%} |" in readme
    assert measured.about in " ".join(readme.split())
