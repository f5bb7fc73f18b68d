"""What the live view asks: the queue, the rate, and the jobs that ended last."""

import pytest
from sqlalchemy import Engine

from forensics.errors import ErrorCode
from forensics.records import Label
from forensics.store.database import reading
from forensics.store.queries.recent import Recent, recent

from ..samples import analyse, claim, fail, later, seen, sight


def found(engine: Engine, seconds: float, limit: int = 10) -> Recent:
    with reading(engine) as session:
        return recent(session, later(seconds), limit)


def test_jobs_that_ended_come_newest_first_and_no_more_than_asked_for(engine: Engine) -> None:
    analyse(engine, "/in/fake.mp4", 1)
    analyse(engine, "/in/real.mp4", 2, at=later(10), label=Label.REAL)
    fail(engine, "/in/broken.mp4", ErrorCode.UNDECODABLE, 20)
    sight(engine, seen("/in/queued.mp4"), at=later(25))
    claim(engine, later(30), only=sight(engine, seen("/in/now.mp4"), at=later(30)).job_ids)
    told = found(engine, 40)
    assert [(one.path, one.label or one.error) for one in told.ended] == [
        ("/in/broken.mp4", ErrorCode.UNDECODABLE),
        ("/in/real.mp4", Label.REAL),
        ("/in/fake.mp4", Label.FAKE),
    ]
    assert [one.path for one in told.running] == ["/in/now.mp4"]
    assert (told.queued, told.oldest_waiting) == (1, later(25))
    assert len(found(engine, 40, limit=2).ended) == 2


@pytest.mark.parametrize(
    ("seconds", "per_minute"),
    [
        pytest.param(30, 6.0, id="since the first of them was begun"),
        pytest.param(330, 0.55, id="less while nothing comes"),
        pytest.param(3600, 0.0, id="nothing lately"),
    ],
)
def test_rate_is_that_of_the_work_and_not_of_the_waiting_before_it(
    engine: Engine, seconds: float, per_minute: float
) -> None:
    for number in range(3):
        analyse(engine, f"/in/{number}.mp4", number, at=later(10 * number))
    assert found(engine, seconds).per_minute == pytest.approx(per_minute, abs=0.01)
