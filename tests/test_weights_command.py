"""`forensics weights`, for people and for scripts."""

import json
from pathlib import Path

import pytest

from forensics import weights

from .commands import Cli
from .test_weights import folder, table


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
