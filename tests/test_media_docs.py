"""The tables of docs/formats.md and the tests agree: every row has its test, every tested kind its row."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .media import (
    test_media,
    test_media_cut,
    test_media_errors,
    test_media_foreign,
    test_media_kinds,
    test_media_traits,
    test_sampling,
)

TEXT = (Path(__file__).parent.parent / "docs" / "formats.md").read_text()
ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| `(\w+)\.(\w+)` \|$", re.MULTILINE)
MODULES = {
    module.__name__.rpartition(".")[2]: module
    for module in (
        test_media,
        test_media_cut,
        test_media_errors,
        test_media_foreign,
        test_media_kinds,
        test_media_traits,
        test_sampling,
    )
}
ROWS = [(kind, module, test) for kind, _, module, test in ROW.findall(TEXT)]


# Tests that look once more at kinds whose row names another test.
CLOSER = {"test_of_200_last_bytes_nearly_each_is_missed"}


def kinds(test: Callable[..., Any]) -> set[str]:
    """The rows that a test is run for; none for one that is no list of kinds."""
    marks = [m for m in getattr(test, "pytestmark", ()) if m.name == "parametrize"]
    return {kind for mark in marks if mark.args[0] == "kind" for kind in mark.args[1]}


def test_the_document_has_rows() -> None:
    assert len(ROWS) > 80


@pytest.mark.parametrize(("kind", "module", "test"), ROWS)
def test_a_row_has_its_test(kind: str, module: str, test: str) -> None:
    found = getattr(MODULES[module], test)
    assert not kinds(found) or kind in kinds(found)


@pytest.mark.parametrize("module", MODULES)
def test_a_tested_kind_has_its_row(module: str) -> None:
    rows = {(kind, test) for kind, where, test in ROWS if where == module}
    tested = {
        (kind, name)
        for name, test in vars(MODULES[module]).items()
        if name.startswith("test_") and test.__module__.endswith(f".{module}")
        for kind in kinds(test)
    }
    assert {(kind, name) for kind, name in tested if name not in CLOSER} <= rows
