"""Path patterns mean the same on both databases."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from forensics.store import queries
from forensics.store.database import connect, reading
from forensics.store.queries import ResultFilter, globs

from ...conftest import new_database
from ..samples import seen, sight


def found(engine: Engine, glob: str) -> list[str]:
    with reading(engine) as session:
        rows = queries.results(session, ResultFilter(state="all", path_glob=glob), 100)
    return sorted(row.path for row in rows)


GLOBS = st.lists(
    st.sampled_from(["*", "?", "[", "]", "a", "b", "A", "-", "^", "!", "\\", ".", "é", "/"]),
    max_size=7,
).map("".join)
NAMES = ("/a", "/b", "/A", "/ab", "/a-b", "/[a]", "/]", "/^", "/!", "/é.b", "/a/b", "/\\a", "/-")


@example("/[]]").via("bracket in a kind")
@example("/[^]").via("nothing but a sign")
@example("/[b-a]").via("backwards")
@example("/[!b-a]").via("not backwards")
@example("/[a-]*").via("dash at the end")
@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(GLOBS)
def test_pattern_finds_the_same_on_both_databases(both: list[Engine], glob: str) -> None:
    one, other = (found(engine, glob) for engine in both)
    assert one == other


@pytest.fixture(scope="module")
def both(
    sqlite_template: Path,
    postgresql_server: Engine,
    postgresql_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[list[Engine]]:
    """Give both databases with the same files in them."""
    file = tmp_path_factory.mktemp("both") / "f.sqlite3"
    copyfile(sqlite_template, file)
    engines = [
        connect(f"sqlite:///{file}"),
        new_database(postgresql_server, "test_both", postgresql_template),
    ]
    for engine in engines:
        sight(engine, *(seen(name) for name in NAMES))
    yield engines
    for engine in engines:
        engine.dispose()


@pytest.mark.parametrize(
    ("glob", "paths"),
    [
        pytest.param("/?", ["/!", "/-", "/A", "/]", "/^", "/a", "/b"], id="one character"),
        pytest.param("/a*b", ["/a-b", "/a/b", "/ab"], id="any text, slashes too"),
        pytest.param("/[a-b]", ["/a", "/b"], id="range"),
        pytest.param("/[!a-b]", ["/!", "/-", "/A", "/]", "/^"], id="not in a range"),
        pytest.param("/[]]", ["/]"], id="bracket"),
        pytest.param("/[[]a]", ["/[a]"], id="brackets"),
        pytest.param("/[b-a]", [], id="backwards"),
        pytest.param("a", [], id="the whole path"),
        pytest.param("/é.?", ["/é.b"], id="beyond ASCII"),
        pytest.param("/\\\\a", ["/\\\\a"], id="backslash as shown"),
    ],
)
def test_pattern_means_what_shells_mean(both: list[Engine], glob: str, paths: list[str]) -> None:
    for engine in both:
        assert found(engine, glob) == paths


@pytest.mark.parametrize(
    ("glob", "start", "longest"),
    [
        pytest.param("/in/a*/clip.mp4", "/in/a", "/clip.mp4", id="text at both ends"),
        pytest.param("*", "", "", id="no text"),
        pytest.param("/a[bc]?d", "/a", "/a", id="signs end a text"),
        pytest.param("/a[b", "/a[b", "/a[b", id="a bracket that is not closed is text"),
    ],
)
def test_texts_of_a_pattern_are_in_every_match(glob: str, start: str, longest: str) -> None:
    assert (globs.start(glob), globs.longest_text(glob)) == (start, longest)
