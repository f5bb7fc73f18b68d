"""The benchmarks' pieces work, on tiny input; how fast anything is, is asserted nowhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from sqlalchemy import Engine, text

from benchmarks import clips, filling, report, rows, seed, stages, throughput
from benchmarks.timing import Stopwatch, Timed, medians
from forensics.analysis.analyse import Equipment
from forensics.settings import Settings
from forensics.store.database import reading

from .distributions.colour.forensics_colour import ColourDetector

TINY = clips.Scene("tiny", 320, 180, 1, 300_000)
EQUIPMENT = Equipment(Settings(), (ColourDetector("colour", steady=False),), None, {})


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(clips, "cache_dir", lambda: tmp_path)
    return clips.clip(TINY)


def ticks() -> Iterator[float]:
    yield from map(float, range(100))


def test_stages_within_stages_add_up_to_the_whole() -> None:
    clock = ticks()
    watch = Stopwatch(lambda: next(clock))
    with watch.measure("outer"):
        with watch.measure("inner"):
            pass
        assert list(watch.iterated("inner", "ab")) == ["a", "b"]
    assert watch.seconds == {"inner": 4.0, "outer": 5.0}


def test_timed_object_behaves_like_the_one_it_stands_for() -> None:
    watch = Stopwatch()
    timed = Timed(ColourDetector("colour", steady=True), watch, "network")
    assert (timed.name, dict(watch.seconds)) == ("colour", {})


def test_median_is_taken_stage_by_stage() -> None:
    assert medians([{"a": 1.0}, {"a": 5.0}, {"a": 2.0}]) == {"a": 2.0}


def test_stages_of_a_clip_add_up_to_its_total(tiny: Path) -> None:
    with stages.database() as engine:
        found = stages.measured(tiny, EQUIPMENT, engine)
    assert {"open+hash", "probe", "decode", "network colour", "store", "other"} < set(found)
    assert found.pop("total") == pytest.approx(sum(found.values()))


def test_variants_of_a_clip_differ_in_bytes_only(tiny: Path, tmp_path: Path) -> None:
    one, other = clips.variants([tiny, tiny], tmp_path, "round")
    assert one.read_bytes() != other.read_bytes()
    assert throughput.loop([tiny, one, other], EQUIPMENT) > 0


def test_filled_database_answers_every_question(engine: Engine) -> None:
    filling.fill(engine, 2000)
    found = {name: count for name, _, count in rows.on(engine, 2000, 1)}
    assert found["results"] == found["results --label fake"] == rows.LIMIT
    assert (found["results --case none-such"], found["results --case case-25"]) == (0, 13)
    with reading(engine) as session:
        assert session.scalar(text("SELECT count(*) FROM verdict")) == 1960


def test_seed_network_has_the_keys_and_numbers_of_the_original() -> None:
    with torch.device("meta"):
        state = seed.SeedNet().state_dict()
    assert len(state) == 322
    assert state["model.4.0.conv2.weight"].shape == (128, 4, 3, 3)
    assert state["lstm.weight_hh_l0"].shape == (8192, 2048)
    assert not [name for name in state if "lstm.bias" in name]


def test_tables_name_no_path_of_this_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(report, "LAST", tmp_path / "last.json")
    monkeypatch.setattr(report, "README", tmp_path / "README.md")
    report.README.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    part = report.Part("stages", "Seconds", ("clip", "total"), [("13 s", 1.2345)], ["median of 5"])
    report.write_readme(report.keep([part]))
    written = report.README.read_text()
    assert "| 13 s | 1.23 |" in written
    assert "old" not in written
    assert str(Path.home()) not in written + report.LAST.read_text()
