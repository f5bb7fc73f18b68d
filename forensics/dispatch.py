"""From the job table to the executor and back: claims jobs, follows events, writes verdicts and failures.

Used by `scan` and by the daemon. This process is the only writer.
"""

import logging
from collections import deque
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import Engine

from .errors import ErrorCode, LeaseLostError
from .events import (
    DetectorStarted,
    Done,
    Failed,
    FindingReady,
    Hashed,
    Message,
    Ready,
    Started,
    Task,
)
from .executor import Executor
from .records import Failure, Finding, Outcome, Passage
from .store import jobs
from .store.database import writing
from .store.models import JobState

log = logging.getLogger(__name__)

LEASE_S = 30.0
EMPTY_S = 0.5  # an empty queue is not asked again sooner
LOST = {ErrorCode.DEADLINE: Outcome.DEADLINE, ErrorCode.WORKER_DIED: Outcome.CRASHED}


@dataclass(frozen=True)
class Ended:
    """What became of one job of this process."""

    job_id: int
    path: str
    verdict_id: int | None = None
    failure: Failure | None = None


@dataclass
class Running:
    """A job that the executor has, and what happened to it so far."""

    claim: jobs.Claim
    task: Task


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


class Dispatcher:
    """Moves jobs through an executor. Events wait in order until the database has taken what they say."""

    def __init__(
        self,
        engine: Engine,
        executor: Executor,
        *,
        only: Collection[int] | None = None,
        is_default: bool = True,
        on_ready: Callable[[Ready], None] = lambda ready: None,
        on_event: Callable[[Message, str], None] = lambda event, path: None,
        on_ended: Callable[[Ended], None] = lambda ended: None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._engine, self._executor, self._now = engine, executor, now
        self._only, self._is_default = only, is_default
        self._on_ready, self._on_event, self._on_ended = on_ready, on_event, on_ended
        self._running: dict[int, Running] = {}
        self._waiting: deque[Message] = deque()
        self._ready: Ready | None = None
        self._renewed = now()
        self._found_empty = datetime.min.replace(tzinfo=UTC)

    @property
    def busy(self) -> int:
        """Return how many jobs are under way."""
        return len(self._running)

    def step(self, timeout_s: float, *, claim: bool = True) -> None:
        """Claim what there is room for, wait for events, and write what they say.

        Raises UnreachableError when the database can't take it now; nothing is lost, the next call goes on.
        """
        self._drain()
        self.renew()
        if claim and self._executor.slots and self._age_of(self._found_empty) > EMPTY_S:
            self._claim(self._executor.slots)
        for event in self._executor.events(timeout_s):
            self._waiting.append(event)
            self._drain()

    def look_again(self) -> None:
        """Ask the queue at the next step, however lately it was empty: something was put into it."""
        self._found_empty = datetime.min.replace(tzinfo=UTC)

    def hand_back(self) -> None:
        """Stop what is under way and put its jobs back into the queue, for another start or another daemon."""
        for job_id, running in list(self._running.items()):
            self._executor.cancel(job_id)
            with suppress(LeaseLostError), writing(self._engine) as session:
                jobs.hand_back(session, running.claim, self._now(), interrupted=True)
            del self._running[job_id]

    def _claim(self, limit: int) -> None:
        with writing(self._engine) as session:
            claims = jobs.claim(session, self._now(), limit, LEASE_S, self._only)
            if not claims:
                jobs.reclaim(session, self._now())  # after `renew`, so never a lease of our own
                self._found_empty = self._now()
        for claim in claims:
            parameters = claim.parameters
            passage = Passage(parameters.get("from_s"), parameters.get("to_s"))
            task = Task(
                claim.job_id, claim.path, claim.size_bytes, claim.mtime_ns, claim.inode, passage
            )
            self._submit(Running(claim, task))

    def _submit(self, running: Running) -> None:
        self._running[running.claim.job_id] = running
        self._executor.submit(running.task)

    def renew(self) -> None:
        """Keep the leases of what is under way, when it is time to; a job that another process took is dropped."""
        now = self._now()
        if self._age_of(self._renewed) <= LEASE_S / 3:
            return
        if self._running:
            with writing(self._engine) as session:
                tokens = [running.claim.token for running in self._running.values()]
                held = jobs.renew(session, tokens, now, LEASE_S)
            for running in list(self._running.values()):
                if running.claim.token not in held:
                    self._drop(running.claim.job_id, "taken by another process")
        self._renewed = now

    def _drop(self, job_id: int, why: str) -> None:
        log.warning("lease lost", extra={"job": job_id, "why": why})
        self._executor.cancel(job_id)
        self._running.pop(job_id, None)

    def _age_of(self, moment: datetime) -> float:
        return (self._now() - moment).total_seconds()

    def _drain(self) -> None:
        while self._waiting:
            self._handle(self._waiting[0])
            self._waiting.popleft()

    def _handle(self, event: Message) -> None:
        if isinstance(event, Ready):
            self._get_ready(event)
            return
        running = self._running.get(event.task_id)
        if running is None:
            return
        self._on_event(event, running.claim.path)
        try:
            self._apply(event, running)
        except LeaseLostError as error:
            self._drop(event.task_id, str(error))

    def _get_ready(self, ready: Ready) -> None:
        """Note what the workers judge by: default verdicts made otherwise are stale now. Told on once, not per worker."""
        first, self._ready = self._ready is None, ready
        if self._is_default and ready.pipeline["detectors"]:
            with writing(self._engine) as session:
                jobs.register_pipeline(session, ready.pipeline, is_default=True, now=self._now())
        if first:
            self._on_ready(ready)

    def _apply(self, event: Message, running: Running) -> None:
        match event:
            case Hashed():
                self._begin(event, running)
            case Done():
                with writing(self._engine) as session:
                    verdict_id = jobs.finish(session, running.claim, event.verdict, self._now())
                self._end(running, Ended(running.claim.job_id, running.claim.path, verdict_id))
            case Failed():
                self._fail(event.failure, running)
            case Started() | DetectorStarted() | FindingReady() | Ready():
                pass

    def _begin(self, event: Hashed, running: Running) -> None:
        """Link a content that has its verdict, wait for one that is under way elsewhere, or go on."""
        claim = running.claim
        with writing(self._engine) as session:
            begun = jobs.begin(
                session,
                claim,
                event.sha256,
                event.size_bytes,
                event.pipeline,
                is_default=self._is_default and bool(event.pipeline["detectors"]),
                force=bool(claim.parameters.get("force")),
                now=self._now(),
            )
        self._executor.decide(event.task_id, begun.state is jobs.BegunState.GO)
        if begun.state is jobs.BegunState.LINKED:
            self._end(running, Ended(claim.job_id, claim.path, begun.verdict_id))
        elif begun.state is jobs.BegunState.WAIT:
            del self._running[claim.job_id]

    def _fail(self, failure: Failure, running: Running) -> None:
        """Fail the job, or try again without the detector that hung or died."""
        lost = LOST.get(failure.code)
        if failure.detector and lost and self._others_left(failure.detector, running):
            finding = self._lost_finding(failure, lost)
            without = (*running.task.without, finding)
            self._submit(Running(running.claim, replace(running.task, without=without)))
            return
        with writing(self._engine) as session:
            state = jobs.fail(session, running.claim, failure, self._now())
        if state is JobState.QUEUED:
            del self._running[running.claim.job_id]
            return
        self._end(running, Ended(running.claim.job_id, running.claim.path, failure=failure))

    def _others_left(self, detector: str, running: Running) -> bool:
        gone = {finding.detector for finding in running.task.without} | {detector}
        return bool({described["name"] for described in self._detectors()} - gone)

    def _detectors(self) -> list[dict[str, str]]:
        return list(self._ready.pipeline["detectors"]) if self._ready else []

    def _lost_finding(self, failure: Failure, outcome: Outcome) -> Finding:
        described = next(d for d in self._detectors() if d["name"] == failure.detector)
        return Finding(
            described["name"],
            described["version"],
            described["weights"],
            outcome,
            message=failure.message,
        )

    def _end(self, running: Running, ended: Ended) -> None:
        self._running.pop(running.claim.job_id, None)
        self._on_ended(ended)
