"""Thresholds for files of several faces, from files put together out of single crops.

A file of n faces has the mean of its faces' ratios (`forensics.analysis.fusion.file_ratio`). Among n faces a single altered one
counts for less, and so does a real one that looks altered: the rates of one face are not those of several. A file is n
crops of one group of people: all real, or one fake among real ones, which is the hardest case. In a video two tracks may
also be one person, seen in two shots, which is like one face seen twice; so no thresholds are looser than one face's.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from forensics.records import Calibration, Crowd, ErrorRate, Thresholds

from ..metrics import LN10, Labels, Scores
from .thresholds import (
    FAKES_CLEARED_AT_MOST,
    LEAST_IN_GROUP,
    REAL_FLAGGED_AT_MOST,
    Groups,
    established,
    held,
    thresholds,
)

FACES = (2, 3, 5, 8, 12, 16)
"""Numbers of faces that thresholds are fitted for; each holds for what lies under it too, down to the one before."""

DEALS = 40  # times that all crops are dealt into files
SEED = 17


@dataclass(frozen=True)
class Files:
    """M files put together: log10 ratios (M,), labels (M,), true where one face is fake, and groups (M,)."""

    ratios: Scores
    labels: Labels
    groups: Groups

    def of(self, fake: bool) -> Scores:
        """Return the ratios of one kind."""
        found: Scores = self.ratios[self.labels == fake]
        return found


def composed(crops: Files, faces: int, deals: int) -> Files:
    """Deal N crops into files of so many faces of one group, `deals` times; within a deal none is in two of a kind."""
    rng = np.random.default_rng((SEED, faces))
    dealt = [
        (ratios, fake, group)
        for group in np.unique(crops.groups)
        for _ in range(deals)
        for fake, ratios in deal(crops, int(group), faces, rng)
    ]
    return Files(
        np.concatenate([ratios for ratios, _, _ in dealt]),
        np.concatenate([np.full(len(ratios), fake) for ratios, fake, _ in dealt]),
        np.concatenate([np.full(len(ratios), group) for ratios, _, group in dealt]),
    )


def deal(
    crops: Files, group: int, faces: int, rng: np.random.Generator
) -> Iterator[tuple[bool, Scores]]:
    """Yield the ratios of a group's real files, and of those with one fake face."""
    mine = crops.groups == group
    real, fake = (
        rng.permutation(crops.ratios[mine & kind]) for kind in (~crops.labels, crops.labels)
    )
    yield False, mean_ratio(rows(real, faces))
    beside = rows(rng.permutation(real), faces - 1)[: len(fake)]  # (F, n - 1)
    yield True, mean_ratio(np.column_stack([beside, fake[: len(beside)]]))


def rows(values: Scores, length: int) -> Scores:
    """Return (N,) values as rows, (N // length, length), without the rest."""
    whole = len(values) // length
    return values[: whole * length].reshape(whole, length)


def mean_ratio(ratios: Scores) -> Scores:
    """Return the log10 of the mean ratio of each row, (F,) of (F, n): `forensics.analysis.fusion.file_ratio`."""
    return np.asarray(np.log10((10**ratios).mean(axis=1)))


def fitted(
    crops: Files, one: Thresholds, report: Thresholds | None, drift_log10: float
) -> tuple[Crowd, ...]:
    """Return thresholds for each number of faces that the crops are enough for; for two none where they are not.

    `one` and `report` are those for one face.
    """
    found = []
    for faces in FACES:
        files = composed(crops, faces, DEALS)
        if min(len(files.of(False)), len(files.of(True))) < LEAST_IN_GROUP * DEALS:
            break
        fake_at, real_at = holding(files)
        fake_at, real_at = max(fake_at, one.fake_at), min(real_at, one.real_at)
        at = Thresholds(fake_at, min(real_at, fake_at - 2 * drift_log10))
        strict = established(files.of(False), np.inf, at.real_at, DEALS) if report else None
        if report and strict:
            strict = replace(strict, fake_at=max(strict.fake_at, report.fake_at))
        found.append(Crowd(faces, at, strict))
    return tuple(found) or (Crowd(FACES[0], None),)


def holding(files: Files) -> tuple[float, float]:
    """Return `fake_at` and `real_at` that hold among all files with their interval, and in each group as measured.

    A group has too few files for an interval of its own, which the thresholds of one face keep to; one with very few sets
    no threshold.
    """
    fake_at, real_at = thresholds(files.of(False), files.of(True), DEALS)
    for group in np.unique(files.groups):
        mine = files.groups == group
        real, fake = (files.ratios[mine & kind] for kind in (~files.labels, files.labels))
        if min(len(real), len(fake)) >= LEAST_IN_GROUP * DEALS:
            fake_at = max(fake_at, float(np.quantile(real, 1 - REAL_FLAGGED_AT_MOST)))
            real_at = min(real_at, float(np.quantile(fake, FAKES_CLEARED_AT_MOST)))
    return fake_at, real_at


def counted(
    calibration: Calibration, labels: Labels, scores: Scores, groups: Groups, data: str, date: str
) -> tuple[Crowd, ...]:
    """Return the crowds with the errors that they make on files dealt once out of (N,) scored crops.

    Those for which the crops give no file of either kind are left out.
    """
    ratios = (calibration.slope * scores + calibration.intercept) / LN10
    cap = calibration.cap_log10
    crops = Files(np.clip(ratios, -cap, cap), labels, groups)
    found = [crowd_counted(crowd, crops, data, date) for crowd in calibration.crowds]
    return tuple(crowd for crowd in found if crowd is not None) or (Crowd(FACES[0], None),)


def crowd_counted(crowd: Crowd, crops: Files, data: str, date: str) -> Crowd | None:
    """Return the thresholds for one number of faces with their errors; None where nothing can be counted."""
    files = composed(crops, crowd.faces, 1)
    if not len(files.of(False)) or not len(files.of(True)):
        return None
    unit = f"files put together of {crowd.faces} faces"

    def rate(errors: Labels) -> ErrorRate:
        return ErrorRate(len(errors), int(errors.sum()), data, date, unit)

    def wrong(at: Thresholds) -> Thresholds:
        flagged, missed = files.of(False) >= at.fake_at, files.of(True) <= at.real_at
        return replace(at, flagged_real=rate(flagged), missed_fake=rate(missed))

    report = held(wrong(crowd.report)) if crowd.report else None
    return replace(crowd, at=wrong(crowd.at) if crowd.at else None, report=report)
