"""More runs than stand side by side at first."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import STRICT
from tests.browser.tab import open_tab
from tests.plugin.logdirs import collapsing_values, healthy_values, write_run
from tests.plugin.tensorboard_process import running_tensorboard


def test_hidden_runs_in_which_something_is_wrong_are_reported(
    open_page: Callable[..., Page], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("sweep")
    for run in range(9):
        values = collapsing_values(100, 200) if run > 6 else healthy_values(100, 200, seed=run)
        write_run(folder / "logs", f"lr={run}", {"conv1": values})
    with running_tensorboard(folder, f"--logdir={folder / 'logs'}", env=STRICT) as server:
        server.wait_for_series(9)
        tab = open_tab(open_page(), server.root, "&p.activation_hist.view=panels")
        button = tab.frame.get_by_title("What looks wrong, worst first")
        tab.until(button.inner_text, lambda text: "0 + 2 hidden runs" in text and "…" not in text)
        button.click()
        menu = tab.frame.get_by_role("dialog", name="Findings")
        tab.until(menu.inner_text, lambda text: "Nothing looks wrong in the 6 shown runs." in text)
        expect(menu).to_contain_text("in 2 hidden runs: lr=7, lr=8")
        menu.get_by_role("button", name="Show them").click()
        tab.wait_drawn()
        tab.until(button.inner_text, lambda text: "hidden" not in text and "0" not in text)
        tab.until(tab.hash, lambda hash_: "runs=lr=7,lr=8" in hash_)
        tab.page.keyboard.press("Escape")
        rows = tab.frame.locator(".run-choice")
        expect(rows.first).to_contain_text("lr=0")
        sick = tab.frame.locator(".run-choice:has(.found.error)")
        collapsed = [["lr=7", "collapsed · conv1"], ["lr=8", "collapsed · conv1"]]
        tab.until(lambda: [text.splitlines() for text in sick.all_inner_texts()], collapsed.__eq__)
        # What chooses among all runs stays in sight however many there are.
        expect(tab.frame.get_by_role("button", name="With findings")).to_be_visible()
        tab.frame.locator(".runs-head select").select_option("worst finding first")
        tab.until(lambda: rows.all_inner_texts()[0], lambda text: text.startswith("lr=7"))
        said = rows.locator("label").first
        tab.until(lambda: str(said.get_attribute("title")), lambda text: text.endswith("\nlr: 7"))
        assert tab.problems == []
