"""What imports what, and what must stay light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import forensics

PACKAGE = Path(forensics.__file__).parent
LAYERS = [
    {"cli"},
    {"web"},
    {"report"},
    {"testing", "template", "checkup"},
    {"service", "inline", "pool", "rerun"},
    {"metrics"},
    {"arrivals", "announce"},
    {"dispatch", "folders"},
    {"running"},
    {"limits"},
    {"executor", "intake", "watcher", "worker", "child", "preload", "probe", "rehash"},
    {"gallery", "retention", "camera"},
    {"proxy", "copier"},
    {"transcode"},
    {"analysis"},
    {
        "media",
        "faces",
        "tracks",
        "crops",
        "cascade",
        "ahead",
        "verdict",
        "wording",
        "store",
        "events",
    },
    {"plugins", "weights", "manifest", "manifest_calibration"},
    {"registration"},
    {"contract"},
    {"hookspecs", "logs", "backoff", "containment", "supervisor"},
    {"plain", "paths", "toml_table", "landlock", "evidence", "album"},
    {"records", "settings"},
    {"policy", "sound", "heatmap"},
    {"errors"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


def stage(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Return the stages that a module imports from this package."""
    depth = len(path.relative_to(PACKAGE).parts)
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            found |= {node.module.split(".")[0]} if node.module else {a.name for a in node.names}
    return found & LEVEL.keys()


MODULES = sorted(path for path in PACKAGE.rglob("*.py") if stage(path) in LEVEL)


@pytest.mark.parametrize("path", [pytest.param(p, id=str(p.relative_to(PACKAGE))) for p in MODULES])
def test_imports_point_one_way(path: Path) -> None:
    own = stage(path)
    wrong = {name for name in imported(path) if LEVEL[name] < LEVEL[own]}
    assert not wrong, f"{own} imports from upstream: {wrong}"


def test_every_module_has_its_place() -> None:
    found = {stage(path) for path in PACKAGE.rglob("*.py")} - {"__init__", "alembic"}
    assert found == LEVEL.keys()


@pytest.mark.parametrize(
    "statement",
    [
        "from forensics.cli import main; main(['--help'], standalone_mode=False)",
        "import forensics.cli.watch, forensics.cli.scan, forensics.cli.results",
    ],
    ids=["help", "parent-process"],
)
def test_command_line_and_parent_load_neither_torch_nor_opencv(statement: str) -> None:
    code = f"{statement}\nimport sys\nprint(sorted({{'torch', 'cv2', 'av', 'numpy'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_files_stay_under_300_lines() -> None:
    root = PACKAGE.parent
    files = [
        *PACKAGE.rglob("*.py"),
        *(root / "tests").rglob("*.py"),
        *(root / "plugins").rglob("*.py"),
    ]
    long = {str(f): n for f in files if (n := len(f.read_text().splitlines())) > 300}
    assert not long
