"""Where `fake` and `real` begin, so that the errors keep to the rates of the two policies, with their intervals."""

import numpy as np
import numpy.typing as npt

from forensics.analysis import wilson_interval
from forensics.records import AIMS, Policy, Thresholds
from forensics.weights.calibration import LEAST_FAKE_AT, MOST_REAL_AT

from ..metrics import Labels, Scores

REAL_FLAGGED_AT_MOST = AIMS[Policy.TRIAGE].flagged_real
REPORT_FLAGGED_AT_MOST = AIMS[Policy.REPORT].flagged_real
FAKES_CLEARED_AT_MOST = AIMS[Policy.TRIAGE].missed_fake
CLEARANCE = 1e-6  # log10; a threshold does not rest on the last digit of one crop
LEAST_IN_GROUP = 60  # files of a kind; fewer can't say that 5 % holds among them
Groups = npt.NDArray[np.int64]


def allowed(count: int, most: float) -> int:
    """Return how many of `count` real files may be flagged, so that the upper end of the 95 % interval is under `most`."""
    fitting = (n for n in range(count) if wilson_interval(n, count)[1] < most)
    return max(fitting, default=0)


def thresholds(real: Scores, fake: Scores, deals: int = 1) -> tuple[float, float]:
    """Return `fake_at` and `real_at` in log10 for the ratios of real and fake files.

    So few real ones lie above that the upper end of the rate's 95 % interval is under 5 %; where there are too few to say
    that, none does. A ratio under 2 is never called fake, one above 1 never real, so between them there is at least a
    factor of 2. Of files that were dealt anew out of the same crops `deals` times, one deal counts.
    """
    real, fake = np.sort(real), np.sort(fake)
    above = allowed(len(real) // deals, REAL_FLAGGED_AT_MOST) * deals
    top = real[len(real) - 1 - above]
    bottom = fake[int(FAKES_CLEARED_AT_MOST * len(fake))]
    return max(float(top + CLEARANCE), LEAST_FAKE_AT), min(float(bottom - CLEARANCE), MOST_REAL_AT)


def strictest(ratios: Scores, labels: Labels, groups: Groups | None) -> tuple[float, float]:
    """Return the thresholds that hold among all and in every group that has enough of both kinds, in log10."""
    found = [thresholds(ratios[~labels], ratios[labels])]
    for group in () if groups is None else np.unique(groups):
        real, fake = (ratios[(groups == group) & kind] for kind in (~labels, labels))
        if min(len(real), len(fake)) >= LEAST_IN_GROUP:
            found.append(thresholds(real, fake))
    return max(fake_at for fake_at, _ in found), min(real_at for _, real_at in found)


def established(real: Scores, cap: float, real_at: float, deals: int = 1) -> Thresholds | None:
    """Return the thresholds of the policy `report`, or None where the data is too small to say that they hold.

    So few real files lie above that the upper end of the rate's 95 % interval is under 1 %, which takes about 400 files
    without an error; and the ratio there is one that the data supports.
    """
    count = len(real) // deals
    if not count or wilson_interval(0, count)[1] >= REPORT_FLAGGED_AT_MOST:
        return None
    above = allowed(count, REPORT_FLAGGED_AT_MOST) * deals
    top = np.sort(real)[len(real) - 1 - above]
    fake_at = max(float(top + CLEARANCE), LEAST_FAKE_AT)
    return Thresholds(fake_at, real_at) if fake_at <= cap else None


def held(report: Thresholds | None) -> Thresholds | None:
    """Return the policy's thresholds when the interval's upper end is under 1 % where errors were counted too, or None."""
    if report is None or report.flagged_real is None:
        return report
    rate = report.flagged_real
    return report if wilson_interval(rate.wrong, rate.files)[1] < REPORT_FLAGGED_AT_MOST else None
