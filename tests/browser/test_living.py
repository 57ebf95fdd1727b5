"""A page that stays open: a run that starts and grows, a hidden tab, a broken server; access."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Page, expect

from tb_activation_hist.core.names import LayerInfo
from tests.browser.access import assert_accessible
from tests.browser.conftest import GOOD, LAYERS, STRICT
from tests.browser.tab import HeldRequests, Tab, fail_requests, open_frame, open_tab
from tests.plugin.logdirs import RunFile, healthy_values, write_run
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
        tab.wait_still()
        fits = "e => e.scrollWidth <= e.clientWidth"
        assert all(part.evaluate(fits) for part in tab.frame.locator("main, p").all())
        tab.page.set_viewport_size({"width": 1400, "height": 860})
        tab.frame.get_by_role("button", name="Copy").click()
        copied = tab.until(
            lambda: str(tab.page.evaluate("navigator.clipboard.readText()")),
            lambda text: "ActivationHistLogger" in text,
        )
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
        tab.wait_drawn()
        assert tab.tick_labels() == zoomed
        # The histogram is that of the last step in sight.
        assert title.inner_text() == last_seen
        tab.frame.get_by_role("button", name="Reset zoom").click()
        tab.until(tab.tick_labels, lambda labels: labels[-1] == "127")
        tab.until(title.inner_text, lambda text: text == "step 127")
        assert_idle_while_hidden(tab)
        assert tab.problems == []
        file.close()


def test_another_training_in_the_same_directory_takes_the_place_of_the_first(
    open_page: Callable[..., Page], tmp_path: Path
) -> None:
    logs = tmp_path / "logs"

    def train(steps: int, mean: float) -> None:
        shutil.rmtree(logs, ignore_errors=True)
        values = [each + mean for each in healthy_values(steps, size=500)]
        series = values_to_series(values)
        times = series.tallies.wall_times + 1000 * mean
        series = replace(series, tallies=replace(series.tallies, wall_times=times))
        write_run(logs, "r", {"conv1": series}, session=steps, suffix=f".{steps}")

    train(100, 0)
    with running_tensorboard(
        tmp_path, f"--logdir={logs}", "--reload_interval=1", env=STRICT
    ) as server:
        tab = open_tab(open_page(), server.root)
        title = tab.frame.locator(".slice-title")
        tab.until(title.inner_text, lambda text: text == "step 99")
        train(40, 5)
        tab.until(title.inner_text, lambda text: text == "step 39")
        train(130, 10)
        tab.until(title.inner_text, lambda text: text == "step 129")
        tab.wait_drawn()
        # All but a few of its values are on the axis; those of the others are not.
        expect(tab.frame.locator(".panel .notes")).to_have_text(re.compile(r"^0\.\d+ % outside"))
        # One that comes exactly as far.
        train(130, 20)
        words = tab.frame.get_by_label("Histogram of conv1").get_attribute
        tab.until(lambda: words("aria-label") or "", lambda text: "mean 20." in text)


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
    tab.until(lambda: tab.pixels("first", "conv1"), lambda now: now == drawn)


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
    card.wait_for()
    assert "The disk is on fire." in card.inner_text()
    # No colours and no histogram are made up where there is no data.
    assert not tab.frame.locator(".tall .colour-bar").first.is_visible()
    assert tab.frame.locator(".slice, .scalar-name:has-text('no values')").count() == 0
    recover()
    retry = tab.frame.get_by_role("button", name="Retry")
    expect(retry).to_have_count(2 * len(LAYERS))
    retry.first.click()
    tab.wait_drawn()
    expect(retry).to_have_count(0)
    expect(tab.frame.locator(".tall .colour-bar").first).to_be_visible()
    page.route("**/index*", lambda route: route.abort())
    tab.frame.get_by_text("not connected").wait_for()


def test_a_server_that_takes_long_or_fails_at_first_is_said(
    open_page: Callable[..., Page], two_runs: TensorBoard
) -> None:
    page = open_page()
    held = HeldRequests(page, "**/activation_hist/index*")
    tab = open_frame(page, two_runs.root)
    skeleton = tab.frame.get_by_label("Loading the list of runs")
    skeleton.wait_for()
    read = "e => { const { content, visibility } = getComputedStyle(e, '::before');"
    tab.until(
        lambda: skeleton.evaluate(f"{read} return visibility === 'visible' && content; }}"),
        lambda said: said == '"Waiting for TensorBoard …"',
    )
    held.release()
    tab.wait_drawn()
    other = open_page()
    recover = fail_requests(other, "**/activation_hist/index*", "The disk is on fire.")
    tab = open_frame(other, two_runs.root)
    alert = tab.frame.get_by_role("alert")
    expect(alert).to_contain_text("No data from TensorBoard")
    expect(alert).to_contain_text("The disk is on fire.")
    recover()
    tab.frame.get_by_role("button", name="Try again").click()
    tab.wait_drawn()


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
    expect(tab.frame.locator(".panel-error")).to_have_count(0)


def test_without_a_server_one_button_asks_again_for_all(
    open_page: Callable[..., Page], two_runs: TensorBoard
) -> None:
    page = open_page()
    tab = open_tab(page, two_runs.root)
    page.route("**/activation_hist/**", lambda route: route.abort())
    page.locator(".reload-button").click()
    chip = tab.frame.get_by_role("button", name="not connected")
    chip.wait_for()
    tab.until(lambda: len(tab.unanswered), lambda count: count == 0)
    expect(tab.frame.get_by_text("Retry")).to_have_count(0)
    page.unroute("**/activation_hist/**")
    chip.click()
    tab.until(chip.count, lambda count: count == 0)
    expect(tab.frame.get_by_text("Retry")).to_have_count(0)


def test_what_fails_later_leaves_the_picture_readable(
    open_page: Callable[..., Page], two_runs: TensorBoard
) -> None:
    page = open_page()
    tab = open_tab(page, two_runs.root, "&p.activation_hist.runs=mnist/lr=0.01")
    failing = fail_requests(page, "**/tiles", "The disk is on fire.")
    page.locator(".reload-button").click()
    badge = tab.frame.get_by_role("button", name="Retry. Newer data could not be loaded")
    badge.first.wait_for()
    tab.wait_still()
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
    tab.until(lambda: tab.frame.evaluate(background), lambda color: color == "rgb(48, 48, 48)")
    empty = tab.pixels(GOOD, "conv1")["colours"][0]
    tab.page.evaluate("document.body.classList.remove('dark-mode')")
    tab.until(lambda: tab.frame.evaluate(background), lambda color: color == "rgb(255, 255, 255)")
    tab.until(lambda: tab.pixels(GOOD, "conv1")["colours"][0], lambda color: color != empty)
    assert tab.problems == []


def test_nothing_moves_by_itself_where_that_is_not_wanted(
    open_page: Callable[..., Page], two_runs: TensorBoard
) -> None:
    page = open_page()
    page.emulate_media(reduced_motion="reduce")
    held = HeldRequests(page, "**/activation_hist/index*")
    tab = open_frame(page, two_runs.root)
    tab.frame.get_by_label("Loading the list of runs").wait_for()
    moving = "() => document.getAnimations().length"
    tab.until(lambda: tab.frame.evaluate(moving), lambda count: count == 0)
    page.emulate_media(reduced_motion="no-preference")
    tab.until(lambda: tab.frame.evaluate(moving), lambda count: count > 0)
    page.emulate_media(reduced_motion="reduce")
    held.release()
    tab.wait_drawn()
    for name in ("More settings", "Transpose"):
        tab.frame.get_by_role("button", name=name).click()
        assert tab.frame.evaluate(moving) == 0


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
