"""Findings in the page: badges on layers and runs, marks on the axis, the list, differences."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import BAD, GOOD, LAYERS, STEPS, STRICT, new_page
from tests.browser.tab import Tab, open_tab
from tests.plugin.logdirs import collapsing_values, healthy_values, write_run
from tests.plugin.tensorboard_process import TensorBoard, running_tensorboard


@pytest.fixture(scope="module")
def sick_tab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """Layers that are well or collapse late or early, beside a twin; one without finite values."""
    folder = tmp_path_factory.mktemp("sick")
    layers = {
        "well": healthy_values(STEPS, 400),
        "late": collapsing_values(STEPS, 400, at=0.6),
        "early": collapsing_values(STEPS, 400, at=0.3),
    }
    write_run(folder / "logs", "sick", layers)
    layers["well"] = [4 * part for part in layers["well"]]
    write_run(folder / "logs", "twin", layers)
    # In a run of its own: other findings are taken for consequences of this one.
    nan = {"nan": [np.full(400, np.nan, np.float32)] * STEPS}
    write_run(folder / "logs", "broken", nan)
    with running_tensorboard(folder, f"--logdir={folder / 'logs'}", env=STRICT) as server:
        server.wait_for_series(7)
        page = new_page(browser)
        yield open_tab(page, server.root)
        page.context.close()


def open_list(tab: Tab) -> Locator:
    """The list, once the server has looked at all series."""
    tab.frame.get_by_role("button", name="Findings", exact=False).first.wait_for()
    tab.frame.get_by_title("What looks wrong, worst first").click()
    menu = tab.frame.get_by_role("dialog", name="Findings")
    menu.wait_for()
    tab.until(menu.inner_text, lambda text: "differs from" in text and "…" not in text)
    tab.wait_drawn()
    return menu


def test_findings_are_listed_marked_and_led_to(tab: Tab) -> None:
    tab.reset()
    menu = open_list(tab)
    severities = menu.locator(".severity").all_inner_texts()
    assert severities == sorted(severities, key=["error", "warning", "info"].index)
    first = menu.locator("li").first
    text = first.inner_text()
    assert "collapsed to zero at step" in text
    assert BAD in text
    assert "Usual causes" in text
    step = int(text.partition("at step ")[2].split()[0])
    first.locator("button").click()
    tab.frame.locator(".menu:popover-open").wait_for(state="detached")
    tab.until(tab.hash, lambda ours: ".pinned=" in ours and "zoomX=" in ours)
    tab.page.keyboard.press("z")
    tab.until(tab.hash, lambda ours: "zoomX=" not in ours)
    mark = tab.frame.locator(f"{tab.panel(BAD, LAYERS[0])} .finding-mark.error").first
    plot = tab.frame.locator(tab.panel(BAD, LAYERS[0]))
    tab.until(
        lambda: mark.evaluate("e => e.offsetLeft") / plot.evaluate("e => e.clientWidth"),
        lambda left: abs(left - step / STEPS) < 0.02,
    )
    assert tab.frame.locator(f"{tab.panel(GOOD, LAYERS[0])} .finding-mark").count() == 0


def test_badges_stand_beside_layers_and_runs(tab: Tab) -> None:
    tab.reset()
    open_list(tab)
    tab.page.keyboard.press("Escape")
    of_runs = tab.frame.locator(".run-line", has_text=BAD).locator(".badge.error")
    expect(of_runs).to_contain_text("finding")
    assert tab.frame.locator(".run-line", has_text=GOOD).locator(".badge").count() == 0
    expect(tab.frame.locator(".row-actions .badge")).to_have_count(len(LAYERS))


def test_differences_name_layer_step_and_distance_and_follow_the_baseline(tab: Tab) -> None:
    tab.reset()
    menu = open_list(tab)
    apart = menu.locator(".differences")
    words = apart.locator("summary").inner_text()
    assert words.index(BAD) < words.index("differs from") < words.index(GOOD)
    assert re.search(rf"{re.escape(GOOD)} in \d+ layers", words)
    lines = apart.locator(".difference").all_inner_texts()
    assert [line.split()[0] for line in lines] == [n for n in LAYERS if n in " ".join(lines)]
    assert all("from step" in line and "distance" in line for line in lines)
    tab.page.keyboard.press("Escape")
    tab.set_hash(f"&p.activation_hist.baseline={BAD}")
    open_list(tab)
    tab.until(apart.locator("summary").inner_text, lambda text: text.split()[0] == GOOD)


def test_following_a_difference_ends_a_zoom_that_hides_it(tab: Tab) -> None:
    tab.reset("&p.activation_hist.zoomX=~150,160")
    open_list(tab).locator(".difference").first.click()
    tab.until(tab.hash, lambda ours: ".pinned=" in ours and "zoomX=" not in ours)


def test_a_finding_leads_to_layers_and_runs_that_were_never_on_the_screen(
    open_page: Callable[..., Page], two_runs: TensorBoard
) -> None:
    tab = open_tab(
        open_page(),
        two_runs.root,
        "&p.activation_hist.panelHeight_px=1000&p.activation_hist.panelWidth_px=2000",
    )
    assert tab.frame.locator(tab.panel(BAD, LAYERS[2])).count() == 0
    line = open_list(tab).locator(".difference", has_text=LAYERS[2])
    step = int(line.inner_text().partition("from step ")[2].split()[0])
    line.click()
    tab.until(tab.hash, lambda ours: f".pinned={step}.5" in ours)
    place = "e => [e.scrollLeft, e.scrollTop]"
    tab.until(
        lambda: tab.frame.locator("main").evaluate(place),
        lambda at: at[0] > 1000 and at[1] > 1500,
    )
    tab.frame.locator(tab.panel(BAD, LAYERS[2])).wait_for()


def test_marks_are_reached_by_keyboard_and_explain_their_finding(tab: Tab) -> None:
    tab.reset()
    open_list(tab)
    tab.page.keyboard.press("Escape")
    tab.frame.get_by_role("dialog", name="Findings").wait_for(state="hidden")
    mark = tab.frame.locator(f"{tab.panel(BAD, LAYERS[0])} .finding-mark").first
    tab.frame.locator(f'.panel[aria-label="{LAYERS[0]}, {BAD}"]').focus()
    tab.page.keyboard.press("Tab")
    expect(mark).to_be_focused()
    assert "Usual causes" in (mark.get_attribute("title") or "")
    tab.page.keyboard.press("Enter")
    pane = tab.frame.get_by_role("complementary", name="Finding explained")
    pane.wait_for()
    tab.page.keyboard.press("Escape")
    pane.wait_for(state="detached")
    tab.until(lambda: mark.evaluate("e => e === document.activeElement"), bool)


def test_layers_are_ordered_by_health_and_by_difference(sick_tab: Tab) -> None:
    tab = sick_tab
    tab.reset()
    names = tab.frame.locator(".layer-name").all_text_contents
    as_in_model = tab.until(names, lambda now: len(now) == 4)
    tab.frame.get_by_title("More settings").click()
    tab.choose("Sort", "health")
    tab.until(names, lambda now: now == ["nan", "early", "late", "well"])
    tab.choose("Sort", "difference")
    tab.until(names, lambda now: now[0] == "well")
    tab.choose("Sort", "model")
    tab.until(names, lambda now: now == as_in_model)
    tab.frame.get_by_title("Close the settings").click()


def test_a_layer_without_finite_values_has_no_made_up_axis(sick_tab: Tab) -> None:
    tab = sick_tab
    tab.reset()
    row = tab.frame.locator(".row.layer", has_text="nan").filter(has_text="no finite values")
    expect(row.locator(".axes").first).to_have_attribute("data-y-ticks", "[]")
    expect(row.locator(".panel .axes").first).to_have_attribute("title", "NaN: NaN")
    expect(row.locator(".colour-bar")).to_be_hidden()
    expect(row.locator(".slice .axis text").first).to_be_hidden()
    well = tab.frame.locator(".row.layer", has_text="well")
    expect(well.locator(".colour-bar")).to_be_visible()
