"""The view by depth: all layers at one time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.access import assert_accessible
from tests.browser.conftest import BAD, GOOD, new_page
from tests.browser.tab import Tab, open_frame
from tests.browser.test_timeline import on_lane, pinned, type_range
from tests.plugin.tensorboard_process import TensorBoard

DEPTH = "&p.activation_hist.view=depth"


@pytest.fixture(scope="module")
def depth(browser: Browser, two_runs: TensorBoard) -> Iterator[Tab]:
    """A link to the view; tests share the page."""
    page = new_page(browser)
    tab = open_frame(page, two_runs.root, DEPTH)
    tab.frame.locator(".depth-charts").wait_for()
    yield tab
    page.context.close()


def head(tab: Tab) -> str:
    return tab.frame.locator(".depth-head strong").inner_text()


def reset(tab: Tab) -> None:
    tab.page.mouse.move(2, 2)
    tab.set_hash(DEPTH)
    tab.until(lambda: head(tab), lambda text: text == "the newest step, 199")
    tab.wait_answered()


def test_a_link_shows_the_newest_step_and_the_time_follows_pin_and_zoom(depth: Tab) -> None:
    reset(depth)
    chosen = depth.frame.get_by_role("button", name="Depth", exact=True)
    expect(chosen).to_have_attribute("aria-pressed", "true")
    depth.page.mouse.click(*on_lane(depth, 0.5025))
    depth.until(lambda: head(depth), lambda text: text == "step 100")
    depth.set_hash(DEPTH)
    type_range(depth, "20-30")
    depth.until(lambda: head(depth), lambda text: text == "steps 20–30 together")
    depth.until(depth.hash, lambda text: "zoomX=~20,31" in text and "view=depth" in text)


def test_a_layer_is_read_by_pointer_and_by_keys_and_a_click_opens_it(depth: Tab) -> None:
    reset(depth)
    charts = depth.frame.locator(".depth-charts")
    box = charts.bounding_box()
    assert box is not None
    depth.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 80)
    # The run that collapsed has nothing but zeros at the end.
    depth.until(
        lambda: depth.frame.locator(".depth-tip").inner_text().splitlines(),
        lambda lines: (
            len(lines) > 2
            and lines[0] == "layer1 (Sequential)"
            and GOOD in lines[1]
            and BAD in lines[2]
            and "rms 0," in lines[2]
            and "100 % exactly 0" in lines[2]
        ),
    )
    depth.page.mouse.move(2, 2)
    charts.focus()
    for key in ("End", "ArrowLeft", "ArrowLeft"):
        depth.page.keyboard.press(key)
    expect(charts).to_have_attribute("aria-valuetext", re.compile(r"^conv1 \(Conv2d\)"))
    depth.wait_written()
    assert pinned(depth) is None
    depth.page.keyboard.press("ArrowRight")
    depth.page.keyboard.press("Enter")
    depth.wait_drawn()
    depth.frame.locator(f'.panel[aria-label="layer1, {GOOD}"]').wait_for()
    depth.until(depth.hash, lambda text: "view=panels" in text)


def test_of_repeated_blocks_one_place_is_followed(
    open_page: Callable[..., Page], many_layers: TensorBoard
) -> None:
    tab = open_frame(open_page(), many_layers.root, DEPTH)
    places = tab.frame.locator(".depth-head select")
    places.wait_for()
    # What a block hands on is its last layer.
    place = "e => e.selectedOptions[0].text"
    tab.until(lambda: places.evaluate(place), lambda text: text == "act2 of 10 blocks")
    names = tab.frame.locator(".depth-names span")
    expect(names).to_have_text([f"stage{at // 5}.{at % 5}" for at in range(10)])
    places.select_option(label="conv1 of 10 blocks")
    charts = tab.frame.locator(".depth-charts")
    charts.focus()
    tab.page.keyboard.press("End")
    tab.until(
        lambda: charts.get_attribute("aria-valuetext") or "",
        lambda text: text.startswith("stage1.4.conv1"),
    )
    places.select_option(label="all 60")
    tab.until(lambda: charts.get_attribute("aria-valuemax"), lambda last: last == "59")
    tab.until(tab.hash, lambda text: "depthPlace=all" in text)
    assert_accessible(tab)


def test_playing_moves_the_time(depth: Tab) -> None:
    reset(depth)
    depth.page.keyboard.press("p")
    seen = depth.until(lambda: head(depth), lambda text: text.startswith("step "))
    depth.until(lambda: head(depth), lambda text: text.startswith("step ") and text != seen)
    depth.page.keyboard.press("p")


def test_the_view_is_accessible_and_fits_a_phone(
    depth: Tab, open_page: Callable[..., Page], two_runs: TensorBoard
) -> None:
    reset(depth)
    assert_accessible(depth)
    assert depth.problems == []
    phone = open_frame(open_page(390, 800), two_runs.root, DEPTH, dark=True)
    phone.until(phone.frame.locator(".depth-title").inner_text, lambda text: "→" in text)
    phone.wait_answered()
    assert phone.frame.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_timeline_follows_the_width_of_the_window(
    open_page: Callable[..., Page], two_runs: TensorBoard
) -> None:
    page = open_page(1200, 800)
    tab = open_frame(page, two_runs.root, DEPTH)
    tab.wait_answered()
    page.set_viewport_size({"width": 700, "height": 800})
    end = tab.frame.get_by_role("slider", name="Where the shown part ends")
    tab.until(lambda: (end.bounding_box() or {"x": 700})["x"], lambda x: x < 700)
