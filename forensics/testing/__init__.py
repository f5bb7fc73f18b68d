"""The kit for plugin authors: golden media, fixtures, and a conformance suite that a plugin runs in two lines.

    from forensics.testing import conformance

    TestConformance = conformance("film-grain")

The name is the plugin's entry point. The golden media are made on the spot, with their face tracks cut at known
places: no face finder, no network and no GPU is needed. In tests of one's own, `sample_of` gives them; `conftest.py`
imports it from `forensics.testing.fixtures`:

    def test_dark_clip_is_examined(sample_of):
        assert DETECTOR.examine(sample_of("dark")).outcome is Outcome.SCORED

Comes with media-forensics[faces,testing].
"""

import pytest

pytest.register_assert_rewrite(f"{__name__}.conformance", f"{__name__}.findings")

from .conformance import Conformance, conformance
from .media import GOLDEN, Golden, write
from .samples import sampled

__all__ = ["GOLDEN", "Conformance", "Golden", "conformance", "sampled", "write"]
