"""Folders that are closed to the user who lists them."""

import subprocess
import sys
from pathlib import Path

import pytest

AS_NOBODY = """
import logging, os, sys
from pathlib import Path
from forensics.cli.scan import gather
from forensics.daemon.listing import listing
logging.basicConfig(format="%(message)s %(folder)s")
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
"""
LIST = """
for place in sys.argv[1:]:
    print([Path(file.path).name for file in listing([Path(place)])])
"""
GATHER = """
for place in sys.argv[1:]:
    files, lost = gather([Path(place)])
    print([Path(f.path).name for f in files], [(p.name, c.value, why) for p, c, why in lost])
"""


def as_nobody(folder: Path, code: str, *arguments: Path) -> subprocess.CompletedProcess[str]:
    """Run code as a user without rights of its own, to whom the folders above are opened."""
    for above in (folder, *folder.parents[:3]):
        if above.name.startswith(("test_", "pytest-")):
            above.chmod(0o755)
    command = [sys.executable, "-c", AS_NOBODY + code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True)


def closed_folder(folder: Path, mode: int) -> Path:
    """Make a folder with two files and a folder in it, and then take rights away."""
    (folder / "closed" / "below").mkdir(parents=True)
    for name in "ab":
        (folder / "closed" / name).write_bytes(b"x")
    (folder / "closed").chmod(mode)
    return folder / "closed"


MODES = {"no-rights": 0, "enter-only": 0o311, "read-only": 0o644}
BELOW = "closed/below"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one for each way to be closed, and in that an open file and the closed folder."""
    folder = tmp_path_factory.mktemp("test_closed")
    for kind, mode in MODES.items():
        (folder / kind).mkdir()
        (folder / kind / "open.mp4").write_bytes(b"x")
        closed_folder(folder / kind, mode)
    return folder


def test_folder_without_rights_is_named_and_the_rest_is_listed(folder: Path) -> None:
    child = as_nobody(folder, LIST, *(folder / kind for kind in MODES))
    assert child.stdout == "['open.mp4']\n" * len(MODES)
    for kind in MODES:
        named = f"folder can't be listed {folder / kind / 'closed'}\n"
        assert child.stderr.count(named) == 1, kind


@pytest.fixture(scope="module")
def gathered(folder: Path) -> dict[tuple[str, str], str]:
    """What one scan by nobody states of each: by the way it is closed, and by what of it is given."""
    asked = [(kind, given) for kind in MODES for given in ("", "closed")] + [("no-rights", BELOW)]
    child = as_nobody(folder, GATHER, *(folder / kind / given for kind, given in asked))
    assert child.stderr == ""
    return dict(zip(asked, child.stdout.splitlines(), strict=True))


@pytest.mark.parametrize("kind", MODES)
@pytest.mark.parametrize(
    ("given", "files"),
    [pytest.param("", ["open.mp4"], id="nested"), pytest.param("closed", [], id="given")],
)
def test_scan_states_that_a_folder_is_closed(
    gathered: dict[tuple[str, str], str], kind: str, given: str, files: list[str]
) -> None:
    start = f"{files} [('closed', 'unreadable', 'Permission denied')"
    assert gathered[kind, given].startswith(start)


def test_scan_states_that_a_path_below_a_closed_folder_is_unreadable(
    gathered: dict[tuple[str, str], str],
) -> None:
    assert gathered["no-rights", BELOW] == "[] [('below', 'unreadable', 'no right to look there')]"
