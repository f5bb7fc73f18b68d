"""Figures for Prometheus, on this machine's loopback address, when a port is asked for (extra `metrics`)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from ..analysis.messages import Done, FindingReady, Message
from ..errors import SettingsError
from ..settings import Settings
from .active_job import Ended
from .intake import Counts

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

ADDRESS = "127.0.0.1"
SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900)


class Metrics:
    """Counts what a daemon does since its start."""

    def __init__(self, registry: "CollectorRegistry") -> None:
        from prometheus_client import Counter, Gauge, Histogram

        self._arrived, self._died = Counts(), 0
        self.seen = Counter("forensics_files_seen", "Files queued", registry=registry)
        self.rescan = Counter(
            "forensics_files_found_by_rescan", "Files that no event named", registry=registry
        )
        self.jobs = Counter(
            "forensics_jobs", "Jobs ended, by verdict or error", ["outcome"], registry=registry
        )
        self.stages = Histogram(
            "forensics_stage_seconds",
            "Seconds of a file's analysis: prepared (hash to faces), or a detector's name",
            ["stage"],
            buckets=SECONDS,
            registry=registry,
        )
        self.deaths = Counter(
            "forensics_worker_deaths", "Workers that died or were killed", registry=registry
        )
        self.queue = Gauge("forensics_queue", "Jobs by state", ["state"], registry=registry)
        self.age = Gauge(
            "forensics_queue_age_seconds", "Age of the job that waits longest", registry=registry
        )

    def follow(self, event: Message) -> None:
        """Note how long a stage took."""
        if isinstance(event, FindingReady):
            self.stages.labels(event.finding.detector).observe(event.finding.seconds)
        elif isinstance(event, Done):
            self.stages.labels("prepared").observe(event.verdict.provenance["prepared_s"])

    def ended(self, ended: Ended) -> None:
        """Count a job that ended."""
        self.jobs.labels(ended.failure.code if ended.failure else "verdict").inc()

    def arrived(self, counts: Counts) -> None:
        """Bring the counts of files up to those since the start."""
        self.seen.inc(counts.queued - self._arrived.queued)
        self.rescan.inc(counts.by_rescan - self._arrived.by_rescan)
        self._arrived = replace(counts)

    def died(self, workers: int) -> None:
        """Bring the count of workers that died up to those since the start."""
        self.deaths.inc(workers - self._died)
        self._died = workers

    def waiting(
        self, states: Iterable[tuple[str, int]], oldest: datetime | None, now: datetime
    ) -> None:
        """Note how the queue stands."""
        for state, count in states:
            self.queue.labels(state).set(count)
        self.age.set((now - oldest).total_seconds() if oldest else 0)


def serve(settings: Settings) -> Metrics | None:
    """Answer on the settings' port from a thread; None when none is asked for.

    Raises SettingsError when the port is taken, or prometheus-client is not installed.
    """
    if not settings.metrics_port:
        return None
    try:
        from prometheus_client import CollectorRegistry, start_http_server
    except ImportError as error:
        raise SettingsError(
            "metrics_port needs prometheus-client; run \"pip install 'media-forensics[metrics]'\""
        ) from error
    registry = CollectorRegistry()
    try:
        start_http_server(settings.metrics_port, addr=ADDRESS, registry=registry)
    except OSError as error:
        raise SettingsError(
            f"metrics_port = {settings.metrics_port}: {error.strerror}; choose another port"
        ) from error
    return Metrics(registry)
