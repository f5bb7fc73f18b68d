"""Names say what they hold. `python -m tests.test_names` prints what is left to rename, line by line."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import forensics

ROOT = Path(forensics.__file__).parents[1]
VAGUE = frozenset({"found", "told", "said", "one", "own"})
ASKING = frozenset(
    {"is", "has", "may", "can", "holds", "wants", "needs", "ends", "concerns", "differs", "reads"}
    | {"read", "will", "should", "allows", "contains", "matches"}
)
PROMISED = frozenset(
    {"readable", "seekable", "across_cut"}
)  # by Python's file objects, and by `forensics.media`
FILES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "forensics").rglob("*.py"))


def bound(node: ast.AST) -> str | None:
    """The name that a node binds: a variable, a parameter, an attribute of self or of a class."""
    if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
        return node.id if isinstance(node, ast.Name) else node.attr
    if isinstance(node, ast.MatchAs | ast.MatchStar):
        return node.name
    return node.arg if isinstance(node, ast.arg) else None


def is_question(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function says that it gives a bool."""
    return isinstance(node.returns, ast.Name) and node.returns.id == "bool"


def wrong_names(file: str) -> Iterator[str]:
    """What a file has to rename, each with its line."""
    for node in ast.walk(ast.parse((ROOT / file).read_text())):
        if bound(node) in VAGUE:
            yield f"{file}:{getattr(node, 'lineno', 0)}: {bound(node)}"
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name in PROMISED:
            continue
        if is_question(node) and node.name.lstrip("_").split("_")[0] not in ASKING:
            yield f"{file}:{node.lineno}: {node.name}() -> bool"


@pytest.mark.parametrize("file", FILES)
def test_names_are_nouns_of_what_they_hold_and_questions_ask(file: str) -> None:
    assert [*wrong_names(file)] == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        pytest.param("found = 1", 1, id="variable"),
        pytest.param("for one in (): pass", 1, id="loop"),
        pytest.param("def f(told): pass", 1, id="parameter"),
        pytest.param("self.said = 1", 1, id="attribute"),
        pytest.param("def empty() -> bool: ...", 1, id="question"),
        pytest.param("def is_empty() -> bool: ...", 0, id="question that asks"),
        pytest.param("print(found)", 0, id="use"),
    ],
)
def test_check_sees_what_it_is_to_see(tmp_path: Path, source: str, count: int) -> None:
    (tmp_path / "a.py").write_text(source)
    assert len([*wrong_names(str(tmp_path / "a.py"))]) == count


if __name__ == "__main__":
    print("\n".join(wrong for file in FILES for wrong in wrong_names(file)))  # noqa: T201
