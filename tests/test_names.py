"""Names say what they hold: rooms whose names were gone through stay as they are."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import forensics

ROOT = Path(forensics.__file__).parents[1]
GONE_THROUGH = [
    "forensics/faces",
    "forensics/media",
    "forensics/plugins",
    "forensics/records",
    "forensics/settings.py",
    "forensics/testing",
    "forensics/toml_tables",
    "forensics/weights",
    "plugins/compression/forensics_compression",
    "plugins/onnx_classifier/forensics_onnx_classifier",
    "plugins/provenance/forensics_provenance",
]
SAY_NOTHING = {"found", "told", "said", "one", "own"}
ASKING = ("is_", "has_", "read_")
# What others call by these names: Python's own file objects, and a promise of `forensics.media`.
PROMISED = {"readable", "seekable", "across_cut"}


def trees(place: str) -> Iterator[tuple[str, ast.Module]]:
    path = ROOT / place
    for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
        yield str(file.relative_to(ROOT)), ast.parse(file.read_text())


def names(node: ast.AST) -> str | None:
    """The name that a node gives to something."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
            return name
        case ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return name
    return None


@pytest.mark.parametrize("place", GONE_THROUGH)
def test_no_name_says_nothing(place: str) -> None:
    for file, tree in trees(place):
        wrong = {name for node in ast.walk(tree) if (name := names(node)) in SAY_NOTHING}
        assert not wrong, f"{file}: call it by the noun of what it holds: {wrong}"


@pytest.mark.parametrize("place", GONE_THROUGH)
def test_what_returns_a_bool_asks(place: str) -> None:
    for file, tree in trees(place):
        functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
        wrong = {
            node.name
            for node in functions
            if node.returns is not None
            and ast.unparse(node.returns) == "bool"
            and not node.name.lstrip("_").startswith(ASKING)
        }
        assert wrong <= PROMISED, f"{file}: begin with is_ or has_: {wrong - PROMISED}"
