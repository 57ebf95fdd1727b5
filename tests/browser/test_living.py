"""A page that stays open: a run that starts and grows, a hidden tab, a broken server; access."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route

from tb_activation_hist.core.names import LayerInfo
from tests.browser.access import assert_accessible
from tests.browser.conftest import BAD, GOOD, LAYERS, STRICT
from tests.browser.tab import Tab, fail_requests, open_frame, open_tab
from tests.plugin.logdirs import RunFile, healthy_values
from tests.plugin.tensorboard_process import TensorBoard, running_tensorboard
from tests.series import values_to_series


def add_records(file: RunFile, first: int, count: int) -> None:
    values = healthy_values(count, size=500, seed=first)
    info = LayerInfo(layer="conv1", type="Conv2d", shape=(4, 4))
    file.add_series(info, values_to_series(values, steps=range(first, first + count)))
    file.flush()


def test_a_page_opened_too_early_fills_and_follows(
    open_page: Callable[..., Page], tmp_path: Path
) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    with running_tensorboard(
        tmp_path, f"--logdir={logs}", "--reload_interval=1", env=STRICT
    ) as server:
        tab = open_frame(open_page(), server.root)
        tab.frame.get_by_text("No activation histograms yet").wait_for()
        tab.frame.get_by_text(str(logs), exact=True).wait_for()
        assert_accessible(tab)
        tab.page.set_viewport_size({"width": 360, "height": 500})
        tab.until(lambda: tab.frame.evaluate("innerWidth"), lambda width: width == 360)
        fits = "e => e.scrollWidth <= e.clientWidth"
        assert all(part.evaluate(fits) for part in tab.frame.locator("main, p").all())
        tab.page.set_viewport_size({"width": 1400, "height": 860})
        tab.frame.get_by_role("button", name="Copy").click()
        copied = tab.page.evaluate("navigator.clipboard.readText()")
        compile(copied, "example", "exec")
        file = RunFile(logs, "first")
        add_records(file, 0, 64)
        tab.wait_drawn()
        title = tab.frame.locator(".slice-title")
        tab.until(title.inner_text, lambda text: text == "step 63")
        # Zoomed, new columns come without moving the view.
        tab.drag(tab.point("first", "conv1", 0.2, 0.5), tab.point("first", "conv1", 0.6, 0.5))
        zoomed = tab.until(tab.tick_labels, lambda labels: labels[-1] != "63")
        last_seen = tab.until(title.inner_text, lambda text: text != "step 63")
        with tab.page.expect_response(lambda answer: answer.url.endswith("/tiles")):
            add_records(file, 64, 64)
        tab.page.wait_for_timeout(500)
        assert tab.tick_labels() == zoomed
        # The histogram is that of the last step in sight.
        assert title.inner_text() == last_seen
        tab.frame.get_by_role("button", name="Reset zoom").click()
        tab.until(tab.tick_labels, lambda labels: labels[-1] == "127")
        tab.until(title.inner_text, lambda text: text == "step 127")
        assert_idle_while_hidden(tab)
        assert tab.problems == []
        file.close()


def assert_idle_while_hidden(tab: Tab) -> None:
    """Hidden by another tab, ours asks for nothing; shown again it draws as before."""
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    drawn = tab.pixels("first", "conv1")
    tab.page.evaluate("location.hash = '#timeseries'")
    tab.until(lambda: tab.frame.evaluate("innerHeight"), lambda height: height == 0)
    tab.page.wait_for_timeout(300)
    asked.clear()
    tab.page.wait_for_timeout(4000)
    assert [url for url in asked if "activation_hist" in url] == []
    tab.page.evaluate("location.hash = '#activation_hist'")
    tab.until(lambda: tab.frame.evaluate("innerHeight"), lambda height: height > 0)
    tab.until(lambda: len(asked), lambda count: count > 0)
    assert tab.pixels("first", "conv1") == drawn


def test_what_hiding_cuts_off_is_asked_for_when_shown_again(
    open_page: Callable[..., Page], two_runs: TensorBoard
) -> None:
    page = open_page()
    held = HeldRequests(page, "**/tiles")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    tab = open_frame(page, two_runs.root)
    tab.until(lambda: [url for url in asked if url.endswith("/tiles")], bool)
    page.evaluate("location.hash = '#timeseries'")
    tab.until(lambda: tab.frame.evaluate("innerHeight"), lambda height: height == 0)
    asked.clear()
    page.wait_for_timeout(500)
    assert [url for url in asked if url.endswith("/tiles")] == []
    held.release()
    page.evaluate("location.hash = '#activation_hist'")
    tab.wait_drawn()


def test_the_reload_button_asks_for_everything_again(tab: Tab) -> None:
    tab.reset()
    with tab.page.expect_request(lambda request: request.url.endswith("/tiles")):
        tab.page.locator(".reload-button").click()
    tab.wait_drawn()


def test_a_failing_server_is_said_and_can_be_asked_again(
    open_page: Callable[..., Page], two_runs: TensorBoard
) -> None:
    page = open_page()
    recover = fail_requests(page, "**/tiles", "The disk is on fire.")
    tab = open_frame(page, two_runs.root)
    card = tab.frame.locator(".panel-error").first
    card.wait_for(timeout=20_000)
    assert "The disk is on fire." in card.inner_text()
    # No colours and no histogram are made up where there is no data.
    assert not tab.frame.locator(".tall .colour-bar").first.is_visible()
    assert tab.frame.locator(".slice, .scalar-name:has-text('no values')").count() == 0
    recover()
    retry = tab.frame.get_by_role("button", name="Retry")
    assert retry.count() == 2 * len(LAYERS)
    retry.first.click()
    tab.wait_drawn()
    assert retry.count() == 0
    assert tab.frame.locator(".tall .colour-bar").first.is_visible()
    page.route("**/index*", lambda route: route.abort())
    tab.frame.get_by_text("not connected").wait_for(timeout=20_000)


def test_what_failed_is_asked_for_again_when_the_server_is_back(
    open_page: Callable[..., Page], two_runs: TensorBoard
) -> None:
    page = open_page()
    recover = fail_requests(page, "**/tiles", "The disk is on fire.")
    tab = open_frame(page, two_runs.root)
    tab.frame.locator(".panel-error").first.wait_for()
    recover_index = fail_requests(page, "**/index*", "Gone.")
    # Each question is asked a second time before it has failed.
    for _ in range(2):
        page.wait_for_event("response", lambda answer: "/index" in answer.url and not answer.ok)
    recover()
    recover_index()
    tab.wait_drawn()
    assert tab.frame.locator(".panel-error").count() == 0


def test_what_fails_later_leaves_the_picture_readable(
    open_page: Callable[..., Page], two_runs: TensorBoard
) -> None:
    page = open_page()
    tab = open_tab(page, two_runs.root, "&p.activation_hist.runs=mnist/lr=0.01")
    failing = fail_requests(page, "**/tiles", "The disk is on fire.")
    page.locator(".reload-button").click()
    badge = tab.frame.get_by_role("button", name="Retry. Newer data could not be loaded")
    badge.first.wait_for()
    heat = tab.frame.locator(f"{tab.panel(GOOD, 'conv1')} .heat").bounding_box()
    over = badge.first.bounding_box()
    assert heat is not None and over is not None and over["y"] + over["height"] <= heat["y"]
    failing()
    badge.first.click()
    tab.until(badge.count, lambda count: count == 0)
    # The upper half of the values has bins of its own, which do not come at first.
    failing = fail_requests(page, "**/tiles", "The disk is on fire.")
    top, middle = tab.point(GOOD, "conv1", 0.5, 0.1), tab.point(GOOD, "conv1", 0.5, 0.3)
    tab.drag(top, middle, key="Shift")
    badge = tab.frame.get_by_role("button", name="Retry. The zoomed part could not be loaded")
    tab.until(badge.count, lambda count: count == 1)
    failing()
    with page.expect_request(
        lambda sent: sent.url.endswith("/tiles") and '"steps"' in (sent.post_data or "")
    ):
        badge.click()
    tab.until(badge.count, lambda count: count == 0)


def test_dark_follows_tensorboard(open_page: Callable[..., Page], two_runs: TensorBoard) -> None:
    tab = open_tab(open_page(), two_runs.root, dark=True)
    background = "getComputedStyle(document.body).backgroundColor"
    assert tab.frame.evaluate(background) == "rgb(48, 48, 48)"
    empty = tab.pixels(GOOD, "conv1")["colours"][0]
    tab.page.evaluate("document.body.classList.remove('dark-mode')")
    tab.until(lambda: tab.frame.evaluate(background), lambda color: color == "rgb(255, 255, 255)")
    tab.until(lambda: tab.pixels(GOOD, "conv1")["colours"][0], lambda color: color != empty)
    assert tab.problems == []


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
        tab.page.wait_for_timeout(300)
        assert_accessible(tab)
    tab.reset()
    tab.frame.get_by_title("More settings").click()
    assert_accessible(tab)
    for key in ("?", "Control+k"):
        tab.page.keyboard.press(key)
        tab.frame.locator("dialog[open]").wait_for()
        assert_accessible(tab)
        tab.page.keyboard.press("Escape")
    for menu in ("What looks wrong", "Choose which runs", "Save or copy this layer"):
        tab.frame.locator(f"button[title^='{menu}']").first.click()
        tab.frame.locator(".menu:popover-open").wait_for()
        assert_accessible(tab)
        tab.page.keyboard.press("Escape")
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
    tab.frame.get_by_text("not connected").wait_for(timeout=20_000)
    assert_accessible(tab)
    assert tab.frame.evaluate("document.documentElement.scrollWidth") == 630


def test_nothing_moves_by_itself_where_that_is_not_wanted(
    open_page: Callable[..., Page], two_runs: TensorBoard
) -> None:
    page = open_page()
    page.emulate_media(reduced_motion="reduce")
    held = HeldRequests(page, "**/activation_hist/index*")
    tab = open_frame(page, two_runs.root)
    tab.frame.get_by_label("Loading the list of runs").wait_for()
    moving = "() => document.getAnimations().length"
    assert tab.frame.evaluate(moving) == 0
    page.emulate_media(reduced_motion="no-preference")
    tab.until(lambda: tab.frame.evaluate(moving), lambda count: count > 0)
    page.emulate_media(reduced_motion="reduce")
    held.release()
    tab.wait_drawn()
    for name in ("More settings", "Transpose"):
        tab.frame.get_by_role("button", name=name).click()
        assert tab.frame.evaluate(moving) == 0


class HeldRequests:
    """Requests that get no answer before `release`."""

    def __init__(self, page: Page, pattern: str) -> None:
        self._held: list[Route] | None = []
        page.route(pattern, self._hold)

    def _hold(self, route: Route) -> None:
        if self._held is None:
            route.continue_()
        else:
            self._held.append(route)

    def release(self) -> None:
        held, self._held = self._held or [], None
        for route in held:
            route.continue_()


@pytest.mark.parametrize("width", [360, 700, 1000, 1280, 1600])
def test_the_toolbar_keeps_its_lines(
    open_page: Callable[..., Page], two_runs: TensorBoard, width: int
) -> None:
    page = open_page(width, 500)
    held = HeldRequests(page, "**/tiles")
    tab = open_frame(page, two_runs.root)
    bar = tab.frame.locator(".toolbar")
    tab.frame.locator(".panel").first.wait_for()

    def height() -> float:
        box = bar.bounding_box()
        assert box is not None
        return box["height"]

    # One line; where all is folded and there is still no room, the layers' filter has another.
    most = 50 if width > 360 else 80
    assert height() < most
    before = height()
    held.release()
    tab.wait_drawn()
    assert height() == before
    tab.set_hash("&p.activation_hist.zoomX=~50,100")
    tab.frame.get_by_role("button", name="Reset zoom").wait_for()
    # What comes makes others fold: nothing is pushed over the edge; a phone needs a line more.
    tab.until(lambda: bar.evaluate("e => e.scrollWidth <= e.clientWidth"), bool)
    assert height() == before if width > 360 else height() < 110
    # The axes' choices stand above the names of the layers, or at the latest in the settings.
    if not tab.frame.locator(".axis-choices").first.is_visible():
        tab.frame.get_by_role("button", name="More settings").click()
    tab.choose("Time", "relative")
    assert tab.chosen("Time") == "relative"


@pytest.mark.parametrize("width", [360, 800])
def test_narrow_pages_keep_their_parts(
    open_page: Callable[..., Page], two_runs: TensorBoard, width: int
) -> None:
    tab = open_tab(open_page(width, 740), two_runs.root)
    assert tab.frame.evaluate("document.documentElement.scrollWidth") == width
    for part in ("#layer-filter", ".run-name", ".layer-name", ".panel"):
        box = tab.frame.locator(part).first.bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + 40 < width, part
    assert tab.frame.locator(f'.panel[aria-label="conv1, {BAD}"]').count() == 1


def test_a_narrow_page_has_colour_bars_and_scalars(
    open_page: Callable[..., Page], two_runs: TensorBoard
) -> None:
    tab = open_tab(open_page(360, 740), two_runs.root, "&p.activation_hist.contrast=auto")
    bars = tab.frame.locator(".tall .colour-bar")
    assert bars.count() == len(LAYERS)
    boxes = [bar.bounding_box() for bar in bars.all()]
    assert len({round(box["x"]) for box in boxes if box is not None}) == 1
    assert bars.first.locator(".limit").count() == 2
    # Its words come where it is pointed at: the colour, and what the limits leave out.
    unit = bars.first.locator(".unit").first
    assert not unit.is_visible()
    # At rest the page asks for a column for every pixel, which draws the panel anew once.
    pooled = tab.frame.locator(f'.panel[aria-label="conv1, {GOOD}"] .notes').get_by_text("per col")
    tab.until(pooled.count, lambda count: count == 0)
    before = tab.pixels(GOOD, "conv1")["colours"]
    bars.first.locator(".ramp-cells").hover()
    tab.until(lambda: tab.pixels(GOOD, "conv1")["colours"], lambda now: now != before)
    assert unit.is_visible() and "%" in unit.inner_text()
    assert "▲" in bars.first.locator(".saturated").inner_text()
    # Taken away under the pointer, it lets go of the cells.
    tab.set_hash("&p.activation_hist.contrast=auto&p.activation_hist.transposed=1")
    tab.until(tab.frame.locator(".layer-head").count, bool)
    tab.page.mouse.move(2, 2)
    tab.until(lambda: tab.pixels(GOOD, "conv1")["colours"], lambda now: now == before)
    assert tab.frame.locator(".scalar").count() == 2
    assert tab.problems == []


def test_nothing_comes_from_elsewhere(
    open_page: Callable[..., Page], two_runs: TensorBoard
) -> None:
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    tab = open_tab(page, two_runs.root)
    ours = [url for url in asked if "activation_hist" in url]
    assert ours and all(url.startswith(two_runs.root) for url in ours)
    assert "unsafe-eval" not in policy(two_runs)
    assert tab.problems == []


def policy(server: TensorBoard) -> str:
    answer = server.ask("data/plugin_entry.html", name="activation_hist")
    return str(answer.headers["Content-Security-Policy"])
