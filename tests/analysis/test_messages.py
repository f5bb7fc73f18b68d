"""What crosses the pipe comes out as it went in."""

from dataclasses import replace

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
    Evidence,
    Failure,
    FrameScore,
    HeatMap,
    Label,
    Passage,
    Reason,
)

from .. import builders

FINDING = builders.finding(
    weights="ab12",
    score=0.1,
    log10_lr=0.2,
    fake=0.3,
    evidence=Evidence(
        (builders.track(label=Label.INCONCLUSIVE),),
        (
            FrameScore(0.5, 1, (1.0, 2.0, 3.0, 4.0), 0.5),
            FrameScore(0.7, 1, (1.0, 2.0, 3.0, 4.0), 0.5, HeatMap(1, 2, "AP8=", 0.3)),
        ),
        ("said",),
        (Artifact("map.png", "image/png", b"\x00\xff"),),
    ),
)
VERDICT = builders.verdict(
    FINDING,
    label=Label.INCONCLUSIVE,
    reason=Reason.NEAR_THRESHOLD,
    coverage=replace(builders.WHOLE, max_gap_s=None),
    provenance={"nested": {"list": [1, 2.5, None, True, "text"]}},
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
