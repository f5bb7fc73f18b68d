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
        pytest.param('name = "a"\ntrunk = "b"\ncolour = 1', "'colour' is not known", id="unknown"),
        pytest.param('name = "a"\ntrunk = "b"\npx = "112"', "'px' is '112', which is", id="type"),
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
