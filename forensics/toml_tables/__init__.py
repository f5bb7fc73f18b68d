"""TOML tables as frozen dataclasses. Everything that is wrong with a file is named at once, with its place and key.

The types are those of the fields. A key may be absent whose field has a default or may be None; a key without a field is
refused. What a type can't say is a rule: for one field, or for a whole table once its fields are right.
"""

from .files import load, toml_value
from .problems import Problem, SlipError
from .reader import TableReader
from .rules import Rule, Rules, TableRule, TableRules, above, at_least, check_date, one_of

__all__ = [
    "Problem",
    "Rule",
    "Rules",
    "SlipError",
    "TableReader",
    "TableRule",
    "TableRules",
    "above",
    "at_least",
    "check_date",
    "load",
    "one_of",
    "toml_value",
]
