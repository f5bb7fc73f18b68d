"""Daemons and workers are killed at any moment, detectors misbehave; each file still ends once."""

import os
import random
import signal
import time
from contextlib import suppress
from functools import partial

import pytest
from sqlalchemy import update

from forensics.clock import utc_now
from forensics.store import jobs
from forensics.store.database import writing
from forensics.store.models import Job

from ..distributions import write_order
from .daemons import Process, Site, is_alive, workers_of

pytestmark = pytest.mark.slow
ROUNDS = [
    pytest.param("sqlite", 20, id="sqlite"),
    pytest.param("postgresql", 8, id="postgresql"),
]


@pytest.mark.parametrize(("engine", "rounds"), ROUNDS, indirect=["engine"])
def test_kill_9_at_random_moments(site: Site, rounds: int) -> None:
    dice = random.Random(rounds)  # noqa: S311  what is asked for is that it can be repeated
    daemon = site.start()
    for number in range(rounds):
        for file in range(10):
            name = f"{number}-{file}.png"
            write_order(site.inbox / name, dice.choice(["", "", "hang:0.2"]), 100 * number + file)
        site.wait_for(partial(is_at_work, site, 10 * (number + 1)))
        time.sleep(dice.random())
        daemon = killed(site, daemon, dice.choice(["daemon", "worker", "both"]), dice)
    site.wait_until_ended(10 * rounds)
    site.stop()
    site.reckon()
    assert set(site.states()) <= {"done", "worker_died"}


def is_at_work(site: Site, files: int) -> bool:
    """Say whether a job runs; on a slow machine all may have ended before anybody looked."""
    return "running" in site.states() or site.ended() >= files


def killed(site: Site, daemon: Process, whom: str, dice: random.Random) -> Process:
    """Kill a daemon, one of its workers, or both; returns the daemon that goes on."""
    workers = workers_of(daemon)
    if whom != "daemon" and workers:
        kill(dice.choice(workers))
    if whom == "worker":
        return daemon
    daemon.kill()
    daemon.wait()
    site.wait_for(lambda: not any(map(is_alive, workers)))
    return site.start()


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def test_misbehaving_detector_costs_its_file_only(site: Site) -> None:
    site.environment["FORENSICS_DEADLINE_S"] = "15"
    orders = {
        "hang": "deadline",
        "abort": "worker_died",
        "eat": "out_of_memory",
        "raise": "internal",
    }
    for number, order in enumerate(orders):
        write_order(site.inbox / f"{order}.png", order, number)
    for number in range(10, 40):
        write_order(site.inbox / f"{number}.png", number=number)
    site.start()
    site.wait_until_ended(34)
    site.stop()
    site.reckon()
    found = site.outcomes()
    assert {order: found.pop(f"{order}.png") for order in orders} == orders
    assert set(found.values()) == {"inconclusive"}


def test_quarantine_survives_restarts_and_covers_copies_until_a_retry(site: Site) -> None:
    bad = write_order(site.inbox / "bad.png", "abort")
    site.start()
    site.wait_until_ended(1)
    assert site.log.count("worker died") == 2
    site.stop()
    (site.inbox / "copy.png").write_bytes(bad.read_bytes())
    write_order(site.inbox / "good.png", number=1)
    site.start()
    site.wait_until_ended(3)
    assert site.log.count("worker died") == 2
    with writing(site.engine) as session:
        assert jobs.retry(session, [1], utc_now()) == 1
    site.wait_for(lambda: site.log.count("worker died") == 4)
    site.wait_until_ended(3)
    site.stop()
    site.reckon()
    assert site.outcomes() == {
        "bad.png": "worker_died",
        "copy.png": "worker_died",
        "good.png": "inconclusive",
    }


def test_file_that_interrupts_every_daemon_fails_in_the_end(site: Site) -> None:
    write_order(site.inbox / "a.png", "hang")
    daemon = site.start()
    site.wait_for(lambda: "running" in site.states())
    daemon.kill()
    daemon.wait()
    with writing(
        site.engine
    ) as session:  # nine daemons have died with it before, this one 30 s ago
        session.execute(update(Job).values(interruptions=9, lease_expires_at=utc_now()))
    site.start()
    site.wait_until_ended(1)
    site.stop()
    site.reckon()
    assert site.states() == {"worker_died": 1}


def test_two_daemons_on_one_folder_and_one_database(site: Site) -> None:
    one, other = site.start(), site.start()
    for number in range(200):
        path = write_order(site.inbox / f"{number}.png", number=number)
        (site.inbox / f"{number}-again.png").write_bytes(path.read_bytes())
    site.wait_for(lambda: site.ended() > 50)
    one.kill()
    one.wait()
    site.wait_until_ended(400)
    assert other.poll() is None
    site.stop()
    site.reckon()
    assert site.states() == {"done": 400}


def test_worker_that_died_is_tried_again_alone(site: Site) -> None:
    write_order(site.inbox / "bad.png", "abort")
    for number in range(1, 30):
        write_order(site.inbox / f"{number}.png", "hang:0.1", number)
    site.start()
    site.wait_until_ended(30)
    site.stop()
    site.reckon()
    (last,) = (line for line in site.log.splitlines() if "event=failed" in line)
    before, _, after = site.log.partition(last)
    assert before.count("event=verdict") == 29
    assert "event=verdict" not in after
