import hashlib
import subprocess
import sys
from dataclasses import asdict, replace
from math import log10
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from forensics import weights
from forensics.errors import WeightsError
from forensics.records import Calibration, Crowd, ErrorRate, MediaKind, Thresholds, Together
from forensics.settings import Settings
from forensics.weights import put_together, toml_value

DATA = b"not really weights"
CALIBRATION = Calibration(
    slope=1.5,
    intercept=-0.25,
    cap_log10=2.0,
    fake_at=0.8,
    real_at=-0.4,
    min_face_px=64,
    min_frames=3,
    kinds=(MediaKind.VIDEO, MediaKind.STILL),
    flagged_real=ErrorRate(100, 5, "made up", "2025-11-22", "face crops"),
    report=Thresholds(1.9, -0.4, ErrorRate(1000, 3, "made up", "2025-11-22", "face crops")),
    drift_log10=0.02,
)
AT = Thresholds(0.8, -0.9)


def table(name: str = "resnext-lstm", **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "name": name,
        "file": f"{name}.safetensors",
        "sha256": hashlib.sha256(DATA).hexdigest(),
        "layout": "frame-head-lstm-residual",
        "trunk": "resnext50_32x4d",
        "hidden": 512,
        "frames": 20,
        "status": "provisional",
        "date": "2025-11-22",
        "licence": "research",
        "permitted_use": "research only",
        "data": ["a", "b"],
        "crop": {"scale": 0.82, "shift": 0.1, "px": 112},
        "recipe": {"seed": 1},
    }
    return {key: value for key, value in (values | changes).items() if value is not ...}


def folder(path: Path, *tables: dict[str, Any]) -> Settings:
    path.mkdir(parents=True, exist_ok=True)
    (path / "manifest.toml").write_text(tomli_w.dumps({"schema": 1, "weights": tables}))
    for values in tables:
        (path / values["name"]).with_suffix(".safetensors").write_bytes(DATA)
    return Settings(weights=str(path))


@pytest.fixture
def _nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "PACKAGE", "forensics_weights_absent")


def test_entry_is_read_with_its_types(tmp_path: Path) -> None:
    entry = weights.get(folder(tmp_path, table()), "resnext-lstm")
    assert entry.path == tmp_path / "resnext-lstm.safetensors"
    assert entry.crop == weights.CropValues(0.82, 0.1, 112)
    assert entry.status is weights.WeightsStatus.PROVISIONAL
    assert (entry.data, entry.recipe, entry.calibration) == (("a", "b"), {"seed": 1}, None)


def test_entry_reads_back_as_it_was_put(tmp_path: Path) -> None:
    settings = folder(tmp_path, table(), table("other"))
    entry = replace(weights.get(settings, "resnext-lstm"), calibration=CALIBRATION, hidden=64)
    weights.put(entry)
    assert weights.get(settings, "resnext-lstm") == entry
    assert {other.name for other in weights.find(settings)} >= {"resnext-lstm", "other"}


def test_put_makes_a_manifest_where_there_is_none(tmp_path: Path) -> None:
    entry = weights.get(folder(tmp_path / "a", table()), "resnext-lstm")
    moved = replace(entry, manifest=tmp_path / "new" / "manifest.toml")
    weights.put(moved)
    assert weights.read(moved.manifest).entries == (moved,)


@pytest.mark.usefixtures("_nothing_installed")
def test_settings_folder_comes_before_the_installed_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = folder(tmp_path / "own", table("both", hidden=1))
    folder(tmp_path / "forensics_weights_absent", table("both"), table("installed"))
    (tmp_path / "forensics_weights_absent" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert [(e.name, e.hidden) for e in weights.find(settings)] == [("both", 1), ("installed", 512)]


@pytest.mark.usefixtures("_nothing_installed")
def test_missing_weights_name_the_next_command(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"'absent' in .*run 'forensics weights list'"):
        weights.get(folder(tmp_path, table()), "absent")
    with pytest.raises(WeightsError, match="in no manifest"):
        weights.get(Settings(), "absent")


def test_folder_without_a_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"manifest.toml: there is no such manifest"):
        weights.find(Settings(weights=str(tmp_path)))


def test_verify_tells_changed_bytes_and_missing_files(tmp_path: Path) -> None:
    entry = weights.get(folder(tmp_path, table()), "resnext-lstm")
    weights.verify(entry)
    entry.path.write_bytes(b"changed")
    with pytest.raises(WeightsError, match=r"SHA-256 is \w{12}\.\., the manifest says \w{12}\.\.;"):
        weights.verify(entry)
    entry.path.unlink()
    with pytest.raises(WeightsError, match="can't be read"):
        weights.verify(entry)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"sha256": ...}, "key 'sha256' is missing", id="missing"),
        pytest.param({"sha256": "12AB"}, "'sha256' is '12AB', not 64", id="sha256"),
        pytest.param({"colour": "red"}, "key 'colour' is not known", id="unknown"),
        pytest.param({"hidden": "512"}, "'hidden' is '512', not a whole number", id="text"),
        pytest.param({"hidden": True}, "'hidden' is True, not a whole number", id="flag"),
        pytest.param({"frames": 0}, "'frames' is 0, must be at least 1", id="range"),
        pytest.param({"file": "../x.safetensors"}, "'file' is '../x.safetensors'", id="path"),
        pytest.param({"status": "final"}, "choose from provisional, released", id="status"),
        pytest.param({"date": "yesterday"}, "'date' is 'yesterday', not a date", id="date"),
        pytest.param({"data": [1]}, r"'data' is \[1\], not a list of texts", id="list"),
        pytest.param({"crop": 3}, "'crop' is 3, not a table", id="table"),
        pytest.param(
            {"crop": {"scale": float("nan"), "shift": 0, "px": 9}}, "crop: key 'scale'", id="nan"
        ),
        pytest.param({"calibration": {"slope": 1}}, "calibration: key 'intercept'", id="nested"),
    ],
)
def test_manifest_error_names_file_and_key(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    folder(tmp_path, table(**changes))
    with pytest.raises(WeightsError, match=message) as caught:
        weights.read(tmp_path / "manifest.toml")
    assert str(caught.value).startswith(f"{tmp_path / 'manifest.toml'}: weights 'resnext-lstm': ")


def test_manifest_names_everything_that_is_wrong_with_it(tmp_path: Path) -> None:
    values = toml_value(asdict(replace(CALIBRATION, crowds=(Crowd(2, AT), Crowd(0, AT)))))
    del values["slope"]
    values["fake_at"] = 0.1
    values["flagged_real"] |= {"wrong": 101}
    values["crowds"][0]["at"]["real_at"] = 1.0
    folder(
        tmp_path,
        table("a", sha256="12AB", frames=0, colour="red", crop={"scale": "wide", "shift": 0}),
        table("b", calibration=values, manifest="elsewhere.toml"),
    )
    path = tmp_path / "manifest.toml"
    with pytest.raises(WeightsError) as caught:
        weights.read(path)
    lines = [line.partition("; known: ")[0] for line in str(caught.value).splitlines()]
    assert [line.removeprefix(f"{path}: weights ") for line in lines] == [
        "'a': key 'sha256' is '12AB', not 64 lower-case hexadecimal digits",
        "'a': key 'frames' is 0, must be at least 1",
        "'a': crop: key 'scale' is 'wide', not a number",
        "'a': crop: key 'px' is missing",
        "'a': key 'colour' is not known here",
        "'b': key 'manifest' is not known here",
        "'b': calibration: key 'slope' is missing",
        f"'b': calibration: key 'fake_at' is 0.1, must be at least log10(2) = {log10(2)}: "
        "a smaller ratio supports nothing",
        "'b': calibration: flagged_real: key 'wrong' is 101 of 100 face crops",
        "'b': calibration: crowds 1: at: key 'real_at' is 1.0, must be at most 0: "
        "a larger ratio speaks for a fake",
        "'b': calibration: crowds 2: key 'faces' is 0, must be at least 1",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("schema = 2", "'schema' is 2, this program reads 1", id="schema"),
        pytest.param("", "key 'schema' is missing", id="empty"),
        pytest.param("schema = ", "can't be read", id="syntax"),
        pytest.param("schema = 1\nweights = [1]", r"must be a list of \[\[weights\]\]", id="list"),
    ],
)
def test_manifest_that_is_none_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "manifest.toml"
    path.write_text(text)
    with pytest.raises(WeightsError, match=message):
        weights.read(path)


def test_one_name_twice_is_refused(tmp_path: Path) -> None:
    folder(tmp_path, table(), table())
    with pytest.raises(WeightsError, match="'resnext-lstm' in two entries"):
        weights.read(tmp_path / "manifest.toml")


@pytest.mark.parametrize(
    ("thresholds", "message"),
    [
        pytest.param({"fake_at": 0.3}, "'fake_at' is 0.3, must be at least log10", id="fake"),
        pytest.param({"real_at": 0.01}, "'real_at' is 0.01, must be at most 0:", id="real"),
        pytest.param({"fake_at": -0.4, "real_at": 0.8}, "'fake_at' is -0.4", id="crossed"),
    ],
)
def test_thresholds_that_contradict_the_ratio_are_refused(
    tmp_path: Path, thresholds: dict[str, Any], message: str
) -> None:
    entry = weights.get(folder(tmp_path, table()), "resnext-lstm")
    with pytest.raises(WeightsError, match=message):
        weights.put(replace(entry, calibration=replace(CALIBRATION, **thresholds)))
    assert weights.read(entry.manifest).entries == (entry,)


def test_lineage_and_thresholds_for_several_faces_are_read_as_written(tmp_path: Path) -> None:
    entry = weights.get(folder(tmp_path, table()), "resnext-lstm")
    crowds = (Crowd(2, AT, AT), Crowd(5, None))
    stage = {"recipe": {"name": "tiny", "held_out": [9]}, "steps": 3, "after": "", "teacher": ""}
    whole = replace(
        entry,
        calibration=replace(CALIBRATION, crowds=crowds),
        mirrored=True,
        learnt=("0", "other/2"),
        stages=(stage,),
    )
    weights.put(whole)
    assert weights.read(entry.manifest).entries == (whole,)


def test_errors_together_stay_until_one_of_the_entries_judges_otherwise(tmp_path: Path) -> None:
    settings = folder(tmp_path, table("a"), table("b"))
    a, b = weights.read(tmp_path / "manifest.toml").entries
    rate = ErrorRate(100, 1, "drawn", "2026-11-28")
    both = Together(("a", "b"), (a.sha256, b.sha256), rate, rate)
    put_together(a.manifest, both)
    known = {"a": a.sha256, "b": b.sha256}
    assert weights.together(settings, known) == (both,)
    assert weights.together(settings, {**known, "b": "other"}) == ()
    assert weights.together(settings, {"a": a.sha256}) == ()
    weights.put(replace(a, figures={"n": 2}))
    assert weights.together(settings, known) == (both,)
    weights.put(replace(a, calibration=CALIBRATION))
    assert weights.together(settings, known) == ()


def test_errors_together_are_of_the_entries_that_are_used_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder(tmp_path / "forensics_weights_here", table("a"), table("b"))
    a, b = weights.read(tmp_path / "forensics_weights_here" / "manifest.toml").entries
    rate = ErrorRate(100, 1, "drawn", "2026-11-28")
    put_together(a.manifest, Together(("a", "b"), (a.sha256, b.sha256), rate, rate))
    (tmp_path / "forensics_weights_here" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(weights, "PACKAGE", "forensics_weights_here")
    known = {"a": a.sha256, "b": b.sha256}
    assert len(weights.together(Settings(), known)) == 1
    settings = folder(tmp_path / "own", table("a"))  # the same file, perhaps calibrated anew
    assert weights.together(settings, known) == ()


@pytest.mark.parametrize("faces", [(1,), (3, 2), (2, 2)])
def test_numbers_of_faces_rise_from_two(tmp_path: Path, faces: tuple[int, ...]) -> None:
    entry = weights.get(folder(tmp_path, table()), "resnext-lstm")
    crowded = replace(CALIBRATION, crowds=tuple(Crowd(n, AT) for n in faces))
    with pytest.raises(WeightsError, match="must rise from 2 or more"):
        weights.put(replace(entry, calibration=crowded))


def test_thresholds_at_the_least_ratios_are_read(tmp_path: Path) -> None:
    entry = weights.get(folder(tmp_path, table()), "resnext-lstm")
    least = replace(CALIBRATION, fake_at=log10(2), real_at=0.0)
    weights.put(replace(entry, calibration=least))
    assert weights.read(entry.manifest).entries[0].calibration == least


def test_error_rate_without_a_unit_counts_files(tmp_path: Path) -> None:
    values = toml_value(asdict(CALIBRATION))
    del values["flagged_real"]["unit"]
    entry = weights.get(folder(tmp_path, table(calibration=values)), "resnext-lstm")
    assert entry.calibration is not None
    assert entry.calibration.flagged_real == ErrorRate(100, 5, "made up", "2025-11-22", "files")


def test_manifests_are_read_without_numpy_or_torch() -> None:
    code = "import sys, forensics.weights; sys.exit(bool({'numpy', 'torch'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
