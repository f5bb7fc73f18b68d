"""The plain form of records."""

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forensics.records import Artifact, Label, MediaInfo, MediaKind, Passage
from forensics.serialization import plain


@pytest.mark.parametrize(
    ("value", "form"),
    [
        pytest.param(None, None, id="nothing"),
        pytest.param(True, True, id="flag"),
        pytest.param(Label.FAKE, "fake", id="enum"),
        pytest.param((1, [2.5, "x"]), [1, [2.5, "x"]], id="lists"),
        pytest.param(frozenset({"b", "a"}), ["a", "b"], id="set, sorted"),
        pytest.param({Label.REAL: 1, 2: {}}, {"real": 1, "2": {}}, id="mapping"),
        pytest.param(Passage(1.0), {"start_s": 1.0, "end_s": None}, id="record"),
        pytest.param(math.inf, None, id="infinite"),
        pytest.param(math.nan, None, id="not a number"),
        pytest.param(np.float32(0.5), 0.5, id="number of numpy"),
        pytest.param(np.int64(7), 7, id="whole number of numpy"),
        pytest.param(datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00", id="time"),
        pytest.param("\udcff\0é", "\\udcff\\x00é", id="text that databases refuse"),
    ],
)
def test_plain_form_is_json(value: Any, form: Any) -> None:
    assert plain(value) == form
    assert json.loads(json.dumps(plain(value), allow_nan=False)) == form


def test_artifact_is_told_by_its_hash_and_size() -> None:
    assert plain(Artifact("a.png", "image/png", b"abc")) == {
        "name": "a.png",
        "media_type": "image/png",
        "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "bytes": 3,
    }


def test_record_in_a_record_is_plain() -> None:
    info = MediaInfo("ab", 1, MediaKind.STILL, "png", "png", 2, 3)
    assert plain({"media": info})["media"]["kind"] == "still"


def test_other_kinds_are_refused() -> None:
    with pytest.raises(TypeError, match="Path has no JSON form"):
        plain([Path("x")])
