"""The player: the box is where the face is, at the right moment, and timeline, strips and keys lead there."""

import json
from typing import Any

import pytest

from . import clips
from .conftest import Visitor

pytestmark = pytest.mark.browser

AWAY_PX = 6.0  # what encoding smears
EDGE = ".player-boxes g:not([visibility=hidden]) .player-edge"

# The box around what is not grey in the frame shown, in pixels of the upright picture; and the moment it has.
SEEN = """() => {
  const video = document.querySelector('.player-media');
  const data = JSON.parse(document.querySelector('.player-data').textContent);
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [data.width, data.height];
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(video, 0, 0, data.width, data.height);
  const pixels = context.getImageData(0, 0, data.width, data.height).data;
  const grey = pixels[0];
  let [left, top, right, bottom] = [data.width, data.height, 0, 0];
  for (let y = 0; y < data.height; y++) for (let x = 0; x < data.width; x++) {
    const at = 4 * (y * data.width + x);
    if (Math.max(...[0, 1, 2].map((i) => Math.abs(pixels[at + i] - grey))) <= 40) continue;
    [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
  }
  return [left, top, right + 1 - left, bottom + 1 - top];
}"""


def box(visitor: Visitor) -> list[float]:
    """Return the box that is drawn."""
    edge = visitor.page.locator(EDGE)
    return [float(edge.get_attribute(name) or "nan") for name in ("x", "y", "width", "height")]


def told(visitor: Visitor) -> dict[str, Any]:
    """Return what the player was told."""
    found: dict[str, Any] = json.loads(
        visitor.page.locator(".player-data").text_content() or "null"
    )
    return found


def shown_at(visitor: Visitor) -> float:
    """Return the moment for which the overlay is drawn."""
    return float(visitor.page.locator("#player").get_attribute("data-at-s") or "nan")


def wait_for(visitor: Visitor, time_s: float) -> None:
    """Wait until the frame of a moment is shown and drawn over."""
    visitor.page.wait_for_function(
        "time => !document.querySelector('video').seeking && Math.abs(document.getElementById('player').dataset.atS - time) < 0.002",
        arg=time_s,
    )


def test_click_on_the_timeline_leads_to_its_moment_and_box(visitor: Visitor) -> None:
    visitor.open_verdict(clips.FAKE)
    mark = visitor.page.locator("svg.timeline a").nth(9)
    time_s = float(mark.locator("[data-time]").get_attribute("data-time") or "nan")
    mark.click()
    wait_for(visitor, time_s)
    assert time_s > 1
    assert box(visitor)[0] == pytest.approx(clips.left_at(time_s), abs=AWAY_PX)
    assert "track 1: flagged, log10 LR 1.5" in visitor.page.locator("#player-now").inner_text()
    assert mark.get_attribute("aria-current") == "true"
    visitor.keep("result-fake")


@pytest.mark.parametrize("name", [clips.FAKE, clips.TURNED, clips.OLD])
def test_box_is_around_what_the_browser_shows(visitor: Visitor, name: str) -> None:
    visitor.open_verdict(name)
    moments = told(visitor)["moments"]
    for number in (3, 7, 11):
        visitor.page.locator(".strip.frames button").nth(number).click()
        wait_for(visitor, moments[number])
        assert box(visitor) == pytest.approx(visitor.page.evaluate(SEEN), abs=AWAY_PX)


def test_box_follows_while_it_plays(visitor: Visitor) -> None:
    visitor.open_verdict(clips.FAKE)
    visitor.page.evaluate(
        """() => {
          window.seen = [];
          new MutationObserver(() => {
            const edge = document.querySelector('.player-boxes g:not([visibility=hidden]) .player-edge');
            window.seen.push([Number(document.getElementById('player').dataset.atS), edge && Number(edge.getAttribute('x'))]);
          }).observe(document.getElementById('player'), { attributeFilter: ['data-at-s'] });
          document.querySelector('video').play();
        }"""
    )
    visitor.page.wait_for_function("() => document.querySelector('video').ended")
    drawn = [(at, left) for at, left in visitor.page.evaluate("window.seen") if left is not None]
    assert len({at for at, _ in drawn}) > 10
    for at, left in drawn:
        assert left == pytest.approx(clips.left_at(at), abs=AWAY_PX)


def test_no_box_is_drawn_where_nothing_was_looked_at(visitor: Visitor) -> None:
    visitor.open_verdict(clips.FAKE)
    data = told(visitor)
    samples = [sample["time_s"] for sample in data["samples"]]
    visitor.page.evaluate("time => { document.querySelector('video').currentTime = time }", 2.98)
    wait_for(visitor, 2.96)
    near = min(abs(2.96 - time_s) for time_s in samples)
    assert visitor.page.locator(EDGE).count() == (near <= data["hold_s"])


def test_file_that_browsers_do_not_play_is_shown_as_a_copy(visitor: Visitor) -> None:
    visitor.open_verdict(clips.OLD)
    assert (
        "Shown is a copy for browsers, without sound."
        in visitor.page.locator(".player-message").inner_text()
    )
    assert visitor.page.locator("video").get_attribute("src") == told(visitor)["copy"]


def test_picture_that_can_not_be_had_is_said_and_asked_for_again(visitor: Visitor) -> None:
    visitor.expected += ["503", "ERR_FAILED"]
    path = f"/verdicts/{visitor.server.verdicts[clips.OLD]}"
    visitor.page.route("**/proxy", lambda route: route.fulfill(status=503), times=1)
    visitor.go(path)
    retry = visitor.page.get_by_role("button", name="Try again")
    retry.wait_for()
    visitor.page.locator("svg.timeline a").nth(4).click()
    assert box(visitor)[0] == pytest.approx(clips.left_at(shown_at(visitor)), abs=AWAY_PX)
    retry.click()
    visitor.page.wait_for_selector('#player[data-state="ready"]')


def test_still_has_its_box(visitor: Visitor) -> None:
    visitor.open_verdict(clips.STILL)
    wanted = [clips.left_at(0), clips.TOP, clips.SIDE, clips.SIDE]
    assert box(visitor) == pytest.approx(wanted, abs=AWAY_PX)
    visitor.keep("result-still")


def test_boxes_can_be_switched_off_and_stay_in_place_when_the_window_shrinks(
    visitor: Visitor,
) -> None:
    visitor.open_verdict(clips.FAKE)
    visitor.page.set_viewport_size({"width": 400, "height": 800})
    video, edge = visitor.page.locator("video"), visitor.page.locator(EDGE)
    outer, inner = video.bounding_box(), edge.bounding_box()
    assert outer
    assert inner
    scale = outer["width"] / clips.WIDTH
    assert inner["x"] - outer["x"] == pytest.approx(clips.left_at(0) * scale, abs=AWAY_PX)
    visitor.page.get_by_label("Boxes").uncheck()
    assert not edge.count()


def test_keys_step_from_sample_to_sample(visitor: Visitor) -> None:
    visitor.open_verdict(clips.FAKE)
    moments = told(visitor)["moments"]
    visitor.page.get_by_role("button", name="Next sample").focus()
    for moment in moments[1:4]:
        visitor.page.keyboard.press("ArrowRight")
        wait_for(visitor, moment)
    visitor.page.keyboard.press("ArrowLeft")
    wait_for(visitor, moments[2])
    visitor.page.keyboard.press("Enter")
    wait_for(visitor, moments[3])
    mark = visitor.page.locator("svg.timeline a[tabindex='0']")
    mark.focus()
    visitor.page.keyboard.press("ArrowRight")
    wait_for(visitor, moments[1])
    assert visitor.page.evaluate("document.activeElement.getAttribute('aria-current')") == "true"
