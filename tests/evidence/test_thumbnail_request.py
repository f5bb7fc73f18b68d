"""Which pictures a verdict has, and what makes and shows them."""

import subprocess
import sys

import pytest

from forensics.evidence import thumbnail_request
from forensics.records import (
    FrameScore,
    HeatMap,
    Label,
    MediaInfo,
    MediaKind,
    Outcome,
    Provenance,
    StoredEvidence,
    StoredFinding,
    StoredVerdict,
    TrackScore,
)

BOX = (9.0, 9.0, 20.0, 20.0)


def face(track: int, time_s: float, heat: HeatMap | None = None) -> FrameScore:
    return FrameScore(time_s, track, BOX, 0.5, heat)


def finding(detector: str, *faces: FrameScore) -> StoredFinding:
    ids = sorted({one.track for one in faces})
    tracks = tuple(TrackScore(i, 0.0, 1.0, 3, 96.0, 10.0 - i) for i in ids)
    return StoredFinding(detector, Outcome.SCORED, evidence=StoredEvidence(tracks, faces))


def verdict(
    *findings: StoredFinding, times_s: tuple[float, ...] = (0.0, 0.2, 0.4)
) -> StoredVerdict:
    crop = {"scale": 0.82, "shift": 0.1, "px": 112}
    record = Provenance(sampled_s=times_s, parameters={"cropping": {"crop": crop}})
    media = MediaInfo("5f" * 32, 9, MediaKind.VIDEO, "mp4", "h264", 96, 64)
    return StoredVerdict(Label.FAKE, media, findings=findings, provenance=record)


def test_crowd_has_pictures_of_those_that_count_most() -> None:
    crowd = verdict(finding("a", *(face(i, t) for i in range(1, 202) for t in (0.0, 0.2))))
    asked = thumbnail_request.request(crowd, [], "on")
    faces = [one for some in asked["faces"].values() for one in some]
    assert (len(faces), thumbnail_request.left_out(crowd)) == (thumbnail_request.MOST_FACES, 2)
    assert {one["track"] for one in faces} == {*range(1, 201)}  # 201 has the lowest score


def test_faces_are_those_of_the_detector_with_maps() -> None:
    heat = HeatMap(1, 1, "AA==", 1.0)
    plain, mapped = finding("plain", face(1, 0.0)), finding("cropping", face(2, 0.2, heat))
    asked = thumbnail_request.request(verdict(plain, mapped), [], "on")
    assert list(asked["faces"]) == ["0.200000"]
    assert asked["crop"] == {"scale": 0.82, "shift": 0.1}
    assert (
        thumbnail_request.request(verdict(plain), [], "on")["crop"]
        == thumbnail_request.DEFAULT_CROP
    )
    assert thumbnail_request.request(verdict(), [], "on")["faces"] == {}


@pytest.mark.parametrize(
    ("time_s", "hidden"),
    [
        pytest.param(1.0, True, id="found-there"),
        pytest.param(1.2, True, id="between-two-finds"),
        pytest.param(0.6, True, id="just-before"),
        pytest.param(9.0, False, id="long-after"),
    ],
)
def test_face_is_blurred_where_it_may_be_unfound(time_s: float, hidden: bool) -> None:
    told = verdict(finding("a", face(1, 1.0), face(1, 1.4)), times_s=(time_s,))
    boxes = thumbnail_request.request(told, [], "blurred")["blur"][thumbnail_request.key(time_s)]
    assert boxes == ([BOX] if hidden else [])


def test_whoever_shows_pictures_loads_neither_torch_nor_opencv() -> None:
    code = (
        "import sys, forensics.evidence.thumbnails, forensics.evidence.retention\n"
        "print(sorted({'torch', 'cv2', 'av', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
