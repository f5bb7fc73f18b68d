"""The tables of docs/faults.md and the tests agree: every row has its test, every test of the fault suite its row."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
TEXT = (TESTS.parent / "docs" / "faults.md").read_text()
ROW = re.compile(r"^\| ([^|]+) \| [^|]+ \| (`[\w.`, ]+`) \|$", re.MULTILINE)
NAMED = [
    (fault, *name.rsplit(".", 1))
    for fault, names in ROW.findall(TEXT)
    for name in re.findall(r"`([\w.]+)`", names)
]


def defined_in(module: str) -> set[str]:
    """The tests that a module defines, read without importing it."""
    tree = ast.parse((TESTS / f"{module.replace('.', '/')}.py").read_text())
    found = (node.name for node in tree.body if isinstance(node, ast.FunctionDef))
    return {name for name in found if name.startswith("test_")}


@pytest.mark.parametrize(("fault", "module", "test"), NAMED)
def test_a_row_has_its_test(fault: str, module: str, test: str) -> None:
    assert test in defined_in(module)


def test_every_row_is_read() -> None:
    lines = [line for line in TEXT.splitlines() if line.startswith("| ") and "`" in line]
    assert len(ROW.findall(TEXT)) == len(lines) > 40


@pytest.mark.parametrize("path", sorted((TESTS / "faults").glob("test_*.py")), ids=lambda p: p.stem)
def test_a_test_of_the_fault_suite_has_its_row(path: Path) -> None:
    module = f"faults.{path.stem}"
    assert defined_in(module) == {test for _, where, test in NAMED if where == module}
