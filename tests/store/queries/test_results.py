"""What people and scripts read back."""

from typing import Any

import pytest
from sqlalchemy import Engine

from forensics.errors import ErrorCode, UsageError
from forensics.records import Label
from forensics.store import jobs, queries
from forensics.store.database import reading, writing
from forensics.store.models import JobState
from forensics.store.queries import ResultFilter

from ..samples import NEWER, NOW, analyse, begin, claim, digest, fail, finish, later, seen, sight


def results(engine: Engine, limit: int = 100, **wanted: Any) -> list[queries.Result]:
    with reading(engine) as session:
        return queries.results(session, ResultFilter(**wanted), limit)


def paths(engine: Engine, **wanted: Any) -> list[str]:
    return [row.path for row in results(engine, **wanted)]


@pytest.fixture
def filled(engine: Engine) -> Engine:
    """Give a database with verdicts, a failure, a queued and a running job."""
    analyse(engine, "/in/fake.mp4", 1, case="7/26")
    analyse(engine, "/in/real.mp4", 2, at=later(10), label=Label.REAL, detector="other")
    fail(engine, "/in/broken.mp4", ErrorCode.UNDECODABLE, 20)
    sight(engine, seen("/in/queued.mp4"), at=later(40))
    running = sight(engine, seen("/in/running.mp4"), at=later(30)).job_ids
    claim(engine, later(30), only=running)
    return engine


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param({}, "broken real fake", id="done and failed, newest first"),
        pytest.param({"state": "done"}, "real fake", id="done"),
        pytest.param({"state": "failed"}, "broken", id="failed"),
        pytest.param({"state": "all"}, "queued running broken real fake", id="all"),
        pytest.param({"label": Label.FAKE}, "fake", id="label"),
        pytest.param({"since": later(10)}, "broken real", id="since"),
        pytest.param({"detector": "other"}, "real", id="detector"),
        pytest.param({"case": "7/26"}, "fake", id="case"),
        pytest.param({"path_glob": "*/r*.mp4"}, "real", id="path"),
        pytest.param({"path_glob": "*/R*.mp4"}, "", id="path, case counts"),
        pytest.param(
            {"path_glob": "/in/[!fr]*", "label": None}, "broken", id="path, not of a kind"
        ),
        pytest.param({"label": Label.REAL, "case": "7/26"}, "", id="all conditions hold"),
    ],
)
def test_results_are_filtered(filled: Engine, wanted: dict[str, Any], found: str) -> None:
    assert paths(filled, **wanted) == [f"/in/{name}.mp4" for name in found.split()]


def test_result_says_what_is_known(filled: Engine) -> None:
    failed, _, done = results(filled)
    assert (done.path, done.sha256, done.state) == ("/in/fake.mp4", digest(1), JobState.DONE)
    assert (done.label, done.reason, done.fake, done.log10_lr) == (Label.FAKE, None, 0.86, 0.8)
    assert (done.error, done.stale, done.created_at) == (None, False, NOW)
    assert (failed.state, failed.error) == (JobState.FAILED, ErrorCode.UNDECODABLE)
    assert (failed.label, failed.verdict_id, failed.sha256) == (None, None, None)
    assert failed.created_at == later(20)


def test_unknown_state_and_key_are_wrong_usage(engine: Engine) -> None:
    with pytest.raises(UsageError, match="choose done, failed or all"):
        results(engine, state="dune")
    with pytest.raises(UsageError, match="key"), reading(engine) as session:
        queries.results(session, ResultFilter(), 1, "nonsense")


def test_pages_follow_each_other_without_gap_or_repetition(engine: Engine) -> None:
    for number in range(11):
        analyse(engine, f"/{number}", number, at=later(number // 3))
    found: list[queries.Result] = []
    with reading(engine) as session:
        while page := queries.results(session, ResultFilter(), 3, found[-1].key if found else None):
            found += page
    assert [row.path for row in found] == [f"/{number}" for number in range(10, -1, -1)]


def test_path_shows_its_newest_ended_job(engine: Engine) -> None:
    analyse(engine, "/a", 1, label=Label.FAKE)
    sight(engine, seen("/a", 1), at=later(5), again=True)
    (before,) = results(engine)
    assert (before.state, before.label) == (JobState.DONE, Label.FAKE)
    assert [row.state for row in results(engine, state="all")] == [JobState.QUEUED]
    fail(engine, "/a", ErrorCode.UNREADABLE, 9)
    assert [row.state for row in results(engine)] == [JobState.FAILED]
    assert paths(engine, state="done") == []


def test_former_and_gone_files_are_no_results(engine: Engine) -> None:
    analyse(engine, "/a", 1)
    analyse(engine, "/b", 2)
    sight(engine, seen("/a", 3))
    with writing(engine) as session:
        jobs.mark_gone(session, ["/b"], NOW)
    assert paths(engine) == []


def test_verdict_of_an_older_pipeline_is_stale(engine: Engine) -> None:
    analyse(engine, "/old", 1)
    analyse(engine, "/new", 2, at=later(5), pipeline=NEWER)
    analyse(engine, "/odd", 3, at=later(9), pipeline={"frames": 50}, is_default=False)
    assert {row.path: row.stale for row in results(engine)} == {
        "/old": True,
        "/new": False,
        "/odd": True,
    }


def test_status_counts_what_waits_and_what_ended(filled: Engine) -> None:
    fail(filled, "/in/broken.mp4", ErrorCode.NO_VIDEO, 50)
    with writing(filled) as session:
        alive = jobs.start_daemon(session, ["/in", "/\udcff"], 2, later(30))
        jobs.beat(session, alive, later(60))
        jobs.start_daemon(session, ["/silent"], 1, later(20))
        stopped = jobs.start_daemon(session, ["/stopped"], 1, later(60))
        jobs.stop_daemon(session, stopped, later(60))
    with reading(filled) as session:
        found = queries.status(session, later(70))
    assert found.states == {
        JobState.QUEUED: 1,
        JobState.RUNNING: 1,
        JobState.DONE: 2,
        JobState.FAILED: 1,
    }
    assert found.oldest_waiting == later(40)
    assert [line.path for line in found.running] == ["/in/running.mp4"]
    assert found.per_minute == 3.43  # four jobs in the 70 s since the first was begun
    assert [(d.folders, d.workers, d.beat_at) for d in found.daemons] == [
        (("/in", "/\\xff"), 2, later(60))
    ]
    assert found.failed_by_code == {ErrorCode.NO_VIDEO: 1}
    assert found.last_error is not None
    assert (found.last_error.path, found.last_error.error) == ("/in/broken.mp4", ErrorCode.NO_VIDEO)
    assert found.plain()["states"]["queued"] == 1


def test_status_of_an_empty_database(engine: Engine) -> None:
    with reading(engine) as session:
        found = queries.status(session, NOW)
    assert set(found.states.values()) == {0}
    assert (found.oldest_waiting, found.daemons, found.last_error) == (None, (), None)


def test_job_list_is_newest_first_and_pages(filled: Engine) -> None:
    with reading(filled) as session:
        lines = queries.job_list(session, None, 3)
        rest = queries.job_list(session, None, 3, before=lines[-1].id)
        failed = queries.job_list(session, JobState.FAILED, 3)
    assert [line.id for line in (*lines, *rest)] == [5, 4, 3, 2, 1]
    assert [(line.path, line.error) for line in failed] == [
        ("/in/broken.mp4", ErrorCode.UNDECODABLE)
    ]
    assert failed[0].plain()["state"] == "failed"


def test_outcome_of_a_job_has_all_that_its_verdict_says(engine: Engine) -> None:
    (done,) = sight(engine, seen("/a")).job_ids
    claimed = claim(engine)
    begin(engine, claimed)
    verdict_id = finish(engine, claimed)
    failed = fail(engine, "/b", ErrorCode.EMPTY)
    waiting = sight(engine, seen("/c")).job_ids
    with reading(engine) as session:
        good, bad = (queries.job_outcome(session, job_id).plain() for job_id in (done, failed))
        ended = set(queries.ended_jobs(session, [done, failed, *waiting]))
    assert ended == {done, failed}
    assert tuple(good) == tuple(bad) == queries.OUTCOME_FIELDS
    assert (good["state"], good["label"], good["verdict_id"]) == ("done", "fake", verdict_id)
    assert good["findings"][0]["detector"] == "colour"
    assert (bad["state"], bad["error"], bad["error_message"]) == ("failed", "empty", "/b: so")
    assert (bad["label"], bad["findings"], bad["verdict_id"]) == (None, [], None)
