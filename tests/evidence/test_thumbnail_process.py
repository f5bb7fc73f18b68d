"""What a process that was taken over by a hostile file can and can't do to whoever asked it for pictures."""

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine

from forensics.evidence import thumbnails
from forensics.evidence.thumbnails import Gallery
from forensics.settings import Settings

from ..fakes import Clip, render
from .test_thumbnails import stored, verdict


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "said",
    [
        pytest.param("no JSON", id="no-json"),
        pytest.param("[1]", id="no-object"),
        pytest.param(json.dumps({"jpeg": "PHNjcmlwdD4=", "time_s": 0.0}), id="no-jpeg"),
        pytest.param(json.dumps({"jpeg": 7}), id="no-text"),
        pytest.param(json.dumps({"jpeg": "/9j/", "time_s": 0.0}), id="no-size"),
    ],
)
def test_nonsense_from_the_camera_is_no_picture(
    engine: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    said: str,
) -> None:
    code = f"import sys; sys.stdin.readline(); print({said!r})"
    (tmp_path / "taken_over.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    clip = render(tmp_path / "a.mp4", Clip(frames=5))
    verdict_id = stored(engine, clip, verdict(clip))
    monkeypatch.setattr(thumbnails, "MODULE", "taken_over")
    shots = Gallery(Settings(evidence_folder=str(tmp_path / "evidence")), engine).shots(verdict_id)
    assert (shots.frames, shots.faces) == ((), ())
    assert shots.lacking == thumbnails.NONSENSE
