"""Compare the rows of an entry with its text."""

import json
from collections.abc import Iterator
from typing import Any

from ...serialization import plain_scalar
from ..jobs.analyses import digested
from ..models import FindingRow, Pipeline, VerdictRow
from .entries import Linked

SHOWN = ("label", "reason", "fake", "log10_lr", "created_at")
FINDING_COLUMNS = (
    "detector",
    "version",
    "weights",
    "outcome",
    "score",
    "fake",
    "log10_lr",
    "seconds",
    "message",
)


def verdict_differs(item: Linked) -> Iterator[str]:
    """Yield how the rows of a verdict differ from its text, which is intact itself."""
    if item.verdict is None:
        return
    text = json.loads(item.verdict.payload)
    stored = as_stored(item.verdict)
    expected = {name: text[name] for name in SHOWN}
    expected["findings"] = [{name: f[name] for name in FINDING_COLUMNS} for f in text["findings"]]
    for name, value in stored.items():
        if value != expected[name]:
            yield f"its {name} differs from its text"
    evidence = [finding["evidence"] for finding in text["findings"]]
    if [finding.evidence for finding in item.verdict.findings] != evidence:
        yield "its evidence differs from its text"
    if [artifacts(finding) for finding in item.verdict.findings] != [
        e["artifacts"] for e in evidence
    ]:
        yield "its artifacts differ from its text"
    if item.media_sha256 != text["media"]["sha256"]:
        yield "its media differs from its text"
    if item.pipeline is None or hash_of_description(item.pipeline) != text["pipeline"]:
        yield "its pipeline differs from its text"


def words_differ(item: Linked) -> Iterator[str]:
    """Yield how the row of people's words differs from its entry."""
    entry, review = item.entry, item.review
    if review and (review.verdict_id, review.created_at) != (entry.verdict_id, entry.created_at):
        yield "its verdict or time was changed"


def as_stored(verdict: VerdictRow) -> dict[str, Any]:
    """Return the columns of a verdict and of its findings as JSON values."""
    stored = {name: plain_scalar(getattr(verdict, name)) for name in SHOWN}
    findings = [
        {name: plain_scalar(getattr(finding, name)) for name in FINDING_COLUMNS}
        for finding in verdict.findings
    ]
    return {**stored, "findings": findings}


def artifacts(finding: FindingRow) -> list[dict[str, Any]]:
    """Return a finding's artifacts as its text has them."""
    return [
        {"name": a.name, "media_type": a.media_type, "sha256": a.sha256, "bytes": a.size_bytes}
        for a in finding.artifacts
    ]


def hash_of_description(pipeline: Pipeline) -> str | None:
    """Return the hash of a pipeline's description, or None where its row has another hash."""
    hash_ = digested(json.dumps(pipeline.description))[1]
    return hash_ if hash_ == pipeline.hash else None
