"""`forensics weights`, for people and for scripts."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from forensics_resnext_lstm.evaluation.calibrate import Validity, fit

from forensics import weights
from forensics.analysis.fusion import wilson_interval
from forensics.records import AIMS, Calibration, Crowd, ErrorRate, Policy, Thresholds, Together
from forensics.weights import put_together

from ..commands import Cli
from ..weights.test_weights import CALIBRATION, folder, table


@pytest.fixture(autouse=True)
def _nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "PACKAGE", "forensics_weights_absent")


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the setting `weights`, with those of the detectors "a" and "b"."""
    folder(tmp_path / "own", table("a"), table("b"))
    monkeypatch.setenv("FORENSICS_WEIGHTS", str(tmp_path / "own"))
    return tmp_path / "own"


def test_verify_has_a_line_of_json_for_each_file(cli: Cli, own: Path) -> None:
    (own / "b.safetensors").write_bytes(b"changed")
    good, bad = cli.lines("weights", "verify", "--json", code=1)
    names = ("name", "file", "path", "sha256")
    assert [[line[name] for name in names] for line in (good, bad)] == [
        [entry[name] for name in names] for entry in cli.lines("weights", "list", "--json")
    ]
    assert (good["ok"], good["error"], bad["ok"]) == (True, None, False)
    assert "b.safetensors: SHA-256 is" in bad["error"]


def test_verify_tells_people_what_is_wrong_apart_from_what_is_right(cli: Cli, own: Path) -> None:
    a, b = own / "a.safetensors", own / "b.safetensors"
    assert cli("weights", "verify").stdout == f"{a}: ok\n{b}: ok\n"
    b.unlink()
    said = cli("weights", "verify", code=1)
    assert said.stdout == f"{a}: ok\n"
    assert said.stderr.startswith(f"Error: {b}: can't be read")


def test_added_weights_are_told_as_json_and_the_way_to_use_them_apart(
    cli: Cli, tmp_path: Path
) -> None:
    folder(tmp_path / "sent", table("a"))
    said = cli("weights", "add", tmp_path / "sent", tmp_path / "new", "--json")
    (added,) = weights.read(tmp_path / "new" / "manifest.toml").entries
    told = {"name": "a", "file": "a.safetensors", "path": str(added.path), "sha256": added.sha256}
    assert json.loads(said.stdout) == told
    assert said.stderr == f"To use them: export FORENSICS_WEIGHTS={tmp_path / 'new'}\n"


def listed(cli: Cli, own: Path, calibration: Calibration | None) -> str:
    """Return what `weights list` says of the weights "a" with this calibration."""
    entry = next(e for e in weights.read(own / "manifest.toml").entries if e.name == "a")
    weights.put(replace(entry, calibration=calibration))
    said = cli("weights", "list").stdout.splitlines()
    return next(line for line in said if line.startswith("a: "))


def test_list_tells_what_a_calibration_demands_and_how_it_errs(cli: Cli, own: Path) -> None:
    assert listed(cli, own, CALIBRATION) == (
        "a: judges videos and stills, faces from 64 px, in a video from 3 sampled frames; LR up to 100; "
        "drift between number types up to a factor of 1.05; "
        "triage fake from LR 6.3 (5 of 100 real face crops wrong), real to LR 0.4; "
        "report fake from LR 79 (3 of 1000 real face crops wrong), real to LR 0.4."
    )


def test_list_says_what_was_not_measured(cli: Cli, own: Path) -> None:
    said = listed(cli, own, replace(CALIBRATION, drift_log10=None, report=None))
    assert "; drift between number types not measured; " in said
    assert said.endswith("; report not established.")
    assert listed(cli, own, None) == "a: no calibration, so it scores and never votes."


def test_list_tells_the_errors_on_files_of_several_faces(cli: Cli, own: Path) -> None:
    at = Thresholds(
        0.8, -0.9, ErrorRate(50, 2, "d", "2026-11-28"), ErrorRate(40, 3, "d", "2026-11-28")
    )
    said = listed(cli, own, replace(CALIBRATION, crowds=(Crowd(2, at), Crowd(3, None))))
    assert said.endswith(
        "; triage of files with up to 2 faces (2 of 50 real, 3 of 40 manipulated ones wrong), "
        "3 faces not established; with more nothing is decided."
    )


def test_errors_together_are_listed_and_added(cli: Cli, own: Path, tmp_path: Path) -> None:
    a, b = weights.read(own / "manifest.toml").entries
    rates = ErrorRate(50, 2, "d", "2026-11-28"), ErrorRate(40, 3, "d", "2026-11-28")
    put_together(a.manifest, Together((a.name, b.name), (a.sha256, b.sha256), *rates))
    said = (
        f"{a.name} + {b.name}: their verdict under triage, of files of one face "
        "(2 of 50 real, 3 of 40 manipulated ones wrong)."
    )
    assert said in cli("weights", "list").stdout.splitlines()
    cli("weights", "add", own, tmp_path / "new")
    added = weights.read(tmp_path / "new" / "manifest.toml")
    assert added.together == weights.read(a.manifest).together != ()


@pytest.mark.usefixtures("own")
def test_list_tells_once_what_holds_for_all_weights(cli: Cli) -> None:
    said = cli("weights", "list").stdout.splitlines()
    assert [line for line in said if line.startswith("All weights: ")] == [
        "All weights: inconclusive where decoding errors leave under 80 % of the frames asked for; "
        "triage aims at 5 % of real files flagged and 10 % of fakes called real, at most; "
        "report aims at 1 % of real files flagged and 10 % of fakes called real, at most."
    ]


@pytest.mark.parametrize("policy", [*Policy])
def test_fitted_thresholds_keep_to_what_the_policy_aims_at(policy: Policy) -> None:
    labels = np.arange(2000) % 2 == 1
    scores = np.random.default_rng(0).standard_normal(2000) + 2 * labels
    fitted = fit(labels, scores, Validity())
    at = fitted if policy is Policy.TRIAGE else fitted.report
    assert at is not None
    ratios = (fitted.slope * scores + fitted.intercept) / np.log(10)
    flagged = int((ratios[~labels] >= at.fake_at).sum())
    missed = int((ratios[labels] <= at.real_at).sum())
    most = AIMS[policy]
    assert wilson_interval(flagged, 1000)[1] < most.flagged_real
    assert wilson_interval(flagged + 1, 1000)[1] >= most.flagged_real
    assert missed == 1000 * most.missed_fake
