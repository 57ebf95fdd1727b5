"""Parts of the page that are loaded after the first pictures."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

from tests.browser.tab import fail_requests, open_tab
from tests.plugin.tensorboard_process import TensorBoard


def test_a_part_that_cannot_be_loaded_is_said_and_asked_for_again(
    open_page: Callable[..., Page], two_runs: TensorBoard
) -> None:
    page = open_page()
    recover = fail_requests(page, "**/later_parts.js", "gone")
    tab = open_tab(page, two_runs.root)
    tab.frame.locator("main").focus()
    page.keyboard.press("?")
    said = tab.frame.locator(".said")
    tab.until(said.inner_text, lambda text: "could not be loaded" in text)
    assert tab.frame.locator(".panel").count() > 0
    recover()
    help_ = tab.frame.locator("dialog.help[open]")

    def opened() -> bool:
        if help_.count() == 0:
            page.keyboard.press("?")
            tab.wait_rested()
        return help_.count() > 0

    tab.until(opened, bool)


def test_the_first_pictures_come_before_later_parts(
    open_page: Callable[..., Page], two_runs: TensorBoard
) -> None:
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    tab = open_tab(page, two_runs.root)
    tab.until(lambda: "later_parts.js" in asked, lambda found: found)
    assert asked.index("tiles") < asked.index("later_parts.js")
