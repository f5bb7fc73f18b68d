"""The commands in docs/integrity.md run."""

import re
import shlex
from pathlib import Path

import pytest

from .commands import Cli
from .fakes import Clip, render

PAGE = (Path(__file__).parent.parent / "docs" / "integrity.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_commands_run_from_top_to_bottom(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    render(tmp_path / "clip.mp4", Clip())
    cli("scan", "clip.mp4")
    commands = [shlex.split(line)[1:] for block in BLOCKS for line in block.splitlines()]
    assert len(commands) > 10
    for command in commands:
        cli(*command)
