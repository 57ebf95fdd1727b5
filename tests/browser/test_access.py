"""Access: what axe-core finds, and targets that are too small, in every view and menu."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.access import assert_accessible
from tests.browser.conftest import GOOD
from tests.browser.tab import HeldRequests, fail_requests, open_frame, open_tab
from tests.plugin.tensorboard_process import TensorBoard

TOO_SMALL = """least => {
  const all = document.querySelectorAll(
    'button, a[href], input, select, summary, [role=slider], [role=option], [tabindex="0"]');
  return [...all].flatMap(element => {
    const box = element.matches('input[type=checkbox]') ? element.closest('label') : element;
    const { width, height } = box.getBoundingClientRect();
    // What is not drawn is no target. The thin lines of an overview have the palette.
    if (width * height === 0 || getComputedStyle(box).visibility === 'hidden') return [];
    if (element.closest('.name-cell.short, .row.group, .panel.strip')) return [];
    return Math.min(width, height) < least - 0.1
      ? [`${element.tagName} ${element.className} ${width} x ${height}`] : [];
  });
}"""


VIEWS = {
    "panels": "",
    "strips and lines": "&p.activation_hist.layout=strips",
    "difference": "&p.activation_hist.difference=1&p.activation_hist.overlays=mean",
    "transposed": "&p.activation_hist.transposed=1&p.activation_hist.strip=zero",
    "one layer": "&p.activation_hist.full=activations/conv1&p.activation_hist.sliceMode=offset",
    "a pinned step": "&p.activation_hist.pinned=100.5&p.activation_hist.contrast=auto",
    "nothing found": "&p.activation_hist.filter=nothing like this",
}


@pytest.mark.parametrize("dark", [False, True])
def test_no_access_violations(
    open_page: Callable[..., Page], two_runs: TensorBoard, dark: bool
) -> None:
    tab = open_tab(open_page(), two_runs.root, dark=dark)
    for ours in VIEWS.values():
        tab.set_hash(ours)
        tab.wait_answered()
        assert_accessible(tab)
    tab.reset()
    tab.frame.get_by_title("More settings").click()
    tab.frame.get_by_role("complementary", name="Settings").wait_for()
    assert_accessible(tab)
    for key in ("?", "Control+k"):
        tab.page.keyboard.press(key)
        tab.frame.locator("dialog[open]").wait_for()
        assert_accessible(tab)
        tab.page.keyboard.press("Escape")
        tab.frame.locator("dialog[open]").wait_for(state="detached")
    for menu in ("What looks wrong", "Compare the runs", "Save or copy this layer"):
        tab.frame.locator(f"button[title^='{menu}']").first.click()
        tab.frame.locator(".menu:popover-open").wait_for()
        assert_accessible(tab)
        tab.page.keyboard.press("Escape")
        tab.frame.locator(".menu:popover-open").wait_for(state="detached")
    tab.page.mouse.move(*tab.point(GOOD, "conv1", 0.5, 0.5))
    tab.frame.locator(".tooltip").wait_for()
    assert_accessible(tab)
    assert tab.problems == []


@pytest.mark.parametrize("dark", [False, True])
def test_no_access_violations_when_something_is_missing(
    open_page: Callable[..., Page], two_runs: TensorBoard, dark: bool
) -> None:
    # As large as a page of 1280 px at 200 %, and so narrow that names stand above their panels.
    page = open_page(630, 430)
    held = HeldRequests(page, "**/activation_hist/index*")
    recover = fail_requests(page, "**/tiles", "The disk is on fire.")
    tab = open_frame(page, two_runs.root, dark=dark)
    tab.frame.get_by_label("Loading the list of runs").wait_for()
    assert_accessible(tab)
    held.release()
    card = tab.frame.locator(".panel-error").first
    card.wait_for()
    tab.wait_still()
    # A low panel, and still all of it is in sight.
    assert card.evaluate("e => e.scrollHeight <= e.clientHeight && e.scrollWidth <= e.clientWidth")
    assert card.evaluate(
        "e => [...e.children].every(part => {"
        " const [inner, outer] = [part.getBoundingClientRect(), e.getBoundingClientRect()];"
        " return inner.top >= outer.top && inner.bottom <= outer.bottom && inner.height >= 14; })"
    )
    assert_accessible(tab)
    recover()
    page.locator(".reload-button").click()
    tab.wait_drawn()
    page.route("**/activation_hist/**", lambda route: route.abort())
    tab.frame.get_by_text("not connected").wait_for()
    assert_accessible(tab)
    assert tab.frame.evaluate("document.documentElement.scrollWidth") == 630


STATES = {
    "panels": "",
    "differences": "&p.activation_hist.difference=1&p.activation_hist.strip=change",
    "zoomed": "&p.activation_hist.zoomX=~10,30",
    "overview": "&p.activation_hist.layout=strips",
    "runs as rows": "&p.activation_hist.transposed=1",
    "enlarged": "&p.activation_hist.full=activations/layer2",
    "board": "&p.activation_hist.view=board",
    "depth": "&p.activation_hist.view=depth",
}


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_view_is_without_a_fault_of_access(
    open_page: Callable[..., Page], kinds: TensorBoard, width: int, dark: bool
) -> None:
    tab = open_frame(open_page(width, 860), kinds.root, dark=dark)
    for name, ours in STATES.items():
        tab.set_hash(ours)
        tab.frame.locator(".panel, .board, .depth").first.wait_for()
        tab.wait_answered()
        assert_accessible(tab)
        assert tab.frame.evaluate(TOO_SMALL, 24) == [], name
    assert tab.problems == []


@pytest.mark.parametrize("width", [1440, 390])
def test_every_menu_is_without_a_fault_of_access(
    open_page: Callable[..., Page], kinds: TensorBoard, width: int
) -> None:
    tab = open_tab(open_page(width, 860), kinds.root)
    for title in (
        "What looks wrong, worst first",
        "Compare the runs with one of them",
        "More choices",
        "Save or copy this layer",
    ):
        button = tab.frame.get_by_title(title).first
        if not button.is_visible():
            continue
        button.click()
        tab.frame.locator(".menu:popover-open > *").first.wait_for()
        assert_accessible(tab)
        assert tab.frame.evaluate(TOO_SMALL, 24) == [], title
        tab.page.keyboard.press("Escape")
        tab.frame.locator(".menu:popover-open").wait_for(state="detached")
    tab.frame.get_by_role("button", name="More settings").click()
    tab.frame.get_by_role("complementary", name="Settings").wait_for()
    assert_accessible(tab)
    assert tab.frame.evaluate(TOO_SMALL, 24) == []


@pytest.mark.parametrize(("density", "height_px"), [("normal", 14), ("large", 24)])
def test_strips_of_many_layers_are_as_high_as_the_documents_say(
    open_page: Callable[..., Page], many_layers: TensorBoard, density: str, height_px: int
) -> None:
    ours = f"&p.activation_hist.layout=strips&p.activation_hist.density={density}"
    tab = open_tab(open_page(), many_layers.root, ours)
    tops = tab.frame.locator('.panel[aria-label$=", deep0"]').evaluate_all(
        "all => all.slice(0, 3).map(panel => panel.getBoundingClientRect().top)"
    )
    assert [tops[1] - tops[0], tops[2] - tops[1]] == [height_px, height_px]
