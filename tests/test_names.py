"""Names say what they hold, and a question reads as one: held for the rooms that have been gone through."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import forensics

ROOT = Path(forensics.__file__).parent
ROOMS = ("cli", "records", "report", "store/queries", "verification", "web")
EMPTY_WORDS = {"found", "told", "said", "one", "own"}
QUESTIONS = ("is_", "has_", "can_", "may_", "should_", "needs_", "allows_", "contains", "matches")
FILES = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def bound(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield every name that a module gives to something, and its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr.lstrip("_"), node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_names_say_what_they_hold(path: Path) -> None:
    names = bound(ast.parse(path.read_text()))
    assert [(name, line) for name, line in names if name in EMPTY_WORDS] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_function_that_answers_yes_or_no_asks(path: Path) -> None:
    functions = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.FunctionDef)]
    yes_or_no = [f.name for f in functions if f.returns and ast.unparse(f.returns) == "bool"]
    assert [name for name in yes_or_no if not name.lstrip("_").startswith(QUESTIONS)] == []
