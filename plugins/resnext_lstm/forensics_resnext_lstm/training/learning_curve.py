"""The course of a run: curve.csv, and curve.png where matplotlib is installed."""

import csv
from collections.abc import Callable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

NAME = "curve.csv"
PICTURE = "curve.png"


@dataclass(frozen=True)
class Point:
    """Loss and learning rate at a step, and the held-out AUC where it was measured; of sequences also the mean's."""

    step: int
    loss: float
    rate: float | None = None
    auc: float | None = None
    auc_mean: float | None = None


COLUMNS = tuple(one.name for one in fields(Point))
BEFORE = ("step", "loss", "auc")  # of a file without a header, as runs wrote it once


class Curve:
    """The points of a run up to `step`: those after it belong to a stretch that is run again."""

    def __init__(self, folder: Path, step: int) -> None:
        self.path = folder / NAME
        self.points = [point for point in read(self.path) if point.step <= step]

    def add(self, point: Point) -> None:
        """Keep a point, in the table too."""
        self.points.append(point)
        half = self.path.with_suffix(".tmp")
        with half.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(COLUMNS)
            rows.writerows(astuple(point) for point in self.points)
        half.replace(self.path)

    def draw(self, report: Callable[[str], None]) -> None:
        """Draw the picture, or report why it can't be drawn."""
        try:
            draw(self.points, self.path.with_name(PICTURE))
        except ModuleNotFoundError as error:
            report(f"{PICTURE} is not drawn: {error}; pip install 'forensics-resnext-lstm[train]'")


def read(path: Path) -> list[Point]:
    """Return the points of a table, none where there is no file."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.reader(file) if row]
    names = COLUMNS if rows and rows[0][0] == COLUMNS[0] else BEFORE
    found = [dict(zip(names, row, strict=False)) for row in rows if row[0] != COLUMNS[0]]
    return [point_of(values) for values in found]


def point_of(values: dict[str, str]) -> Point:
    """Return the point of one row; an empty cell was not measured."""
    known = {name: float(text) for name, text in values.items() if text and name != "step"}
    return Point(int(values["step"]), known.pop("loss"), **known)


def draw(points: list[Point], path: Path) -> None:
    """Draw loss, learning rate and held-out AUC over the steps."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 8), layout="constrained")
    for axes, names in zip(
        figure.subplots(3, 1, sharex=True), (("loss",), ("rate",), ("auc", "auc_mean")), strict=True
    ):
        for name in names:
            known = [(p.step, getattr(p, name)) for p in points if getattr(p, name) is not None]
            if known:
                axes.plot(
                    *zip(*known, strict=True), label=name, marker="." if "auc" in name else ""
                )
                axes.legend()
        axes.grid(visible=True, alpha=0.3)
    axes.set_xlabel("step")
    half = path.with_suffix(".tmp")
    figure.savefig(half, format="png", dpi=100)
    half.replace(path)
