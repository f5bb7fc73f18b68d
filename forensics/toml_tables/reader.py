"""One cattrs converter that takes values of exactly the types of a dataclass's fields, and holds them against rules."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from enum import StrEnum
from functools import cached_property, partial
from math import isfinite
from operator import eq
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin, get_type_hints

from .problems import Problem, SlipError, list_problems
from .rules import Rule, Rules, TableRule, TableRules

if TYPE_CHECKING:
    from cattrs import Converter

T = TypeVar("T")
Scalars = Mapping[Any, Callable[[Any], Any]]
MAPPINGS = {dict, Mapping}


def read_number(value: Any) -> float:
    """Take a finite number; a whole one too."""
    number = float(value) if type(value) is int else value
    if isinstance(number, float) and not isfinite(number):
        raise SlipError(f"is {value!r}, not a number")
    return exact(number, float, "a number")


def exact(value: Any, kind: type[T], words: str) -> T:
    """Return a value of exactly this type: True is no number."""
    if type(value) is not kind:
        raise SlipError(f"is {value!r}, not {words}")
    return value


def read_path(value: Any) -> Path:
    """Take a path, which only the caller gives: no value of TOML is one."""
    if not isinstance(value, Path):
        raise SlipError("is not known here")
    return value


STRICT: Scalars = {
    str: partial(exact, kind=str, words="text"),
    int: partial(exact, kind=int, words="a whole number"),
    float: read_number,
    bool: partial(exact, kind=bool, words="true or false"),
}


@dataclass(frozen=True)
class TableReader:
    """Reads tables as dataclasses. `error` is the class of what it raises.

    A field of type Path is no key of the file: the caller puts it into the table, as where the file lies.
    `rules` say what is wrong with a field's value ("" for nothing), by class and field; `table_rules` which keys of a
    table contradict each other, by class. `scalars` read text, numbers and flags, or what else is one value: by type.
    """

    error: type[Exception]
    rules: Rules = field(default_factory=dict)
    table_rules: TableRules = field(default_factory=dict)
    scalars: Scalars = field(default_factory=lambda: STRICT)

    def structure(self, values: Mapping[str, Any], kind: type[T], source: str) -> T:
        """Turn a table into a dataclass; every line of the error that it raises begins with `source`."""
        result = self.attempt(values, kind)
        if isinstance(result, list):
            raise self.error("\n".join(f"{source}: {problem}" for problem in result))
        return result

    def attempt(self, values: Mapping[str, Any], kind: type[T]) -> T | list[Problem]:
        """Return the dataclass, or everything that keeps the table from being one."""
        from cattrs.errors import ClassValidationError

        try:
            return self.converter.structure(values, kind)
        except ClassValidationError as error:
            return list(list_problems(error, values, ()))

    @cached_property
    def converter(self) -> "Converter":
        """The converter; made when it is first needed, so that no command waits for cattrs in vain."""
        from cattrs import Converter

        converter = Converter(detailed_validation=True, forbid_extra_keys=True)
        converter.register_structure_hook(StrEnum, read_member)
        for origins, read_items in (({tuple}, read_tuple), (MAPPINGS, read_mapping)):
            predicate, hook = partial(has_origin, origins), partial(read_items, converter)
            converter.register_structure_hook_func(predicate, hook)
        converter.register_structure_hook_factory(is_dataclass, self.make_table_hook)
        for scalar, read in {Path: read_path, **self.scalars}.items():
            if get_origin(scalar):
                converter.register_structure_hook_func(
                    partial(eq, scalar), partial(read_scalar, read)
                )
            else:
                converter.register_structure_hook(scalar, partial(read_scalar, read))
        return converter

    def make_table_hook(self, kind: type[Any]) -> Callable[[Any, Any], Any]:
        """Return what turns a table into this dataclass, each field held against its rule."""
        from cattrs.gen import make_dict_structure_fn, override

        converter = self.converter
        rules: dict[str, Any] = {
            name: override(struct_hook=partial(read_by_rule, converter, rule))
            for name, rule in self.rules.get(kind, {}).items()
        }
        build: Callable[[Any, Any], Any] = make_dict_structure_fn(kind, converter, **rules)
        types = get_type_hints(kind)
        needed = [item.name for item in fields(kind) if item.default is MISSING]
        absent = {name: None for name in needed if type(None) in get_args(types[name])}
        return partial(read_table, build, absent, self.table_rules.get(kind))


def read_scalar(read: Callable[[Any], Any], value: Any, kind: Any) -> Any:
    """Read a value whose type needs no further telling."""
    return read(value)


def read_by_rule(converter: "Converter", rule: Rule, value: Any, kind: Any) -> Any:
    """Read a field's value and hold it against its rule."""
    result = converter.structure(value, kind)
    if text := rule(result):
        raise SlipError(text)
    return result


def read_table(
    build: Callable[[Any, Any], T],
    absent: Mapping[str, None],
    rule: TableRule | None,
    value: Any,
    kind: type[T],
) -> T:
    """Read a table and hold its keys against each other; `absent` are the keys that may be, and are None then."""
    from cattrs.errors import ClassValidationError

    result = build({**absent, **exact(value, dict, "a table")}, kind)
    if slips := [SlipError(text, key) for key, text in (rule(result) if rule else ())]:
        raise ClassValidationError("keys contradict each other", slips, kind)
    return result


def read_member(value: Any, kind: type[StrEnum]) -> StrEnum:
    """Take a member of an enumeration."""
    return read_members([value], kind)[0]


def read_members(values: list[Any], kind: type[StrEnum]) -> tuple[StrEnum, ...]:
    """Take members of an enumeration."""
    if wrong := [repr(value) for value in values if value not in list(kind)]:
        raise SlipError(f"is {', '.join(wrong)}, choose from {', '.join(kind)}")
    return tuple(kind(value) for value in values)


def has_origin(origins: set[Any], kind: Any) -> bool:
    """Say whether a type is one of these, of whatever items."""
    return get_origin(kind) in origins


def read_tuple(converter: "Converter", value: Any, kind: Any) -> tuple[Any, ...]:
    """Turn a list into a tuple of any length; text, words and tables are refused with the list that they are in."""
    item = get_args(kind)[0]
    is_of_tables = is_dataclass(item) or has_origin(MAPPINGS, item)
    values = exact(value, list, "a list of tables" if is_of_tables else "a list")
    if is_of_tables and not all(isinstance(table, dict) for table in values):
        raise SlipError("must be a list of tables")
    if item is str and not all(isinstance(text, str) for text in values):
        raise SlipError(f"is {values!r}, not a list of texts")
    if isinstance(item, type) and issubclass(item, StrEnum):
        return read_members(values, item)
    return tuple(converter.structure(values, list[item]))  # type: ignore[valid-type]


def read_mapping(converter: "Converter", value: Any, kind: Any) -> dict[str, Any]:
    """Take a table of any keys."""
    table = exact(value, dict, "a table")
    is_free = get_args(kind)[1] is Any
    return table if is_free else converter.gen_structure_mapping(kind)(table, kind)
