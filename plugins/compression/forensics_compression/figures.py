"""Measured rates, as `forensics compression measure --toml` writes them into `measured.toml`, and the sentences about them."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


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


@cache
def measured(detector: str) -> Measured:
    """Return a detector's rates."""
    text = (files(__package__) / "measured.toml").read_text(encoding="utf-8")
    table: dict[str, Any] = tomllib.loads(text)
    rows = table[detector]
    real, made = (tuple(Rate(**row) for row in rows[truth]) for truth in ("real", "made"))
    return Measured(table["about"], real, made)
