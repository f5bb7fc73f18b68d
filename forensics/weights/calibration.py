"""What the types of a calibration can't say: a label must not contradict its ratio, nor counts each other."""

from collections.abc import Iterator, Mapping
from math import log10

from ..records import Calibration, Crowd, ErrorRate, Thresholds, Together
from ..toml_tables import Rule, Rules, TableRules, above, at_least, check_date

LEAST_FAKE_AT = log10(2)  # the least ratio that the verbal scale has words for
MOST_REAL_AT = 0.0


def check_fake_at(value: float) -> str:
    """Return what is wrong with the ratio from which up `fake` is said."""
    if value >= LEAST_FAKE_AT:
        return ""
    text = f"is {value}, must be at least log10(2) = {LEAST_FAKE_AT}"
    return f"{text}: a smaller ratio supports nothing"


def check_real_at(value: float) -> str:
    """Return what is wrong with the ratio from which down `real` is said."""
    if value <= MOST_REAL_AT:
        return ""
    return f"is {value}, must be at most {MOST_REAL_AT:g}: a larger ratio speaks for a fake"


def check_crowds(crowds: tuple[Crowd, ...]) -> str:
    """Return what is wrong with the numbers of faces: they rise from 2 on."""
    faces = [crowd.faces for crowd in crowds]
    is_rising = faces == sorted({*faces} - {1})
    return "" if is_rising else f"is for {faces} faces, must rise from 2 or more"


def check_error_rate(rate: ErrorRate) -> Iterator[tuple[str, str]]:
    """Yield what contradicts itself in the counts of one validation."""
    if rate.wrong > rate.files:
        yield "wrong", f"is {rate.wrong} of {rate.files} {rate.unit}"


def check_together(errors: Together) -> Iterator[tuple[str, str]]:
    """Yield what contradicts itself in the errors of several detectors' verdict."""
    if len(errors.of) < 2 or len(errors.of) != len(errors.weights):
        yield "of", f"has {len(errors.of)} names for {len(errors.weights)} weights"
    if len(errors.shares) != (len(errors.of) if errors.calibration else 0):
        yield "shares", f"has {len(errors.shares)} numbers for {len(errors.of)} detectors"


def check_shares(shares: tuple[float, ...]) -> str:
    """Say what is wrong with the shares of several detectors: none speaks against what it sees."""
    return "" if all(share >= 0 for share in shares) else f"is {shares}, none may be negative"


THRESHOLDS: Mapping[str, Rule] = {"fake_at": check_fake_at, "real_at": check_real_at}
RULES: Rules = {
    ErrorRate: {"files": at_least(1), "wrong": at_least(0), "date": check_date},
    Thresholds: THRESHOLDS,
    Crowd: {"faces": at_least(1)},
    Together: {"shares": check_shares},
    Calibration: {
        **THRESHOLDS,
        "cap_log10": above(0),
        "min_face_px": at_least(1),
        "min_frames": at_least(1),
        "crowds": check_crowds,
    },
}
TABLE_RULES: TableRules = {ErrorRate: check_error_rate, Together: check_together}
