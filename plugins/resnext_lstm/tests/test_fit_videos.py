"""Videos as evidence: what is fitted on few of many sources, and how it is judged on sources left out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from forensics_resnext_lstm.data import DataError
from forensics_resnext_lstm.evaluation import leave_one_out
from forensics_resnext_lstm.evaluation.calibrate import Validity
from forensics_resnext_lstm.evaluation.cases import Known
from forensics_resnext_lstm.evaluation.fit_videos import (
    Cases,
    cases_of,
    clearing,
    decided,
    fit_joint,
    fit_one,
    flagging,
    ratios_by,
    regression,
    weights_of,
)
from forensics_resnext_lstm.evaluation.video_scores import Face, VideoScores, read_kept, scores_of

from forensics.analysis.fusion import calibrate, fuse
from forensics.records import (
    Coverage,
    ErrorRate,
    Evidence,
    Finding,
    Label,
    MediaKind,
    Outcome,
    Together,
    TrackScore,
)

VALIDITY = Validity(64, 8)
NAMES = ("good", "noise")


def world(seed: int = 3, people: int = 8) -> list[VideoScores]:
    """Six sources of genuine and four of manipulated videos; `good` tells them apart, `noise` does not."""
    rng = np.random.default_rng(seed)
    videos = []
    for source in range(10):
        fake = source >= 6
        for person in range(people):
            score = {
                "good": rng.normal(1.5 if fake else -1.5, 1.0),
                "noise": rng.normal(0.05 if fake else 0.0, 1.0),
            }
            faces = {name: (Face(float(value), 20, 120),) for name, value in score.items()}
            known = Known(
                f"{source}-{person}.mp4",
                "",
                fake,
                identity=f"{source}-{person}",
                dataset=f"set {source}",
                method=f"method {source}" if fake else "real",
            )
            videos.append(VideoScores(known, faces))
    return videos


STILLS = dict.fromkeys(NAMES, None)


def test_triage_flags_at_most_one_genuine_video_in_twenty() -> None:
    real = np.arange(40, dtype=float)
    assert (real >= flagging(real)).sum() == 2
    assert (real[:19] >= flagging(real[:19])).sum() == 0


def test_real_is_said_of_no_method_at_more_than_its_share() -> None:
    fakes = np.concatenate([np.linspace(0, 1, 90), np.linspace(-5, -4, 10)])
    methods = ("common",) * 90 + ("smooth",) * 10
    cases = Cases(np.ones(100, bool), methods, methods, np.ones(100))
    at = clearing(fakes, cases)
    assert (fakes[90:] <= at).sum() == 1
    assert (fakes <= at).sum() <= 5


def test_files_of_one_person_weigh_as_much_as_one_file_of_another() -> None:
    labels = np.array([True, True, True, False])
    weights = weights_of(labels, ("m", "m", "m", "real"), ("a", "a", "b", "c"))
    assert weights[0] + weights[1] == pytest.approx(weights[2])
    assert weights[labels].sum() == pytest.approx(weights[~labels].sum())


def test_slope_is_never_negative() -> None:
    videos = world()
    cases = cases_of(videos)
    backwards = np.array([-v.faces["good"][0].score for v in videos])
    slopes, _ = regression(backwards[:, None], cases)
    assert slopes[0] == 0


def test_detector_that_ranks_backwards_is_refused() -> None:
    videos = [
        replace(v, faces={"good": (replace(v.faces["good"][0], score=-v.faces["good"][0].score),)})
        for v in world()
    ]
    with pytest.raises(DataError, match="do not score higher"):
        fit_one(videos, "good", VALIDITY, None)


def test_detector_that_adds_nothing_on_sources_left_out_has_no_share() -> None:
    voices, areas = leave_one_out.chosen_voices(world(), STILLS, VALIDITY, "dataset")
    assert voices == ("good",)
    assert areas["good",] > 0.9 > areas["noise",]


def test_verdict_is_never_worse_than_its_best_detector() -> None:
    for seed in range(3):
        videos = world(seed)
        voices, _ = leave_one_out.chosen_voices(videos, STILLS, VALIDITY, "dataset")
        judged = leave_one_out.leave_out(videos, STILLS, VALIDITY, voices, "dataset")
        best = max(leave_one_out.area(judged, name) for name in NAMES)
        assert leave_one_out.area(judged, "") >= best - leave_one_out.WORTH - 0.01


def test_thresholds_hold_on_sources_left_out() -> None:
    videos = world(people=20)
    judged = leave_one_out.leave_out(videos, STILLS, VALIDITY, ("good",), "dataset")
    flagged, missed = leave_one_out.counted(judged, "a made-up world", "2026-11-29")
    assert (flagged.files, missed.files) == (120, 80)
    assert flagged.wrong / flagged.files < 0.1
    assert missed.wrong / missed.files < 0.12
    assert flagged.undecided is not None


def test_real_is_said_no_more_readily_than_holds_on_sources_left_out() -> None:
    videos = world(people=20)
    bold = leave_one_out.fit(videos, STILLS, VALIDITY, ("good",))
    judged = leave_one_out.leave_out(videos, STILLS, VALIDITY, ("good",), "dataset")
    fitted = leave_one_out.cautious(bold, judged)
    assert bold.joint is not None
    assert fitted.joint is not None
    assert fitted.joint.calibration.real_at <= bold.joint.calibration.real_at
    rows = leave_one_out.table(leave_one_out.relabelled(judged, fitted))
    assert rows[-1].fake[Label.REAL] <= 0.05 * rows[-1].fake.total()


def test_a_source_is_judged_without_anybody_who_is_tied_to_it() -> None:
    videos = world()
    shared = replace(videos[0], known=replace(videos[0].known, identity="0-0+9-0", dataset="set 0"))
    tied = [shared, *videos[1:]]
    alone = leave_one_out.leave_out(tied, STILLS, VALIDITY, ("good",), "dataset")
    without = [v for v in tied if v.known.dataset != "set 9" and v is not shared]
    fitted = leave_one_out.fit(without, STILLS, VALIDITY, ("good",))
    expected = [
        leave_one_out.judge(v, "set 9", fitted).ratio for v in tied if v.known.dataset == "set 9"
    ]
    assert [j.ratio for j in alone if j.source == "set 9"] == expected


def test_table_has_a_row_for_each_source_and_one_for_all() -> None:
    judged = leave_one_out.leave_out(world(), STILLS, VALIDITY, ("good",), "method")
    rows = leave_one_out.table(judged)
    assert [row.source for row in rows][-1] == "all"
    assert sum(row.fake.total() for row in rows[:-1]) == rows[-1].fake.total() == 32
    assert all(0 <= area <= 1 for row in rows for area in row.areas.values())


def test_faces_that_are_small_or_seen_briefly_decide_nothing() -> None:
    videos = world()
    small = replace(videos[0], faces={**videos[0].faces, "good": (Face(9.0, 20, 40),)})
    brief = replace(videos[1], faces={**videos[1].faces, "good": (Face(9.0, 3, 90),)})
    kept = decided([small, brief, *videos[2:]], NAMES, VALIDITY)
    assert len(kept) == len(videos) - 2


def test_what_is_fitted_is_what_the_rule_of_verdicts_computes() -> None:
    videos = world()
    alone = {name: fit_one(videos, name, VALIDITY, None) for name in NAMES}
    joint = fit_joint(videos, alone, NAMES)
    rate = ErrorRate(1, 0, "", "2026-11-29")
    together = Together(
        NAMES,
        ("1", "2"),
        rate,
        rate,
        (MediaKind.VIDEO,),
        tuple(joint.shares[n] for n in NAMES),
        joint.calibration,
    )
    for video in videos[::7]:
        findings = [
            calibrate(
                Finding(
                    name,
                    "1",
                    None,
                    Outcome.SCORED,
                    score=face.score,
                    evidence=Evidence(
                        tracks=(TrackScore(1, 0, 5, face.frames, face.face_px, face.score),)
                    ),
                ),
                alone[name],
                MediaKind.VIDEO,
            )
            for name in NAMES
            for face in video.faces[name]
        ]
        coverage = Coverage(5.0, 20, 20, 20, 1, 0.3, 0)
        decision = fuse(findings, alone, MediaKind.VIDEO, coverage, (together,))
        ratios = {name: float(ratios_by([video], name, alone[name])[0]) for name in NAMES}
        assert decision.log10_lr == pytest.approx(joint.ratio(ratios))
        if video.known.fake and decision.log10_lr == joint.calibration.cap_log10:
            assert decision.label is Label.FAKE


def test_scores_that_were_kept_are_read_again_and_a_torn_line_is_left_out(tmp_path: Path) -> None:
    kept = tmp_path / "scores.jsonl"
    kept.write_text(
        '{"key": "k", "good": [{"score": 1.5, "frames": 9, "face_px": 80.0}]}\n{"key": "t", "go'
    )
    rows = read_kept(kept)
    assert rows.keys() == {"k"}
    video = scores_of(Known("a.mp4", "", True), rows["k"])
    assert video.faces == {"good": (Face(1.5, 9, 80.0),)}
    assert scores_of(Known("a.mp4", "", True), {"error": "broken"}).error == "broken"
