"""The plot of scores over time: what it says without colour and without eyes."""

import re
import xml.etree.ElementTree as ET
from collections import Counter
from typing import Any

import pytest

from forensics.report.svg_marks import dash, mark
from forensics.report.timeline import Link, thresholds, timeline_svg, timelines

from .samples import CALIBRATION, TIMES, as_stored, scored, statement, told

SVG = "{http://www.w3.org/2000/svg}"


def parsed(markup: str) -> ET.Element:
    return ET.fromstring(str(markup).replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1))  # noqa: S314


def samples(svg: ET.Element) -> list[ET.Element]:
    return [g for g in svg.iter(f"{SVG}g") if g.get("class") == "sample"]


def plot(tracks: int = 1, key: str = "timeline", link: Link | None = None) -> ET.Element:
    finding, calibration = as_stored(scored(tracks=tracks)), CALIBRATION
    return parsed(
        timeline_svg(finding, calibration, duration_s=12.0, sampled_s=TIMES, key=key, link=link)
    )


def test_every_sample_has_a_mark_with_its_time_and_score() -> None:
    found = samples(plot(tracks=2))
    assert Counter(one.get("data-track") for one in found) == {"1": len(TIMES), "2": len(TIMES)}
    titles = [title.text for one in found for title in one.iter(f"{SVG}title")]
    assert "Face track 1, 00:05 (5.00 s): score 0.04" in titles


def test_title_and_description_say_what_the_plot_shows() -> None:
    svg = plot(key="a")
    named = [svg.find(f".//*[@id='{name}']") for name in svg.get("aria-labelledby", "").split()]
    assert [found.tag for found in named if found is not None] == [f"{SVG}title", f"{SVG}desc"]
    said = " ".join(found.text or "" for found in named if found is not None)
    assert "Scores of net over time" in said
    assert "12 sampled moments. Face track 1, 12 samples: score 1.10, 00:00-00:10" in said
    assert "Threshold of fake: 0.94." in said


def test_thresholds_are_those_of_the_calibration_as_raw_scores() -> None:
    found = {one.label: one.score for one in thresholds(CALIBRATION)}
    for label, log10 in (("fake", CALIBRATION.fake_at), ("real", CALIBRATION.real_at)):
        ratio = CALIBRATION.slope * found[label] + CALIBRATION.intercept
        assert ratio == pytest.approx(log10 * 2.302585092994046)
    assert thresholds(None) == []


def test_thirty_tracks_differ_without_colour() -> None:
    shapes = [re.sub(r' (fill|stroke)="[^"]*"', "", mark(i, 0, 0)) for i in range(30)]
    assert len(set(shapes)) == 6
    assert len({(shape, dash(i)) for i, shape in enumerate(shapes)}) == 30


def test_track_without_a_ratio_is_hollow() -> None:
    decided = parsed(timeline_svg(as_stored(scored()), None, duration_s=12.0))
    nothing = parsed(timeline_svg(as_stored(scored(log10_lr=None)), None, duration_s=12.0))
    assert samples(decided)[0][1].get("fill") != "none"
    assert samples(nothing)[0][1].get("fill") == "none"
    assert "hollow: decides nothing" in "".join(nothing.itertext())


def test_lines_join_only_samples_that_follow_each_other_closely() -> None:
    dashed = [line for line in plot().iter(f"{SVG}line") if line.get("stroke", "").startswith("#")]
    runs, per_run, legend = 3, 4, 1
    assert len(dashed) == runs * (per_run - 1) + legend


def test_still_is_one_mark_in_the_middle() -> None:
    finding = as_stored(scored(times=(0.0,)))
    svg = parsed(timeline_svg(finding, None, duration_s=None, sampled_s=(0.0,)))
    assert len(samples(svg)) == 1
    assert "still" in "".join(svg.itertext())


@pytest.mark.parametrize("duration_s", [12.0, 600.0, 90_000.0])
def test_all_of_it_lies_inside_the_picture(duration_s: float) -> None:
    times = tuple(duration_s * i / 20 for i in range(20))
    finding = as_stored(scored(tracks=7, times=times))
    svg = parsed(timeline_svg(finding, CALIBRATION, duration_s=duration_s, sampled_s=times))
    width, height = (float(n) for n in svg.get("viewBox", "").split()[2:])
    for element in svg.iter():
        for name, most in (
            ("x", width),
            ("cx", width),
            ("x1", width),
            ("y", height),
            ("y1", height),
        ):
            assert 0 <= float(element.get(name, "0")) <= most
    labels = [text for text in svg.iter(f"{SVG}text") if text.get("text-anchor") == "middle"]
    assert 3 <= len(labels) <= 9


def test_marks_become_links_where_a_page_wants_them() -> None:
    svg = plot(link=lambda time_s, track: f"#at-{time_s}-{track}")
    links = [a.get("href") for a in svg.iter(f"{SVG}a")]
    assert links[0] == "#at-0.0-1"
    assert svg.get("role") == "group"


def test_names_from_plugins_are_escaped() -> None:
    finding = as_stored(scored(detector='<script>alert("x")</script>'))
    markup = timeline_svg(finding, None, duration_s=12.0)
    assert "<script" not in markup
    assert "&lt;script&gt;" in markup


def test_style_stands_in_presentation_attributes_alone() -> None:
    assert all("style" not in element.attrib for element in plot().iter())


def test_each_scoring_detector_has_its_plot_and_no_other() -> None:
    verdict = told(statement("nothing"), scored("one"), scored("two")).verdict
    assert verdict
    found = timelines(verdict)
    assert list(found) == ["one", "two"]
    ids = re.findall(r'id="([^"]+)"', "".join(found.values()))
    assert len(ids) == len(set(ids)) == 4


def test_calibration_for_other_media_draws_no_threshold() -> None:
    def for_videos(payload: dict[str, Any]) -> None:
        (detector,) = payload["provenance"]["pipeline"]["detectors"]
        detector["calibration"]["kinds"] = ["video"]

    still = told(scored(times=(0.0,)), still=True).verdict
    assert still
    assert "Thresholds" in timelines(still)["net"]
    still = told(scored(times=(0.0,)), still=True, change=for_videos).verdict
    assert still
    assert "Thresholds" not in timelines(still)["net"]
