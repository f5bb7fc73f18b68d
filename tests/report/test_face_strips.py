"""Which faces a report shows."""

from dataclasses import replace
from pathlib import Path

import pytest

from forensics.report.face_strips import (
    HIGHEST_WORD,
    LOWEST_WORD,
    MOST_PICTURES,
    chosen_places,
    deciding,
    strips,
    with_maps,
)

from .samples import TIMES, as_stored, scored, shots, statement


def test_highest_and_three_lowest_are_marked_in_order_of_time(tmp_path: Path) -> None:
    finding = as_stored(scored())
    (strip,) = strips(finding, shots(tmp_path).faces)
    assert [face.shot.time_s for face in strip.faces] == list(TIMES)
    by_score = sorted(strip.faces, key=lambda face: face.score)
    assert [face.mark for face in by_score[:3]] == [LOWEST_WORD] * 3
    assert by_score[-1].mark == HIGHEST_WORD
    assert sum(bool(face.mark) for face in strip.faces) == 4


def test_rule_of_selection_is_stated(tmp_path: Path) -> None:
    (strip,) = strips(as_stored(scored()), shots(tmp_path).faces)
    assert strip.rule == (
        "All 12 sampled pictures of this face in order of time. "
        "Marked by the score of net: the highest and the 3 lowest."
    )


def test_of_many_pictures_the_marked_ones_are_shown_and_the_rule_says_so(tmp_path: Path) -> None:
    times = tuple(float(t) for t in range(60))
    (strip,) = strips(as_stored(scored(times=times)), shots(tmp_path, times=times).faces)
    assert len(strip.faces) == MOST_PICTURES
    assert sum(bool(face.mark) for face in strip.faces) == 4
    assert strip.rule.startswith("20 of the 60 sampled pictures")


@pytest.mark.parametrize("count", [1, 2, 3, 4, 19, 20, 21, 23, 24, 300])
def test_choice_is_full_spread_and_has_what_it_must(count: int) -> None:
    always = {0, count // 2, count - 1}
    chosen = chosen_places(count, always)
    assert len(chosen) == min(count, MOST_PICTURES)
    assert always <= set(chosen)
    assert chosen == sorted(set(chosen))


@pytest.mark.parametrize(("pictures", "marks"), [(1, 0), (2, 2), (3, 3), (4, 4)])
def test_few_pictures_have_fewer_marks(tmp_path: Path, pictures: int, marks: int) -> None:
    times = TIMES[:pictures]
    (strip,) = strips(as_stored(scored(times=times)), shots(tmp_path, times=times).faces)
    assert len(strip.marked) == marks


def test_tracks_that_decide_come_first(tmp_path: Path) -> None:
    finding = scored(tracks=3)
    first, second, third = finding.evidence.tracks
    tracks = (first, second, replace(third, log10_lr=None))
    finding = replace(finding, evidence=replace(finding.evidence, tracks=tracks))
    found = strips(as_stored(finding), shots(tmp_path, tracks=3).faces)
    assert [(strip.track, strip.mute) for strip in found] == [(2, False), (1, False), (3, True)]


def test_track_without_pictures_has_no_strip(tmp_path: Path) -> None:
    assert [s.track for s in strips(as_stored(scored(tracks=2)), shots(tmp_path).faces)] == [1]
    assert strips(as_stored(scored()), ()) == []


def test_scores_of_a_detector_that_voted_decide() -> None:
    silent, voted = as_stored(scored("silent", log10_lr=None)), as_stored(scored("voted"))
    assert deciding([as_stored(statement("x")), silent, voted]) == voted
    assert deciding([silent]) == silent
    assert deciding([as_stored(statement("x"))]) is None


def test_heat_maps_are_shown_where_there_are_some(tmp_path: Path) -> None:
    with_map, without = as_stored(scored("one")), as_stored(scored("two"))
    frames = tuple(replace(frame, map=None) for frame in without.evidence.frames)
    without = replace(without, evidence=replace(without.evidence, frames=frames))
    found = list(with_maps([with_map, without], shots(tmp_path).faces))
    assert [finding.detector for finding, _ in found] == ["one"]
