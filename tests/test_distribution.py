"""The core as it is installed from a wheel, outside this checkout."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the sdist, the wheel from it, and unpack that as pip would."""
    folder = tmp_path_factory.mktemp("site")
    built = folder / "built"
    hatch(ROOT, "sdist", built)
    (sdist,) = built.glob("*.tar.gz")
    subprocess.run(["tar", "-xzf", sdist, "-C", folder], check=True)
    (source,) = folder.glob("media_forensics-*")
    hatch(source, "wheel", built)
    (wheel,) = built.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def hatch(source: Path, target: str, out: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(out)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)


def run(site: Path, code: str) -> str:
    """Run code with the unpacked wheel in place of this checkout."""
    start = f"import sys; sys.path.insert(0, {str(site)!r}); "
    done = subprocess.run(
        [sys.executable, "-c", start + code], cwd=site, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_wheel_brings_its_migrations(site: Path) -> None:
    code = (
        "import forensics; from forensics.store import migrate, database; "
        f"engine = database.connect('sqlite:///{site.parent / 'new.sqlite3'}'); "
        "migrate.ensure(engine, may_upgrade=False); "
        "print(forensics.__file__); print(migrate.folder()); print(migrate.current(engine) == migrate.head())"
    )
    assert run(site, code).splitlines() == [
        str(site / "forensics" / "__init__.py"),
        str(site / "forensics" / "alembic"),
        "True",
    ]


def test_wheel_holds_nothing_else(site: Path) -> None:
    names = {path.name for path in site.iterdir()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"forensics"}


def test_wheel_brings_types_and_the_files_of_a_new_plugin(site: Path) -> None:
    code = (
        "from pathlib import Path; from forensics.plugins import template; "
        "print(len(template.write('film-grain', Path('new')).files) == len(template.PLACES))"
    )
    assert run(site, code).split() == ["True"]
    assert (site / "forensics" / "py.typed").is_file()


def test_wheel_brings_the_templates_of_reports(site: Path) -> None:
    code = (
        "from forensics.report.page import environment; "
        "print(*environment().list_templates()); environment().get_template('report.html')"
    )
    assert run(site, code).split() == ["frame.html", "index.html", "report.html", "style.css"]
