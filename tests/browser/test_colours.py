"""Colours: where their scale ends, which cells have which colour, and cells without any value."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import BAD, GOOD
from tests.browser.tab import Tab

EMPTY = 0xF3F3F4
LOWEST, HIGHEST = 0x440154, 0xFDE725
"""Ends of viridis."""


def handle(tab: Tab, row: int, end: int) -> Locator:
    return tab.frame.locator(".tall .colour-bar").nth(row).locator(".limit").nth(end)


def middle_of_handle(tab: Tab, row: int, end: int) -> tuple[float, float]:
    box = handle(tab, row, end).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag_handle(tab: Tab, row: int, end: int, by_px: float) -> None:
    x, y = middle_of_handle(tab, row, end)
    tab.drag((x, y), (x + by_px, y))


def colours(tab: Tab, run: str, layer: str) -> list[int]:
    return list(tab.pixels(run, layer)["colours"])


def wait_for(tab: Tab, run: str, layer: str, wanted: Callable[[list[int]], bool]) -> list[int]:
    return tab.until(lambda: colours(tab, run, layer), wanted)


def test_moving_the_end_of_the_colours_recolours_the_row_and_says_what_is_beyond(tab: Tab) -> None:
    tab.reset()
    before = {run: colours(tab, run, "conv1") for run in (GOOD, BAD)}
    other = colours(tab, GOOD, "layer1")
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    drag_handle(tab, 0, 1, -60)
    bar = tab.frame.locator(".tall .colour-bar").first
    said = bar.locator(".saturated")
    expect(said).to_have_attribute("title", re.compile("of the occupied cells are above"))
    for run in (GOOD, BAD):
        more = 2 * before[run].count(HIGHEST)
        wait_for(tab, run, "conv1", lambda now, more=more: now.count(HIGHEST) > more)
    assert colours(tab, GOOD, "layer1") == other
    tab.until(tab.hash, lambda hash_: ".colourLimits=share activations/conv1~," in hash_)
    # Colours alone: nothing is asked for again.
    assert [url for url in asked if "/tiles" in url] == []
    handle(tab, 0, 1).dblclick()
    said.wait_for(state="detached")
    wait_for(tab, GOOD, "conv1", lambda now: now == before[GOOD])
    tab.until(tab.hash, lambda hash_: ".colourLimits" not in hash_)


def test_escape_puts_back_what_a_drag_of_an_end_moved(tab: Tab) -> None:
    tab.reset()
    end = handle(tab, 0, 1)
    text = end.get_attribute("aria-valuetext")
    x, y = middle_of_handle(tab, 0, 1)
    tab.page.mouse.move(x, y)
    tab.page.mouse.down()
    tab.page.mouse.move(x - 60, y, steps=4)
    tab.until(lambda: end.get_attribute("aria-valuetext"), lambda now: now != text)
    tab.page.keyboard.press("Escape")
    tab.until(lambda: end.get_attribute("aria-valuetext"), lambda now: now == text)
    tab.page.mouse.move(x - 80, y)
    tab.page.mouse.up()
    tab.wait_drawn()
    assert end.get_attribute("aria-valuetext") == text
    tab.until(tab.hash, lambda hash_: ".colourLimits" not in hash_)


def test_ends_of_the_colours_move_by_keys(tab: Tab) -> None:
    tab.reset()
    end = handle(tab, 0, 0)
    end.focus()
    text = end.get_attribute("aria-valuetext")
    end.press("ArrowRight")
    tab.until(lambda: end.get_attribute("aria-valuetext"), lambda now: now != text)
    before = colours(tab, GOOD, "conv1").count(LOWEST)
    end.press("End")
    wait_for(tab, GOOD, "conv1", lambda now: now.count(LOWEST) > before)
    end.press("Delete")
    tab.until(lambda: end.get_attribute("aria-valuetext"), lambda now: now == text)


def test_limits_are_typed_for_all_layers_and_reset(tab: Tab) -> None:
    tab.reset()
    tab.frame.get_by_role("button", name="More settings").click()
    before = colours(tab, GOOD, "layer2").count(HIGHEST)
    fields = tab.frame.locator(".limit-fields input")
    fields.nth(1).fill("0.5")
    for layer in ("conv1", "layer2"):
        wait_for(tab, GOOD, layer, lambda now: now.count(HIGHEST) > before)
    tab.until(tab.hash, lambda hash_: ".colourLimits=share~,0.005" in hash_)
    fields.nth(0).fill("3")
    wrong = tab.frame.locator(".limit-fields .field-error")
    expect(wrong).to_contain_text("first below the second")
    expect(fields.nth(0)).to_have_attribute("aria-invalid", "true")
    tab.frame.get_by_role("button", name="Reset colour limits").click()
    tab.until(tab.hash, lambda hash_: ".colourLimits" not in hash_)
    expect(fields.nth(1)).to_have_value("")
    tab.frame.get_by_role("button", name="Close the settings").click()


def test_limits_are_typed_for_one_layer(tab: Tab) -> None:
    tab.reset()
    tab.frame.get_by_role("button", name="More settings").click()
    width = "() => document.querySelector('.scroller').clientWidth"
    tab.until(lambda: tab.frame.evaluate(width), lambda width_px: width_px < 1400)
    tab.wait_drawn()
    before = {layer: colours(tab, GOOD, layer) for layer in ("conv1", "layer2")}
    tab.choose("Colour limits", "activations/conv1")
    fields = tab.frame.locator(".limit-fields input")
    fields.nth(1).fill("0.5")
    wait_for(tab, GOOD, "conv1", lambda now: now != before["conv1"])
    assert colours(tab, GOOD, "layer2") == before["layer2"]
    tab.until(tab.hash, lambda hash_: "conv1~,0.005" in hash_)
    tab.choose("Colour limits", "")
    expect(fields.nth(1)).to_have_value("")
    tab.choose("Colour limits", "activations/conv1")
    expect(fields.nth(1)).to_have_value("0.5")
    fields.nth(1).fill("")
    wait_for(tab, GOOD, "conv1", before["conv1"].__eq__)
    # One scale for everything has one pair of limits.
    tab.choose("Same colours", "all")
    tab.until(lambda: tab.chosen("Colour limits"), lambda owner: owner == "")
    tab.frame.get_by_role("button", name="Close the settings").click()


def test_automatic_contrast_saturates_half_a_percent_at_either_end(tab: Tab) -> None:
    tab.reset("&p.activation_hist.contrast=auto")
    said = tab.frame.locator(".tall .colour-bar .saturated").first
    said.wait_for()
    tab.wait_drawn()
    shares = [
        float(part.split("%")[0].replace("<", ""))
        for part in (said.get_attribute("title") or "").replace("the scale, ", "").split(", ")
    ]
    assert len(shares) == 2 and all(share <= 0.5 for share in shares)
    wide = handle(tab, 0, 1).get_attribute("aria-valuenow")
    assert wide is not None and int(wide) < 100


def test_invalid_limits_in_a_link_are_ignored(tab: Tab) -> None:
    tab.reset()
    notes: list[str] = []
    tab.page.on("console", lambda message: notes.append(message.text))
    tab.set_hash("&p.activation_hist.colourLimits=share~2,1&p.activation_hist.contrast=much")
    tab.until(lambda: len([note for note in notes if "ignored" in note]), lambda count: count >= 2)
    assert tab.frame.locator(".saturated").count() == 0


def test_empty_cells_are_background_unless_coloured(tab: Tab) -> None:
    tab.reset()
    empty = colours(tab, GOOD, "conv1").count(EMPTY)
    assert empty > 0
    tab.set_hash("&p.activation_hist.emptyColoured=1")
    painted = wait_for(tab, GOOD, "conv1", lambda now: now.count(EMPTY) == 0)
    assert painted.count(LOWEST) >= empty


@pytest.mark.parametrize("scope", ["row", "all"])
def test_pointing_at_the_colour_bar_shows_the_cells_of_a_colour(tab: Tab, scope: str) -> None:
    tab.reset(f"&p.activation_hist.colourScope={scope}")
    before = {layer: colours(tab, BAD, layer) for layer in ("conv1", "layer1")}
    # One for all layers stands above their names.
    ramp = tab.frame.locator(".ramp").first.bounding_box()
    assert ramp is not None
    tab.page.mouse.move(ramp["x"] + 0.7 * ramp["width"], ramp["y"] + ramp["height"] / 2)
    now = wait_for(tab, BAD, "conv1", lambda now: now != before["conv1"])
    kept = sum(a == b != EMPTY for a, b in zip(now, before["conv1"], strict=True))
    occupied = sum(colour != EMPTY for colour in before["conv1"])
    assert 0 < kept < 0.5 * occupied
    if scope == "all":
        wait_for(tab, BAD, "layer1", lambda now: now != before["layer1"])
    else:
        tab.wait_drawn()
        assert colours(tab, BAD, "layer1") == before["layer1"]
    expect(tab.frame.locator(".unit").first).to_contain_text("%")
    tab.page.mouse.move(2, 2)
    for layer, wanted in before.items():
        wait_for(tab, BAD, layer, wanted.__eq__)


def test_the_mark_of_the_colour_bar_moves_by_keys(tab: Tab) -> None:
    tab.reset()
    before = colours(tab, GOOD, "conv1")
    ramp = tab.frame.locator(".tall .ramp-cells").first
    ramp.focus()
    for key in ("Home", "ArrowRight", "Shift+ArrowRight"):
        ramp.press(key)
    wait_for(tab, GOOD, "conv1", lambda now: now != before)
    expect(ramp).to_have_attribute("aria-valuenow", "12")
    ramp.press("Escape")
    wait_for(tab, GOOD, "conv1", lambda now: now == before)


def test_colours_of_everything_have_one_scale_which_stands_above_the_names(tab: Tab) -> None:
    tab.reset("&p.activation_hist.colourScope=all")
    bars = tab.frame.locator(".colour-bar")
    assert bars.count() == 1
    assert tab.frame.locator(".corner .colour-bar").count() == 1
    told = bars.locator(".ramp-cells").get_attribute("title")
    assert "All layers and runs share the scale." in str(told)
    # Where no scalars make room there, each layer has it beside its name.
    tab.set_hash("&p.activation_hist.colourScope=all&p.activation_hist.scalars=")
    tab.until(bars.count, lambda count: count == 3)
    tab.wait_drawn()
    ends = {bars.nth(at).locator(".limit").last.get_attribute("aria-valuetext") for at in range(3)}
    assert len(ends) == 1
    assert "all layers" in bars.first.inner_text()


def test_colours_of_everything_are_those_of_the_layers_in_view(tab: Tab) -> None:
    # On top it stays in its place, where nothing else would draw it anew.
    top = "&p.activation_hist.pinnedLayers=activations/layer2&p.activation_hist.colourScope=all"
    tab.reset(top)
    before = colours(tab, GOOD, "layer2")
    tab.set_hash(f"{top}&p.activation_hist.filter=layer2")
    wait_for(tab, GOOD, "layer2", lambda now: now != before)
    tab.wait_drawn()
    alone = colours(tab, GOOD, "layer2")
    tab.set_hash("&p.activation_hist.filter=layer2")
    tab.until(tab.hash, lambda hash_: "colourScope" not in hash_)
    wait_for(tab, GOOD, "layer2", alone.__eq__)


def test_a_panel_with_a_scale_of_its_own_keeps_the_bar_and_takes_its_limits_alone(tab: Tab) -> None:
    tab.reset("&p.activation_hist.colourScope=panel")
    unit = tab.frame.locator(".tall .unit").first
    tab.page.mouse.move(*tab.point(BAD, "conv1", 0.5, 0.5))
    tab.until(unit.inner_text, lambda text: text.endswith(BAD))
    before = {run: colours(tab, run, "conv1") for run in (GOOD, BAD)}
    ramp = tab.frame.locator(".tall .ramp").first.bounding_box()
    assert ramp is not None
    tab.page.mouse.move(ramp["x"] + 0.7 * ramp["width"], ramp["y"] + ramp["height"] / 2)
    wait_for(tab, BAD, "conv1", lambda now: now != before[BAD])
    tab.wait_drawn()
    assert colours(tab, GOOD, "conv1") == before[GOOD]
    tab.page.mouse.move(2, 2)
    tab.until(unit.inner_text, lambda text: text.endswith(BAD))
    wait_for(tab, BAD, "conv1", before[BAD].__eq__)
    drag_handle(tab, 0, 1, -60)
    wait_for(tab, BAD, "conv1", lambda now: now != before[BAD])
    wait_for(tab, GOOD, "conv1", before[GOOD].__eq__)


def test_a_lower_limit_above_all_cells_leaves_them_in_the_lowest_colour(tab: Tab) -> None:
    tab.reset("&p.activation_hist.colourLimits=share~1.5,")
    wait_for(tab, GOOD, "conv1", lambda now: set(now) == {EMPTY, LOWEST})
    said = tab.frame.locator(".tall .colour-bar .saturated").first
    tab.until(lambda: said.get_attribute("title") or "", lambda text: "100 % below" in text)


def test_without_links_nothing_is_offered_to_share(tab: Tab) -> None:
    tab.reset("&p.activation_hist.linked=0")
    tab.frame.get_by_role("button", name="More settings").click()
    expect(tab.frame.locator("select:disabled")).to_have_count(2)
    for label in ("Same colours", "Same axis"):
        assert tab.chosen(label) == "panel"
    tab.frame.get_by_label("Link axes and colours").check()
    tab.until(tab.frame.locator("select:disabled").count, lambda count: count == 0)
    tab.until(lambda: tab.chosen("Same axis"), lambda chosen: chosen == "row")
    tab.frame.get_by_role("button", name="Close the settings").click()
