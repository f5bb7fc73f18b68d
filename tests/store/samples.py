"""Values for the store's tests, and the steps of a job in one call each."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Engine

from forensics.errors import ErrorCode
from forensics.records import (
    Artifact,
    Evidence,
    Failure,
    FrameScore,
    Label,
    Verdict,
)
from forensics.store import jobs
from forensics.store.database import writing
from forensics.store.ledger.verdicts import finish as record_verdict

from .. import builders

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PIPELINE = {"toolkit": "1.0", "detectors": [{"name": "colour", "weights": "ab"}]}
NEWER = {"toolkit": "1.1", "detectors": [{"name": "colour", "weights": "cd"}]}


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def seen(path: str, content: int = 1) -> jobs.SeenFile:
    return jobs.SeenFile(path, 1000 + content, 1_700_000_000_000_000_000 + content, 42)


def digest(content: object) -> str:
    return sha256(repr(content).encode()).hexdigest()


def verdict(content: object = 1, label: Label = Label.FAKE, detector: str = "colour") -> Verdict:
    track = builders.track(score=1.25, last_s=2.5, log10_lr=0.8, label=label)
    frame = FrameScore(0.5, 1, (1.0, 2.0, 30.0, 40.0), 1.5)
    picture = Artifact("heat.png", "image/png", b"\x89PNG")
    evidence = Evidence((track,), (frame,), ("näher angesehen",), (picture,))
    finding = builders.finding(
        name=detector, weights="ab", score=1.25, log10_lr=0.8, fake=0.86, evidence=evidence
    )
    return builders.verdict(
        finding,
        label=label,
        media=replace(builders.MEDIA, sha256=digest(content)),
        provenance={"pipeline": PIPELINE, "times_s": [0.0, 0.2]},
    )


def sight(engine: Engine, *files: jobs.SeenFile, at: datetime = NOW, **kind: Any) -> jobs.Sighted:
    with writing(engine) as session:
        return jobs.sight(session, files, at, **kind)


def claim(engine: Engine, at: datetime = NOW, **kind: Any) -> jobs.Claim:
    with writing(engine) as session:
        return jobs.claim(session, at, 1, **kind)[0]


def begin(
    engine: Engine,
    claimed: jobs.Claim,
    content: object = 1,
    *,
    at: datetime = NOW,
    pipeline: dict[str, Any] = PIPELINE,
    is_default: bool = True,
    force: bool = False,
) -> jobs.Begun:
    with writing(engine) as session:
        return jobs.begin(
            session,
            claimed,
            digest(content),
            1000,
            pipeline,
            is_default=is_default,
            force=force,
            now=at,
        )


def finish(
    engine: Engine,
    claimed: jobs.Claim,
    content: object = 1,
    *,
    at: datetime = NOW,
    label: Label = Label.FAKE,
    detector: str = "colour",
) -> int:
    with writing(engine) as session:
        return record_verdict(session, claimed, verdict(content, label, detector), at)


def analyse(
    engine: Engine,
    path: str,
    content: int = 1,
    *,
    at: datetime = NOW,
    label: Label = Label.FAKE,
    detector: str = "colour",
    pipeline: dict[str, Any] = PIPELINE,
    **kind: Any,
) -> int:
    """See a file, and take its job to a verdict; returns the verdict's id."""
    job_ids = sight(engine, seen(path, content), at=at, again=True, **kind).job_ids
    claimed = claim(engine, at, only=job_ids)
    is_default = kind.get("is_default", True)
    force = kind.get("force", False)
    begun = begin(
        engine, claimed, content, at=at, pipeline=pipeline, is_default=is_default, force=force
    )
    if begun.verdict_id is not None:
        return begun.verdict_id
    return finish(engine, claimed, content, at=at, label=label, detector=detector)


def fail(engine: Engine, path: str, code: ErrorCode, seconds: float = 0) -> int:
    """See a file, and let its job fail; returns the job's id."""
    (job_id,) = sight(engine, seen(path), at=later(seconds), again=True).job_ids
    claimed = claim(engine, later(seconds), only=[job_id])
    with writing(engine) as session:
        jobs.fail(session, claimed, Failure(code, f"{path}: so"), later(seconds))
    return job_id
