"""What is shown: filter, runs, axes, colours, comparison; kept in the address."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import BAD, GOOD, LAYERS, deep_names
from tests.browser.tab import Tab, open_tab
from tests.plugin.tensorboard_process import TensorBoard


def layer_names(tab: Tab) -> list[str]:
    return tab.frame.locator(".layer-name").all_text_contents()


def test_filter_by_words_and_by_expression(tab: Tab) -> None:
    tab.reset()
    tab.page.keyboard.press("/")
    tab.page.keyboard.type("layer 2")
    tab.until(lambda: layer_names(tab), lambda names: names == ["layer2"])
    expect(tab.frame.locator("#filter-status")).to_have_text("1 of 3")
    field = tab.frame.locator("#layer-filter")
    field.fill("/^(conv1|layer1)$/")
    tab.until(lambda: layer_names(tab), lambda names: names == ["conv1", "layer1"])
    field.fill("/(/")
    status = tab.frame.locator("#filter-status")
    tab.until(status.inner_text, lambda text: "Unterminated group" in text)
    tab.until(lambda: layer_names(tab), lambda names: names == list(LAYERS))
    field.fill("nothing like this")
    tab.frame.get_by_text("No layer matches").wait_for()
    tab.wait_still()
    heading = tab.frame.get_by_text("No layer matches").bounding_box()
    clear = tab.frame.get_by_text("Clear the filter")
    button = clear.bounding_box()
    assert heading is not None and button is not None
    assert button["y"] - heading["y"] < 120, "the words stand together"
    clear.click()
    tab.until(lambda: layer_names(tab), lambda names: names == list(LAYERS))


def test_layers_that_leave_and_come_back_at_once_are_drawn_on(tab: Tab) -> None:
    tab.reset()
    before = tab.pixels(GOOD, "layer2")
    tab.frame.evaluate("""() => {
      const field = document.getElementById('layer-filter');
      for (const text of ['conv1', '']) {
        field.value = text;
        field.dispatchEvent(new InputEvent('input', { bubbles: true }));
      }
    }""")
    tab.set_hash("&p.activation_hist.map=magma")
    tab.until(lambda: tab.pixels(GOOD, "layer2"), lambda now: now != before)
    tab.reset()
    tab.until(lambda: tab.pixels(GOOD, "layer2"), lambda now: now == before)


def test_showing_runs_again_keeps_the_filter(tab: Tab) -> None:
    tab.page.keyboard.press("Escape")
    tab.set_hash("&p.activation_hist.runs=none of them&p.activation_hist.filter=conv")
    tab.frame.get_by_role("button", name="Show runs").click()
    tab.until(tab.frame.locator(".layer-name").all_text_contents, lambda names: names == ["conv1"])


def test_runs_are_chosen_and_the_address_restores_the_view(
    tab: Tab, open_page: Callable[..., Page], two_runs: TensorBoard
) -> None:
    tab.reset()
    tab.show_runs()
    tab.frame.get_by_role("checkbox", name=GOOD).uncheck()
    heads = tab.frame.locator(".run-name")
    tab.until(heads.all_text_contents, lambda names: names == [BAD])
    tab.choose("Time", "relative")
    tab.choose("Colour", "count")
    address = tab.until(tab.hash, lambda hash_: "quantity=count" in hash_)
    assert address.startswith("#activation_hist&")
    again = open_tab(open_page(), two_runs.root, address.removeprefix("#activation_hist"))
    expect(again.frame.locator(".run-name")).to_have_text([BAD])
    assert again.chosen("Time") == "relative"
    bar = again.frame.locator(".ramp-cells").first
    expect(bar).to_have_attribute("title", re.compile("^Colour: values per step"))
    assert again.problems == []


def test_a_link_gives_the_same_view_on_a_page_that_shows_another(tab: Tab) -> None:
    tab.reset("&p.activation_hist.valueScale=native&p.activation_hist.scalars=lr")
    assert tab.chosen("Values") == "native"
    # What is not known is as at first, not as it was before; an empty choice stays empty.
    tab.reset("&p.activation_hist.valueScale=cubic&p.activation_hist.scalars=")
    assert tab.chosen("Values") == "auto"
    assert tab.frame.locator(".scalar").count() == 0
    tab.choose("Colour", "count")
    tab.until(tab.hash, lambda hash_: "quantity=count" in hash_ and hash_.endswith("scalars="))


def test_a_link_of_an_earlier_version_opens_as_it_did(
    open_page: Callable[..., Page], two_runs: TensorBoard
) -> None:
    former = ("q=conv", "y=native", "unit=count", "cmp=difference", "zx=~50,100", "marks=0")
    ours = "".join(f"&p.activation_hist.{pair}" for pair in former)
    tab = open_tab(open_page(), two_runs.root, ours)
    assert layer_names(tab) == ["conv1"]
    assert (tab.chosen("Values"), tab.chosen("Colour")) == ("native", "count")
    expect(tab.frame.locator(".notes").nth(1)).to_contain_text(f"minus {GOOD}")
    tab.frame.get_by_role("button", name="Reset zoom").click()
    today = ["filter=conv", "valueScale=native", "quantity=count", "difference=1"]
    tab.until(tab.hash, lambda hash_: hash_.split("&p.activation_hist.")[1:] == today)
    assert tab.problems == []


def test_menus_open_inside_the_window(tab: Tab) -> None:
    tab.reset()
    height_px = tab.frame.evaluate("innerHeight")
    menu = tab.frame.locator(".menu:popover-open")
    buttons = tab.frame.get_by_title("Save or copy this layer").all()
    assert len(buttons) > 1
    for button in buttons:
        button.click()
        menu.wait_for()
        tab.until(
            lambda: menu.evaluate(
                "menu => { const b = menu.getBoundingClientRect(); return [b.top, b.bottom]; }"
            ),
            lambda ends: 0 <= ends[0] < ends[1] <= height_px,
        )
        tab.page.keyboard.press("Escape")
        tab.until(menu.count, lambda count: count == 0)


def test_escape_closes_a_menu_and_leaves_the_zoom(tab: Tab) -> None:
    tab.reset()
    tab.drag(tab.point(GOOD, "conv1", 0.2, 0.5), tab.point(GOOD, "conv1", 0.6, 0.5))
    reset_zoom = tab.frame.get_by_role("button", name="Reset zoom")
    reset_zoom.wait_for()
    tab.frame.get_by_role("button", name="Compare").click()
    menu = tab.frame.locator(".menu:popover-open")
    menu.wait_for()
    tab.page.keyboard.press("Escape")
    tab.until(menu.count, lambda count: count == 0)
    assert reset_zoom.is_visible()
    tab.page.keyboard.press("Escape")
    reset_zoom.wait_for(state="detached")


def test_time_axes(tab: Tab) -> None:
    tab.reset()
    ends = {}
    for kind in ("log_step", "relative", "epoch", "wall", "share"):
        tab.choose("Time", kind)
        tab.until(tab.hash, lambda hash_, kind=kind: f".time={kind}" in hash_)  # type: ignore[misc]
        tab.wait_drawn()
        ends[kind] = tab.tick_labels()[-1]
    assert ends["relative"] == "3 m"
    assert ends["epoch"] == "2"
    assert ends["share"] == "100 %"


def test_value_scales_and_ranges_change_the_axis(tab: Tab) -> None:
    tab.reset()
    seen = [tab.axis_ticks("y")]
    for scale in ("symlog", "native"):
        tab.choose("Values", scale)
        seen.append(tab.until(lambda: tab.axis_ticks("y"), lambda ticks: ticks not in seen))
    tab.choose("Values", "linear")
    tab.frame.get_by_title("More settings").click()
    tab.choose("Value range", "manual")
    tab.frame.get_by_title("Lowest value shown").locator("input").fill("-2")
    tab.frame.get_by_title("Highest value shown").locator("input").fill("3")
    tab.until(
        lambda: [float(label.replace("−", "-")) for _, _, label in tab.axis_ticks("y")],
        lambda values: {0, 2} <= set(values) and min(values) >= -2 and max(values) <= 3,
    )
    tab.frame.get_by_title("Highest value shown").locator("input").fill("-5")
    tab.frame.get_by_text("Enter two numbers, the first below the second.").wait_for()
    tab.frame.get_by_title("Close the settings").click()


def test_colours_change_with_map_and_curve_and_say_their_unit(tab: Tab) -> None:
    tab.reset()
    before = tab.pixels(GOOD, "conv1")["colours"]
    tab.set_hash("&p.activation_hist.colormap=magma")
    tab.until(lambda: tab.pixels(GOOD, "conv1")["colours"], lambda now: now != before)
    tab.set_hash("&p.activation_hist.curve=linear&p.activation_hist.quantity=density")
    bar = tab.frame.locator(".ramp-cells").first
    tab.until(
        lambda: str(bar.get_attribute("title")),
        lambda text: text.startswith("Colour: share per unit of value."),
    )


def test_difference_to_a_baseline(tab: Tab) -> None:
    tab.reset()
    plain = tab.pixels(BAD, "conv1")["colours"]
    base = tab.pixels(GOOD, "conv1")["colours"]
    tab.set_hash("&p.activation_hist.difference=1")
    tab.until(lambda: tab.pixels(BAD, "conv1")["colours"], lambda now: now != plain)
    tab.wait_drawn()
    assert tab.pixels(GOOD, "conv1")["colours"] == base
    note = tab.frame.locator(".notes").nth(1)
    expect(note).to_contain_text(f"minus {GOOD}")
    cut = (
        "() => [...document.querySelectorAll('.name-cell')].some(cell =>"
        " cell.scrollHeight > cell.clientHeight"
        " || [...cell.children].some(part => part.offsetHeight < 14))"
    )
    assert not tab.frame.evaluate(cut)


def test_a_difference_says_what_it_takes(tab: Tab) -> None:
    tab.reset("&p.activation_hist.axisScope=panel")
    assert tab.frame.get_by_role("button", name="own axes").count() == 2 * len(LAYERS)
    tab.frame.get_by_role("button", name="Compare").click()
    tab.frame.get_by_label("Show differences to the baseline").check()
    tab.page.keyboard.press("Escape")
    tab.frame.get_by_title("More settings").click()
    pane = tab.frame.locator(".pane")
    pane.get_by_text("share their value axis for now").wait_for()
    # Said at every difference map; nothing is offered that would change nothing.
    notes = tab.frame.locator(".notes")
    expect(notes.get_by_role("button", name="one scale")).to_have_count(len(LAYERS))
    expect(tab.frame.get_by_role("button", name="own axes")).to_have_count(0)
    tab.frame.get_by_label("Link axes and colours").uncheck()
    tab.frame.get_by_role("button", name="Compare").click()
    tab.frame.get_by_text("Differences need axes in common").last.wait_for()
    tab.page.keyboard.press("Escape")
    without = notes.get_by_role("button", name="no difference")
    tab.until(without.count, lambda count: count == len(LAYERS))
    tab.frame.get_by_title("Close the settings").click()


def test_additions_are_drawn(tab: Tab) -> None:
    tab.reset()
    before = tab.pixels(GOOD, "conv1")["colours"]
    tab.set_hash(
        "&p.activation_hist.overlays=mean,std,percentiles&p.activation_hist.strip=near_zero"
    )
    tab.until(lambda: tab.pixels(GOOD, "conv1")["colours"], lambda now: now != before)
    for layer in LAYERS:
        tab.until(lambda name=layer: tab.pixels(BAD, name, shares=True)["colours"], any)
    expect(tab.frame.locator(".scalar")).to_have_count(2)
    tab.set_hash("&p.activation_hist.scalars=loss,lr&p.activation_hist.sliceMode=cumulative")
    tab.until(tab.frame.locator(".scalar").count, lambda count: count == 4)


def test_many_layers_are_strips_under_their_modules(
    open_page: Callable[..., Page], many_layers: TensorBoard
) -> None:
    tab = open_tab(open_page(1400, 1100), many_layers.root)
    assert tab.frame.locator(".group-name").first.inner_text() == "stage0"
    on_screen = tab.frame.evaluate(
        "() => [...document.querySelectorAll('.strip')].filter(e =>"
        " e.getBoundingClientRect().bottom < innerHeight).length"
    )
    assert on_screen >= 2 * 50
    # Scrolled away, the headings are told by the path in the corner, which leads back to them.
    scroller = tab.frame.locator(".scroller")
    scroller.evaluate("e => e.scrollTo(0, 60)")
    crumb = tab.frame.locator(".crumb")
    tab.until(crumb.all_text_contents, lambda texts: texts == ["stage0 › 0"])
    crumb.click()
    tab.until(lambda: scroller.evaluate("e => e.scrollTop"), lambda top: top == 0)
    tab.until(crumb.count, lambda count: count == 0)
    tab.frame.get_by_title("Fold stage0", exact=True).click()
    tab.until(lambda: layer_names(tab)[0], lambda _: tab.frame.locator(".row.group").count() < 12)
    tab.frame.get_by_title("Unfold stage0", exact=True).click()
    tab.frame.locator(".layer-name").first.click()
    tab.frame.locator(".tall").wait_for()
    expect(tab.frame.locator(".tall .layer-name")).to_have_text(deep_names()[0])
    tab.choose("Sort", "change")
    groups = tab.frame.locator(".row.group")
    tab.until(groups.count, lambda count: count == 0)
    tab.until(lambda: sorted(layer_names(tab)), sorted(deep_names()).__eq__)
    tab.choose("Sort", "name")
    tab.until(lambda: layer_names(tab)[0], lambda name: name == "stage0.0.act1")
    # TensorBoard itself asks for its fonts outside of its own path prefix.
    outside = many_layers.root.replace("/some/where/", "/font-roboto/")
    assert [problem for problem in tab.problems if outside not in problem] == []


@pytest.mark.parametrize(
    ("finer", "rows"),
    [
        ("valueScale=linear&p.activation_hist.heatmapRows=512", 512),
        ("range=manual&p.activation_hist.manualRange=-0.01,0.01", 0),
    ],
)
def test_a_finer_value_axis_asks_for_finer_bins(
    open_page: Callable[..., Page], two_runs: TensorBoard, finer: str, rows: int
) -> None:
    only = f"&p.activation_hist.runs={GOOD}"
    tab = open_tab(open_page(), two_runs.root, only)
    with tab.page.expect_request(lambda request: request.url.endswith("/tiles")) as asked:
        tab.set_hash(f"{only}&p.activation_hist.{finer}")
    assert {tile["rows"] for tile in asked.value.post_data_json["tiles"]} == {rows}
    tab.wait_drawn()


def test_a_value_axis_is_switched_by_its_name(tab: Tab) -> None:
    tab.reset()
    names = tab.frame.locator(".scale-name")
    before = names.all_inner_texts()
    assert set(before) <= {"linear", "symlog"} and len(before) == 2 * len(LAYERS)
    names.first.click()
    other = "symlog" if before[0] == "linear" else "linear"
    wanted = [other, other, *before[2:]]
    tab.until(names.all_inner_texts, lambda texts: texts == wanted)
    tab.until(tab.hash, lambda hash_: f"ownScales={other} activations/conv1" in hash_)
    names.nth(1).click()
    tab.until(names.all_inner_texts, lambda texts: texts == before)
