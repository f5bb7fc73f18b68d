"""TOML tables as frozen dataclasses. Everything that is wrong with a file is named at once, with its place and key.

The types are those of the fields. A key may be absent whose field has a default or may be None; a key without a field is
refused. What a type can't say is a rule: for one field, or for a whole table once its fields are right.
"""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property, partial
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from cattrs import Converter
    from cattrs.errors import ClassValidationError, IterableValidationError

    GroupError = ClassValidationError | IterableValidationError

T = TypeVar("T")
Rule = Callable[[Any], str]
Rules = Mapping[type, Mapping[str, Rule]]
TableRule = Callable[[Any], Iterable[tuple[str, str]]]
Scalars = Mapping[type, Callable[[Any], Any]]


class SlipError(ValueError):
    """What is wrong with a value; with `key`, the key of the table that it is about."""

    def __init__(self, text: str, key: str = "") -> None:
        super().__init__(text)
        self.key = key


@dataclass(frozen=True)
class Problem:
    """What is wrong with one key: `place` leads to its table, table by table; empty at the top."""

    place: tuple[str, ...]
    key: str
    text: str

    def __str__(self) -> str:
        return "".join(f"{part}: " for part in self.place) + f"key {self.key!r} {self.text}"


def load(path: Path, error: type[Exception], schema: int | None = None) -> dict[str, Any]:
    """Read a TOML file; raises `error` when it can't be read, or when its key `schema` is not the one given."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as cause:
        raise error(f"{path}: can't be read: {cause}") from cause
    if schema is not None and (written := values.pop("schema", None)) != schema:
        text = "is missing" if written is None else f"is {written!r}, this program reads {schema}"
        raise error(f"{path}: {Problem((), 'schema', text)}")
    return values


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
    table contradict each other, by class. `scalars` read text, numbers and flags.
    """

    error: type[Exception]
    rules: Rules = field(default_factory=dict)
    table_rules: Mapping[type, TableRule] = field(default_factory=dict)
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
        for scalar, read in {Path: read_path, **self.scalars}.items():
            converter.register_structure_hook(scalar, partial(read_scalar, read))
        converter.register_structure_hook(
            StrEnum, lambda value, kind: read_members([value], kind)[0]
        )
        converter.register_structure_hook_func(is_tuple, partial(read_tuple, converter))
        converter.register_structure_hook_func(is_mapping, partial(read_mapping, converter))
        converter.register_structure_hook_factory(is_dataclass, self.make_table_hook)
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


def read_members(values: list[Any], kind: type[StrEnum]) -> tuple[StrEnum, ...]:
    """Take members of an enumeration."""
    if wrong := [repr(value) for value in values if value not in list(kind)]:
        raise SlipError(f"is {', '.join(wrong)}, choose from {', '.join(kind)}")
    return tuple(kind(value) for value in values)


def is_tuple(kind: Any) -> bool:
    """Say whether a type is that of a tuple."""
    origin: Any = get_origin(kind)
    return origin is tuple


def read_tuple(converter: "Converter", value: Any, kind: Any) -> tuple[Any, ...]:
    """Turn a list into a tuple of any length; text, words and tables are refused with the list that they are in."""
    item = get_args(kind)[0]
    is_of_tables = is_dataclass(item) or is_mapping(item)
    values = exact(value, list, "a list of tables" if is_of_tables else "a list")
    if is_of_tables and not all(isinstance(table, dict) for table in values):
        raise SlipError("must be a list of tables")
    if item is str and not all(isinstance(text, str) for text in values):
        raise SlipError(f"is {values!r}, not a list of texts")
    if isinstance(item, type) and issubclass(item, StrEnum):
        return read_members(values, item)
    return tuple(converter.structure(values, list[item]))  # type: ignore[valid-type]


def is_mapping(kind: Any) -> bool:
    """Say whether a type is that of a table of any keys."""
    return get_origin(kind) in (dict, Mapping)


def read_mapping(converter: "Converter", value: Any, kind: Any) -> dict[str, Any]:
    """Take a table of any keys."""
    table = exact(value, dict, "a table")
    is_free = get_args(kind)[1] is Any
    return table if is_free else converter.gen_structure_mapping(kind)(table, kind)


def list_problems(error: "GroupError", values: Any, place: tuple[str, ...]) -> Iterator[Problem]:
    """Yield what is wrong with a table or list, and with those inside it."""
    from cattrs.errors import (
        AttributeValidationNote,
        ClassValidationError,
        ForbiddenExtraKeysError,
        IterableValidationError,
    )

    slips, others = error.group_exceptions()
    for slip, note in slips:
        key = note.name if isinstance(note, AttributeValidationNote) else note.index
        if isinstance(slip, ClassValidationError | IterableValidationError):
            yield from list_problems(slip, values[key], place_of(values[key], key, place))
        else:
            yield Problem(place, str(key), describe_slip(slip))
    for other in others:
        if isinstance(other, ForbiddenExtraKeysError):
            known = ", ".join(item.name for item in fields(other.cl) if item.type is not Path)
            for key in sorted(other.extra_fields):
                yield Problem(place, key, f"is not known here; known: {known}")
        else:
            yield Problem(place, getattr(other, "key", ""), describe_slip(other))


def place_of(value: Any, key: str | int, place: tuple[str, ...]) -> tuple[str, ...]:
    """Return the place of what stands under a key; a table of a list is called by its name, or else by its number."""
    if isinstance(key, str):
        return (*place, key)
    label = value.get("name", key + 1) if isinstance(value, dict) else key + 1
    return (*place[:-1], f"{place[-1]} {label!r}")


def describe_slip(slip: Exception) -> str:
    """Say what is wrong with one key; raises what is a mistake of the program."""
    if isinstance(slip, KeyError):
        return "is missing"
    if isinstance(slip, SlipError):
        return str(slip)
    raise slip


def at_least(least: float) -> Rule:
    """Return the rule that a number is not smaller."""
    return lambda value: "" if value >= least else f"is {value}, must be at least {least}"


def above(bound: float) -> Rule:
    """Return the rule that a number is larger."""
    return lambda value: "" if value > bound else f"is {value}, must be above {bound}"


def one_of(*choices: str) -> Rule:
    """Return the rule that a text is among the choices."""
    words = ", ".join(choices)
    return lambda value: "" if value in choices else f"is {value!r}, choose from {words}"


def check_date(value: str) -> str:
    """Say what is wrong with a date as text."""
    try:
        if date.fromisoformat(value).isoformat() == value:
            return ""
    except ValueError:
        pass
    return f"is {value!r}, not a date as YYYY-MM-DD"


def toml_value(value: Any) -> Any:
    """Return a value as TOML knows it: enumerations as text, tuples as lists, None left out."""
    if isinstance(value, dict):
        return {key: toml_value(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [toml_value(item) for item in value]
    return str(value) if isinstance(value, StrEnum) else value
