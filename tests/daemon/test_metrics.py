import socket
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from forensics.analysis.messages import FindingReady
from forensics.daemon import metrics
from forensics.daemon.active_job import Ended
from forensics.daemon.intake import Counts
from forensics.daemon.metrics import Metrics
from forensics.errors import ErrorCode, SettingsError
from forensics.records import Failure, Finding, Outcome
from forensics.settings import Settings

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def test_jobs_are_counted_by_what_became_of_them(registry: CollectorRegistry) -> None:
    counted = Metrics(registry)
    counted.ended(Ended(1, "/a", verdict_id=1))
    counted.ended(Ended(2, "/b", verdict_id=2))
    counted.ended(Ended(3, "/c", failure=Failure(ErrorCode.NO_VIDEO, "/c: holds no video")))
    assert registry.get_sample_value("forensics_jobs_total", {"outcome": "verdict"}) == 2
    assert registry.get_sample_value("forensics_jobs_total", {"outcome": "no_video"}) == 1


def test_files_found_by_rescan_only_are_counted_apart(registry: CollectorRegistry) -> None:
    counted, counts = Metrics(registry), Counts(queued=5, by_rescan=1)
    counted.arrived(counts)
    counts.queued, counts.by_rescan = 9, 3
    counted.arrived(counts)
    assert registry.get_sample_value("forensics_files_seen_total") == 9
    assert registry.get_sample_value("forensics_files_found_by_rescan_total") == 3


def test_stages_and_workers_that_died_are_noted(registry: CollectorRegistry) -> None:
    counted = Metrics(registry)
    counted.follow(FindingReady(1, Finding("slow", "1", None, Outcome.SCORED, seconds=2.0)))
    for deaths_since_the_start in (1, 1, 2):
        counted.died(deaths_since_the_start)
    sums = registry.get_sample_value("forensics_stage_seconds_sum", {"stage": "slow"})
    assert sums == 2.0
    assert registry.get_sample_value("forensics_worker_deaths_total") == 2


def test_age_of_the_queue_is_that_of_its_oldest_job(registry: CollectorRegistry) -> None:
    counted = Metrics(registry)
    counted.waiting([("queued", 4), ("running", 1)], NOW - timedelta(seconds=30), NOW)
    assert registry.get_sample_value("forensics_queue", {"state": "queued"}) == 4
    assert registry.get_sample_value("forensics_queue_age_seconds") == 30
    counted.waiting([("queued", 0), ("running", 0)], None, NOW)
    assert registry.get_sample_value("forensics_queue_age_seconds") == 0


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_figures_are_answered_on_the_port_asked_for_and_none_otherwise() -> None:
    assert metrics.serve(Settings()) is None
    port = free_port()
    counted = metrics.serve(Settings(metrics_port=port))
    assert counted is not None
    counted.ended(Ended(1, "/a", verdict_id=1))
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        assert b'forensics_jobs_total{outcome="verdict"} 1.0' in answer.read()
    with pytest.raises(SettingsError, match=f"metrics_port = {port}: .*; choose another port"):
        metrics.serve(Settings(metrics_port=port))
