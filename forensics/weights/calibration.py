"""The `calibration` table of a manifest: read, and refused where a label would contradict its ratio."""

from math import log10

from ..records import Calibration, Crowd, ErrorRate, MediaKind, Thresholds, Together
from .toml_table import Fields

LEAST_FAKE_AT = log10(2)  # the least ratio that the verbal scale has words for
MOST_REAL_AT = 0.0


def read_calibration(fields: Fields | None) -> Calibration | None:
    """Read a calibration; None where there is none."""
    if fields is None:
        return None
    slope, intercept = fields.take("slope", float), fields.take("intercept", float)
    triage = read_thresholds(fields)
    calibration = Calibration(
        slope=slope,
        intercept=intercept,
        cap_log10=fields.take("cap_log10", float),
        fake_at=triage.fake_at,
        real_at=triage.real_at,
        min_face_px=fields.count("min_face_px"),
        min_frames=fields.count("min_frames"),
        kinds=tuple(fields.member("kinds", kind, MediaKind) for kind in fields.texts("kinds")),
        flagged_real=triage.flagged_real,
        missed_fake=triage.missed_fake,
        report=read_policy(fields.optional("report")),
        drift_log10=fields.take("drift_log10", float) if "drift_log10" in fields.values else None,
        crowds=read_crowds(fields),
    )
    fields.finish()
    if calibration.cap_log10 <= 0:
        raise fields.error("cap_log10", f"is {calibration.cap_log10}, must be above 0")
    return calibration


def read_crowds(fields: Fields) -> tuple[Crowd, ...]:
    """Read the thresholds for files of several faces; refuses numbers of faces that do not rise from 2 on."""
    found = tuple(read_crowd(table) for table in fields.tables("crowds"))
    faces = [crowd.faces for crowd in found]
    if faces != sorted({*faces} - {1}):
        raise fields.error("crowds", f"is for {faces} faces, must rise from 2 or more")
    return found


def read_crowd(fields: Fields) -> Crowd:
    """Read the thresholds for one number of faces."""
    found = Crowd(
        faces=fields.count("faces"),
        at=read_policy(fields.optional("at")),
        report=read_policy(fields.optional("report")),
    )
    fields.finish()
    return found


def read_policy(fields: Fields | None) -> Thresholds | None:
    """Read the thresholds of a policy; None where they were not established."""
    if fields is None:
        return None
    found = read_thresholds(fields)
    fields.finish()
    return found


def read_thresholds(fields: Fields) -> Thresholds:
    """Read thresholds and errors; refuses thresholds at which a label would contradict its ratio."""
    found = Thresholds(
        fake_at=fields.take("fake_at", float),
        real_at=fields.take("real_at", float),
        flagged_real=read_error_rate(fields.optional("flagged_real")),
        missed_fake=read_error_rate(fields.optional("missed_fake")),
    )
    if found.fake_at < LEAST_FAKE_AT:
        text = f"is {found.fake_at}, must be at least log10(2) = {LEAST_FAKE_AT}: "
        raise fields.error("fake_at", text + "a smaller ratio supports nothing")
    if found.real_at > MOST_REAL_AT:
        text = f"is {found.real_at}, must be at most {MOST_REAL_AT:g}: "
        raise fields.error("real_at", text + "a larger ratio speaks for a fake")
    return found


def read_together(fields: Fields) -> Together:
    """Read the errors of several detectors' verdict."""
    found = Together(
        of=fields.texts("of"),
        weights=fields.texts("weights"),
        flagged_real=read_rate(fields.table("flagged_real")),
        missed_fake=read_rate(fields.table("missed_fake")),
    )
    fields.finish()
    if len(found.of) < 2 or len(found.of) != len(found.weights):
        raise fields.error("of", f"has {len(found.of)} names for {len(found.weights)} weights")
    return found


def read_error_rate(fields: Fields | None) -> ErrorRate | None:
    """Read the counts of one validation; None where there are none."""
    return read_rate(fields) if fields is not None else None


def read_rate(fields: Fields) -> ErrorRate:
    """Read the counts of one validation."""
    files, wrong = fields.count("files"), fields.count("wrong", least=0)
    unit = fields.take("unit", str) if "unit" in fields.values else "files"
    rate = ErrorRate(files, wrong, fields.take("data", str), fields.day("date"), unit)
    fields.finish()
    if wrong > files:
        raise fields.error("wrong", f"is {wrong} of {files} {unit}")
    return rate
