"""One job under way in this process: its claim, what its worker was told, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..analysis.messages import Task
from ..errors import ErrorCode
from ..records import Failure, Finding, Outcome, Passage
from ..store.jobs import Claim

LOST = {
    ErrorCode.DEADLINE: Outcome.DEADLINE,
    ErrorCode.WORKER_DIED: Outcome.CRASHED,
    ErrorCode.OUT_OF_MEMORY: Outcome.CRASHED,
}


@dataclass(frozen=True)
class Ended:
    """What became of one job of this process. `sha256` is that of its content, where it was read."""

    job_id: int
    path: str
    verdict_id: int | None = None
    failure: Failure | None = None
    sha256: str | None = None


@dataclass
class Running:
    """A job that the executor has; `sha256` is known once its worker has hashed the file."""

    claim: Claim
    task: Task
    sha256: str | None = None

    @property
    def log_fields(self) -> dict[str, Any]:
        """Return what names it in a line of the log."""
        return {"job": self.claim.job_id, "path": self.claim.path, "sha256": self.sha256}

    def ended(self, verdict_id: int | None = None, failure: Failure | None = None) -> Ended:
        """Return what became of it."""
        return Ended(self.claim.job_id, self.claim.path, verdict_id, failure, self.sha256)

    def without(
        self, failure: Failure, detectors: Sequence[dict[str, Any]]
    ) -> tuple[Finding, ...] | None:
        """Return the findings of detectors lost so far with the one that this failure cost; None if none is left to ask.

        `detectors` are those of the pipeline, as it describes them.
        """
        lost = LOST.get(failure.code)
        if lost is None or failure.detector is None:
            return None
        described = {detector["name"]: detector for detector in detectors}
        gone = {finding.detector for finding in self.task.without} | {failure.detector}
        if not described.keys() - gone:
            return None
        culprit = described[failure.detector]
        finding = Finding(
            culprit["name"], culprit["version"], culprit["weights"], lost, message=failure.message
        )
        return (*self.task.without, finding)


def under_way(claim: Claim) -> Running:
    """Return a claimed job with what its worker is to do."""
    passage = Passage(claim.parameters.get("from_s"), claim.parameters.get("to_s"))
    task = Task(claim.job_id, claim.path, claim.size_bytes, claim.mtime_ns, claim.inode, passage)
    return Running(claim, task)
