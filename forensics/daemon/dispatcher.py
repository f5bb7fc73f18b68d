"""From the job table to the executor and back: claims jobs, follows events, writes verdicts and failures.

Used by `scan` and by the daemon. This process is the only writer.
"""

import logging
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from ..analysis.messages import (
    DetectorStarted,
    Done,
    Failed,
    FindingReady,
    Hashed,
    Message,
    Ready,
    Started,
)
from ..clock import utc_now
from ..errors import ErrorCode, LeaseLostError
from ..records import Failure, Verdict
from ..store import jobs
from ..store.database import writing
from ..store.jobs.leases import LEASE_S
from ..store.ledger import verdicts
from ..store.models import JobState
from ..workers.executor import Executor
from .active_job import Ended, Running, under_way
from .backoff import Delays

log = logging.getLogger(__name__)

EMPTY_S = 0.5  # an empty queue is not asked again sooner
UNSEEN = (ErrorCode.VANISHED, ErrorCode.UNREADABLE)
WRITTEN = (Ready, Hashed, Done, Failed)  # events that change the database
Follow = Callable[[], None]


class Dispatcher:
    """Moves jobs through an executor. Events wait in order until the database has taken what they say.

    What several events say is written in one transaction, and what follows from it here is done after that. A daemon
    is patient: it tries a file again that can't be read just now. `is_away` says that a file's folder is not there.
    `keep` puts away what detectors left, before the verdict that names it is written: where it fails, neither is.
    """

    def __init__(
        self,
        engine: Engine,
        executor: Executor,
        *,
        only: Collection[int] | None = None,
        is_default: bool = True,
        is_patient: bool = False,
        is_away: Callable[[str], bool] = lambda path: False,
        on_ready: Callable[[Ready], None] = lambda ready: None,
        on_event: Callable[[Message, str], None] = lambda event, path: None,
        on_ended: Callable[[Ended], None] = lambda ended: None,
        keep: Callable[[Verdict], None] = lambda verdict: None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._engine, self._executor, self._now = engine, executor, now
        self._only, self._is_default = only, is_default
        self.is_patient, self._is_away = is_patient, is_away
        self._on_ready, self._on_event, self._on_ended = on_ready, on_event, on_ended
        self._keep = keep
        self._running: dict[int, Running] = {}
        self._waiting: list[Message] = []
        self._delays = Delays()
        self._ready: Ready | None = None
        self._is_ready_told = False
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
        self.renew()
        self._write(claim)
        self.listen(timeout_s)
        self._write(claim)

    def listen(self, timeout_s: float) -> None:
        """Wait for events and keep them; deadlines and limits hold meanwhile. Needs no database."""
        self._waiting.extend(self._executor.events(timeout_s))

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

    def _write(self, claim: bool) -> None:
        """Write what the events say and claim more, in one transaction; then do what follows."""
        room = self._room() if claim else 0
        if not room and not any(isinstance(event, WRITTEN) for event in self._waiting):
            self._pass_on()
            return
        with writing(self._engine) as session:
            after = [self._handle(event, session) for event in self._waiting]
            claims = self._claim(session, room) if room else []
        self._waiting.clear()
        for follow in after:
            follow()
        for claimed in claims:
            self._submit(under_way(claimed))

    def _pass_on(self) -> None:
        """Pass on events that change nothing in the database."""
        waiting, self._waiting = self._waiting, []
        for event in waiting:
            running = self._running.get(event.task_id) if not isinstance(event, Ready) else None
            if running is not None:
                self._tell(event, running, nothing)

    def _room(self) -> int:
        """Return how many jobs to ask for; none while one that has cost a worker is alone at work."""
        is_alone = any(running.claim.attempts for running in self._running.values())
        if is_alone or self._age_of(self._found_empty) <= EMPTY_S:
            return 0
        return self._executor.slots

    def _claim(self, session: Session, limit: int) -> list[jobs.Claim]:
        busy = bool(self._running)
        now = self._now()
        claims = jobs.claim(session, now, limit, LEASE_S, self._only, is_busy=busy)
        if not claims:
            jobs.reclaim(session, now)  # after `renew`, so never a lease of our own
            self._found_empty = now
        return claims

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
                    self._drop(running, "taken by another process")
        self._renewed = now

    def _drop(self, running: Running, why: str) -> None:
        log.warning("lease lost", extra={**running.log_fields, "why": why})
        self._executor.cancel(running.claim.job_id)
        self._running.pop(running.claim.job_id, None)

    def _age_of(self, moment: datetime) -> float:
        return (self._now() - moment).total_seconds()

    def _handle(self, event: Message, session: Session) -> Follow:
        """Write what an event says; returns what is to be done once that is sure."""
        if isinstance(event, Ready):
            return self._get_ready(event, session)
        running = self._running.get(event.task_id)
        if running is None:
            return nothing
        try:
            follow = self._apply(event, running, session)
        except LeaseLostError as error:
            follow = partial(self._drop, running, str(error))
        return partial(self._tell, event, running, follow)

    def _tell(self, event: Message, running: Running, follow: Follow) -> None:
        self._on_event(event, running.claim.path)
        follow()

    def _get_ready(self, ready: Ready, session: Session) -> Follow:
        """Note what the workers judge by: default verdicts made otherwise are stale now. Told on once, not per worker."""
        if self._is_default and ready.pipeline["detectors"]:
            jobs.register_pipeline(session, ready.pipeline, is_default=True, now=self._now())
        self._ready = ready
        return partial(self._tell_ready, ready)

    def _tell_ready(self, ready: Ready) -> None:
        if not self._is_ready_told:
            self._is_ready_told = True
            self._on_ready(ready)

    def _apply(self, event: Message, running: Running, session: Session) -> Follow:
        match event:
            case Hashed():
                return self._begin(event, running, session)
            case Done():
                self._keep(event.verdict)
                verdict_id = verdicts.finish(session, running.claim, event.verdict, self._now())
                return partial(self._end, running.ended(verdict_id))
            case Failed():
                return self._fail(event.failure, running, session)
            case Started() | DetectorStarted() | FindingReady() | Ready():
                return nothing

    def _begin(self, event: Hashed, running: Running, session: Session) -> Follow:
        """Link a content that has its verdict, wait for one that is under way elsewhere, or go on."""
        claim, running.sha256 = running.claim, event.sha256
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
        return partial(self._decide, running, begun)

    def _decide(self, running: Running, begun: jobs.Begun) -> None:
        job_id = running.claim.job_id
        self._executor.decide(job_id, begun.state is jobs.BegunState.GO)
        if begun.state in (jobs.BegunState.LINKED, jobs.BegunState.REFUSED):
            self._end(running.ended(begun.verdict_id, begun.failure))
        elif begun.state is jobs.BegunState.WAIT:
            self._running.pop(job_id, None)

    def _fail(self, failure: Failure, running: Running, session: Session) -> Follow:
        """Fail the job, or try again: without the detector that hung or died, or when its folder is back."""
        claim = running.claim
        without = running.without(failure, self._ready.pipeline["detectors"] if self._ready else ())
        if without:
            task = replace(running.task, without=without)
            return partial(self._submit, replace(running, task=task))
        if self.is_patient and self._will_pass(failure, claim.path):
            delay_s = self._delays.next_s(claim.job_id)
            jobs.hand_back(session, claim, self._now(), delay_s=delay_s, interrupted=False)
            return partial(self._put_back, running, failure)
        state = jobs.fail(session, claim, failure, self._now(), is_patient=self.is_patient)
        if state is JobState.QUEUED:
            return partial(self._put_back, running, failure)
        return partial(self._end, running.ended(failure=failure))

    def _will_pass(self, failure: Failure, path: str) -> bool:
        """Say whether a failure is no fault of the file and will pass: it is locked, or its folder is away."""
        return failure.code is ErrorCode.BUSY or (failure.code in UNSEEN and self._is_away(path))

    def _put_back(self, running: Running, failure: Failure) -> None:
        why = {"error": failure.code.value, "why": failure.message}
        log.info("to be tried again", extra={**running.log_fields, **why})
        self._running.pop(running.claim.job_id, None)

    def _end(self, ended: Ended) -> None:
        self._running.pop(ended.job_id, None)
        self._delays.forget(ended.job_id)
        self._on_ended(ended)


def nothing() -> None:
    """Do nothing: most events ask for no more."""
