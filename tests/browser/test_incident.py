"""A finding explained: from a badge, a mark, a run to its layer, and what the pane tells."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.access import assert_accessible
from tests.browser.conftest import BAD, GOOD, LAYERS, STEPS, new_page
from tests.browser.tab import Tab, open_tab
from tests.plugin.tensorboard_process import TensorBoard

ALONE = f"&p.activation_hist.runs={GOOD}"
BADGE = ".run-line .badge.error"


@pytest.fixture(scope="module")
def tab(browser: Browser, two_runs: TensorBoard) -> Iterator[Tab]:
    page = new_page(browser)
    tab = open_tab(page, two_runs.root)
    tab.frame.locator(BADGE).wait_for()
    yield tab
    page.context.close()


def pane_of(tab: Tab) -> Locator:
    return tab.frame.get_by_role("complementary", name="Finding explained")


def open_pane(tab: Tab) -> Locator:
    """The explanation of the run's worst finding, drawn."""
    tab.frame.locator(BADGE).first.click()
    pane = pane_of(tab)
    tab.until(pane.locator(".moments svg").count, lambda count: count == 3)
    tab.until(lambda: tab.hash(), lambda ours: "zoomX=" in ours and ".pinned=" in ours)
    tab.wait_drawn()
    tab.wait_written()
    return pane


def wait_at_top(tab: Tab) -> None:
    """Until the row of the framed panel stands right below the heads."""
    gap = (
        "() => document.querySelector('.finding-frame')?.closest('.row')"
        ".getBoundingClientRect().top"
        " - document.querySelector('.heads').getBoundingClientRect().bottom"
    )
    tab.until(lambda: tab.frame.evaluate(gap), lambda px: px is not None and abs(px) < 2)


def first_step(pane: Locator) -> int:
    """Of the first layer of the chain."""
    words = pane.locator(".chain li").first.inner_text()
    found = re.search(r"step (\d+)", words)
    assert found, words
    return int(found[1])


def test_from_a_badge_to_the_layer_and_back(tab: Tab) -> None:
    tab.reset("&p.activation_hist.panelHeight_px=500")
    badge = tab.frame.locator(BADGE).first
    pane = open_pane(tab)
    step = first_step(pane)
    assert "collapsed to zero at step" in pane.locator("h2").inner_text()
    # The row stands at the top, its panel is framed.
    frame = tab.frame.locator(".finding-frame")
    assert frame.evaluate("e => e.closest('.panel').ariaLabel") == f"{LAYERS[0]}, {BAD}"
    wait_at_top(tab)
    # A fifth of the run to either side is shown.
    zoom = re.search(r"zoomX=~([\d.]+),([\d.]+)", tab.hash())
    assert zoom
    assert abs(float(zoom[1]) - (step - 0.2 * STEPS)) < 1
    assert abs(float(zoom[2]) - (step + 0.2 * STEPS)) < 1
    tab.page.keyboard.press("z")
    tab.until(tab.hash, lambda ours: "zoomX=" not in ours)
    assert pane.is_visible()
    tab.page.keyboard.press("Escape")
    pane.wait_for(state="detached")
    tab.until(lambda: badge.evaluate("e => e === document.activeElement"), bool)
    tab.until(tab.hash, lambda ours: "incident=" not in ours)


def test_the_last_layer_comes_to_the_top_too(tab: Tab) -> None:
    tab.reset()
    tab.frame.locator(".row-actions .badge").last.click()
    wait_at_top(tab)


def test_the_chain_has_layers_scalars_and_exact_histograms(tab: Tab) -> None:
    tab.reset()
    pane = open_pane(tab)
    lines = pane.locator(".chain li").all_inner_texts()
    assert [line.split()[1] for line in lines] == list(LAYERS)
    strip = pane.locator(".incident-strip").first
    assert strip.evaluate(
        "e => new Set(new Uint32Array(e.getContext('2d')"
        ".getImageData(0, 0, e.width, e.height).data.buffer)).size > 5"
    )
    curves = pane.locator(".chain svg")
    assert [label.split(":")[0] for label in labels(curves)] == ["loss", "lr"]
    before, at, after = labels(pane.locator(".moments svg"))
    assert before.startswith("before, step ")
    assert "100 % zeros" not in before
    assert at.startswith(f"at, step {first_step(pane)}")
    assert "100 % zeros" in after
    assert "threshold 99 %" in pane.locator(".measures").inner_text()


def labels(all_: Locator) -> list[str]:
    return [str(label) for label in all_.evaluate_all("all => all.map(e => e.ariaLabel)")]


def test_next_and_previous_go_round_by_button_and_key(tab: Tab) -> None:
    tab.reset()
    pane = open_pane(tab)
    place = pane.locator(".incident-steps > span")
    count = int(place.inner_text().split(" of ")[1])
    opened = tab.hash()
    for _ in range(count):
        pane.get_by_title("Next finding").click()
    tab.until(place.inner_text, lambda text: text == f"1 of {count}")
    tab.until(tab.hash, lambda ours: "incident=" in ours)
    tab.page.keyboard.press("Shift+N")
    tab.until(place.inner_text, lambda text: text == f"{count} of {count}")
    tab.page.keyboard.press("n")
    tab.until(place.inner_text, lambda text: text == f"1 of {count}")
    part = opened.partition("incident=")[2]
    tab.until(lambda: tab.hash().partition("incident=")[2], lambda now: now == part)


def test_the_code_and_the_report_are_copied(tab: Tab) -> None:
    tab.reset()
    pane = open_pane(tab)
    paste = "navigator.clipboard.readText()"
    code = pane.locator("pre").inner_text()
    pane.get_by_title("Copy the code").click()
    tab.until(lambda: tab.page.evaluate(paste), lambda text: text == code)
    pane.get_by_text("Copy report").click()
    words = tab.until(lambda: tab.page.evaluate(paste), lambda text: text.startswith("## "))
    assert f"Run `{BAD}`" in words
    assert f"```python\n{code}\n```" in words
    assert "incident=" in words
    assert all(f"`{layer}`" in words for layer in LAYERS)
    picture = re.search(r"!\[.*]\(data:image/png;base64,([^)]+)\)", words)
    assert picture
    assert base64.b64decode(picture[1]).startswith(b"\x89PNG")


def test_the_palette_copies_the_report_too(tab: Tab) -> None:
    tab.reset()
    pane = open_pane(tab)
    paste = "navigator.clipboard.readText()"
    pane.get_by_title("Copy the code").click()
    tab.until(lambda: tab.page.evaluate(paste), lambda text: not text.startswith("## "))
    tab.page.keyboard.press("Control+k")
    tab.page.keyboard.type("copy report")
    tab.page.keyboard.press("Enter")
    tab.until(lambda: tab.page.evaluate(paste), lambda text: text.startswith("## "))


def test_the_code_is_read_without_scrolling(tab: Tab) -> None:
    tab.reset()
    code = open_pane(tab).locator("pre")
    assert code.evaluate("e => e.scrollWidth <= e.clientWidth")


def test_a_report_that_cannot_be_copied_is_saved(
    open_page: Callable[..., Page], two_runs: TensorBoard
) -> None:
    page = open_page()
    tab = open_tab(page, two_runs.root)
    tab.frame.locator(BADGE).wait_for()
    pane = open_pane(tab)
    tab.frame.evaluate(
        "() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }"
    )
    with page.expect_download() as saved:
        pane.get_by_text("Copy report").click()
    assert saved.value.suggested_filename == "finding.md"
    assert tab.problems == []


def test_a_link_opens_the_explanation_again(
    tab: Tab, open_page: Callable[..., Page], two_runs: TensorBoard
) -> None:
    tab.reset()
    title = open_pane(tab).locator("h2").inner_text()
    ours = tab.hash().partition("#activation_hist")[2]
    other = open_tab(open_page(), two_runs.root, ours)
    heading = pane_of(other).locator("h2")
    heading.wait_for()
    other.until(heading.inner_text, lambda text: text == title)
    expect(other.frame.locator(".finding-frame")).to_have_count(1)
    other.frame.get_by_title("Close the explanation").click()
    other.until(other.hash, lambda now: "incident=" not in now)


def test_a_mark_is_clicked_on_a_panel_and_on_a_strip(tab: Tab) -> None:
    for layout in ("panels", "strips"):
        tab.reset(f"&p.activation_hist.layout={layout}")
        mark = tab.frame.locator(f"{tab.panel(BAD, LAYERS[1])} .finding-mark.error")
        mark.wait_for()
        mark.click()
        pane = pane_of(tab)
        pane.locator("h2").wait_for()
        tab.until(tab.hash, lambda ours: "incident=" in ours)
        tab.page.keyboard.press("Escape")
        pane.wait_for(state="detached")


def test_a_hidden_run_is_shown_for_its_finding(tab: Tab) -> None:
    tab.reset(ALONE)
    tab.show_runs()
    tab.frame.locator(".run-choice", has_text=BAD).locator(".found").click()
    pane = pane_of(tab)
    tab.until(pane.locator(".moments svg").count, lambda count: count == 3)
    tab.until(tab.frame.locator(".run-name").all_text_contents, [GOOD, BAD].__eq__)
    tab.until(tab.hash, lambda ours: "zoomX=" in ours and ".pinned=" in ours)


def test_a_finding_that_is_gone_says_so(tab: Tab) -> None:
    tab.reset(f"&p.activation_hist.incident={BAD},exploding,activations/none,3")
    pane = pane_of(tab)
    tab.until(pane.locator("h2").inner_text, lambda text: "no longer exists" in text)


def test_the_pane_is_resized_and_accessible_in_both_themes(
    tab: Tab, open_page: Callable[..., Page], two_runs: TensorBoard
) -> None:
    tab.reset()
    pane = open_pane(tab)
    handle = pane.get_by_role("separator")
    before = pane.bounding_box()
    handle.focus()
    tab.page.keyboard.press("ArrowUp")
    assert before
    tab.until(pane.bounding_box, lambda box: box and box["height"] == before["height"] + 24)
    assert_accessible(tab)
    page = open_page(390, 844)
    dark = open_tab(page, two_runs.root, dark=True)
    dark.frame.locator(BADGE).first.wait_for()
    pane = open_pane(dark)
    assert_accessible(dark)
    assert dark.frame.evaluate("document.documentElement.scrollWidth") <= 390
    assert tab.problems == dark.problems == []
