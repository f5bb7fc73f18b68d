"""Pages of results are the same however they are found: among the newest jobs, through a filter, further back."""

from itertools import product
from typing import Any

import pytest
from sqlalchemy import Engine

from forensics.errors import ErrorCode
from forensics.records import Label
from forensics.store import queries
from forensics.store.database import reading
from forensics.store.queries import ResultFilter, result_pages

from ..samples import analyse, fail, later

LONG = "/in/" + "long/" * 120 + "b.mp4"


@pytest.fixture
def many(engine: Engine) -> Engine:
    """Give a database with 12 verdicts and 3 failures, of which several ended at the same time."""
    for number in range(12):
        label = Label.FAKE if number % 4 == 0 else Label.REAL
        detector = "rare" if number == 1 else "colour"
        case = "first" if number < 3 else None
        path = LONG if number == 5 else f"/in/{'ab'[number % 2]}/{number}_%.mp4"
        analyse(
            engine, path, number, at=later(number // 3), label=label, detector=detector, case=case
        )
    for number in range(3):
        fail(engine, f"/in/broken/{number}.mp4", ErrorCode.UNDECODABLE, number)
    return engine


FILTERS: list[dict[str, Any]] = [
    {},
    {"label": Label.FAKE},
    {"label": Label.INCONCLUSIVE},
    {"state": "failed"},
    {"state": "done"},
    {"state": "all"},
    {"since": later(2)},
    {"case": "first"},
    {"detector": "rare"},
    {"path_glob": "/in/a/*"},
    {"path_glob": "*b*"},
    {"path_glob": "*/?_%.mp4"},
    {"path_glob": "[!x]in/a/[0-4]*"},
    {"path_glob": "/in/long/*", "label": Label.REAL},
    {"case": "first", "label": Label.FAKE, "since": later(0)},
]
SIZES = {"window": (2, 0), "few": (2, 100), "growing": (1, 0)}


def found(engine: Engine, limit: int, **wanted: Any) -> list[str]:
    paths: list[str] = []
    key = None
    with reading(engine) as session:
        while page := queries.results(session, ResultFilter(**wanted), limit, key):
            paths += [row.path for row in page]
            key = page[-1].key
    return paths


@pytest.mark.parametrize("wanted", [pytest.param(w, id=str(list(w.items()))) for w in FILTERS])
def test_search_finds_the_same_wherever_it_looks_first(
    many: Engine, monkeypatch: pytest.MonkeyPatch, wanted: dict[str, Any]
) -> None:
    expected = found(many, 100, **wanted)
    assert len(set(expected)) == len(expected)
    for (first, few), limit in product(SIZES.values(), (1, 3, 100)):
        monkeypatch.setattr(result_pages, "WINDOW", first)
        monkeypatch.setattr(result_pages, "FEW", few)
        monkeypatch.setattr(result_pages, "MOST", 4)
        assert found(many, limit, **wanted) == expected


def test_filters_hold_for_paths_longer_than_what_is_indexed(many: Engine) -> None:
    assert found(many, 9, path_glob="/in/long/*b.mp4") == [LONG]
    assert len(LONG) >= 600
