"""`forensics plugins check`: the two lines of an author's test, run on an installed plugin."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from ..errors import PluginError
from ..settings import Settings

LINES = "from forensics.testing import conformance\nTestConformance = conformance({name!r})\n"


def run(name: str, settings: Settings) -> int:
    """Run the conformance kit with pytest, which prints what it finds; returns its exit status, 0 or 1.

    Raises PluginError where pytest is not installed.
    """
    try:
        import pytest  # noqa: F401
    except ImportError as error:
        raise PluginError(
            "the conformance kit needs pytest; run \"pip install 'media-forensics[faces,testing]'\""
        ) from error
    with tempfile.TemporaryDirectory() as folder:
        test = Path(folder) / "test_conformance.py"
        test.write_text(LINES.format(name=name), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--tb=short", "-rf"]
        known = {"FORENSICS_WEIGHTS": settings.weights} if settings.weights else {}
        done = subprocess.run(  # noqa: S603 - our own interpreter and a file of our own
            [*command, f"--rootdir={folder}", "-c", os.devnull, str(test)],
            env={**os.environ, **known},
            check=False,
        )
    return min(done.returncode, 1)
