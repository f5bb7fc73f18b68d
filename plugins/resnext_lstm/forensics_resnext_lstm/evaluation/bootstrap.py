"""Who is tied to whom, and what that leaves of certainty: clusters of connected people, resampled whole.

Intervals are 95 %, by the percentiles of draws of whole clusters (Efron and Tibshirani 1993, chapters 8 and 13),
because files of one cluster are not independent.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
import numpy.typing as npt

from ..metrics import Labels

Rows = npt.NDArray[np.intp]
Values = Mapping[str, float]

DRAWS = 1000
FEW_CLUSTERS = 20
"""With fewer clusters of either kind no interval is given.

Intervals by resampling clusters are too narrow when there are few: Cameron, Gelbach and Miller, Review of Economics and
Statistics 90 (2008), 414-427, see it with 5 to 30.
"""


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval. `value` is None where it is not defined, the ends where none can be given."""

    value: float | None
    low: float | None = None
    high: float | None = None


def connected(ties: Sequence[Iterable[str]]) -> list[int]:
    """Return a cluster's number for each row: rows that share a token, directly or through others, are one cluster.

    A row without a token is a cluster of its own. Numbers count up from 0 in the order of rows.
    """
    parents: dict[object, object] = {}

    def root(item: object) -> object:
        while (parent := parents.setdefault(item, item)) != item:
            parents[item] = parents[parent]
            item = parent
        return item

    for row, tokens in enumerate(ties):
        for token in tokens:
            parents[root(token)] = root(row)
    numbers: dict[object, int] = {}
    return [numbers.setdefault(root(row), len(numbers)) for row in range(len(ties))]


def enough(labels: Labels, clusters: Sequence[int]) -> bool:
    """Say whether there are clusters enough of either kind for an interval."""
    either = [
        {c for c, fake in zip(clusters, labels, strict=True) if fake == kind}
        for kind in (False, True)
    ]
    return min(map(len, either)) >= FEW_CLUSTERS


def intervals(
    labels: Labels, clusters: Sequence[int], statistic: Callable[[Rows], Values]
) -> dict[str, Interval]:
    """Return every value of a statistic of rows with its interval, where there are clusters enough for one."""
    point = statistic(np.arange(len(labels)))
    values = {name: value if isfinite(value) else None for name, value in point.items()}
    if not enough(labels, clusters):
        return {name: Interval(value) for name, value in values.items()}
    drawn = resampled(labels, clusters, statistic)
    return {name: interval(value, drawn[name]) for name, value in values.items()}


def interval(value: float | None, drawn: npt.NDArray[np.float64]) -> Interval:
    """Return a value with the percentiles of those draws in which it is defined."""
    drawn = drawn[np.isfinite(drawn)]
    if value is None or not len(drawn):
        return Interval(value)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Interval(value, float(low), float(high))


def resampled(
    labels: Labels, clusters: Sequence[int], statistic: Callable[[Rows], Values]
) -> dict[str, npt.NDArray[np.float64]]:
    """Return the statistic's values on draws of whole clusters, seeded; draws of one kind only are left out."""
    members: dict[int, list[int]] = {}
    for row, cluster in enumerate(clusters):
        members.setdefault(cluster, []).append(row)
    groups = [np.array(rows) for rows in members.values()]
    rng, values = np.random.default_rng(0), []
    for _ in range(DRAWS):
        rows = np.concatenate([groups[i] for i in rng.integers(len(groups), size=len(groups))])
        if labels[rows].any() and not labels[rows].all():
            values.append(statistic(rows))
    names = values[0] if values else {}
    return {name: np.array([value[name] for value in values]) for name in names}
