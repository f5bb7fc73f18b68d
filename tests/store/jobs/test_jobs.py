"""The queue: claims, leases, failures, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from forensics.errors import ErrorCode, LeaseLostError
from forensics.records import Failure
from forensics.store import jobs
from forensics.store.database import reading, writing
from forensics.store.jobs.analyses import LETHAL
from forensics.store.models import Job, JobState

from ..samples import NEWER, NOW, analyse, begin, claim, finish, later, seen, sight


def take(engine: Engine, limit: int, at: datetime = NOW, **kind: Any) -> list[str]:
    with writing(engine) as session:
        return [c.path for c in jobs.claim(session, at, limit, **kind)]


def job(engine: Engine, job_id: int) -> Job:
    with reading(engine) as session:
        return session.get_one(Job, job_id)


def fail(engine: Engine, claimed: jobs.Claim, code: ErrorCode, at: datetime = NOW) -> JobState:
    with writing(engine) as session:
        return jobs.fail(session, claimed, Failure(code, "\udcff.mp4: so\0"), at)


def reclaim(engine: Engine, at: datetime) -> int:
    with writing(engine) as session:
        return jobs.reclaim(session, at)


def test_claim_takes_each_job_once(engine: Engine) -> None:
    sight(engine, *(seen(f"/in/{number}.mp4") for number in range(120)))

    def work(_: int) -> list[str]:
        found: list[str] = []
        while some := take(engine, 7):
            found += some
        return found

    with ThreadPoolExecutor(4) as pool:
        taken = [path for part in pool.map(work, range(4)) for path in part]
    assert sorted(taken) == sorted(f"/in/{number}.mp4" for number in range(120))


def test_claim_takes_the_highest_priority_then_the_oldest(engine: Engine) -> None:
    for path, priority in (("a", 0), ("b", -1), ("c", 10), ("d", 0), ("e", 10)):
        sight(engine, seen(f"/{path}"), priority=priority)
    assert take(engine, 3) == ["/c", "/e", "/a"]
    assert take(engine, 3) == ["/d", "/b"]
    assert take(engine, 3) == []


def test_claim_among_some_jobs_leaves_the_others(engine: Engine) -> None:
    ids = sight(engine, *(seen(f"/{number:04}") for number in range(1200))).job_ids
    assert take(engine, 5, only=()) == []
    assert take(engine, 2, only=ids[1:]) == ["/0001", "/0002"]
    assert take(engine, 5, only={*ids[:3], *ids[1199:]}) == ["/0000", "/1199"]


def test_job_for_another_pipeline_is_taken_only_by_name(engine: Engine) -> None:
    ids = sight(engine, seen("/a"), parameters={"frames": 50}, is_default=False).job_ids
    assert take(engine, 5) == []
    with reading(engine) as session:
        assert jobs.unfinished(session) == 0
    assert take(engine, 5, only=ids) == ["/a"]


def test_finish_without_the_lease_is_refused(engine: Engine) -> None:
    sight(engine, seen("/a"))
    lost = claim(engine)
    begin(engine, lost)
    assert reclaim(engine, later(31)) == 1
    kept = claim(engine, later(31))
    with pytest.raises(LeaseLostError, match=f"job {lost.job_id}"):
        finish(engine, lost)
    with pytest.raises(LeaseLostError):
        fail(engine, lost, ErrorCode.UNDECODABLE)
    with pytest.raises(LeaseLostError), writing(engine) as session:
        jobs.hand_back(session, lost, NOW, interrupted=True)
    begin(engine, kept, at=later(32))
    assert job(engine, kept.job_id).verdict_id is None
    finish(engine, kept)
    with pytest.raises(LeaseLostError):
        finish(engine, kept)


def test_renewed_lease_holds(engine: Engine) -> None:
    sight(engine, seen("/a"))
    claimed = claim(engine)
    with writing(engine) as session:
        assert jobs.renew(session, [claimed.token, "lost"], later(20)) == {claimed.token}
    assert reclaim(engine, later(40)) == 0
    assert reclaim(engine, later(51)) == 1


def test_tenth_interruption_is_final(engine: Engine) -> None:
    (job_id,) = sight(engine, seen("/a")).job_ids
    for number in range(9):
        assert claim(engine, later(40 * number)).interruptions == number
        assert reclaim(engine, later(40 * number + 31)) == 1
        assert job(engine, job_id).state is JobState.QUEUED
    claim(engine, later(400))
    reclaim(engine, later(440))
    found = job(engine, job_id)
    assert (found.state, found.error, found.attempts) == (JobState.FAILED, ErrorCode.WORKER_DIED, 0)


@pytest.mark.parametrize(
    "code", [ErrorCode.DEADLINE, ErrorCode.OUT_OF_MEMORY, ErrorCode.UNDECODABLE]
)
def test_most_failures_are_final_at_once(engine: Engine, code: ErrorCode) -> None:
    (job_id,) = sight(engine, seen("/a")).job_ids
    assert fail(engine, claim(engine), code) is JobState.FAILED
    found = job(engine, job_id)
    assert (found.error, found.error_message) == (code, "\\udcff.mp4: so\\x00")
    assert take(engine, 1, later(1e6)) == []


def test_file_that_kills_its_worker_is_tried_once_more_after_all_others(engine: Engine) -> None:
    sight(engine, seen("/a"), seen("/b"))
    assert fail(engine, claim(engine), ErrorCode.WORKER_DIED) is JobState.QUEUED
    assert take(engine, 1) == ["/b"]
    again = claim(engine)
    assert (again.path, again.attempts) == ("/a", 1)
    assert fail(engine, again, ErrorCode.WORKER_DIED) is JobState.FAILED


def test_file_that_keeps_changing_is_tried_ten_times(engine: Engine) -> None:
    sight(engine, seen("/a"))
    tries = 1
    while fail(engine, claim(engine, later(tries * 10)), ErrorCode.CHANGED) is JobState.QUEUED:
        tries += 1
    assert tries == 10


def test_changed_file_whose_new_content_is_queued_is_left_to_that_job(engine: Engine) -> None:
    sight(engine, seen("/a", 1))
    old = claim(engine)
    sight(engine, seen("/a", 2))
    assert fail(engine, old, ErrorCode.CHANGED) is JobState.FAILED


def test_job_handed_back_waits_and_is_counted_if_interrupted(engine: Engine) -> None:
    sight(engine, seen("/a"))
    with writing(engine) as session:
        (claimed,) = jobs.claim(session, NOW, 1)
        jobs.hand_back(session, claimed, NOW, delay_s=5, interrupted=False)
    assert take(engine, 1, later(4)) == []
    with writing(engine) as session:
        (claimed,) = jobs.claim(session, later(5), 1)
        assert claimed.interruptions == 0
        jobs.hand_back(session, claimed, later(5), interrupted=True)
    assert claim(engine, later(5)).interruptions == 1


def test_same_content_is_analysed_once(engine: Engine) -> None:
    first = analyse(engine, "/a", 1)
    sight(engine, seen("/copy", 2))
    begun = begin(engine, claim(engine), 1)
    assert begun == jobs.Begun(jobs.BegunState.LINKED, first)
    with reading(engine) as session:
        assert jobs.unfinished(session) == 0


def test_same_content_waits_for_the_job_that_is_at_it(engine: Engine) -> None:
    sight(engine, seen("/a"), seen("/copy"))
    one, other = claim(engine), claim(engine)
    assert begin(engine, one).state is jobs.BegunState.GO
    assert begin(engine, one).state is jobs.BegunState.GO
    assert begin(engine, other).state is jobs.BegunState.WAIT
    assert take(engine, 1, later(1.9)) == []
    verdict_id = finish(engine, one)
    again = claim(engine, later(2))
    assert (again.attempts, again.interruptions) == (0, 0)
    assert begin(engine, again).verdict_id == verdict_id


def test_job_whose_lease_ran_out_loses_its_analysis(engine: Engine) -> None:
    sight(engine, seen("/a"), seen("/copy"))
    one = claim(engine)
    begin(engine, one)
    other = claim(engine, later(31))
    assert begin(engine, other, at=later(31)).state is jobs.BegunState.GO
    with pytest.raises(LeaseLostError, match="lost its analysis"):
        finish(engine, one)
    finish(engine, other)


def test_one_of_many_workers_with_the_same_content_goes_on(engine: Engine) -> None:
    sight(engine, *(seen(f"/{number}") for number in range(8)))
    claims = [claim(engine) for _ in range(8)]
    with ThreadPoolExecutor(4) as pool:
        begun = list(pool.map(lambda claimed: begin(engine, claimed).state, claims))
    assert sorted(begun) == [jobs.BegunState.GO] + [jobs.BegunState.WAIT] * 7


def test_forced_job_adds_a_verdict_to_the_same_analysis(engine: Engine) -> None:
    first = analyse(engine, "/a")
    second = analyse(engine, "/a", force=True)
    assert second > first
    assert analyse(engine, "/a") == second


def test_retry_queues_failed_jobs_of_current_files(engine: Engine) -> None:
    ids = sight(engine, *(seen(path) for path in ("/a", "/b", "/gone", "/ok"))).job_ids
    for _ in range(3):
        fail(engine, claim(engine), ErrorCode.UNDECODABLE)
    with writing(engine) as session:
        jobs.mark_gone(session, ["/gone"], NOW)
        assert jobs.retry(session, [ids[0], ids[3]], NOW) == 1
        assert jobs.retry(session, None, NOW) == 1
    assert take(engine, 9) == ["/a", "/b", "/ok"]
    found = job(engine, ids[0])
    assert (found.error, found.error_message, found.finished_at) == (None, None, None)


def test_rescan_queues_what_the_default_pipeline_has_not_judged(engine: Engine) -> None:
    analyse(engine, "/old", 1)
    analyse(engine, "/gone", 2)
    analyse(engine, "/new", 3, at=later(5), pipeline=NEWER)
    with writing(engine) as session:
        jobs.mark_gone(session, ["/gone"], NOW)
        assert jobs.rescan_stale(session, later(9)) == 1
        assert jobs.rescan_stale(session, later(9)) == 0
    assert take(engine, 9, later(9)) == ["/old"]


def test_new_weights_make_verdicts_stale_before_their_first_use(engine: Engine) -> None:
    analyse(engine, "/old", 1)
    with writing(engine) as session:
        assert jobs.rescan_stale(session, later(9)) == 0
        jobs.register_pipeline(session, NEWER, is_default=True, now=later(8))
        assert jobs.rescan_stale(session, later(9)) == 1


@pytest.mark.parametrize("code", LETHAL)
def test_copy_of_what_cost_a_worker_is_refused_until_the_first_is_tried_again(
    engine: Engine, code: ErrorCode
) -> None:
    first, copy = sight(engine, seen("/bad"), seen("/copy")).job_ids
    begin(engine, claimed := claim(engine))
    if fail(engine, claimed, code) is JobState.QUEUED:
        begin(engine, claimed := claim(engine, only=[first]))
        fail(engine, claimed, code)
    refused = begin(engine, claim(engine))
    assert refused.state is jobs.BegunState.REFUSED
    assert job(engine, copy).error is code
    assert f"forensics jobs retry {first}" in str(job(engine, copy).error_message)
    with writing(engine) as session:
        assert jobs.retry(session, None, NOW) == 2
    assert begin(engine, claim(engine)).state is jobs.BegunState.GO


def test_same_file_is_tried_again_when_asked_although_it_cost_a_worker(engine: Engine) -> None:
    sight(engine, seen("/bad"))
    begin(engine, claimed := claim(engine))
    fail(engine, claimed, ErrorCode.DEADLINE)
    sight(engine, seen("/bad"), again=True)
    assert begin(engine, claim(engine)).state is jobs.BegunState.GO


def test_job_that_cost_a_worker_is_claimed_alone(engine: Engine) -> None:
    sight(engine, seen("/a"), seen("/b"), seen("/c"))
    for _ in range(2):
        fail(engine, claim(engine), ErrorCode.WORKER_DIED)
    assert take(engine, 5) == ["/c"]
    assert take(engine, 5, is_busy=True) == []
    assert take(engine, 5) == ["/a"]


def test_claims_and_counts_survive_a_restart(engine: Engine) -> None:
    (job_id,) = sight(engine, seen("/a")).job_ids
    fail(engine, claim(engine), ErrorCode.WORKER_DIED)
    claim(engine)
    engine.dispose()
    assert reclaim(engine, later(31)) == 1
    found = job(engine, job_id)
    assert (found.attempts, found.interruptions) == (1, 1)
