"""Runs as rows, layers as columns."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import BAD, GOOD, LAYERS, deep_names
from tests.browser.tab import Tab, open_tab
from tests.plugin.tensorboard_process import TensorBoard

ON = "&p.activation_hist.transposed=1"


def place(locator: Locator) -> tuple[float, float]:
    box = locator.first.bounding_box()
    assert box is not None
    return box["x"], box["y"]


def panel(tab: Tab, run: str, layer: str) -> Locator:
    return tab.frame.locator(f'.panel[aria-label="{layer}, {run}"]')


def test_runs_become_rows_and_layers_columns(tab: Tab) -> None:
    tab.reset()
    tab.frame.get_by_role("button", name="Transpose").click()
    tab.wait_drawn()
    tab.until(tab.hash, lambda address: address.endswith("p.activation_hist.transposed=1"))
    expect(tab.frame.locator(".layer-title .layer-name")).to_have_text(list(LAYERS))
    expect(tab.frame.locator(".run-row .run-name")).to_have_text([GOOD, BAD])
    tab.wait_drawn()
    for at, run in enumerate((GOOD, BAD)):
        row_y = place(tab.frame.locator(".run-row").nth(at))[1]
        for column, layer in enumerate(LAYERS):
            x, y = place(panel(tab, run, layer))
            assert abs(y - row_y) < 1
            assert abs(x - place(tab.frame.locator(".layer-head").nth(column + 1))[0]) < 1
    # One value axis for the runs of a layer, with the histogram of one step under them.
    assert tab.axis_ticks("y", 0) == tab.axis_ticks("y", len(LAYERS))
    assert tab.frame.locator(".slice-cell .slice").count() == len(LAYERS)
    tab.frame.get_by_role("button", name="Transpose").click()
    tab.until(tab.hash, lambda address: "transposed" not in address)


def test_a_step_read_in_one_column_is_marked_in_all(tab: Tab) -> None:
    tab.reset(ON)
    tab.page.mouse.move(*tab.point(BAD, "layer1", 0.25, 0.5))
    expect(tab.frame.locator(".tooltip")).to_contain_text("layer1")
    lines = tab.frame.locator(".cross-x:not(.pin-line)")
    # One for each layer, and one for the scalars.
    expect(lines).to_have_count(len(LAYERS) + 1)
    tab.wait_drawn()
    heat = tab.frame.locator(f"{tab.panel(GOOD, 'layer1')} .heat").first.bounding_box()
    assert heat is not None
    wanted = heat["x"] + 0.25 * heat["width"]
    assert min(abs(place(lines.nth(at))[0] - wanted) for at in range(lines.count())) < 1.5


def test_differences_strips_and_pins_work_there_too(tab: Tab) -> None:
    tab.reset(ON)
    plain = tab.pixels(BAD, "conv1")["colours"]
    tab.reset(f"{ON}&p.activation_hist.difference=1")
    tab.until(lambda: tab.pixels(BAD, "conv1")["colours"] != plain, bool)
    expect(tab.frame.locator(".layer-head").nth(1).get_by_text(f"minus {GOOD}")).to_have_count(1)
    tab.reset(f"{ON}&p.activation_hist.layout=strips")
    expect(tab.frame.locator(".panel.strip")).to_have_count(2 * len(LAYERS))
    tab.frame.locator(".layer-head .layer-name").first.click()
    tab.wait_drawn()
    head = tab.frame.locator(".layer-head").nth(1)
    expect(tab.frame.locator(".panel:not(.strip)")).to_have_count(2)
    head.get_by_title("Show only this layer, enlarged").click()
    tab.until(tab.frame.locator(".layer-title").count, lambda count: count == 1)
    tab.page.keyboard.press("Escape")
    tab.reset(f"{ON}&p.activation_hist.pinnedLayers=activations/layer2")
    names = tab.frame.locator(".layer-title .layer-name")
    expect(names).to_have_text(["layer2", "conv1", "layer1"])


def test_heads_stay_in_sight_and_only_columns_on_the_screen_exist(
    open_page: Callable[..., Page], many_layers: TensorBoard
) -> None:
    tab = open_tab(open_page(1000, 600), many_layers.root, f"{ON}&p.activation_hist.layout=panels")
    names = deep_names()
    scroller = tab.frame.locator(".scroller")
    run = tab.frame.locator(".run-row .run-name").first
    before = place(run)
    assert tab.frame.locator(".layer-head").count() < 15
    scroller.evaluate("e => e.scrollTo(e.scrollWidth, e.scrollHeight)")
    last = tab.frame.locator(".layer-title").get_by_text(names[-1], exact=True)
    last.wait_for()
    tab.wait_drawn()
    assert abs(place(run)[0] - before[0]) < 1
    head_y = place(tab.frame.locator(".heads"))[1]
    assert abs(head_y - place(scroller)[1]) < 1
    assert tab.frame.locator(".layer-head").count() < 15


def test_names_of_layers_stay_in_sight_beside_many_runs(
    open_page: Callable[..., Page], two_runs: TensorBoard
) -> None:
    tab = open_tab(open_page(1000, 600), two_runs.root, "&p.activation_hist.panelWidth_px=900")
    name = tab.frame.locator(".tall .layer-name").first
    before = place(name)
    tab.frame.locator(".scroller").evaluate("e => e.scrollTo(600, 0)")
    tab.until(lambda: place(tab.frame.locator(".panel"))[0] < 0, bool)
    tab.wait_still()
    assert place(name) == before


def test_columns_show_the_ends_of_names_which_differ(
    open_page: Callable[..., Page], many_layers: TensorBoard
) -> None:
    wanted = "&p.activation_hist.layout=panels&p.activation_hist.filter=.act2"
    tab = open_tab(open_page(1000, 700), many_layers.root, ON + wanted)
    tab.frame.get_by_role("button", name="Keep stage0.0.act2 at the top").wait_for()
    names = tab.frame.locator(".layer-title .ellipsis")
    expect(names.first).to_have_text("stage0.0.act2")
    beyond = """all => all.map(name => name.firstElementChild.getBoundingClientRect().right
      - name.getBoundingClientRect().right)"""
    assert max(names.evaluate_all(beyond)) <= 1
    widths = names.evaluate_all("all => all.map(name => name.getBoundingClientRect().width)")
    assert min(widths) > 60  # the tools of the layer take none of it
