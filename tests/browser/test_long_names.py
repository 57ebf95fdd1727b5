"""Names of 200 letters that differ at their ends: cut at their starts wherever they stand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.access import assert_accessible
from tests.browser.conftest import STRICT, new_page
from tests.browser.tab import Tab, open_tab
from tests.plugin.logdirs import collapsing_values, healthy_values, write_run
from tests.plugin.tensorboard_process import TensorBoard, running_tensorboard

LONG = "resnet-" * 28
RUNS = (f"{LONG}a", f"{LONG}b", "short")
RECORDS = 1000
"""More than the panels have pixels, and some values lie beyond their axes: two notes."""


@pytest.fixture(scope="module")
def long_names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoard]:
    folder = tmp_path_factory.mktemp("long")
    for seed, run in enumerate(RUNS):
        healthy = healthy_values(RECORDS, 2000, seed=seed)
        sick = collapsing_values(RECORDS, 200, seed=seed) if seed == 1 else healthy
        write_run(folder / "logs", run, {"conv1": healthy, "conv2": sick})
    with running_tensorboard(folder, f"--logdir={folder / 'logs'}", env=STRICT) as server:
        server.wait_for_series(6)
        yield server


@pytest.fixture
def tab(browser: Browser, long_names: TensorBoard) -> Iterator[Tab]:
    page = new_page(browser, 1024, 768)
    yield open_tab(page, long_names.root)
    page.context.close()


def ends_in_sight(names: Locator) -> list[bool]:
    """Of each name, whether its last letters are in its box, which lies in that around it."""
    found: list[bool] = names.evaluate_all(
        """all => all.map(name => {
          const [text, box] = [name.firstElementChild, name].map(e => e.getBoundingClientRect());
          const around = name.parentElement.getBoundingClientRect();
          return text.right <= box.right + 1 && box.right <= around.right + 1;
        })"""
    )
    return found


def test_the_ends_of_names_are_in_sight(tab: Tab) -> None:
    tab.page.mouse.move(*tab.point(RUNS[0], "conv1", 0.5, 0.5))
    names = tab.frame.locator(".tooltip .cut-name")
    expect(names).to_have_count(3)
    assert ends_in_sight(names) == [True] * 3
    tab.page.mouse.move(2, 2)

    tab.frame.get_by_title("Save or copy this layer").first.click()
    names = tab.frame.locator(".exact .cut-name")
    expect(names).to_have_count(3)
    assert ends_in_sight(names) == [True] * 3
    menu = tab.frame.locator(".menu:popover-open")
    assert menu.evaluate("e => e.scrollWidth <= e.clientWidth")
    tab.page.keyboard.press("Escape")

    tab.frame.get_by_role("button", name="Findings").first.click()
    names = tab.frame.locator(".differences summary .cut-name")
    names.first.wait_for()
    assert set(ends_in_sight(names)) == {True}
    assert menu.evaluate("e => e.scrollWidth <= e.clientWidth")
    assert_accessible(tab)

    tab.frame.locator(".findings > li button").first.click()
    names = tab.frame.locator(".incident-run .cut-name")
    names.wait_for()
    assert ends_in_sight(names) == [True]
    tab.page.keyboard.press("Escape")

    tab.frame.get_by_role("button", name="Depth").click()
    names = tab.frame.locator(".depth-run .cut-name")
    names.first.wait_for()
    assert set(ends_in_sight(names)) == {True}


def test_notes_of_narrow_panels_are_whole_or_not_there(tab: Tab) -> None:
    notes = tab.frame.locator(".panel .notes")
    expect(notes.first).to_contain_text("outside")
    expect(notes.first).to_contain_text("up to")
    cut = (
        "all => all.flatMap(notes => [...notes.querySelectorAll(':scope > button')].filter(note =>"
        " note.offsetTop < notes.clientHeight && note.scrollWidth > note.clientWidth)"
        ".map(note => note.textContent))"
    )
    assert notes.evaluate_all(cut) == []
    seen = "e => e.getBoundingClientRect().bottom <= e.parentElement.getBoundingClientRect().bottom"
    assert notes.first.get_by_text("outside").evaluate(seen)
