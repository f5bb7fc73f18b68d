"""Stored verdicts read back: the one place where their text becomes values."""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from ...records import RecordedDetector, RecordedPipeline, StoredVerdict

if TYPE_CHECKING:
    from cattrs.preconf.json import JsonConverter


def read_verdict(payload: str) -> StoredVerdict:
    """Return the verdict in a stored text; what an earlier version did not store is None or empty."""
    return structure_verdict(json.loads(payload))


def structure_verdict(values: Mapping[str, object]) -> StoredVerdict:
    """Return the verdict in JSON values (`serialization.plain` of a Verdict)."""
    return verdict_converter().structure(values, StoredVerdict)


def pipeline_hash(payload: str) -> str | None:
    """Return the hash of the pipeline that a stored verdict names."""
    digest: str | None = json.loads(payload).get("pipeline")
    return digest


@cache
def verdict_converter() -> "JsonConverter":
    """Return the converter that reads verdicts; values whose type is open are kept as they are."""
    from cattrs.gen import (
        make_dict_structure_fn,
        override,
    )  # what only prints JSON does not wait for it
    from cattrs.preconf.json import make_converter

    converter = make_converter()
    converter.register_structure_hook_func(lambda kind: kind is object, lambda value, _: value)
    detector = make_dict_structure_fn(RecordedDetector, converter)
    converter.register_structure_hook(
        RecordedDetector,
        lambda value, kind: replace(
            detector(value, kind), calibration_record=value.get("calibration") or {}
        ),
    )
    pipeline = make_dict_structure_fn(RecordedPipeline, converter)
    converter.register_structure_hook(
        RecordedPipeline, lambda value, kind: replace(pipeline(value, kind), description=value)
    )
    renamed = override(rename="pipeline")
    verdict = make_dict_structure_fn(StoredVerdict, converter, pipeline_hash=renamed)
    converter.register_structure_hook(
        StoredVerdict, lambda value, kind: with_calibrations(verdict(value, kind))
    )
    return converter


def with_calibrations(verdict: StoredVerdict) -> StoredVerdict:
    """Return a verdict whose detectors have the calibration for its kind of media."""
    pipeline = verdict.provenance.pipeline
    detectors = tuple(
        replace(detector, calibration=detector.calibration.of(verdict.media.kind))
        if detector.calibration
        else detector
        for detector in pipeline.detectors
    )
    provenance = replace(verdict.provenance, pipeline=replace(pipeline, detectors=detectors))
    return replace(verdict, provenance=provenance)
