"""Zooming, panning, linking, and the way back."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.browser.conftest import BAD, GOOD, STEPS, new_page
from tests.browser.tab import Tab, open_tab
from tests.plugin.tensorboard_process import TensorBoard


def test_drag_zooms_steps_in_all_panels_and_double_click_resets(tab: Tab) -> None:
    tab.reset()
    before = tab.tick_labels()
    assert before[0] == "0" and before[-1] == str(STEPS - 1)
    tab.drag(tab.point(GOOD, "conv1", 0.25, 0.5), tab.point(GOOD, "conv1", 0.5, 0.6))
    for run in (0, 1):
        tab.until(
            lambda run=run: [float(label) for label in tab.tick_labels(run)],  # type: ignore[misc]
            lambda numbers: min(numbers) >= 50 and max(numbers) <= 100,
        )
    tab.until(tab.hash, lambda hash_: ".zoomX=~" in hash_)
    # Its training has ended, which a zoom does not change.
    expect(tab.frame.get_by_text("ended")).to_be_visible()
    tab.page.mouse.dblclick(*tab.point(BAD, "layer1", 0.5, 0.5))
    tab.until(tab.tick_labels, lambda labels: labels == before)
    tab.until(tab.hash, lambda hash_: ".zoomX" not in hash_ and ".pinned" not in hash_)


def test_zoomed_pixels_are_the_middle_of_the_whole(tab: Tab) -> None:
    tab.reset(f"&p.activation_hist.runs={GOOD}")
    whole = tab.pixels(GOOD, "conv1")
    tab.set_hash(f"&p.activation_hist.runs={GOOD}&p.activation_hist.zoomX=~50,150")
    width = whole["width"]
    places = [
        (
            row * width + int((step + 0.5 - 50) / 100 * width),
            row * width + int((step + 0.5) / STEPS * width),
        )
        for row in range(0, whole["height"], 7)
        for step in (60, 100, 140)
    ]
    wanted = [whole["colours"][at] for _, at in places]
    part = tab.until(
        lambda: tab.pixels(GOOD, "conv1"),
        lambda now: [now["colours"][at] for at, _ in places] == wanted,
    )
    assert part["width"] == width


def test_shift_drag_zooms_the_values_of_the_row_alone(tab: Tab) -> None:
    tab.reset()
    before = [tab.axis_ticks("y", at) for at in range(4)]
    tab.drag(tab.point(GOOD, "conv1", 0.5, 0.3), tab.point(GOOD, "conv1", 0.52, 0.6), key="Shift")
    tab.until(lambda: tab.axis_ticks("y", 0), lambda ticks: ticks != before[0])
    tab.until(lambda: tab.axis_ticks("y", 1), lambda ticks: ticks != before[1])
    assert [tab.axis_ticks("y", at) for at in (2, 3)] == before[2:]


def test_wheel_zooms_with_ctrl_only(tab: Tab) -> None:
    tab.reset()
    before = tab.tick_labels()
    tab.page.mouse.move(*tab.point(GOOD, "conv1", 0.5, 0.5))
    tab.page.mouse.wheel(0, 100)
    tab.wait_drawn()
    assert tab.tick_labels() == before
    tab.page.keyboard.down("Control")
    tab.page.mouse.wheel(0, -300)
    tab.page.keyboard.up("Control")
    tab.until(tab.tick_labels, lambda labels: labels != before)


def test_keys_zoom_pan_and_go_back(tab: Tab) -> None:
    tab.reset()
    before = tab.tick_labels()
    tab.page.mouse.move(*tab.point(GOOD, "conv1", 0.5, 0.5))
    tab.frame.locator("main").focus()
    for _ in range(3):
        tab.page.keyboard.press("w")
    tab.wait_drawn()
    near = tab.until(tab.tick_labels, lambda labels: labels != before)
    tab.page.keyboard.press("d")
    tab.until(tab.tick_labels, lambda labels: labels != near and float(labels[0]) > 0)
    tab.wait_drawn()
    tab.page.keyboard.press("z")
    tab.until(tab.tick_labels, lambda labels: labels == near)
    tab.page.keyboard.press("0")
    tab.until(tab.tick_labels, lambda labels: labels == before)


def test_unlinked_panels_zoom_alone(tab: Tab) -> None:
    tab.reset("&p.activation_hist.linked=0")
    before = [tab.axis_ticks("x", at) for at in range(3)]
    tab.drag(tab.point(GOOD, "conv1", 0.25, 0.5), tab.point(GOOD, "conv1", 0.5, 0.5))
    tab.until(lambda: tab.axis_ticks("x", 0), lambda ticks: ticks != before[0])
    assert [tab.axis_ticks("x", at) for at in (1, 2)] == before[1:]


def test_the_minimap_moves_unlinked_panels_too(tab: Tab) -> None:
    tab.reset("&p.activation_hist.linked=0")
    tab.drag(tab.point(GOOD, "conv1", 0.25, 0.5), tab.point(GOOD, "conv1", 0.5, 0.5))
    before = tab.until(lambda: tab.axis_ticks("x", 0), lambda ticks: ticks[0][2] != "0")
    tab.frame.locator(".minimap .handle").first.press("ArrowRight")
    tab.until(lambda: tab.axis_ticks("x", 0), lambda ticks: ticks != before)
    tab.until(lambda: tab.axis_ticks("x", 1), lambda ticks: ticks == tab.axis_ticks("x", 0))
    tab.until(lambda: tab.axis_ticks("x", 1)[0][2], lambda first: first != "0")


def test_one_value_axis_for_everything_is_zoomed_and_read_as_one(tab: Tab) -> None:
    tab.reset("&p.activation_hist.axisScope=all")
    assert "one value axis" in tab.frame.locator(".tall .unit").first.inner_text()
    x, y = tab.point(GOOD, "conv1", 0.5, 0.4)
    tab.page.mouse.move(x, y)
    marks = tab.frame.locator(".value-mark")
    panels = tab.frame.locator(".panel").count()
    tab.until(marks.count, lambda count: count == panels)
    tab.until(lambda: set(marks.all_inner_texts()), lambda texts: len(texts) == 1)
    before = tab.axis_ticks("y", panels - 1)
    tab.drag((x, y), (x + 3, y + 40), key="Shift")
    tab.until(lambda: tab.axis_ticks("y", panels - 1), lambda ticks: ticks != before)
    tab.until(
        lambda: [{tuple(tick[1:]) for tick in tab.axis_ticks("y", at)} for at in (0, 1)],
        lambda texts: texts[0] == texts[1],
    )


def test_the_minimap_moves_and_stretches_the_view(tab: Tab) -> None:
    tab.reset()
    before = tab.tick_labels()
    handle = tab.frame.locator(".minimap .handle").last
    handle.focus()
    for _ in range(10):
        handle.press("ArrowLeft")
    tab.until(tab.tick_labels, lambda labels: max(map(float, labels)) <= 0.82 * STEPS)
    handle.press("Escape")
    tab.until(tab.tick_labels, lambda labels: labels == before)


def test_a_panel_is_read_by_keyboard(tab: Tab) -> None:
    tab.reset()
    tab.frame.locator('button[title="Save or copy this layer"]').first.focus()
    for _ in range(3):
        tab.page.keyboard.press("Tab")
    focused = "document.activeElement.getAttribute('aria-label')"
    assert tab.frame.evaluate(focused) == f"conv1, {GOOD}"
    tab.page.keyboard.press("ArrowRight")
    tab.frame.locator(".tooltip").wait_for()
    tab.page.keyboard.press("ArrowRight")
    spoken = tab.frame.locator("[aria-live=polite]")
    tab.until(spoken.inner_text, lambda text: "conv1, step 10" in text)
    tab.page.keyboard.press("Enter")
    tab.until(tab.hash, lambda hash_: ".pinned=10" in hash_)


def test_the_readout_stands_beside_the_crosshair_moved_by_keys(tab: Tab) -> None:
    tab.reset()
    tab.page.mouse.move(1390, 850)
    panel = tab.frame.locator(f'.panel[aria-label="conv1, {GOOD}"]')
    panel.focus()
    tab.page.keyboard.press("ArrowRight")
    tooltip = tab.frame.locator(".tooltip")
    heat = panel.locator(".heat").first.bounding_box()
    assert heat is not None
    middle = heat["x"] + heat["width"] / 2
    box = tab.until(tooltip.bounding_box, lambda box: box is not None and box["x"] < middle + 60)
    assert box is not None and box["x"] > middle - box["width"] - 60
    panel.evaluate("panel => panel.blur()")
    tooltip.wait_for(state="detached")


def test_the_crosshair_stays_under_the_pointer_after_a_zoom(tab: Tab) -> None:
    tab.reset()
    end = tab.point(GOOD, "conv1", 0.6, 0.5)
    tab.drag(tab.point(GOOD, "conv1", 0.2, 0.5), end)
    tab.frame.get_by_role("button", name="Reset zoom").wait_for()
    line = tab.frame.locator(".cross-x:not(.pin-line)").first
    box = tab.until(line.bounding_box, lambda box: box is not None and abs(box["x"] - end[0]) < 3)
    assert box is not None


def test_a_tap_reads_the_cell(browser: Browser, two_runs: TensorBoard) -> None:
    tab = open_tab(new_page(browser, 800, 800, has_touch=True), two_runs.root)
    tab.page.touchscreen.tap(*tab.point(GOOD, "conv1", 0.5, 0.5))
    tooltip = tab.frame.locator(".tooltip")
    expect(tooltip).to_contain_text("step")
    tab.wait_drawn()
    expect(tooltip).to_contain_text("step")
    tab.page.touchscreen.tap(400, 790)
    tooltip.wait_for(state="detached")
    tab.page.context.close()
