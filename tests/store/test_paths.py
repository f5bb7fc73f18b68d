"""Paths as bytes and as text."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.store.paths import shown, unshown

NAMES = st.binary(max_size=30).filter(lambda name: b"\0" not in name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param(b"/in/clip.mp4", "/in/clip.mp4", id="plain"),
        pytest.param("/in/Zoë 日本.mp4".encode(), "/in/Zoë 日本.mp4", id="UTF-8"),
        pytest.param(b"/in/\xff.mp4", r"/in/\xff.mp4", id="not UTF-8"),
        pytest.param(rb"/in/\xff.mp4", r"/in/\\xff.mp4", id="looks like an escape"),
        pytest.param(b"/in/a\nb\x1b[31m", r"/in/a\x0ab\x1b[31m", id="control characters"),
        pytest.param("/in/‮4pm.exe".encode(), r"/in/\xe2\x80\xae4pm.exe", id="turned"),
    ],
)
def test_path_is_shown_as_text(name: bytes, text: str) -> None:
    assert shown(os.fsdecode(name)) == text


@given(NAMES)
def test_shown_path_is_text_and_leads_back(name: bytes) -> None:
    text = shown(os.fsdecode(name))
    text.encode("utf-8")
    assert os.fsencode(unshown(text)) == name


@given(NAMES, NAMES)
def test_different_paths_are_shown_differently(one: bytes, other: bytes) -> None:
    assert (shown(os.fsdecode(one)) == shown(os.fsdecode(other))) == (one == other)
