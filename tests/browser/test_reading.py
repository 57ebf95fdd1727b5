"""Reading the heatmaps: what is drawn is what was counted, under the pointer and in the slice."""

from __future__ import annotations

import re

import numpy as np
from playwright.sync_api import Browser, expect

from tests.browser.access import assert_accessible
from tests.browser.conftest import BAD, GOOD, LAYERS, STEPS
from tests.browser.tab import Tab, open_tab
from tests.plugin.logdirs import healthy_values
from tests.plugin.tensorboard_process import TensorBoard

EMPTY = 0xF3F3F4
ONLY_GOOD = f"&p.activation_hist.runs={GOOD}"
"""One run of one size, so that the value axis is linear and its bins are not split."""


def test_layers_stand_in_model_order_beside_their_runs(tab: Tab) -> None:
    tab.reset()
    expect(tab.frame.locator(".tall .layer-name")).to_have_text(list(LAYERS))
    expect(tab.frame.locator(".run-name")).to_have_text([GOOD, BAD])
    expect(tab.frame.locator(".panel")).to_have_count(2 * len(LAYERS))


def test_pixels_are_coloured_where_values_were_counted(tab: Tab) -> None:
    tab.reset(ONLY_GOOD)
    picture = tab.pixels(GOOD, "conv1")
    colours = np.array(picture["colours"]).reshape(picture["height"], picture["width"])
    occupied = colours != EMPTY
    lo, hi = value_range(tab)
    records = healthy_values(STEPS, seed=0)
    for step in (20, 60, 100):
        values = records[step]
        inside = values[(values > lo) & (values < hi)]
        column = occupied[:, int((step + 0.5) / STEPS * picture["width"])]
        rows = np.flatnonzero(column)
        height = picture["height"]
        top, bottom = hi - rows[0] / height * (hi - lo), hi - (rows[-1] + 1) / height * (hi - lo)
        # A stored bin is 0.25 wide where these values lie.
        assert abs(top - inside.max()) < 0.3
        assert abs(bottom - inside.min()) < 0.3
    # The values spread out, so later columns are taller.
    assert occupied[:, -5].sum() > 1.5 * occupied[:, 5].sum()


def value_range(tab: Tab) -> tuple[float, float]:
    """Ends of the value axis of conv1, read from the places of its ticks."""
    ticks = [(y, label) for _, y, label in tab.axis_ticks("y")]
    heat = tab.frame.locator(".panel .heat").first.evaluate("e => [e.offsetTop, e.offsetHeight]")
    points = sorted((float(y), float(text.replace("−", "-"))) for y, text in ticks)
    (y0, v0), (y1, v1) = points[0], points[-1]
    per_px = (v1 - v0) / (y1 - y0)
    return v0 + (heat[0] + heat[1] - y0) * per_px, v0 + (heat[0] - y0) * per_px


def test_hover_tells_exact_counts(tab: Tab) -> None:
    tab.reset(ONLY_GOOD)
    tab.page.mouse.move(*tab.point(GOOD, "conv1", 0.5025, 0.5))
    tip = tab.frame.locator(".tooltip")
    tip.wait_for()
    tab.wait_rested()
    text = tip.inner_text()
    assert "conv1" in text
    step = re.search(r"step (\d+)", text)
    assert step is not None and int(step.group(1)) == STEPS // 2
    assert "epoch 1 ·" in text
    bin_ = re.search(r"\[([−\d.]+), ([−\d.]+)\)", text)
    assert bin_ is not None
    lo, hi = (float(part.replace("−", "-")) for part in bin_.groups())
    values = healthy_values(STEPS, seed=0)[STEPS // 2].astype(np.float64)
    counted = int(((values >= lo) & (values < hi)).sum())
    row = tip.locator("tr").first.inner_text().split("\t")
    assert float(row[2].replace(",", "")) == counted


def test_hover_tells_of_all_runs(tab: Tab) -> None:
    tab.reset()
    tab.page.mouse.move(*tab.point(GOOD, "conv1", 0.1, 0.5))
    rows = tab.frame.locator(".tooltip tr")
    tab.until(rows.count, lambda count: count == 2)
    for at, run in enumerate((GOOD, BAD)):
        expect(rows.nth(at).locator("td").nth(1)).to_have_text(run)


def test_the_crosshair_is_read_at_the_axes(tab: Tab) -> None:
    tab.reset(ONLY_GOOD)
    tab.page.mouse.move(*tab.point(GOOD, "conv1", 0.5025, 0.5))
    mark = tab.frame.locator(".head .axis-mark")
    tab.until(mark.all_text_contents, lambda texts: texts == [str(STEPS // 2)])
    value = tab.frame.locator(".panel .value-mark")
    lo, hi = value_range(tab)
    expect(value).to_have_count(1)
    assert abs(float(value.inner_text().replace("−", "-")) - (lo + hi) / 2) < (hi - lo) / 20
    tab.wait_rested()
    tip = tab.frame.locator(".tooltip").bounding_box()
    x, y = tab.point(GOOD, "conv1", 0.5025, 0.5)
    assert tip is not None
    # It never covers the cell.
    inside = tip["x"] <= x <= tip["x"] + tip["width"] and tip["y"] <= y <= tip["y"] + tip["height"]
    assert not inside
    tab.page.mouse.move(2, 2)
    tab.until(mark.count, lambda count: count == 0)


def test_crosshair_marks_the_step_in_all_panels(tab: Tab) -> None:
    tab.reset()
    tab.page.mouse.move(*tab.point(GOOD, "layer1", 0.25, 0.5))
    lines = tab.frame.locator(".cross-x:not(.pin-line)")
    lines.first.wait_for()
    tab.wait_still()
    places = [lines.nth(at).bounding_box() for at in range(lines.count())]
    heats = [
        tab.frame.locator(f"{tab.panel(run, 'layer1')} .heat").first.bounding_box()
        for run in (GOOD, BAD)
    ]
    for line, heat in zip(places, heats, strict=True):
        assert line is not None and heat is not None
        assert abs((line["x"] - heat["x"]) / heat["width"] - 0.25) < 0.01
        assert line["height"] > 300


def test_the_slice_opens_at_the_last_step_and_follows_clicks_and_keys(tab: Tab) -> None:
    tab.reset()
    title = tab.frame.locator(".slice-title").first
    expect(title).to_have_text(f"step {STEPS - 1}")
    tab.page.mouse.click(*tab.point(GOOD, "conv1", 0.2525, 0.5))
    tab.until(title.inner_text, lambda text: text == f"step {STEPS // 4}")
    tab.page.keyboard.press("ArrowRight")
    tab.until(title.inner_text, lambda text: text == f"step {STEPS // 4 + 1}")
    tab.page.keyboard.press("Shift+ArrowLeft")
    tab.until(title.inner_text, lambda text: text == f"step {STEPS // 4 - 9}")
    field = tab.frame.locator(".slice-head input")
    field.fill("77")
    field.press("Enter")
    tab.until(title.inner_text, lambda text: text == "step 77")
    field.blur()
    tab.page.keyboard.press("End")
    tab.until(title.inner_text, lambda text: text == f"step {STEPS - 1}")


def test_zeros_have_a_band_of_their_own(tab: Tab) -> None:
    tab.reset()
    x, end = tab.point(BAD, "layer2", 0.9, 1)
    tab.page.mouse.move(x, end + 4)
    tab.until(
        tab.frame.locator(".tooltip").inner_text,
        lambda text: all(part in text for part in ("exactly 0", "2,000", "100 %")),
    )


def test_readers_without_sight_get_a_summary_and_a_table(tab: Tab) -> None:
    tab.reset()
    label = tab.frame.locator(f"{tab.panel(GOOD, 'conv1')} [role=img]").get_attribute("aria-label")
    assert label is not None and "conv1" in label and f"{STEPS} records" in label
    tab.frame.locator('button[title="Save or copy this layer"]').first.click()
    tab.frame.get_by_text("Table", exact=True).locator("visible=true").click()
    table = tab.frame.locator(".table-dialog table").first
    table.wait_for()
    expect(table.locator("tbody tr").last.locator("th")).to_have_text(str(STEPS - 1))
    tab.page.keyboard.press("Escape")


def test_a_newcomer_is_told_once_how_to_read_this(browser: Browser, two_runs: TensorBoard) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800})
    tab = open_tab(context.new_page(), two_runs.root)
    hint = tab.frame.get_by_role("complementary", name="New here")
    hint.wait_for()
    assert_accessible(tab)
    # It tells of panels only.
    tab.set_hash("&p.activation_hist.view=depth")
    hint.wait_for(state="detached")
    tab.set_hash("")
    hint.get_by_text("How to read this").click()
    sheet = tab.frame.locator("dialog.help[open]")
    sheet.wait_for()
    tab.wait_still()
    # The first part of the sheet, as wide as a phone lets it be.
    assert sheet.locator("h3").first.inner_text() == "How to read this"
    numbers = sheet.locator(".reading-number").all_inner_texts()
    assert len(numbers) == sheet.locator(".reading li").count() == 7
    assert sheet.locator(".reading canvas").evaluate(
        "e => new Set(new Uint32Array(e.getContext('2d')"
        ".getImageData(0, 0, e.width, e.height).data.buffer)).size > 20"
    )
    assert sheet.evaluate("e => e.scrollWidth <= e.clientWidth")
    assert_accessible(tab)
    expect(hint).to_have_count(0)
    again = open_tab(context.new_page(), two_runs.root)
    again.wait_rested()
    assert again.frame.locator(".reading-hint").count() == 0
    assert tab.problems == again.problems == []
    context.close()
