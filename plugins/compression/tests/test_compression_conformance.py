"""The plugin keeps to the toolkit's contract."""

import pytest

from forensics.testing import conformance

pytestmark = pytest.mark.slow  # the 4K still a dozen times

TestConformance = conformance("compression")
