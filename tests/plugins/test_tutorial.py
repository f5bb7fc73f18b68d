"""A stranger's path: the tutorial's blocks, in order, from `plugins new` to the finding in `forensics show`."""

import os
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import NamedTuple

import pytest

from forensics.errors import UsageError
from forensics.plugins import template
from forensics.testing import write

TUTORIAL = Path(__file__).parents[2] / "plugins" / "README.md"
README = (TUTORIAL.parent.parent / "README.md").read_text(encoding="utf-8")
FENCED = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
PACKAGES = sysconfig.get_path("purelib")
MODULES = {
    "forensics": "forensics.cli",
    "pip": "pip",
    "mypy": "mypy",
    "pytest": "pytest",
}


class Block(NamedTuple):
    """A fenced block: what it is, which file it is, and its text."""

    kind: str
    path: str
    text: str


BLOCKS = [
    Block(*parts)
    for parts in re.findall(
        r"^```(\w+) ?(\S*)\n(.*?)^```", TUTORIAL.read_text(encoding="utf-8"), re.M | re.S
    )
]


def fresh(folder: Path) -> dict[str, str]:
    """Make a virtual environment that sees the packages of this one; returns the variables to use it with.

    Nothing is fetched: what a stranger would download is installed here already.
    """
    venv.create(folder, with_pip=False)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "installed.pth").write_text(f"import site; site.addsitedir({PACKAGES!r})\n")
    for command, module in MODULES.items():
        script = folder / "bin" / command
        script.write_text(f'#!/bin/sh\nexec "{folder}/bin/python" -m {module} "$@"\n')
        script.chmod(0o755)
    path = os.pathsep.join(
        (str(folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"])
    )
    home = folder / "home"
    kept = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "PATH": path,
        "HOME": str(home),
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip reads it the other way round: no isolation
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "FORENSICS_DATABASE_URL": f"sqlite:///{folder / 'forensics.sqlite3'}",
        "FORENSICS_PLUGINS": "frozen",
        "FORENSICS_SETTLE_S": "0",
        "FORENSICS_DEVICE": "cpu",
    }


def run(script: str, folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.slow
def test_tutorial_leads_from_nothing_to_a_finding(tmp_path: Path) -> None:
    environment = fresh(tmp_path / "environment")
    write("one_face", tmp_path).rename(tmp_path / "clip.mp4")
    here, outputs = tmp_path, {}
    for block in BLOCKS:
        if block.kind == "python":
            (here / block.path).write_text(block.text)
            continue
        outputs[block.text] = run(block.text, here, environment)
        if "cd forensics-frozen" in block.text:
            here = tmp_path / "forensics-frozen"
    listed = next(text for script, text in outputs.items() if "plugins list" in script)
    assert re.search(
        r"frozen +ok +0\.1\.0 +forensics-frozen +frozen +detectors +frozen: MIT", listed
    )
    shown = next(text for script, text in outputs.items() if "forensics show" in script)
    assert "frozen 0.1.0: scored" in shown
    assert "licence: MIT" in shown
    assert "0 of" in shown
    assert "neighbouring samples show the same picture" in shown


@pytest.mark.slow
def test_path_of_the_readme_leads_to_a_finding_and_the_new_plugin_is_clean_as_written(
    tmp_path: Path,
) -> None:
    environment = fresh(tmp_path / "environment")
    environment["FORENSICS_PLUGINS"] = "film-grain"
    write("one_face", tmp_path).rename(tmp_path / "clip.mp4")
    (tmp_path / "inbox").mkdir()
    (block,) = (block for block in FENCED.findall(README) if "plugins new film-grain" in block)
    output = run(block, tmp_path, environment)
    assert " passed" in output
    assert "film-grain 0.1.0: scored" in output
    assert "licence: MIT" in output
    project = tmp_path / "forensics-film-grain"
    run("ruff check . && ruff format --check .", project, environment)
    run("mypy", project, environment)
    assert " passed" in run("pytest -p no:cacheprovider", project, environment)


def test_code_of_the_tutorial_stands_where_the_project_has_it(tmp_path: Path) -> None:
    written = template.write("frozen", tmp_path / "new")
    known = {str(path.relative_to(written.folder)) for path in written.files}
    paths = [block.path for block in BLOCKS if block.kind == "python"]
    assert set(paths) - known == {"tests/conftest.py"}
    for block in BLOCKS:
        if block.kind == "python":
            compile(block.text, block.path, "exec")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param("Film", "can't be a detector's name", id="capital"),
        pytest.param("film_grain", "can't be a detector's name", id="underscore"),
        pytest.param("../evil", "can't be a detector's name", id="path"),
    ],
)
def test_name_that_is_none_is_refused(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        template.write(name, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_folder_with_files_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty; name another with --dir"):
        template.write("film-grain", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
