"""The timeline in text: its marks, its thresholds, and what becomes of it where there is little room."""

from collections.abc import Sequence

import pytest

from forensics.cli.text_timeline import BLOCKS, LETTERS, marks_of, timeline
from forensics.records import (
    Calibration,
    FrameScore,
    Label,
    Outcome,
    Provenance,
    RecordedDetector,
    RecordedPipeline,
    RecordedSampling,
    StoredEvidence,
    StoredFinding,
    TrackScore,
)

from ..builders import CALIBRATION

RUN = (0.0, 0.2, 0.4, 0.6)


def moments(*starts: float) -> list[float]:
    return [round(start + step, 2) for start in starts for step in RUN]


def provenance(
    sampled: Sequence[float], calibration: Calibration | None = CALIBRATION
) -> Provenance:
    pipeline = RecordedPipeline(
        sampling=RecordedSampling(sampling="runs", run_frames=4, stride_s=0.2),
        detectors=(RecordedDetector("net", calibration=calibration),),
    )
    return Provenance(sampled_s=tuple(sampled), pipeline=pipeline)


def finding(
    *tracks: tuple[Label | None, dict[float, float]], validated: bool = True
) -> StoredFinding:
    """A finding of the detector `net` with the scores of each track, by their moments."""
    ratio = 0.1 if validated else None
    evidence = StoredEvidence(
        tuple(
            TrackScore(
                number, min(scores), max(scores), 4, 96.0, max(scores.values()), ratio, label
            )
            for number, (label, scores) in enumerate(tracks, 1)
        ),
        tuple(
            FrameScore(time_s, number, (0.0, 0.0, 9.0, 9.0), score)
            for number, (_, scores) in enumerate(tracks, 1)
            for time_s, score in scores.items()
        ),
    )
    return StoredFinding("net", Outcome.SCORED, evidence=evidence)


def text(
    found: StoredFinding, record: Provenance, width: int = 80, marks: str = BLOCKS
) -> list[str]:
    return [line.plain.rstrip() for line in timeline(found, record, width, marks)]


TIMES = moments(0.0, 30.0, 70.0)
SWAPPED = dict(
    zip(TIMES, [1.0, 1.4, 1.9, 2.5, 0.9, 0.2, 1.2, 1.3, 1.7, 1.8, 1.5, 1.1], strict=True)
)
PLAIN_FACE = dict(zip(TIMES[4:], [-0.5, -1.0, -1.2, -2.0, -1.9, -0.4, -0.8, -3.0], strict=True))
BOTH = finding((Label.FAKE, SWAPPED), (Label.REAL, PLAIN_FACE))


def test_marks_are_heights_between_thresholds_with_a_line_for_each_track() -> None:
    assert text(BOTH, provenance(TIMES)) == [
        "  ▁▂▃ real up to -0.50   ▄▅ neither   ▆▇█ fake from 1.00   (log10 LR)",
        "  track 1  ▆▇██  ▅▄▆▆  ██▇▆  fake",
        "  track 2        ▃▃▂▁  ▁▄▃▁  real",
        "           00:00 00:30 01:10",
    ]


def test_encoding_without_blocks_has_letters_instead() -> None:
    assert text(BOTH, provenance(TIMES), marks=marks_of("ascii")) == [
        "  _.- real up to -0.50   =+ neither   *#@ fake from 1.00   (log10 LR)",
        "  track 1  *#@@  +=**  @@#*  fake",
        "  track 2        --._  _=-_  real",
        "           00:00 00:30 01:10",
    ]


@pytest.mark.parametrize(
    ("encoding", "marks"),
    [
        pytest.param("utf-8", BLOCKS, id="utf-8"),
        pytest.param("cp437", LETTERS, id="some blocks are not all"),
        pytest.param("latin-1", LETTERS, id="none"),
        pytest.param("no-such", LETTERS, id="unknown"),
    ],
)
def test_marks_are_what_the_encoding_has(encoding: str, marks: str) -> None:
    assert marks_of(encoding) == marks


@pytest.mark.parametrize(
    ("score", "mark", "style"),
    [
        pytest.param(9.0, "█", "bold red", id="over the cap"),
        pytest.param(1.0, "▆", "bold red", id="at the threshold of fake"),
        pytest.param(0.99, "▅", "yellow", id="just under it"),
        pytest.param(-0.49, "▄", "yellow", id="just over that of real"),
        pytest.param(-0.5, "▃", "green", id="at the threshold of real"),
        pytest.param(-9.0, "▁", "green", id="under the cap"),
    ],
)
def test_mark_and_colour_change_at_the_thresholds(score: float, mark: str, style: str) -> None:
    found = finding((Label.FAKE, {0.0: score, 0.2: 0.0}))
    line = list(timeline(found, provenance([0.0, 0.2]), 80, BLOCKS))[1]
    first = line.spans[0]
    assert (line.plain[first.start : first.end], first.style) == (mark, style)


def test_marks_of_a_face_that_was_not_validated_have_no_colour() -> None:
    found = finding((Label.INCONCLUSIVE, {0.0: 1.5, 0.2: -1.5}), validated=False)
    line = list(timeline(found, provenance([0.0, 0.2]), 80, BLOCKS))[1]
    assert [span.style for span in line.spans] == ["dim", "dim", "yellow"]


def test_detector_without_calibration_has_its_own_range_and_no_thresholds() -> None:
    found = finding((Label.INCONCLUSIVE, dict(zip(RUN, (3.0, 3.5, 3.9, 4.0), strict=True))))
    assert text(found, provenance(RUN, None)) == [
        "  ▁ 3.00 to █ 4.00: scores without calibration or thresholds",
        "  track 1  ▁▅██  inconclusive",
        "           0.0s",
    ]


def test_scores_that_are_all_the_same_have_one_mark() -> None:
    found = finding((Label.INCONCLUSIVE, dict.fromkeys(RUN, 3.0)))
    assert text(found, provenance(RUN, None))[1] == "  track 1  ▅▅▅▅  inconclusive"


def test_single_moment_has_no_timeline() -> None:
    assert text(finding((Label.FAKE, {0.0: 2.0})), provenance([0.0])) == []


def test_finding_without_scores_has_none() -> None:
    assert text(finding(), provenance(TIMES)) == []


@pytest.mark.parametrize("width", [100, 60, 40, 25, 10])
def test_highest_of_several_frames_stands_where_there_is_no_room_for_each(width: int) -> None:
    times = moments(*range(0, 400, 10))
    scores = dict.fromkeys(times, -2.0) | {times[77]: 2.0}
    said = text(finding((Label.FAKE, scores)), provenance(times), width)
    assert "each mark is the highest of up to" in said[0]
    assert said[1].count("█") == 1
    assert len(said[1]) <= max(width, len("  track 1  █  fake"))


def test_only_the_highest_of_many_tracks_are_shown() -> None:
    many = [(Label.REAL, {0.0: -number / 10, 0.2: -1.9}) for number in range(20)]
    said = text(finding(*many), provenance([0.0, 0.2]))
    assert [line.split()[1] for line in said[1:9]] == [str(number) for number in range(1, 9)]
    assert said[-1] == "  and 12 more with lower scores"
