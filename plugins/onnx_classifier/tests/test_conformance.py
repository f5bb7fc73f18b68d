"""A card of faces and one of whole frames keep to the toolkit's contract."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from forensics_onnx_classifier.shelf import VARIABLE

from forensics.settings import Settings
from forensics.testing import conformance

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True, scope="module")
def _shelf(shelf: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(shelf))
        yield


TestConformance = conformance("onnx_classifier", Settings(device="cpu", threads=1))
