"""The README is true: its commands run, and every setting and command stands in it."""

import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from forensics import settings
from forensics.cli import COMMANDS, main
from forensics.errors import ErrorCode
from forensics.records import Label

from .distributions import COLOUR
from .fakes import Clip, render

README = (Path(__file__).parent.parent / "README.md").read_text()
SHELL = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]


def commands(group: click.Group, prefix: str) -> list[str]:
    context = click.Context(group)
    found = []
    for name in COMMANDS if group is main else group.list_commands(context):
        command = group.get_command(context, name)
        within = commands(command, f"{prefix} {name}") if isinstance(command, click.Group) else []
        found += within or [f"{prefix} {name}"]
    return found


def test_shell_blocks_run_from_top_to_bottom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORENSICS_PLUGINS", "colour")
    monkeypatch.setenv("FORENSICS_SETTLE_S", "0")
    monkeypatch.setenv("FORENSICS_DATABASE_URL", f"sqlite:///{tmp_path / 'x.sqlite3'}")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.syspath_prepend(str(COLOUR))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inbox").mkdir()
    render(tmp_path / "clip.mp4", Clip())
    assert len(SHELL) > 10
    for line in SHELL:
        result = CliRunner().invoke(main, shlex.split(line)[1:])
        assert result.exit_code == 0, f"{line}: {result.output}"


@pytest.mark.parametrize("name", [*settings.known()])
def test_setting_is_documented_with_its_sentence(name: str) -> None:
    assert f"| `{name}` |" in README
    assert settings.known()[name].metadata["doc"] in README


@pytest.mark.parametrize("command", commands(main, "forensics"))
def test_command_is_documented(command: str) -> None:
    assert command in README


@pytest.mark.parametrize("token", [*Label, *ErrorCode])
def test_label_and_error_code_is_documented(token: str) -> None:
    assert f"`{token}`" in README
