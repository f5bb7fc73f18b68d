"""Rules: what is wrong with a value of the right type, in words; "" for nothing."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

Rule = Callable[[Any], str]
Rules = Mapping[type, Mapping[str, Rule]]
TableRule = Callable[[Any], Iterable[tuple[str, str]]]
TableRules = Mapping[type, TableRule]


def at_least(least: float) -> Rule:
    """Return the rule that a number is not smaller than this."""
    return lambda value: "" if value >= least else f"is {value}, must be at least {least}"


def above(bound: float) -> Rule:
    """Return the rule that a number is larger than this."""
    return lambda value: "" if value > bound else f"is {value}, must be above {bound}"


def one_of(*choices: str) -> Rule:
    """Return the rule that a text is among the choices."""
    words = ", ".join(choices)
    return lambda value: "" if value in choices else f"is {value!r}, choose from {words}"


def check_date(value: str) -> str:
    """Return what is wrong with a date as text."""
    try:
        if date.fromisoformat(value).isoformat() == value:
            return ""
    except ValueError:
        pass
    return f"is {value!r}, not a date as YYYY-MM-DD"
