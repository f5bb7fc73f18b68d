"""What crosses the pipe comes out as it went in."""

import pytest

from forensics.analysis.messages import (
    DetectorStarted,
    Done,
    Failed,
    FindingReady,
    Hashed,
    Message,
    Ready,
    Started,
    Task,
    pack,
    pack_task,
    unpack,
    unpack_task,
)
from forensics.errors import ErrorCode
from forensics.records import (
    Artifact,
    Coverage,
    Evidence,
    Failure,
    Finding,
    FrameScore,
    HeatMap,
    Label,
    MediaInfo,
    MediaKind,
    Outcome,
    Passage,
    Reason,
    TrackScore,
    Verdict,
)

FINDING = Finding(
    "a",
    "1",
    "ab12",
    Outcome.SCORED,
    score=0.1,
    log10_lr=0.2,
    fake=0.3,
    evidence=Evidence(
        (TrackScore(1, 0.0, 1.0, 3, 80.0, 0.5, None, Label.INCONCLUSIVE),),
        (
            FrameScore(0.5, 1, (1.0, 2.0, 3.0, 4.0), 0.5),
            FrameScore(0.7, 1, (1.0, 2.0, 3.0, 4.0), 0.5, HeatMap(1, 2, "AP8=", 0.3)),
        ),
        ("said",),
        (Artifact("map.png", "image/png", b"\x00\xff"),),
    ),
)
VERDICT = Verdict(
    Label.INCONCLUSIVE,
    Reason.NEAR_THRESHOLD,
    0.5,
    0.0,
    ("face_manipulation",),
    ("audio",),
    Coverage(1.0, 20, 20, 20, 1, None, 0),
    (FINDING,),
    MediaInfo("ab", 5, MediaKind.VIDEO, "mov", "h264", 64, 48, 1.0, 25.0),
    {"nested": {"list": [1, 2.5, None, True, "text"]}},
)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(Ready({"detectors": [{"name": "a"}]}, ("use",), ()), id="ready"),
        pytest.param(Started(1, 2), id="started"),
        pytest.param(Hashed(1, "ab", 5, {"x": 1}), id="hashed"),
        pytest.param(DetectorStarted(1, "a"), id="detector-started"),
        pytest.param(FindingReady(1, FINDING), id="finding"),
        pytest.param(Done(1, VERDICT), id="done"),
        pytest.param(Failed(1, Failure(ErrorCode.DEADLINE, "late", "a")), id="failed"),
    ],
)
def test_message_comes_out_as_it_went_in(message: Message) -> None:
    assert unpack(pack(message)) == message


@pytest.mark.parametrize("path", ["/in/a.mp4", "/in/caf\udce9.mp4", "/in/\N{SNOWMAN} \n.mp4"])
def test_task_keeps_its_path_to_the_byte(path: str) -> None:
    task = Task(3, path, 5, 6, 7, Passage(1.5, None), (FINDING,))
    assert unpack_task(pack_task(task)) == task
