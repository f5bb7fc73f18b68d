"""From a card to a finding, through the command line and a worker process.

The command is a process of its own: workers have the environment of the first one that this process started.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forensics_onnx_classifier.cards import read
from PIL import Image

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    monkeypatch.setenv("FORENSICS_DATABASE_URL", f"sqlite:///{home / 'forensics.sqlite3'}")
    monkeypatch.setenv("FORENSICS_PLUGINS", "onnx_classifier")
    monkeypatch.setenv("FORENSICS_ONNX_CARDS", str(tmp_path))
    monkeypatch.setenv("FORENSICS_THREADS", "1")


def lines(*arguments: object, code: int = 0) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "forensics.cli", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_picture_is_scored_by_a_card_and_a_broken_card_beside_it_says_why(
    write: Write, tmp_path: Path
) -> None:
    card = write(view={"of": "frame", "fit": "stretch"})
    (tmp_path / "half.toml").write_text('schema = 1\nname = "half"\n')
    red = tmp_path / "red.png"
    Image.fromarray(np.full((40, 60, 3), (255, 0, 0), np.uint8)).save(red)
    (line,) = lines("scan", "--json", red)
    by_detector = {finding["detector"]: finding for finding in line["findings"]}
    assert by_detector["onnx-red"]["outcome"] == "scored"
    assert by_detector["onnx-red"]["score"] == pytest.approx(1)
    assert by_detector["onnx-red"]["weights"] == read(card).sha256
    assert by_detector["onnx-half"]["outcome"] == "error"
    assert (line["label"], line["reason"]) == ("inconclusive", "uncalibrated")
    (record,) = lines("show", "--json", red)
    messages = [finding.get("message", "") for finding in record["findings"]]
    assert any("half.toml: key 'input' is missing" in message for message in messages)


def test_plugin_without_cards_is_no_broken_plugin() -> None:
    rows = {row["name"]: row for row in lines("plugins", "list", "--json")}
    assert (rows["onnx_classifier"]["state"], rows["onnx_classifier"]["detectors"]) == ("ok", [])
