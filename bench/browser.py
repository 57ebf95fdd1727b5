"""Chromium with our tab opened in a real TensorBoard, for all benches of the page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Frame, Page, sync_playwright

from bench import page_scripts
from tests.browser.conftest import CHROMIUM_FLAGS, NOT_NEW, chromium_path
from tests.browser.tab import OURS

PANELS = "&p.activation_hist.layout=panels"
STRIPS = "&p.activation_hist.view=panels"


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as driver:
        flags = [*CHROMIUM_FLAGS, "--enable-precise-memory-info"]
        browser = driver.chromium.launch(executable_path=chromium_path(), args=flags)
        yield browser
        browser.close()


@contextmanager
def new_page(browser: Browser, ratio: float = 1) -> Iterator[Page]:
    size = {"width": 1600, "height": 900}
    context = browser.new_context(viewport=size, device_scale_factor=ratio)  # type: ignore[arg-type]
    context.add_init_script(NOT_NEW)
    yield context.new_page()
    context.close()


def our_frame(page: Page) -> Frame:
    while True:
        frame = next((frame for frame in page.frames if OURS in frame.url), None)
        if frame is not None:
            return frame
        page.wait_for_timeout(2)


@contextmanager
def opened(
    browser: Browser, root: str, ours: str, ratio: float = 1
) -> Iterator[tuple[Page, Frame]]:
    """The tab with everything in sight drawn and nothing more to do."""
    with new_page(browser, ratio) as page:
        page.goto(f"{root}#activation_hist{ours}")
        frame = our_frame(page)
        frame.wait_for_function("document.getElementById('root')")
        frame.evaluate(page_scripts.DRAWN_AT, 1)
        page.wait_for_timeout(1500)
        yield page, frame


def click_on_tab(
    browser: Browser, root: str, ours: str, script: str, argument: Any = None
) -> tuple[float, Any]:
    """When our tab was clicked, in ms since 1970, and what `script` says in the frame it opens."""
    with new_page(browser) as page:
        page.goto(f"{root}#timeseries{ours}")
        tab = page.get_by_text("Activations", exact=True)
        tab.wait_for()
        page.wait_for_timeout(500)
        page.evaluate(page_scripts.MARK_CLICK)
        tab.click(no_wait_after=True)
        frame = our_frame(page)
        frame.wait_for_function("document.body")
        answer = frame.evaluate(script, argument)
        return page.evaluate(page_scripts.CLICKED_AT), answer


def line(what: str, value: str, must: str) -> None:
    print(f"{what:62} {value:>22}   {must}", flush=True)
