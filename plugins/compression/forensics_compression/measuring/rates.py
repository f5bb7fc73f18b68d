"""Statistics of many files counted against a threshold."""

from collections.abc import Sequence

from forensics.errors import ForensicsError

from ..figures import Rate

NEEDS_SCIPY = "SciPy is not installed: run pip install 'forensics-compression[measure]'"


def counted(kind: str, statistics: Sequence[float], threshold: float) -> Rate:
    """Return how many reached the threshold, with the exact 95 % interval.

    C. J. Clopper, E. S. Pearson: The use of confidence or fiducial limits illustrated in the case of the binomial.
    Biometrika 26 (1934), 404-413.
    """
    try:
        from scipy.stats import binomtest
    except ImportError as error:
        raise ForensicsError(NEEDS_SCIPY) from error

    over = sum(bool(statistic >= threshold) for statistic in statistics)
    interval = binomtest(over, len(statistics)).proportion_ci(0.95, method="exact")
    return Rate(kind, len(statistics), over, round(interval.low, 4), round(interval.high, 4))
