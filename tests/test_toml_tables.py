"""Tables as dataclasses: what the types of the fields say is enough, and every slip is named."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from forensics.errors import WeightsError
from forensics.toml_tables import Problem, TableReader, at_least, load, one_of

Tree = dict[str, Any]


@dataclass(frozen=True)
class Leaf:
    """A table inside a table, which may hold another one of its kind."""

    size: float
    inner: "Leaf | None" = None


@dataclass(frozen=True)
class Plant:
    """One field of each kind."""

    name: str
    leaf: Leaf | None
    height: int = 1
    is_green: bool = True
    shares: dict[str, float] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    leaves: tuple[Leaf, ...] = ()
    rings: tuple[int, ...] = ()


RULES = {Plant: {"height": at_least(1), "name": one_of("oak", "ash")}, Leaf: {"size": at_least(0)}}
READER = TableReader(WeightsError, RULES)


def test_table_is_read_as_its_fields_say() -> None:
    values = {"name": "oak", "leaf": {"size": 2, "inner": {"size": 1.5}}, "shares": {"a": 1}}
    plant = READER.structure(values | {"leaves": [{"size": 3}], "rings": [1, 2]}, Plant, "x")
    assert plant.leaf == Leaf(2.0, Leaf(1.5))
    assert (plant.shares, plant.leaves, plant.rings) == ({"a": 1.0}, (Leaf(3.0),), (1, 2))


def test_field_that_may_be_none_may_be_absent() -> None:
    assert READER.structure({"name": "oak"}, Plant, "x") == Plant("oak", None)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        pytest.param({"name": "elm"}, "key 'name' is 'elm', choose from oak, ash", id="choice"),
        pytest.param({"height": 0}, "key 'height' is 0, must be at least 1", id="range"),
        pytest.param({"height": 1.0}, "key 'height' is 1.0, not a whole number", id="whole"),
        pytest.param({"is_green": 1}, "key 'is_green' is 1, not true or false", id="flag"),
        pytest.param({"leaf": 3}, "key 'leaf' is 3, not a table", id="table"),
        pytest.param({"leaf": {"size": float("inf")}}, "leaf: key 'size' is inf", id="infinite"),
        pytest.param(
            {"leaf": {"size": 1, "inner": {"size": -1}}}, "leaf: inner: key 'size' is -1", id="deep"
        ),
        pytest.param({"shares": {"a": "b"}}, "shares: key 'a' is 'b', not a number", id="share"),
        pytest.param({"notes": [1]}, "key 'notes' is [1], not a table", id="free"),
        pytest.param({"leaves": [1]}, "key 'leaves' must be a list of tables", id="no-tables"),
        pytest.param({"leaves": [{}]}, "leaves 1: key 'size' is missing", id="in-a-list"),
        pytest.param({"rings": "12"}, "key 'rings' is '12', not a list", id="text-for-list"),
        pytest.param({"rings": [1, "2"]}, "rings: key '1' is '2', not a whole", id="item"),
        pytest.param(
            {"colour": 1}, "key 'colour' is not known here; known: name, leaf", id="unknown"
        ),
    ],
)
def test_slip_is_named_by_place_and_key(values: Tree, problem: str) -> None:
    with pytest.raises(WeightsError) as caught:
        READER.structure({"name": "oak"} | values, Plant, "x.toml")
    assert str(caught.value).startswith(f"x.toml: {problem}")
    assert "\n" not in str(caught.value)


def test_all_slips_are_named_at_once() -> None:
    values = {"height": "tall", "leaf": {"size": "big", "colour": 1}, "rings": ["a", 2, "b"]}
    problems = READER.attempt(values, Plant)
    assert isinstance(problems, list)
    assert [(*problem.place, problem.key) for problem in problems] == [
        ("name",),
        ("leaf", "size"),
        ("leaf", "colour"),
        ("height",),
        ("rings", "0"),
        ("rings", "2"),
    ]
    assert problems[0] == Problem((), "name", "is missing")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("schema = 2", r"x\.toml: key 'schema' is 2, this program reads 1", id="other"),
        pytest.param("a = 1", r"x\.toml: key 'schema' is missing", id="missing"),
        pytest.param("schema =", r"x\.toml: can't be read", id="no-toml"),
    ],
)
def test_file_of_another_schema_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "x.toml"
    path.write_text(text)
    with pytest.raises(WeightsError, match=message):
        load(path, WeightsError, schema=1)


def test_mistake_of_the_program_keeps_its_traceback() -> None:
    def rule(_: Any) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        TableReader(WeightsError, {Leaf: {"size": rule}}).structure({"size": 1}, Leaf, "x")
