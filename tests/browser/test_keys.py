"""The keyboard: zooming and moving without a drag, the crosshair, what has the focus."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import BAD, GOOD, STEPS
from tests.browser.tab import Tab
from tests.browser.test_gestures import moved, steps_shown, zooms

HALF = "&p.activation_hist.zoomX=~50,100"


def read_steps(tab: Tab) -> tuple[int, int]:
    """Steps of the column that the tooltip reads; -1 before it reads any."""
    found = re.search(r"step (\d+)(?:–(\d+))?", tab.frame.locator(".tooltip").inner_text())
    if found is None:
        return -1, -1
    return int(found[1]), int(found[2] or found[1])


def test_s_zooms_out_and_a_moves_back(tab: Tab) -> None:
    tab.reset(HALF)
    tab.page.keyboard.press("a")
    tab.until(lambda: steps_shown(tab), lambda ends: ends == (40, 90))
    tab.page.keyboard.press("s")
    lo, hi = tab.until(lambda: steps_shown(tab), lambda ends: ends[1] - ends[0] > 60)
    assert abs((lo + hi) / 2 - 65) < 1


def test_shift_w_zooms_the_values_of_the_first_layer_in_sight(tab: Tab) -> None:
    tab.reset("&p.activation_hist.panelHeight_px=600")
    tab.page.keyboard.press("Shift+W")
    tab.until(lambda: zooms(tab), lambda now: now[0] == "" and "conv1" in now[1])
    tab.page.keyboard.press("0")
    tab.until(lambda: zooms(tab), lambda now: not any(now))
    scroller = tab.frame.locator("main.scroller")
    scroller.evaluate("e => e.scrollTo(0, e.scrollHeight)")
    tab.until(tab.frame.locator(f'.panel[aria-label="layer2, {GOOD}"]').count, bool)
    tab.page.keyboard.press("Shift+W")
    now = tab.until(lambda: zooms(tab), any)
    assert "conv1" not in now[1]
    scroller.evaluate("e => e.scrollTo(0, 0)")


def test_plus_and_minus_zoom_a_panel_with_the_focus(tab: Tab) -> None:
    tab.reset("&p.activation_hist.linked=0")
    tab.frame.locator(f'.panel[aria-label="layer1, {BAD}"]').focus()
    tab.page.keyboard.press("+")
    now = tab.until(lambda: zooms(tab), any)
    assert now[0].startswith(f"{BAD}\nactivations/layer1~") and now[0].count("~") == 1
    tab.page.keyboard.press("-")
    tab.until(lambda: zooms(tab), lambda now: not any(now))


def test_linking_forgets_the_zoom_of_a_panel(tab: Tab) -> None:
    tab.reset()
    tab.page.keyboard.press("l")
    tab.until(tab.hash, lambda hash_: "linked=0" in hash_)
    tab.drag(tab.point(GOOD, "conv1", 0.25, 0.5), tab.point(GOOD, "conv1", 0.5, 0.5))
    tab.frame.get_by_role("button", name="Reset zoom").wait_for()
    tab.page.keyboard.press("l")
    tab.frame.get_by_role("button", name="Reset zoom").wait_for(state="detached")
    tab.until(lambda: zooms(tab), lambda now: not any(now))


def test_keys_work_after_a_box_was_ticked(tab: Tab) -> None:
    tab.reset(HALF)
    tab.frame.get_by_role("button", name="More settings").click()
    tab.frame.get_by_label("Zeros inside the heatmap too").check()
    tab.page.keyboard.press("0")
    tab.until(lambda: zooms(tab), lambda now: not any(now))
    slider = tab.frame.get_by_role("slider", name="Panel width")
    slider.focus()
    tab.page.keyboard.press("w")
    tab.until(lambda: zooms(tab), any)
    tab.wait_drawn()
    step = tab.frame.locator(".slice-title").first.inner_text()
    tab.page.keyboard.press("ArrowLeft")
    tab.until(tab.hash, lambda hash_: ".panelWidth_px=" in hash_)
    tab.wait_drawn()
    assert tab.frame.locator(".slice-title").first.inner_text() == step
    tab.frame.get_by_role("button", name="Close the settings").click()


def test_escape_ends_a_drag_that_then_zooms_nothing(tab: Tab) -> None:
    tab.reset(HALF)
    start = tab.point(GOOD, "conv1", 0.3, 0.5)
    brush = tab.frame.locator(".brush")
    tab.page.mouse.move(*start)
    tab.page.mouse.down()
    tab.page.mouse.move(*moved(start, 120, 0), steps=3)
    tab.until(brush.count, bool)
    tab.page.keyboard.press("Escape")
    tab.until(brush.count, lambda count: count == 0)
    tab.page.mouse.move(*moved(start, 150, 0), steps=2)
    tab.page.mouse.up()
    tab.wait_written()
    assert brush.count() == 0
    assert steps_shown(tab) == (50, 100)
    # Without a drag it shows everything again.
    tab.page.keyboard.press("Escape")
    tab.until(lambda: zooms(tab), lambda now: not any(now))


def test_the_crosshair_reads_what_lies_under_the_pointer_after_a_key(tab: Tab) -> None:
    tab.reset(HALF)
    tab.page.mouse.move(*tab.point(GOOD, "conv1", 0.1075, 0.5))
    tab.until(lambda: read_steps(tab), lambda steps: steps == (55, 55))
    tab.page.keyboard.press("0")
    tab.until(lambda: read_steps(tab), lambda steps: steps == (21, 21))
    tab.page.keyboard.press("z")
    tab.until(lambda: read_steps(tab), lambda steps: steps == (55, 55))
    tab.page.keyboard.press("d")
    tab.until(lambda: read_steps(tab), lambda steps: steps == (65, 65))


def test_the_crosshair_stops_at_the_edge_of_what_is_shown(tab: Tab) -> None:
    tab.reset(HALF)
    tab.frame.locator(f'.panel[aria-label="conv1, {GOOD}"]').focus()
    for key, step in (("ArrowRight", 99), ("ArrowLeft", 50)):
        for _ in range(7):
            tab.page.keyboard.press(f"Shift+{key}")
        tab.until(lambda: read_steps(tab), lambda steps, step=step: steps == (step, step))  # type: ignore[misc]


def test_the_crosshair_goes_on_into_the_bands(tab: Tab) -> None:
    tab.reset()
    panel = tab.frame.locator(f'.panel[aria-label="layer2, {BAD}"]')
    panel.focus()
    for _ in range(20):
        tab.page.keyboard.press("Shift+ArrowDown")
    tooltip = tab.frame.locator(".tooltip")
    tab.until(tooltip.inner_text, lambda text: "exactly 0" in text)
    tab.page.keyboard.press("ArrowUp")
    tab.until(tooltip.inner_text, lambda text: "exactly 0" not in text)


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_run_is_shown_alone_by_keyboard(tab: Tab, key: str) -> None:
    tab.reset()
    heads = tab.frame.locator(".run-name")
    heads.nth(1).focus()
    tab.page.keyboard.press(key)
    tab.until(heads.all_text_contents, lambda shown: shown == [BAD])


def test_what_has_the_focus_is_seen(tab: Tab) -> None:
    tab.reset()
    tab.frame.locator('button[title="Save or copy this layer"]').first.focus()
    outline = "() => getComputedStyle(document.activeElement).outline"
    seen = set()
    for _ in range(3):
        tab.page.keyboard.press("Tab")
        style = tab.frame.evaluate(outline)
        assert "solid" in style and "2px" in style, style
        seen.add(tab.frame.evaluate("document.activeElement.tagName"))
    assert seen == {"BUTTON", "DIV"}


def test_the_wheel_keeps_the_step_under_the_pointer(tab: Tab) -> None:
    tab.reset()
    tab.page.mouse.move(*tab.point(GOOD, "conv1", 0.3025, 0.5))
    tab.until(lambda: read_steps(tab), lambda steps: steps == (60, 60))
    tab.page.keyboard.down("Control")
    for _ in range(4):
        tab.page.mouse.wheel(0, -100)
    tab.page.keyboard.up("Control")
    lo, hi = tab.until(lambda: steps_shown(tab), lambda ends: ends[1] - ends[0] < STEPS / 2)
    assert abs(lo + 0.3025 * (hi - lo) - 60.5) < 1
    tab.until(lambda: read_steps(tab), lambda steps: steps == (60, 60))


def rested_zooms(tab: Tab, before: tuple[str, str]) -> tuple[str, str]:
    """The zooms once they are others than before and have stopped changing."""
    last = before

    def rests(now: tuple[str, str]) -> bool:
        nonlocal last
        rested, last = now == last != before, now
        return rested

    def read_later() -> tuple[str, str]:
        tab.wait_still()
        tab.wait_written()
        return zooms(tab)

    return tab.until(read_later, rests)


def test_many_small_turns_of_the_wheel_zoom_the_values(tab: Tab) -> None:
    tab.reset()
    tab.page.mouse.move(*tab.point(GOOD, "conv1", 0.5, 0.5))
    tab.page.keyboard.down("Control")
    tab.page.keyboard.down("Shift")
    heights = []
    for _ in range(2):
        before = zooms(tab)
        for _ in range(30):
            tab.page.mouse.wheel(0, -4)
        now = rested_zooms(tab, before)
        lo, hi = map(float, now[1].split("~")[1].split(","))
        heights.append(hi - lo)
    tab.page.keyboard.up("Shift")
    tab.page.keyboard.up("Control")
    assert heights[1] < 0.85 * heights[0]
