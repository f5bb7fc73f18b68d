"""Analysing a content again as its record says, and comparing. Nothing is stored.

The label must be the same. Ratios may differ by what was measured between types of number for the detector
(`drift_log10` of its calibration), because a GPU and a CPU do not give the same last digits.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..analysis.messages import Done, Failed, Hashed, Task
from ..errors import ErrorCode, ForensicsError, MediaError
from ..escaping import shown
from ..records import Passage, RecordedPipeline, StoredVerdict
from ..serialization import plain
from ..settings import Settings
from ..store.queries.files import HeldFile
from ..store.queries.stored_verdicts import structure_verdict
from ..workers.executor import Executor

Description = Mapping[str, object]  # of a pipeline, as it is recorded

DEFAULT_DRIFT_LOG10 = 0.1
"""Allowed where no drift was measured: a ratio a quarter larger or a fifth smaller. The same for uncalibrated scores."""
STEP_S = 0.2
RECORDED = ("frames", "sampling", "run_frames", "stride_s")
OF_CODE = ("toolkit", "contract")
SHOWN = 4
AWAY = (ErrorCode.VANISHED, ErrorCode.UNREADABLE)


@dataclass(frozen=True)
class Compared:
    """One value then and now. `allowed` is the difference that it may have; None where it must be equal."""

    what: str
    then: str | float | None
    now: str | float | None
    difference: float | None
    allowed: float | None
    same: bool


def as_recorded(
    settings: Settings, verdict: StoredVerdict
) -> tuple[Settings, Passage, tuple[str, ...]]:
    """Return the settings, the passage and the detectors' names that a verdict was made with."""
    pipeline = verdict.provenance.pipeline
    sampling = pipeline.sampling
    changes = {name: getattr(sampling, name) for name in RECORDED}
    changes |= {"policy": pipeline.policy, "reproducible": pipeline.reproducible}
    recorded = {name: value for name, value in changes.items() if value is not None}
    names = tuple(detector.name for detector in pipeline.detectors)
    passage = Passage(sampling.from_s, sampling.to_s)
    return replace(settings, workers=1, **recorded), passage, names


def rerun(
    executor: Executor, files: Iterable[HeldFile], passage: Passage, verdict: StoredVerdict
) -> StoredVerdict:
    """Analyse the first of the files that has the recorded bytes; returns its verdict as it would be stored.

    Raises ForensicsError when none has them, when the pipeline is not the one recorded, or when the analysis fails.
    """
    lost: list[str] = []
    for number, file in enumerate(files, 1):
        task = Task(number, file.path, file.size_bytes, passage=passage)
        try:
            return answer(executor, task, verdict)
        except MediaError as error:
            lost.append(str(error))
    sha256 = verdict.media.sha256
    raise ForensicsError(
        f"no current file has the bytes {sha256}: {'; '.join(lost) or 'none is known'}; "
        "put the file back where it was, or run 'forensics scan' on a copy of it"
    )


def answer(executor: Executor, task: Task, verdict: StoredVerdict) -> StoredVerdict:
    """Analyse one file. Raises MediaError for one that has other bytes or is away, ForensicsError like `rerun`."""
    executor.submit(task)
    while True:
        for event in executor.events(STEP_S):
            if isinstance(event, Hashed):
                check(executor, task, event, verdict)
            elif isinstance(event, Done):
                return structure_verdict(plain(event.verdict))
            elif isinstance(event, Failed) and event.failure.code in AWAY:
                raise MediaError(event.failure.code, event.failure.message)
            elif isinstance(event, Failed):
                why = f"{event.failure.code.value}: {event.failure.message}"
                raise ForensicsError(f"{shown(task.path)}: the re-run failed: {why}")


def check(executor: Executor, task: Task, hashed: Hashed, verdict: StoredVerdict) -> None:
    """Let a task go on, if content and pipeline are those recorded."""
    same_bytes = hashed.sha256 == verdict.media.sha256
    recorded = verdict.provenance.pipeline.description
    others = differences(recorded, hashed.pipeline) if same_bytes else []
    executor.decide(task.id, same_bytes and not others)
    if not same_bytes:
        raise MediaError(ErrorCode.CHANGED, f"{shown(task.path)}: SHA-256 is {hashed.sha256}")
    if others:
        more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
        raise ForensicsError(
            f"not what the verdict was made with: {'; '.join(others[:SHOWN])}{more}; "
            "install or name (--weights DIR) what is recorded, or ask for a new verdict: 'forensics scan --force'"
        )


def differences(then: Description, now: Description) -> list[str]:
    """Return in what a pipeline differs from the recorded one, weights first; versions of code are left to `versions`."""
    return [
        f"{k}: {brief(a)} then, {brief(b)} now" for k, a, b in changed(then, now) if not is_code(k)
    ]


def versions(then: RecordedPipeline, now: RecordedPipeline) -> list[str]:
    """Return which versions of code differ: whether they matter, the comparison tells."""
    changes = changed(then.description, now.description)
    return [f"{k}: {brief(a)} then, {brief(b)} now" for k, a, b in changes if is_code(k)]


def changed(then: Description, now: Description) -> Iterator[tuple[str, object, object]]:
    """Yield the names under which two pipelines differ with both values, weights first and details last."""
    old, new = dict(flat("", by_name(then))), dict(flat("", by_name(now)))
    for key in sorted(
        old.keys() | new.keys(), key=lambda k: (not k.endswith(".weights"), k.count("."), k)
    ):
        if old.get(key) != new.get(key):
            yield key, old.get(key), new.get(key)


def by_name(pipeline: Description) -> dict[str, object]:
    """Return a pipeline as JSON values with its detectors by their names."""
    values: dict[str, Any] = json.loads(json.dumps(plain(pipeline)))
    return {**values, "detectors": {detector["name"]: detector for detector in values["detectors"]}}


def flat(start: str, value: object) -> Iterator[tuple[str, object]]:
    """Yield the values in nested tables under names with dots."""
    if not isinstance(value, dict):
        yield start, value
        return
    for name, item in value.items():
        yield from flat(f"{start}.{name}" if start else name, item)


def is_code(key: str) -> bool:
    """Say whether a name is that of a version of code."""
    return key in OF_CODE or (
        key.startswith("detectors.") and key.count(".") == 2 and key.endswith(".version")
    )


def brief(value: object) -> str:
    """Return a value for a message."""
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 20 else text[:12] + ".."


def compared(then: StoredVerdict, now: StoredVerdict) -> list[Compared]:
    """Compare two verdicts: the label, the file's ratio, and each detector's outcome and ratio or score."""
    drifts = drifts_of(then)
    label = equal("label", then.label, now.label)
    allowed = max((drifts[f.detector] for f in then.voters), default=DEFAULT_DRIFT_LOG10)
    ratio = near("log10 LR", then.log10_lr, now.log10_lr, allowed)
    return [label, ratio, *of_detectors(then, now, drifts)]


def drifts_of(verdict: StoredVerdict) -> dict[str, float]:
    """Return by detector how far its log10 ratio may move."""
    drifts = {}
    for name, calibration in verdict.provenance.pipeline.calibrations.items():
        measured = calibration.drift_log10 if calibration else None
        drifts[name] = DEFAULT_DRIFT_LOG10 if measured is None else measured
    return drifts


def of_detectors(
    then: StoredVerdict, now: StoredVerdict, drifts: Mapping[str, float]
) -> Iterator[Compared]:
    """Compare what each detector found."""
    old, new = ({f.detector: f for f in verdict.findings} for verdict in (then, now))
    for name in sorted(old.keys() | new.keys()):
        a, b = (findings.get(name, MISSING) for findings in (old, new))
        yield equal(f"{name} outcome", a.outcome, b.outcome)
        if a.log10_lr is None and b.log10_lr is None:
            yield near(f"{name} score", a.score, b.score, DEFAULT_DRIFT_LOG10)
        else:
            allowed = drifts.get(name, DEFAULT_DRIFT_LOG10)
            yield near(f"{name} log10 LR", a.log10_lr, b.log10_lr, allowed)


@dataclass(frozen=True)
class Missing:
    """What stands in the place of a finding that only the other verdict has."""

    outcome: None = None
    score: None = None
    log10_lr: None = None


MISSING = Missing()


def equal(what: str, then: str | float | None, now: str | float | None) -> Compared:
    """Compare what must be equal."""
    return Compared(what, then, now, None, None, then == now)


def near(what: str, then: float | None, now: float | None, allowed: float) -> Compared:
    """Compare numbers that may differ a little; a missing one equals a missing one only."""
    if then is None or now is None:
        return equal(what, then, now)
    difference = abs(then - now)
    return Compared(what, then, now, difference, allowed, difference <= allowed + 1e-9)
