"""All that is known about one verdict, content or path."""

import os
from pathlib import Path

import pytest
from sqlalchemy import Engine

from forensics.errors import ErrorCode, UsageError
from forensics.store import jobs, queries
from forensics.store.database import reading, writing
from forensics.store.models import JobState
from forensics.store.queries import ResultFilter

from ..samples import NEWER, NOW, analyse, digest, fail, later, seen, sight


def show(engine: Engine, key: object) -> queries.Shown | None:
    with reading(engine) as session:
        return queries.show(session, str(key))


def test_show_finds_a_verdict_by_number_hash_and_path(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    path = os.fspath(tmp_path / "a.mp4")
    verdict_id = analyse(engine, path, 1)
    keys = [verdict_id, digest(1), digest(1)[:8], digest(1)[:10].upper(), path, "a.mp4"]
    for key in keys:
        found = show(engine, key)
        assert found is not None
        assert found.judged is not None
        assert (found.judged.id, found.path, found.sha256) == (verdict_id, path, digest(1))
        assert (found.judged.in_force, found.judged.stale) == (True, False)
        assert found.verdict is not None
        assert found.verdict.findings[0].evidence.tracks[0].last_s == 2.5


@pytest.mark.parametrize(
    "key", ["", "7", "9" * 18, "9" * 30, "ab" * 32, "abcdefab", "/none", "\udcff"]
)
def test_show_knows_nothing_of_other_keys(engine: Engine, key: str) -> None:
    analyse(engine, "/a")
    assert show(engine, key) is None


def test_show_asks_for_more_digits(engine: Engine) -> None:
    sight(engine, seen("/a"), seen("/b"))
    for tail in ("0", "1"):
        with writing(engine) as session:
            (claimed,) = jobs.claim(session, NOW, 1)
            jobs.begin(
                session,
                claimed,
                "abcdef12" + tail * 56,
                1,
                {},
                is_default=True,
                force=False,
                now=NOW,
            )
    with pytest.raises(UsageError, match="more digits"):
        show(engine, "abcdef12")
    assert show(engine, "abcdef120") is not None


def test_show_has_the_history_and_all_places(engine: Engine) -> None:
    first = analyse(engine, "/a", 1)
    second = analyse(engine, "/b", 1, at=later(5), pipeline=NEWER)
    sight(engine, seen("/b", 7), at=later(9))
    found = show(engine, digest(1))
    assert found is not None
    assert [(j.id, j.in_force, j.stale) for j in found.history] == [
        (second, True, False),
        (first, False, True),
    ]
    assert [(s.path, s.gone_at) for s in found.sightings] == [("/a", None), ("/b", later(9))]
    by_path = show(engine, "/a")
    assert by_path is not None
    assert by_path.judged is not None
    assert by_path.judged.id == first


def test_show_says_why_there_is_no_verdict(engine: Engine) -> None:
    fail(engine, "/a", ErrorCode.NO_VIDEO)
    found = show(engine, "/a")
    assert found is not None
    assert (found.state, found.error, found.verdict) == (JobState.FAILED, ErrorCode.NO_VIDEO, None)
    assert found.plain()["error"] == "no_video"
    sight(engine, seen("/b"))
    waiting = show(engine, "/b")
    assert waiting is not None
    assert (waiting.state, waiting.error) == (JobState.QUEUED, None)


def test_show_finds_a_path_that_is_no_text_by_what_is_shown(engine: Engine) -> None:
    name = os.fsdecode(b"/in/\xff\\x.mp4")
    analyse(engine, name)
    with reading(engine) as session:
        (row,) = queries.results(session, ResultFilter(), 9)
    assert row.path == r"/in/\xff\\x.mp4"
    assert show(engine, row.path) == show(engine, name)
    assert show(engine, row.path) is not None
