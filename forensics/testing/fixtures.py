"""Fixtures for a plugin's own tests; its `conftest.py` says `from forensics.testing.fixtures import sample_of`."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ..records import Sample
from .media import write
from .samples import sampled


def golden_folder(factory: pytest.TempPathFactory) -> Path:
    """Return the folder of this run's golden media; each is written once, when it is first asked for."""
    folder = factory.getbasetemp() / "golden-media"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return what gives the path of a golden file by its name in `forensics.testing.GOLDEN`."""
    folder = golden_folder(tmp_path_factory)
    return lambda name: write(name, folder)


@pytest.fixture
def sample_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Sample]]:
    """Yield what gives the Sample of a golden file by its name; its descriptor is open until the test ends."""
    folder = golden_folder(tmp_path_factory)
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(sampled(name, folder))
