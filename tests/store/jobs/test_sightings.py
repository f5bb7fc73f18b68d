"""Listings become sightings and jobs."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, event, select

from forensics.errors import ErrorCode
from forensics.records import Failure
from forensics.store import jobs
from forensics.store.database import chunks, reading, writing
from forensics.store.models import Job, JobState, Sighting

from ..samples import analyse, claim, later, seen, sight


def all_of(engine: Engine, table: type[Any]) -> list[Any]:
    with reading(engine) as session:
        return list(session.scalars(select(table).order_by(table.id)))


def fail(engine: Engine, claimed: jobs.Claim, code: ErrorCode) -> JobState:
    with writing(engine) as session:
        return jobs.fail(session, claimed, Failure(code, "so"), later(1))


@pytest.fixture
def statements(engine: Engine) -> Iterator[list[str]]:
    """Collect the SQL sent from here on."""
    sent: list[str] = []

    def keep(_: object, __: object, statement: str, *___: object) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", keep)
    yield sent
    event.remove(engine, "before_cursor_execute", keep)


def test_new_files_are_queued_in_their_order(engine: Engine) -> None:
    sighted = sight(engine, seen("/in/b.mp4"), seen("/in/a.mp4"), seen("/in/b.mp4"))
    assert (sighted.new, sighted.changed, sighted.known) == (2, 0, 0)
    found = {job.id: job.sighting_id for job in all_of(engine, Job)}
    paths = {row.id: row.path for row in all_of(engine, Sighting)}
    assert [paths[found[job_id]] for job_id in sighted.job_ids] == ["/in/b.mp4", "/in/a.mp4"]


def test_known_file_makes_no_job(engine: Engine) -> None:
    sight(engine, seen("/in/a.mp4"))
    again = sight(engine, seen("/in/a.mp4"), at=later(60))
    assert again == jobs.Sighted(0, 0, 1, ())
    analyse(engine, "/in/a.mp4")
    assert sight(engine, seen("/in/a.mp4"), at=later(90)).job_ids == ()


def test_thousands_of_known_files_make_no_job_and_few_statements(
    engine: Engine, statements: list[str]
) -> None:
    files = [seen(f"/in/{number}.mp4") for number in range(5000)]
    assert len(sight(engine, *files).job_ids) == 5000
    statements.clear()
    assert sight(engine, *files) == jobs.Sighted(0, 0, 5000, ())
    assert len(statements) < 30
    with reading(engine) as session:
        assert not any(jobs.compared(session, some)[0] for some in chunks(files))


@pytest.mark.parametrize(
    "rewritten",
    [
        pytest.param(jobs.SeenFile("/in/a.mp4", 5, 1, 1), id="size"),
        pytest.param(jobs.SeenFile("/in/a.mp4", 1, 5, 1), id="time"),
        pytest.param(jobs.SeenFile("/in/a.mp4", 1, 1, 5), id="inode"),
    ],
)
def test_rewritten_file_is_new_evidence(engine: Engine, rewritten: jobs.SeenFile) -> None:
    sight(engine, jobs.SeenFile("/in/a.mp4", 1, 1, 1))
    sighted = sight(engine, rewritten, at=later(5))
    assert (sighted.new, sighted.changed, sighted.known) == (0, 1, 0)
    old, new = all_of(engine, Sighting)
    assert (old.is_current, old.gone_at) == (False, later(5))
    assert (new.is_current, new.gone_at) == (True, None)


def test_queued_job_of_a_rewritten_file_fails_as_changed(engine: Engine) -> None:
    (old_id,) = sight(engine, seen("/in/a.mp4", 1)).job_ids
    (new_id,) = sight(engine, seen("/in/a.mp4", 2)).job_ids
    old, new = all_of(engine, Job)
    assert (old.id, old.state, old.error) == (old_id, JobState.FAILED, ErrorCode.CHANGED)
    assert (new.id, new.state) == (new_id, JobState.QUEUED)


def test_file_that_is_put_back_as_it_was_is_known(engine: Engine) -> None:
    verdict_id = analyse(engine, "/in/a.mp4", 1)
    analyse(engine, "/in/a.mp4", 2)
    assert sight(engine, seen("/in/a.mp4", 1)) == jobs.Sighted(0, 0, 1, ())
    current = [row for row in all_of(engine, Sighting) if row.is_current]
    assert [row.size_bytes for row in current] == [1001]
    assert all_of(engine, Job)[0].verdict_id == verdict_id


def test_file_rewritten_and_put_back_before_its_turn_is_still_analysed(engine: Engine) -> None:
    first = sight(engine, seen("/in/a.mp4", 1)).job_ids
    sight(engine, seen("/in/a.mp4", 2))
    assert sight(engine, seen("/in/a.mp4", 1)).job_ids == first
    assert claim(engine).job_id == first[0]


def test_vanished_file_is_not_current_and_tried_again_when_back(engine: Engine) -> None:
    (job_id,) = sight(engine, seen("/in/a.mp4")).job_ids
    assert fail(engine, claim(engine), ErrorCode.VANISHED) is JobState.FAILED
    assert [row.is_current for row in all_of(engine, Sighting)] == [False]
    assert sight(engine, seen("/in/a.mp4"), at=later(9)).job_ids == (job_id,)
    assert claim(engine, later(9)).interruptions == 1


def test_file_that_always_vanishes_is_given_up(engine: Engine) -> None:
    sight(engine, seen("/in/a.mp4"))
    for _ in range(10):
        fail(engine, claim(engine, later(9)), ErrorCode.VANISHED)
        assert sight(engine, seen("/in/a.mp4")).job_ids
    fail(engine, claim(engine, later(9)), ErrorCode.VANISHED)
    assert not sight(engine, seen("/in/a.mp4")).job_ids
    assert [row.is_current for row in all_of(engine, Sighting)] == [True]


def test_gone_files_keep_their_history(engine: Engine) -> None:
    analyse(engine, "/in/a.mp4")
    sight(engine, seen("/in/b.mp4"))
    with writing(engine) as session:
        assert jobs.mark_gone(session, ["/in/a.mp4", "/in/never.mp4"], later(5)) == 1
    with reading(engine) as session:
        assert [file.path for file in jobs.known_files(session)] == ["/in/b.mp4"]
        assert [
            f.path for f in jobs.compared(session, [seen("/in/a.mp4"), seen("/in/b.mp4")])[0]
        ] == ["/in/a.mp4"]
    assert sight(engine, seen("/in/a.mp4")) == jobs.Sighted(0, 0, 1, ())


def test_known_files_are_those_below_the_folders(engine: Engine) -> None:
    paths = ["/in/a.mp4", "/in/sub/b.mp4", "/in2/c.mp4", "/other/d.mp4", "/in"]
    sight(engine, *(seen(path) for path in paths))
    with reading(engine) as session:
        below = {file.path for file in jobs.known_files(session, ["/in/", "/other"])}
    assert below == {"/in/a.mp4", "/in/sub/b.mp4", "/other/d.mp4"}


@pytest.mark.parametrize(
    ("kind", "makes_a_job"),
    [
        pytest.param({}, False, id="seen once more"),
        pytest.param({"again": True}, True, id="asked for again"),
        pytest.param({"force": True}, True, id="forced"),
        pytest.param({"parameters": {"frames": 50}}, True, id="other parameters"),
        pytest.param({"case": "7/26"}, False, id="filed under a case"),
    ],
)
def test_answered_file_gets_another_job_on_request(
    engine: Engine, kind: dict[str, Any], makes_a_job: bool
) -> None:
    analyse(engine, "/in/a.mp4")
    sighted = sight(engine, seen("/in/a.mp4"), **kind)
    assert (sighted.known, len(sighted.job_ids), len(all_of(engine, Job))) == (
        1,
        int(makes_a_job),
        1 + makes_a_job,
    )


def test_job_with_other_parameters_does_not_hide_the_default_one(engine: Engine) -> None:
    sight(engine, seen("/in/a.mp4"))
    sight(engine, seen("/in/a.mp4"), parameters={"frames": 50}, is_default=False)
    assert sight(engine, seen("/in/a.mp4")).job_ids == ()
    assert sight(engine, seen("/in/a.mp4"), parameters={"frames": 50}).job_ids == ()


def test_request_for_a_waiting_file_is_answered_by_its_job_sooner(engine: Engine) -> None:
    first = sight(engine, seen("/in/a.mp4"), seen("/in/b.mp4")).job_ids
    asked = sight(engine, seen("/in/b.mp4"), again=True, force=True, priority=10).job_ids
    assert asked == first[1:]
    claimed = claim(engine)
    assert (claimed.job_id, claimed.parameters) == (first[1], {"force": True})


def test_case_and_exhibit_are_kept_when_not_given(engine: Engine) -> None:
    sight(engine, seen("/in/a.mp4"), case="7/26", exhibit="A1")
    sight(engine, seen("/in/a.mp4"), exhibit="A2")
    sight(engine, seen("/in/a.mp4"))
    (row,) = all_of(engine, Sighting)
    assert (row.case, row.exhibit) == ("7/26", "A2")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(b"/in/\xff\xfe.mp4", id="not UTF-8"),
        pytest.param(b"/in/a\nb\x01.mp4", id="control characters"),
        pytest.param(b"/" + b"/".join([os.urandom(120).hex().encode()] * 16), id="long"),
        pytest.param(b"/" + os.urandom(2000).hex().encode(), id="long, incompressible"),
    ],
)
def test_any_path_comes_back_from_the_queue(engine: Engine, name: bytes) -> None:
    file = jobs.SeenFile(os.fsdecode(name), 2**40, -5, 2**64 - 1)
    sight(engine, file)
    assert sight(engine, file).known == 1
    claimed = claim(engine)
    assert os.fsencode(claimed.path) == name
    assert (claimed.size_bytes, claimed.mtime_ns, claimed.inode) == (2**40, -5, 2**64 - 1)
    with reading(engine) as session:
        assert list(jobs.known_files(session)) == [file]
