"""What the pages ask: one job as it goes on, jobs with parameters of their own, files to serve."""

from sqlalchemy import Engine

from forensics.errors import ErrorCode
from forensics.records import Label
from forensics.store.database import reading
from forensics.store.models import JobState
from forensics.store.queries import jobs as job_queries

from ..samples import NOW, analyse, claim, digest, fail, later, seen, sight

FORTY = {"frames": 40}


def test_job_is_told_with_its_name_and_place_in_the_queue(engine: Engine) -> None:
    sight(engine, seen("/in/0.mp4"), seen("/in/1.mp4", 2))
    sight(engine, seen("/in/soon.mp4", 3), priority=10, exhibit="came as.mp4", at=later(5))
    sight(engine, seen("/in/other.mp4", 4), parameters=FORTY, is_default=False)
    with reading(engine) as session:
        views = job_queries.job_views(session, [4, 3, 2, 99])
    assert [(view.id, view.name, view.ahead) for view in views] == [
        (2, "1.mp4", 2),
        (3, "came as.mp4", 0),
        (4, "other.mp4", 0),
    ]
    assert views[2].parameters == FORTY


def test_ended_jobs_are_told_with_verdict_or_error(engine: Engine) -> None:
    verdict_id = analyse(engine, "/in/a.mp4", label=Label.REAL)
    failed = fail(engine, "/in/b.mp4", ErrorCode.UNDECODABLE, 9)
    with reading(engine) as session:
        done, lost = job_queries.job_views(session, [1, failed])
    assert (done.verdict_id, done.label, done.sha256) == (verdict_id, Label.REAL, digest(1))
    assert (lost.state, lost.error) == (JobState.FAILED, ErrorCode.UNDECODABLE)


def test_jobs_of_their_own_are_those_below_the_folder_that_nobody_works_on(engine: Engine) -> None:
    sight(engine, seen("/in/default.mp4"))
    sight(engine, seen("/in/deep/40.mp4"), parameters=FORTY, is_default=False)
    sight(engine, seen("/inner/40.mp4"), parameters=FORTY, is_default=False)
    sight(engine, seen("/in/scan.mp4"), parameters={**FORTY, "policy": "report"}, is_default=False)
    running = sight(engine, seen("/in/running.mp4"), parameters=FORTY, is_default=False).job_ids
    claim(engine, only=running)
    with reading(engine) as session:
        assert job_queries.asked_jobs(session, "/in", later(1)) == {2: FORTY}
        assert job_queries.asked_jobs(session, "/in", later(60)) == {2: FORTY, running[0]: FORTY}


def test_detectors_are_those_of_the_default_pipeline(engine: Engine) -> None:
    with reading(engine) as session:
        assert job_queries.default_detectors(session) == ()
    analyse(engine, "/in/a.mp4")
    with reading(engine) as session:
        assert job_queries.default_detectors(session) == ("colour",)


def test_files_of_a_content_are_the_current_ones_as_they_were_then(engine: Engine) -> None:
    analyse(engine, "/in/a.mp4", 1)
    analyse(engine, "/in/b.mp4", 1)
    sight(engine, seen("/in/a.mp4", 2), at=later(9))
    with reading(engine) as session:
        assert job_queries.files_of(session, digest(1)) == [seen("/in/b.mp4", 1)]
        assert job_queries.files_of(session, digest(2)) == []


def test_newest_job_is_found_by_content_and_by_path(engine: Engine) -> None:
    analyse(engine, "/in/a.mp4")
    waiting = sight(engine, seen("/in/\udcff.mp4", 2), at=NOW).job_ids[0]
    with reading(engine) as session:
        assert job_queries.newest_job_of(session, digest(1), None) == 1
        assert job_queries.newest_job_of(session, None, "/in/\\xff.mp4") == waiting
        assert job_queries.newest_job_of(session, None, None) is None
        assert job_queries.newest_job_of(session, None, "/in/none.mp4") is None


def test_names_are_those_that_current_files_came_by(engine: Engine) -> None:
    sight(engine, seen("/in/1"), exhibit="a.mp4")
    sight(engine, seen("/in/2"))
    with reading(engine) as session:
        assert job_queries.exhibits(session, ["/in/1", "/in/2", "/in/3"]) == {"/in/1": "a.mp4"}
