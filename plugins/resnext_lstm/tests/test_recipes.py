from pathlib import Path

import pytest
from forensics_resnext_lstm.data import DataError
from forensics_resnext_lstm.training.recipe import read_recipe

RECIPES = Path(__file__).parents[1] / "recipes"


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_recipes_can_be_read(path: Path) -> None:
    assert read_recipe(path).name == path.stem


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param('name = "a"', "key 'trunk' is missing", id="missing"),
        pytest.param(
            'name = "a"\ntrunk = "b"\ncolour = 1',
            "'colour' is not known .*known: name, trunk,",
            id="unknown",
        ),
        pytest.param(
            'name = "a"\ntrunk = "b"\npx = "112"', "'px' is '112', not a whole", id="type"
        ),
        pytest.param('name = "a"\ntrunk = "b"\nsteps = 0', "must be at least 1", id="range"),
        pytest.param("name", "can't be read", id="syntax"),
    ],
)
def test_recipe_error_names_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        read_recipe(path)
    assert str(path) in str(caught.value)


def test_recipe_names_everything_that_is_wrong_with_it(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text('name = 1\npx = 0\nheld_out = [47, "48"]\nstage = "clips"\ncolour = 1\n')
    with pytest.raises(DataError) as caught:
        read_recipe(path)
    lines = [line.partition("; known: ")[0] for line in str(caught.value).splitlines()]
    assert [line.removeprefix(f"{path}: ") for line in lines] == [
        "key 'name' is 1, not text",
        "key 'trunk' is missing",
        "key 'px' is 0, must be at least 1",
        "held_out: key '1' is '48', not a whole number",
        "key 'stage' is 'clips', choose from crops, sequences",
        "key 'colour' is not known here",
    ]
