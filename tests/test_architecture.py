"""Which room imports which, and what must stay light."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import forensics

ROOT = Path(forensics.__file__).parents[1]
TABLE = re.compile(r"^\| (\d+) \| `(\w+)` \| ([^|]+) \| (yes)? ?\|$", re.MULTILINE)
Rows = Sequence[set[str]]
ROOMS: Rows = [
    {"cli"},
    {"web", "diagnostics"},
    {"daemon", "verification"},
    {"workers", "report", "testing"},
    {"analysis", "evidence"},
    {"faces", "plugins"},
    {"media", "store", "weights", "process", "hookspecs", "logs", "commands"},
    {"settings", "serialization"},
    {"records"},
    {"errors", "escaping", "concurrency", "clock", "files", "toml_tables"},
]
PUBLIC = {
    "analysis",
    "commands",
    "errors",
    "settings",
    "hookspecs",
    "records",
    "weights",
    "media",
    "faces",
    "plugins",
    "testing",
    "toml_tables",
}
INSIDE: Mapping[str, Rows] = {
    "forensics": ROOMS,
    "forensics.store": [
        {"queries", "ledger", "compact"},
        {"jobs", "migrate"},
        {"database", "indexes"},
        {"models"},
        {"columns", "paths"},
    ],
    "forensics.report": [
        {"bundle"},
        {"collection"},
        {"builder"},
        {"page", "text", "pdf"},
        {"processing_rows", "timeline", "face_strips"},
        {"axes", "summary"},
        {"wording", "report_data", "svg_marks", "files"},
    ],
    "forensics.web": [
        {"app"},
        {"report_page"},
        {"media_files"},
        {"job_pages", "upload_pages", "verdicts", "result_list"},
        {"forms", "guard", "inbox", "verdict_context"},
        {"multipart", "player", "templating"},
        {"background", "errors", "formats", "state"},
    ],
    "forensics.cli": [
        {"__main__"},
        {"export", "purge", "report", "show", "validate", "verify", "watch"},
        {"live", "report_files", "reviews", "scan", "verify_report"},
        {"chain", "db", "doctor", "evidence", "jobs", "plugins", "results", "status", "web"}
        | {"live_layout", "scan_run", "text_timeline", "verdict_text", "verify_rerun", "weights"},
        {"common", "lookup", "terminal_capture"},
    ],
    "forensics_resnext_lstm": [
        {"commands"},
        {"evaluation"},
        {"training"},
        {"preparing", "original", "detector", "scoring", "onnx_export"},
        {"data", "checkpoints", "gradcam"},
        {"model", "device", "fuse_batchnorm", "metrics"},
    ],
}
PLUGINS = {
    path.parent.name: path.parent.parent for path in ROOT.glob("plugins/*/forensics_*/__init__.py")
}


PLAINLY_NAMED = {
    *("analysis", "daemon", "diagnostics", "evidence", "process", "workers"),
    *("clock", "concurrency", "errors", "escaping", "files", "hookspecs", "logs", "serialization"),
}
NAMES_NOTHING = {"found", "told", "said", "one", "own"}
ASKS = ("is_", "has_", "can_", "may_", "must_", "needs_", "should_", "was_", "will_")


@cache
def modules(package: str) -> dict[str, Path]:
    """The files of a distribution's package by their module's name."""
    base = PLUGINS.get(package, ROOT)
    paths = {
        path.relative_to(base).with_suffix(""): path for path in (base / package).rglob("*.py")
    }
    return {".".join(name.parts).removesuffix(".__init__"): path for name, path in paths.items()}


def statements(path: Path, *, is_plugin: bool) -> Iterator[ast.Import | ast.ImportFrom]:
    """The imports of a module; a plugin's own door calls its detectors in functions, which imports nothing yet."""
    tree = ast.parse(path.read_text())
    nodes = tree.body if is_plugin and path.parent.name in PLUGINS and path.stem == "__init__" else ast.walk(tree)  # fmt: skip
    return (node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom))


@cache
def imported(package: str, name: str) -> frozenset[str]:
    """What a module imports, relative or absolute, by full names; of this package's modules and of `forensics`."""
    path, known = modules(package)[name], modules(package) | modules("forensics")
    parts = name.split(".") if path.stem == "__init__" else name.split(".")[:-1]
    found = set()
    for node in statements(path, is_plugin=package in PLUGINS):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
            continue
        above = parts[: len(parts) - node.level + 1] if node.level else []
        source = ".".join([*above, *filter(None, [node.module])])
        names = {f"{source}.{alias.name}" for alias in node.names}
        found |= {full if full in known else source for full in names}
    return frozenset(found & known.keys())


EVERY = [
    (package, name) for package in ("forensics", *PLUGINS) for name in sorted(modules(package))
]


def child(package: str, name: str) -> str | None:
    """Which of a package's children a module is, or is in; None for the package's door and for other packages."""
    return (
        name.removeprefix(f"{package}.").split(".")[0] if name.startswith(f"{package}.") else None
    )


@pytest.mark.parametrize(("package", "name"), EVERY, ids=[name for _, name in EVERY])
def test_imports_go_down_only(package: str, name: str) -> None:
    for whole, rows in INSIDE.items():
        level = {room: number for number, row in enumerate(rows) for room in row}
        here = child(whole, name)
        if here is None:
            continue
        there = {child(whole, other) for other in imported(package, name)} - {None, here}
        wrong = {room for room in there if room and level[room] <= level[here]}
        assert not wrong, f"{name} imports from its own floor or above: {wrong}"


@pytest.mark.parametrize("package", ["forensics", *PLUGINS])
def test_there_is_no_circle(package: str) -> None:
    graph = {name: imported(package, name) - {name} for name in modules(package)}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


@pytest.mark.parametrize("package", INSIDE)
def test_every_module_has_its_room(package: str) -> None:
    listed = [room for row in INSIDE[package] for room in row]
    assert len(listed) == len(set(listed))
    names = modules(package.split(".")[0])
    assert {child(package, name) for name in names} - {None} == set(listed)


def test_page_on_architecture_has_every_room_on_its_floor() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = TABLE.findall(text)
    assert len(rows) == text.count("\n|") - 2, "a line of the table is of another form"
    assert [(int(floor), room) for floor, room, _, _ in rows] == [
        (len(ROOMS) - number, room)
        for number, row in enumerate(ROOMS)
        for room in sorted(row, key=[name for _, name, _, _ in rows].index)
    ]
    assert {room for _, room, _, is_public in rows if is_public} == PUBLIC
    assert len(text.splitlines()) <= 60, "more than one screen"


def test_the_house_has_few_floors_and_few_modules_at_the_top() -> None:
    assert len(ROOMS) <= 10
    assert len(list((ROOT / "forensics").glob("*.py"))) <= 10


@pytest.mark.parametrize("package", PLUGINS)
def test_plugins_import_public_rooms_only(package: str) -> None:
    for name in modules(package):
        assert not private_rooms(package, name), f"{name} imports from private rooms"


@pytest.mark.parametrize("package", PLUGINS)
def test_tests_of_plugins_import_public_rooms_and_the_command_line(package: str) -> None:
    home = PLUGINS[package]
    for path in [*home.glob("*.py"), *home.glob("tests/*.py")]:
        assert rooms_named(path) <= PUBLIC | {"cli"}, path.name


def test_conformance_kit_imports_public_rooms_only() -> None:
    for name in modules("forensics"):
        if name.startswith("forensics.testing"):
            assert not private_rooms("forensics", name), f"{name} imports from private rooms"


def private_rooms(package: str, name: str) -> set[str]:
    """The rooms from which a module imports though they are no plugin's business."""
    rooms = {child("forensics", other) for other in imported(package, name)}
    return {room for room in rooms if room} - PUBLIC


def test_new_plugins_import_public_rooms_only() -> None:
    for path in (ROOT / "forensics" / "plugins" / "template" / "files").glob("*.py.template"):
        assert rooms_named(path) <= PUBLIC, path.name


def rooms_named(path: Path) -> set[str]:
    """The rooms that a file's import lines name."""
    text = path.read_text()
    return set(re.findall(r"^\s*(?:from|import) forensics\.(\w+)", text, re.MULTILINE))


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
    folders = ("forensics", "tests", "plugins")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    long = {str(f): n for f in files if (n := len(f.read_text().splitlines())) > 300}
    assert not long


def test_only_the_clock_tells_the_time() -> None:
    """What stands for the present moment in a record is UTC with its time zone, in one way."""
    for name, path in modules("forensics").items():
        nodes = (node for node in ast.walk(ast.parse(path.read_text())))
        calls = {ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)}
        asked = {"datetime.now", "datetime.utcnow", "time.time"} & calls
        assert not asked or name == "forensics.clock", f"{name}: {asked}"


def named(tree: ast.AST) -> Iterator[str]:
    """Yield the names that a module gives to variables, parameters and functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name


def asking(tree: ast.AST) -> Iterator[str]:
    """Yield the names of the functions that answer yes or no."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and ast.unparse(node.returns or node) == "bool":
            yield node.name


@pytest.mark.parametrize("room", sorted(PLAINLY_NAMED))
def test_names_are_nouns_of_what_they_hold_and_questions_begin_as_such(room: str) -> None:
    for name, path in modules("forensics").items():
        if child("forensics", name) != room or name == "forensics.analysis.fusion":
            continue
        tree = ast.parse(path.read_text())
        assert not NAMES_NOTHING & {*named(tree)}, name
        assert all(asked.lstrip("_").startswith(ASKS) for asked in asking(tree)), name
