"""Measured rates, as `forensics compression measure --toml` writes them into `measured.toml`, and the sentences about them."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from forensics.errors import PluginError
from forensics.toml_tables import TableReader, load


@dataclass(frozen=True)
class Rate:
    """Of `files` of one kind, `over` reached the threshold; `low` and `high` bound the rate (Clopper-Pearson, 95 %)."""

    kind: str
    files: int
    over: int
    low: float
    high: float

    @property
    def words(self) -> str:
        """The rate as counts with its interval."""
        share = f"{self.over / self.files:.1%}, 95 % interval {self.low:.1%}-{self.high:.1%}"
        return f"{self.over:,} of {self.files:,} {self.kind} ({share})"


@dataclass(frozen=True)
class Measured:
    """A method's rates: on material that nobody manipulated, and on manipulations made for the purpose.

    `about` says in words what it was measured on, and when.
    """

    about: str
    real: tuple[Rate, ...]
    made: tuple[Rate, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """How often the threshold is reached without cause and with one."""
        return (
            f"Threshold reached without manipulation: {joined(self.real)}.",
            f"Threshold reached on manipulations made for the purpose: {joined(self.made)}.",
            f"Measured on {self.about}. The rates on other material are not known.",
        )


def joined(rates: tuple[Rate, ...]) -> str:
    """Return rates in words, one after the other."""
    return "; ".join(rate.words for rate in rates)


FILE = Path(__file__).with_name("measured.toml")
READER = TableReader(PluginError)


@cache
def measured(detector: str) -> Measured:
    """Return a detector's rates."""
    table = load(FILE, PluginError)
    values = {"about": table.get("about"), **table.get(detector, {})}
    return READER.structure(values, Measured, f"{FILE}: {detector}")
