"""Findings in the page: badges on layers and runs, marks on the axis, the list, differences."""

from __future__ import annotations

from playwright.sync_api import Locator

from tests.browser.conftest import BAD, GOOD, LAYERS, STEPS
from tests.browser.tab import WAIT_S, Tab


def open_list(tab: Tab) -> Locator:
    """The list, once the server has looked at all series."""
    tab.frame.get_by_role("button", name="Findings", exact=False).first.wait_for(
        timeout=1000 * WAIT_S
    )
    tab.frame.get_by_title("What looks wrong, worst first").click()
    menu = tab.frame.get_by_role("dialog", name="Findings")
    menu.wait_for()
    tab.until(menu.inner_text, lambda text: "parts from" in text and "not looked at" not in text)
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
    tab.until(tab.hash, lambda ours: ".step=" in ours)
    mark = tab.frame.locator(f"{tab.panel(BAD, LAYERS[0])} .finding-mark.error").first
    plot = tab.frame.locator(tab.panel(BAD, LAYERS[0]))
    left = mark.evaluate("e => e.offsetLeft") / plot.evaluate("e => e.clientWidth")
    assert abs(left - step / STEPS) < 0.02
    assert tab.frame.locator(f"{tab.panel(GOOD, LAYERS[0])} .finding-mark").count() == 0


def test_badges_stand_beside_layers_and_runs(tab: Tab) -> None:
    tab.reset()
    open_list(tab)
    tab.page.keyboard.press("Escape")
    of_runs = tab.frame.locator(".run-line", has_text=BAD).locator(".badge.error")
    assert "finding" in of_runs.inner_text()
    assert tab.frame.locator(".run-line", has_text=GOOD).locator(".badge").count() == 0
    assert tab.frame.locator(".row-actions .badge").count() == len(LAYERS)


def test_differences_name_layer_step_and_distance_and_follow_the_baseline(tab: Tab) -> None:
    tab.reset()
    menu = open_list(tab)
    apart = menu.locator(".differences")
    words = apart.locator("summary").inner_text()
    assert words.index(BAD) < words.index("parts from") < words.index(GOOD)
    lines = apart.locator(".difference").all_inner_texts()
    assert [line.split()[0] for line in lines] == [n for n in LAYERS if n in " ".join(lines)]
    assert all("from step" in line and "distance" in line for line in lines)
    tab.page.keyboard.press("Escape")
    tab.set_hash(f"&p.activation_hist.base={BAD}")
    open_list(tab)
    tab.until(apart.locator("summary").inner_text, lambda text: text.split()[0] == GOOD)
