"""The detectors with the shipped weights keep to the toolkit's contract."""

import pytest

from forensics.testing import conformance

pytestmark = [pytest.mark.slow, pytest.mark.weights]

TestConformance = conformance("resnext_lstm")
