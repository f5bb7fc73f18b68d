"""What is shipped for supervisors is sound as far as it can be checked without running it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from forensics.settings import Settings, known

DEPLOY = Path(__file__).parents[1] / "deploy"
UNIT = (DEPLOY / "forensics.service").read_text()


def test_unit_is_accepted_by_systemd(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    unit = tmp_path / "forensics.service"
    unit.write_text(UNIT.replace("/opt/forensics/bin/forensics", sys.executable))
    found = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stderr) == (0, "")


def test_compose_file_fits_its_schema() -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    found = subprocess.run(
        [*check, str(DEPLOY / "compose.yaml")], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("file", ["forensics.service", "compose.yaml", "Dockerfile"])
def test_settings_in_deployments_exist(file: str) -> None:
    words = (DEPLOY / file).read_text().replace("=", " ").replace(":", " ").split()
    used = {w.removeprefix("FORENSICS_").lower() for w in words if w.startswith("FORENSICS_")}
    assert used
    assert used <= known().keys()


def test_daemon_stops_before_its_supervisor_kills_it() -> None:
    assert f"TimeoutStopSec={30}" in UNIT
    assert Settings().stop_s < 30
