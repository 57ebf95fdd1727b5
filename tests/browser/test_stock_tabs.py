"""What a logger writes is seen in TensorBoard's own tabs and in ours."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import pytest
import torch
from playwright.sync_api import Frame, Page, expect

from tb_activation_hist import ActivationHistLogger
from tests.browser.conftest import STRICT
from tests.browser.tab import WAIT_S, open_tab
from tests.plugin.tensorboard_process import TensorBoard, running_tensorboard

STEPS = 40

TABS = {
    "timeseries": "conv",
    "scalars": "loss",
    "custom_scalars": "All layers",
    "distributions": "conv",
    "histograms": "conv",
}
"""Hash of a tab and what it must say."""


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoard]:
    folder = tmp_path_factory.mktemp("logged")
    torch.manual_seed(0)
    model = torch.nn.Sequential()
    model.add_module("conv", torch.nn.Conv2d(1, 4, 3))
    model.add_module("act", torch.nn.ReLU())
    with ActivationHistLogger(model, str(folder / "logs/run"), every=1) as hist:
        for _ in range(STEPS):
            loss = model(torch.randn(8, 1, 8, 8)).pow(2).mean()
            loss.backward()
            hist.step(loss=loss)
    with running_tensorboard(folder, f"--logdir={folder / 'logs'}", env=STRICT) as server:
        server.wait_for_series(2, last_step=1)
        yield server


def test_our_tab_shows_it(open_page: Callable[..., Page], logged: TensorBoard) -> None:
    tab = open_tab(open_page(), logged.root)
    expect(tab.frame.locator(".tall .layer-name")).to_have_text(["conv", "act"])
    heat = tab.frame.locator(".panel [role=img]").first
    expect(heat).to_have_attribute("aria-label", re.compile(f"{STEPS} records"))
    expect(tab.frame.locator(".scalar")).to_have_count(1)
    assert tab.problems == []


@pytest.mark.parametrize("name", TABS)
def test_a_stock_tab_shows_it(
    open_page: Callable[..., Page], logged: TensorBoard, name: str
) -> None:
    page = open_page()
    page.goto(f"{logged.root}#{name}")
    wanted = TABS[name]

    def says(frame: Frame) -> bool:
        return wanted in frame.evaluate(WHOLE_TEXT)

    deadline = time.monotonic() + WAIT_S
    while not any(says(frame) for frame in page.frames):
        assert time.monotonic() < deadline, page.main_frame.evaluate(WHOLE_TEXT)[:2000]
        page.wait_for_timeout(100)


def test_time_series_opens_with_what_the_user_wrote(
    open_page: Callable[..., Page], logged: TensorBoard
) -> None:
    page = open_page()
    page.goto(f"{logged.root}#timeseries")
    groups = page.locator("mat-expansion-panel, card-group, .group-text, .group-title")
    deadline = time.monotonic() + WAIT_S
    found: list[str] = []
    while not {"loss", "~activation_hist"} <= set(found):
        assert time.monotonic() < deadline, found
        page.wait_for_timeout(100)
        found = [text.split()[0] for text in groups.all_inner_texts() if text.strip()]
    assert found.index("loss") < found.index("~activation_hist"), found


def test_a_colour_picked_in_time_series_is_ours_too(
    open_page: Callable[..., Page], logged: TensorBoard
) -> None:
    tab = open_tab(open_page(), logged.root)
    swatch = tab.frame.locator(".run-name .swatch").first
    colour = "e => getComputedStyle(e).backgroundColor"
    tab.until(lambda: swatch.evaluate(colour), lambda now: now == "rgb(66, 80, 102)")
    tab.page.get_by_text("Time Series", exact=True).first.click()
    tab.page.locator("runs-data-table .run-color-swatch").first.click()
    field = tab.page.locator(".color-picker.open .hex-text input").first
    field.fill("#ff00aa", force=True)
    field.press("Enter")
    tab.page.get_by_text("Activations", exact=True).first.click()
    tab.until(lambda: swatch.evaluate(colour), lambda now: now == "rgb(255, 0, 170)")


WHOLE_TEXT = """() => {
  const read = node => [...node.childNodes].map(child =>
    child.nodeType === 3 ? child.textContent
    : ['STYLE', 'SCRIPT'].includes(child.tagName) ? ''
    : read(child) + (child.shadowRoot ? read(child.shadowRoot) : '')).join(' ');
  return read(document.body);
}"""
"""Text of the page and of its shadow trees."""
