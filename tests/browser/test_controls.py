"""What is in sight and at hand: the toolbar that folds, Esc and Back, names and targets, access."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import GOOD, LAYERS, new_page
from tests.browser.tab import Tab, open_tab, overflow
from tests.plugin.logdirs import START
from tests.plugin.tensorboard_process import TensorBoard

NAMES = """() => [...document.querySelectorAll('main button, main [role=slider], main a[href]')]
  .filter(element => element.getBoundingClientRect().width > 0)
  .map(element => element.getAttribute('aria-label') ?? element.textContent.trim())"""


@pytest.fixture(scope="module")
def live(browser: Browser, kinds: TensorBoard) -> Iterator[Tab]:
    page = new_page(browser, 1440, 900)
    # A minute after the last record, so that the training counts as going on.
    page.add_init_script(f"Date.now = () => {1000 * (START + 120)} + performance.now() / 100")
    yield open_tab(page, kinds.root)
    page.context.close()


@pytest.mark.parametrize("width", [1920, 1440, 1280, 1024, 800, 640, 390])
def test_the_toolbar_folds_by_what_does_not_fit(live: Tab, width: int) -> None:
    live.reset("&p.activation_hist.zoomX=~10,30")
    live.page.set_viewport_size({"width": width, "height": 900})
    bar = live.frame.get_by_role("toolbar")
    live.until(lambda: overflow(live), lambda over: over <= 0)
    # The way back keeps its words, however little room there is.
    live.wait_drawn()
    assert bar.get_by_role("button", name="Reset zoom").get_by_text("Reset zoom").is_visible()
    kinds = bar.get_by_role("group", name="Kind")
    if width >= 1440:
        assert not bar.get_by_title("More choices").is_visible()
        assert kinds.get_by_role("button").all_inner_texts() == [
            "Activations",
            "Gradients",
            "Weights",
        ]
        assert bar.get_by_label("Sort").is_visible()
        assert bar.get_by_role("button", name="Compare").is_visible()
        assert live.frame.locator(".axis-choices select").count() == 4
    elif not bar.get_by_label("Sort").is_visible():
        bar.get_by_title("More choices").click()
        menu = live.frame.get_by_role("dialog", name="More choices")
        menu.get_by_label("Kind").select_option("gradients")
        live.until(live.hash, lambda hash_: "kind=gradients" in hash_)
        menu.get_by_label("Sort layers").select_option("name")
        live.page.keyboard.press("Escape")
    live.page.set_viewport_size({"width": 1440, "height": 900})


def test_fields_of_a_menu_have_names_where_the_bar_has_none(live: Tab) -> None:
    live.reset()
    live.page.set_viewport_size({"width": 1100, "height": 900})
    bar = live.frame.get_by_role("toolbar")
    live.until(lambda: bar.get_attribute("data-fold") or "", lambda folds: "words" in folds)
    bar.get_by_role("button", name="Compare").click()
    menu = live.frame.get_by_role("dialog", name="Compare")
    for name in ("Baseline", "First difference", "Strip below"):
        label = menu.get_by_text(name, exact=True)
        label.wait_for()
        box = label.bounding_box()
        assert box is not None and box["width"] > 20, name
    live.page.keyboard.press("Escape")
    live.page.set_viewport_size({"width": 1440, "height": 900})


def test_kinds_sort_and_compare_are_one_click_away(live: Tab) -> None:
    live.reset()
    bar = live.frame.get_by_role("toolbar")
    bar.get_by_role("button", name="Weights").click()
    live.until(live.hash, lambda hash_: "kind=weights" in hash_)
    live.wait_drawn()
    bar.get_by_role("button", name="Activations").click()
    live.until(live.hash, lambda hash_: "kind=activations" in hash_)
    bar.get_by_label("Sort").select_option("difference")
    names = live.frame.locator(".layer-name")
    live.until(names.all_text_contents, lambda shown: shown[0] == "layer2")
    bar.get_by_role("button", name="Compare").click()
    live.frame.get_by_label("Show differences to the baseline").check()
    live.until(live.hash, lambda hash_: "difference=1" in hash_)
    head = live.frame.locator(".run-name").last
    live.until(head.inner_text, lambda text: text.endswith("difference"))
    live.page.keyboard.press("Escape")


def test_escape_closes_the_topmost_thing_only(live: Tab) -> None:
    live.reset("&p.activation_hist.zoomX=~10,30&p.activation_hist.full=activations/conv1")
    live.frame.get_by_role("button", name="More settings").click()
    pane = live.frame.get_by_role("complementary", name="Settings")
    # Also from a field in it.
    pane.get_by_label("Value range").focus()
    live.frame.get_by_role("button", name="Compare").click()
    menu = live.frame.locator(".menu:popover-open")
    menu.wait_for()
    live.page.keyboard.press("Escape")
    live.until(menu.count, lambda count: count == 0)
    assert pane.is_visible()
    live.page.keyboard.press("Control+k")
    palette = live.frame.locator("dialog.palette[open]")
    palette.wait_for()
    live.page.keyboard.press("Escape")
    palette.wait_for(state="detached")
    assert pane.is_visible()
    pane.get_by_label("Value range").focus()
    live.page.keyboard.press("Escape")
    pane.wait_for(state="detached")
    names = live.frame.locator(".layer-name")
    live.wait_written()
    assert names.all_text_contents() == ["conv1"]
    live.page.keyboard.press("Escape")
    live.until(names.all_text_contents, lambda shown: shown == list(LAYERS))
    live.wait_written()
    assert "zoomX=~10,30" in live.hash()
    live.page.keyboard.press("Escape")
    live.until(live.hash, lambda hash_: "zoomX" not in hash_)


def test_back_of_the_browser_undoes_a_zoom_and_nothing_else(
    browser: Browser, kinds: TensorBoard
) -> None:
    # A page of its own: the history of others begins elsewhere.
    live = open_tab(new_page(browser, 1440, 900), kinds.root)
    live.drag(live.point(GOOD, "conv1", 0.25, 0.5), live.point(GOOD, "conv1", 0.5, 0.5))
    live.until(live.hash, lambda hash_: "zoomX=~15,30" in hash_)
    live.choose("Values", "linear")
    live.until(live.hash, lambda hash_: "valueScale=linear" in hash_)
    live.page.go_back()
    live.until(live.hash, lambda hash_: "zoomX" not in hash_)
    live.until(live.hash, lambda hash_: "valueScale=linear" in hash_)
    expect(live.frame.get_by_title("Back to the zoom before")).to_have_count(0)
    # Z goes the same way back, so that Back of the browser does not go there again.
    length = live.page.evaluate("history.length")
    live.drag(live.point(GOOD, "conv1", 0.25, 0.5), live.point(GOOD, "conv1", 0.5, 0.5))
    live.until(live.hash, lambda hash_: "zoomX=~15,30" in hash_)
    live.page.keyboard.press("z")
    live.until(live.hash, lambda hash_: "zoomX" not in hash_)
    assert live.page.evaluate("history.length") <= length + 1
    live.page.context.close()


def test_a_training_that_goes_on_is_called_live_also_while_zoomed(live: Tab) -> None:
    live.reset()
    live.frame.get_by_text("live", exact=True).wait_for()
    live.drag(live.point(GOOD, "conv1", 0.25, 0.5), live.point(GOOD, "conv1", 0.5, 0.5))
    live.frame.get_by_role("button", name="live, not followed").click()
    live.until(live.hash, lambda hash_: "zoomX" not in hash_)
    live.frame.get_by_text("live", exact=True).wait_for()


def test_without_a_pin_the_slice_shows_the_last_step_in_sight(live: Tab) -> None:
    live.reset("&p.activation_hist.zoomX=~10,30")
    title = live.frame.locator(".slice-title").first
    live.until(title.inner_text, lambda text: text == "step 29")
    live.frame.locator("main").focus()
    live.page.keyboard.press("ArrowLeft")
    live.until(title.inner_text, lambda text: text == "step 28")
    live.reset()
    live.until(title.inner_text, lambda text: text == "step 59")


def test_a_click_on_a_name_enlarges_the_layer(live: Tab) -> None:
    live.reset()
    names = live.frame.locator(".layer-name")
    names.nth(1).click()
    live.until(names.all_text_contents, lambda shown: shown == ["layer1"])
    names.first.click()
    live.until(names.all_text_contents, lambda shown: shown == list(LAYERS))
    live.frame.get_by_role("button", name="Close layer1 to a strip").click()
    live.until(live.frame.locator(".panel.strip").count, lambda count: count == 2)
    names.nth(1).click()
    live.until(live.frame.locator(".panel.strip").count, lambda count: count == 0)


def test_settings_are_reset_one_by_one_and_together(live: Tab) -> None:
    live.reset("&p.activation_hist.colormap=magma&p.activation_hist.density=large")
    live.frame.get_by_role("button", name="More settings").click()
    live.frame.get_by_role("button", name="Reset colour map").click()
    live.until(live.hash, lambda hash_: "colormap" not in hash_ and "density=large" in hash_)
    together = live.frame.get_by_role("button", name="Reset settings")
    together.click()
    live.until(live.hash, lambda hash_: "density" not in hash_)
    expect(together).to_be_disabled()
    live.frame.get_by_role("button", name="Close the settings").click()


def test_layers_are_headings_and_controls_have_names_of_their_own(live: Tab) -> None:
    live.reset()
    headings = live.frame.get_by_role("heading", level=2)
    live.until(headings.all_inner_texts, list(LAYERS).__eq__)
    live.frame.get_by_role("button", name="Save or copy layer1").wait_for()
    names = live.until(lambda: live.frame.evaluate(NAMES), lambda found: len(found) > 20)
    assert sorted(names) == sorted(set(names))
