"""Narrow pages, and usual ones at twice their size."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import BAD, GOOD, LAYERS
from tests.browser.tab import HeldRequests, open_frame, open_tab, overflow
from tests.plugin.tensorboard_process import TensorBoard


@pytest.mark.parametrize("width", [360, 700, 1000, 1280, 1600])
def test_the_toolbar_keeps_its_lines(
    open_page: Callable[..., Page], two_runs: TensorBoard, width: int
) -> None:
    page = open_page(width, 500)
    held = HeldRequests(page, "**/tiles")
    tab = open_frame(page, two_runs.root)
    bar = tab.frame.locator(".toolbar")
    tab.frame.locator(".panel").first.wait_for()
    tab.wait_still()

    def height() -> float:
        box = bar.bounding_box()
        assert box is not None
        return box["height"]

    # One line; where all is folded and there is still no room, the layers' filter has another.
    most = 50 if width > 360 else 80
    assert height() < most
    before = height()
    held.release()
    tab.wait_drawn()
    assert height() == before
    tab.set_hash("&p.activation_hist.zoomX=~50,100")
    tab.frame.get_by_role("button", name="Reset zoom").wait_for()
    # What comes makes others fold: nothing is pushed over the edge; a phone needs a line more.
    tab.until(lambda: bar.evaluate("e => e.scrollWidth <= e.clientWidth"), bool)
    tab.until(height, lambda now: now == before if width > 360 else now < 110)
    # The axes' choices stand above the names of the layers, or at the latest in the settings.
    if not tab.frame.locator(".axis-choices").first.is_visible():
        tab.frame.get_by_role("button", name="More settings").click()
    tab.choose("Time", "relative")
    tab.until(lambda: tab.chosen("Time"), lambda chosen: chosen == "relative")


def test_a_zoomed_page_of_1024_px_keeps_its_views_in_the_toolbar(
    open_page: Callable[..., Page], kinds: TensorBoard
) -> None:
    tab = open_tab(open_page(1024, 768), kinds.root, "&p.activation_hist.zoomX=~50,100")
    for name in ("Reset zoom", "Panels", "Board", "Depth"):
        expect(
            tab.frame.locator(".toolbar").get_by_role("button", name=name, exact=True)
        ).to_be_visible()
    tab.until(
        lambda: tab.frame.locator(".toolbar").evaluate("e => e.scrollWidth <= e.clientWidth"), bool
    )


@pytest.mark.parametrize("width", [360, 800])
def test_narrow_pages_keep_their_parts(
    open_page: Callable[..., Page], two_runs: TensorBoard, width: int
) -> None:
    tab = open_tab(open_page(width, 740), two_runs.root)
    assert tab.frame.evaluate("document.documentElement.scrollWidth") == width
    for part in ("#layer-filter", ".run-name", ".layer-name", ".panel"):
        box = tab.frame.locator(part).first.bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + 40 < width, part
    assert tab.frame.locator(f'.panel[aria-label="conv1, {BAD}"]').count() == 1


def test_a_narrow_page_has_colour_bars_and_scalars(
    open_page: Callable[..., Page], two_runs: TensorBoard
) -> None:
    tab = open_tab(open_page(360, 740), two_runs.root, "&p.activation_hist.contrast=auto")
    bars = tab.frame.locator(".tall .colour-bar")
    assert bars.count() == len(LAYERS)
    boxes = [bar.bounding_box() for bar in bars.all()]
    assert len({round(box["x"]) for box in boxes if box is not None}) == 1
    assert bars.first.locator(".limit").count() == 2
    # Its words come where it is pointed at: the colour, and what the limits leave out.
    unit = bars.first.locator(".unit").first
    assert not unit.is_visible()
    # At rest the page asks for a column for every pixel, which draws the panel anew once.
    pooled = tab.frame.locator(f'.panel[aria-label="conv1, {GOOD}"] .notes').get_by_text("per col")
    tab.until(pooled.count, lambda count: count == 0)
    tab.wait_drawn()
    before = tab.pixels(GOOD, "conv1")["colours"]
    bars.first.locator(".ramp-cells").hover()
    tab.until(lambda: tab.pixels(GOOD, "conv1")["colours"], lambda now: now != before)
    expect(unit).to_be_visible()
    expect(unit).to_contain_text("%")
    expect(bars.first.locator(".saturated")).to_contain_text("▲")
    # Taken away under the pointer, it lets go of the cells.
    tab.set_hash("&p.activation_hist.contrast=auto&p.activation_hist.transposed=1")
    tab.until(tab.frame.locator(".layer-head").count, bool)
    tab.page.mouse.move(2, 2)
    tab.until(lambda: tab.pixels(GOOD, "conv1")["colours"], lambda now: now == before)
    expect(tab.frame.locator(".scalar")).to_have_count(2)
    assert tab.problems == []


def test_three_layers_are_seen_at_twice_the_size(
    open_page: Callable[..., Page], two_runs: TensorBoard
) -> None:
    # 1440 x 900 at 200 %.
    tab = open_tab(open_page(720, 450), two_runs.root)
    heat = tab.frame.locator(f"{tab.panel(GOOD, LAYERS[2])} .heat").bounding_box()
    assert heat is not None and heat["y"] + heat["height"] <= 450 and heat["height"] >= 20
    assert overflow(tab) <= 0
    # Beside the badge of a layer in which something is wrong, too.
    buttons = tab.frame.locator(".row-actions:has(.badge) button")
    tab.until(buttons.count, lambda count: count > 0)
    boxes = [button.bounding_box() for button in buttons.all()]
    assert all(box is not None and min(box["width"], box["height"]) >= 24 for box in boxes), boxes
