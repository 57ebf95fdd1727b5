"""Brushing, moving and pinching with mouse and fingers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pytest
from playwright.sync_api import Browser, CDPSession, expect

from tests.browser.conftest import GOOD, STEPS, new_page
from tests.browser.tab import Tab, open_tab
from tests.plugin.tensorboard_process import TensorBoard

Point = tuple[float, float]


def zooms(tab: Tab) -> tuple[str, str]:
    """The zoomed parts of the time axis and of the value axes, as the address has them."""
    address = tab.hash()
    found = [re.search(rf"\.{key}=([^&]*)", address) for key in ("zoomX", "zoomY")]
    return found[0].group(1) if found[0] else "", found[1].group(1) if found[1] else ""


def steps_shown(tab: Tab) -> tuple[float, float]:
    """Ends of the shown part of the time axis."""
    ends = re.match(r"~([\d.e-]+),([\d.e-]+)", zooms(tab)[0])
    return (float(ends.group(1)), float(ends.group(2))) if ends else (0.0, float(STEPS))


def moved(point: Point, x_px: float, y_px: float) -> Point:
    return point[0] + x_px, point[1] + y_px


@pytest.mark.parametrize(
    ("by_px", "brushed"),
    [((120, 60), (True, True)), ((160, 20), (True, False)), ((2, 50), (False, True))],
    ids=["diagonal", "drifting", "upright"],
)
def test_a_drag_zooms_the_axes_that_it_goes_along(
    tab: Tab, by_px: tuple[int, int], brushed: tuple[bool, bool]
) -> None:
    tab.reset()
    start = tab.point(GOOD, "conv1", 0.3, 0.2)
    tab.page.mouse.move(*start)
    tab.page.mouse.down()
    tab.page.mouse.move(*moved(start, *by_px), steps=4)
    drawn = tab.frame.locator(f"{tab.panel(GOOD, 'conv1')} .brush")
    drawn.wait_for()
    if brushed == (True, True):
        brush = tab.until(
            drawn.bounding_box,
            lambda box: (
                box is not None
                and abs(box["width"] - by_px[0]) < 4
                and abs(box["height"] - by_px[1]) < 4
            ),
        )
        others = tab.frame.locator(f"{tab.panel(GOOD, 'layer1')} .brush").bounding_box()
        assert brush and others and others["height"] > brush["height"]
    tab.page.mouse.up()
    found = tab.until(lambda: zooms(tab), any)
    assert tuple(map(bool, found)) == brushed
    tab.page.keyboard.press("z")
    tab.until(lambda: zooms(tab), lambda now: not any(now))


@pytest.mark.parametrize("way", ["space", "middle", "shift+middle", "alt"])
def test_what_is_shown_is_dragged_along(tab: Tab, way: str) -> None:
    tab.reset("&p.activation_hist.zoomX=~50,100")
    button: Literal["left", "middle"] = "middle" if "middle" in way else "left"
    key = {"space": "Space", "shift+middle": "Shift", "alt": "Alt"}.get(way)
    start = tab.point(GOOD, "conv1", 0.5, 0.5)
    heat = tab.frame.locator(f"{tab.panel(GOOD, 'conv1')} .heat").first.bounding_box()
    assert heat is not None
    tab.page.mouse.move(*start)
    if key:
        tab.page.keyboard.down(key)
    tab.page.mouse.down(button=button)
    tab.page.mouse.move(*moved(start, heat["width"] / 5, 0), steps=5)
    tab.page.mouse.up(button=button)
    if key:
        tab.page.keyboard.up(key)
    tab.until(
        lambda: steps_shown(tab), lambda ends: abs(ends[0] - 40) < 1 and abs(ends[1] - 90) < 1
    )
    # The key let go, a drag zooms again.
    tab.drag(start, moved(start, heat["width"] / 5, 0))
    tab.until(lambda: steps_shown(tab), lambda ends: ends[1] - ends[0] < 15)


def test_space_still_presses_a_button_reached_by_keyboard(tab: Tab) -> None:
    tab.reset()
    tab.page.mouse.move(*tab.point(GOOD, "conv1", 0.5, 0.5))
    button = tab.frame.get_by_role("button", name="How to read this, keys and gestures (?)")
    tab.frame.get_by_role("button", name="More settings").focus()
    tab.page.keyboard.press("Shift+Tab")
    expect(button).to_be_focused()
    tab.page.keyboard.press("Space")
    tab.frame.locator(".help[open]").wait_for()
    tab.page.keyboard.press("Escape")
    tab.frame.locator(".help[open]").wait_for(state="detached")


@dataclass
class Fingers:
    """Real touch events on our tab."""

    tab: Tab
    session: CDPSession

    def touch(self, kind: str, *points: Point) -> None:
        """One event with all the fingers that are down."""
        fingers = [{"x": x, "y": y, "id": at} for at, (x, y) in enumerate(points)]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

    def drag(self, fingers: list[Point], *steps: Point) -> None:
        """Puts fingers down one by one and moves all of them by each of the steps."""
        for count in range(len(fingers)):
            self.touch("touchStart", *fingers[: count + 1])
        for by in steps:
            self.touch("touchMove", *[moved(finger, *by) for finger in fingers])
        self.touch("touchEnd")

    def pinch(self, middle: Point, apart: list[Point]) -> None:
        """Two fingers at both sides of `middle`, which move through distances (x, y) to it."""
        pairs = [[moved(middle, -x, -y), moved(middle, x, y)] for x, y in apart]
        self.touch("touchStart", pairs[0][0])
        self.touch("touchStart", *pairs[0])
        for pair in pairs[1:]:
            self.touch("touchMove", *pair)
        self.touch("touchEnd")


@pytest.fixture(scope="module")
def fingers(browser: Browser, two_runs: TensorBoard) -> Iterator[Fingers]:
    page = new_page(browser, 800, 800, has_touch=True)
    yield Fingers(open_tab(page, two_runs.root), page.context.new_cdp_session(page))
    page.context.close()


def test_two_fingers_zoom_the_time_about_their_middle(fingers: Fingers) -> None:
    tab = fingers.tab
    tab.reset()
    middle = tab.point(GOOD, "conv1", 0.5, 0.5)
    fingers.pinch(middle, [(20, 0), (24, 1), (30, 2), (40, 2), (60, 3), (80, 3)])
    lo, hi = tab.until(
        lambda: steps_shown(tab), lambda ends: STEPS / 5 < ends[1] - ends[0] < STEPS / 3
    )
    assert abs((lo + hi) / 2 - STEPS / 2) < STEPS / 20
    assert zooms(tab)[1] == ""
    fingers.pinch(middle, [(80, 0), (60, 0), (40, 0), (10, 0)])
    tab.until(lambda: steps_shown(tab), lambda ends: ends[1] - ends[0] > STEPS / 2)


def test_two_fingers_upright_zoom_the_values(fingers: Fingers) -> None:
    tab = fingers.tab
    tab.reset()
    middle = tab.point(GOOD, "conv1", 0.5, 0.5)
    fingers.pinch(middle, [(2, 12), (2, 16), (2, 22), (2, 30), (2, 36)])
    tab.until(lambda: zooms(tab), lambda now: now[0] == "" and now[1] != "")


def test_two_fingers_that_wander_move_the_time(fingers: Fingers) -> None:
    tab = fingers.tab
    tab.reset("&p.activation_hist.zoomX=~50,100")
    x, y = tab.point(GOOD, "conv1", 0.4, 0.5)
    fingers.drag([(x - 30, y), (x + 30, y)], *[(by, 0) for by in range(5, 65, 5)])
    lo, hi = tab.until(lambda: steps_shown(tab), lambda ends: ends[0] < 48)
    assert abs((hi - lo) - 50) < 5


def test_one_finger_scrolls_the_page_and_a_tap_reads(fingers: Fingers) -> None:
    tab = fingers.tab
    tab.reset("&p.activation_hist.density=large")
    x, y = tab.point(GOOD, "conv1", 0.5, 0.8)
    scrolled = "document.querySelector('main').scrollTop"
    fingers.drag([(x, y)], *[(0, -by) for by in range(10, 160, 15)])
    tab.until(lambda: tab.frame.evaluate(scrolled), lambda top: top > 60)
    tab.wait_drawn()
    tab.wait_written()
    assert zooms(tab) == ("", "")
    tab.page.touchscreen.tap(*tab.point(GOOD, "layer1", 0.5, 0.5))
    tab.frame.locator(".tooltip").wait_for()
    tab.until(tab.hash, lambda hash_: ".pinned=" in hash_)
    tab.frame.evaluate("document.querySelector('main').scrollTop = 0")


def on_minimap(tab: Tab, share: float) -> Point:
    track = tab.frame.locator(".minimap").bounding_box()
    assert track is not None
    return track["x"] + share * track["width"], track["y"] + track["height"] / 2


def test_the_minimap_is_dragged_by_its_ends_and_its_middle(tab: Tab) -> None:
    tab.reset()

    def at(share: float) -> Point:
        return on_minimap(tab, share)

    tab.drag(at(0), at(0.25))
    tab.until(lambda: steps_shown(tab), lambda ends: abs(ends[0] - STEPS / 4) < 3)
    tab.drag(at(1), at(0.5))
    tab.until(lambda: steps_shown(tab), lambda ends: abs(ends[1] - STEPS / 2) < 3)
    tab.drag(at(0.375), at(0.625))
    tab.until(
        lambda: steps_shown(tab),
        lambda ends: abs(ends[0] - STEPS / 2) < 3 and abs(ends[1] - 0.75 * STEPS) < 3,
    )
    tab.page.mouse.dblclick(*at(0.625))
    tab.until(lambda: zooms(tab), lambda now: not any(now))


def test_an_end_of_the_minimap_stops_at_the_other(tab: Tab) -> None:
    tab.reset("&p.activation_hist.zoomX=~50,100")
    at = [on_minimap(tab, share) for share in (0.25, 0.9, 0.4)]
    tab.page.mouse.move(*at[0])
    tab.page.mouse.down()
    tab.page.mouse.move(*at[1], steps=4)
    tab.until(lambda: steps_shown(tab), lambda ends: abs(ends[0] - 98) < 0.1 and ends[1] == 100)
    tab.page.mouse.move(*at[2], steps=4)
    tab.page.mouse.up()
    tab.until(lambda: steps_shown(tab), lambda ends: abs(ends[0] - 80) < 2 and ends[1] == 100)


def test_escape_puts_back_what_a_drag_of_the_minimap_moved(tab: Tab) -> None:
    tab.reset("&p.activation_hist.zoomX=~50,100")
    tab.page.mouse.move(*on_minimap(tab, 0.25))
    tab.page.mouse.down()
    tab.page.mouse.move(*on_minimap(tab, 0.4), steps=4)
    tab.until(lambda: steps_shown(tab), lambda ends: abs(ends[0] - 80) < 2)
    tab.page.keyboard.press("Escape")
    tab.until(lambda: steps_shown(tab), lambda ends: ends == (50, 100))
    tab.page.mouse.move(*on_minimap(tab, 0.45))
    tab.page.mouse.up()
    tab.wait_written()
    assert steps_shown(tab) == (50, 100)


def test_a_drag_beyond_the_panel_zooms_to_its_edge(tab: Tab) -> None:
    tab.reset("&p.activation_hist.zoomX=~50,100")
    start = tab.point(GOOD, "conv1", 0.5, 0.5)
    tab.drag(start, (tab.point(GOOD, "conv1", 1, 0)[0] + 200, start[1]))
    tab.until(lambda: steps_shown(tab), lambda ends: abs(ends[0] - 75) < 1 and ends[1] == 100)


def test_every_zoom_can_be_gone_back_from(tab: Tab) -> None:
    tab.reset()
    back = tab.frame.get_by_role("button", name="Back to the previous zoom (Z)")
    seen = [zooms(tab)]
    for start, end in ((0.2, 0.8), (0.4, 0.7), (0.3, 0.5)):
        tab.drag(tab.point(GOOD, "conv1", start, 0.5), tab.point(GOOD, "conv1", end, 0.5))
        seen.append(tab.until(lambda: zooms(tab), lambda now: now != seen[-1]))
    for use in (back.click, lambda: tab.page.keyboard.press("z"), back.click):
        seen.pop()
        use()
        tab.until(lambda: zooms(tab), lambda now: now == seen[-1])
