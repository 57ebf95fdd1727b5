"""The list of runs at the left."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.access import assert_accessible
from tests.browser.conftest import STRICT, new_page
from tests.browser.tab import Tab, open_frame, open_tab
from tests.plugin.logdirs import collapsing_values, healthy_values, write_run
from tests.plugin.tensorboard_process import TensorBoard, running_tensorboard

PANELS = "&p.activation_hist.view=panels"
NAMES = [f"lr={rate}/seed={seed}" for rate in ("0.1", "1") for seed in range(4)]


@pytest.fixture(scope="module")
def eight_runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoard]:
    """Those of the larger learning rate collapse."""
    folder = tmp_path_factory.mktemp("eight")
    for at, name in enumerate(NAMES):
        sick = name.startswith("lr=1/")
        values = collapsing_values(60, 200) if sick else healthy_values(60, 200, seed=at)
        loss = [2.0 + at] * 60
        write_run(folder / "logs", name, {"conv1": values}, scalars={"loss": loss})
    with running_tensorboard(folder, f"--logdir={folder / 'logs'}", env=STRICT) as server:
        server.wait_for_series(len(NAMES))
        yield server


@pytest.fixture
def runs(browser: Browser, eight_runs: TensorBoard) -> Iterator[Tab]:
    page = new_page(browser)
    yield open_tab(page, eight_runs.root, PANELS)
    page.context.close()


def shown(tab: Tab) -> list[str]:
    return [
        str(name)
        for name in tab.frame.locator(".run-name").evaluate_all(
            "all => all.map(one => one.title.split('.  ')[0].split(' — ')[0].split('. Double')[0])"
        )
    ]


def listed(tab: Tab) -> list[str]:
    boxes = tab.frame.locator(".run-choice [type=checkbox]")
    return [str(name) for name in boxes.evaluate_all("all => all.map(box => box.ariaLabel)")]


def test_it_is_open_where_runs_are_hidden_and_closed_where_all_are_shown(
    runs: Tab, tab: Tab
) -> None:
    runs.frame.locator(".runs-list").wait_for()
    runs.until(lambda: listed(runs), NAMES.__eq__)
    runs.until(lambda: shown(runs), NAMES[:6].__eq__)
    expect(tab.frame.locator(".runs")).to_have_count(0)
    # The board lists all runs itself.
    runs.frame.get_by_role("button", name="Board", exact=True).click()
    runs.frame.locator(".board-row").first.wait_for()
    expect(runs.frame.locator(".runs")).to_have_count(0)


def test_a_run_is_shown_by_its_box_and_its_line_says_how_it_does(runs: Tab) -> None:
    last = runs.frame.locator(".run-choice").last
    runs.until(last.inner_text, lambda text: text.splitlines()[-1] == "collapsed · conv1")
    # TensorBoard may have read the run's loss later than its histograms.
    runs.until(last.inner_text, lambda text: "9" in text.split())
    runs.frame.get_by_role("checkbox", name=NAMES[-1]).check()
    runs.until(lambda: shown(runs), lambda names: names == [*NAMES[:6], NAMES[-1]])
    runs.frame.get_by_role("checkbox", name=NAMES[0]).uncheck()
    runs.until(lambda: shown(runs), lambda names: names == [*NAMES[1:6], NAMES[-1]])
    last.hover()
    last.get_by_role("button", name="only").click()
    runs.until(lambda: shown(runs), lambda names: names == [NAMES[-1]])
    runs.frame.get_by_role("button", name="With findings").click()
    runs.until(lambda: shown(runs), lambda names: names == NAMES[4:])


def test_it_is_filtered_and_sorted_as_the_board_is(runs: Tab) -> None:
    runs.frame.locator(".runs-list").wait_for()
    runs.page.keyboard.press("Control+k")
    runs.frame.locator(".palette input").fill("filter runs")
    runs.page.keyboard.press("Enter")
    runs.page.keyboard.type("lr=1 loss<8")
    runs.until(lambda: listed(runs), lambda names: names == NAMES[4:6])
    expect(runs.frame.locator(".runs-head")).to_contain_text("2 of 8 runs")
    runs.frame.get_by_label("Filter runs").fill("")
    runs.frame.locator(".runs-head select").select_option("last loss, largest first")
    runs.until(lambda: listed(runs), lambda names: names == NAMES[::-1])
    # It stays in the view: the board would have it too.
    runs.until(runs.hash, lambda text: "boardSort=-loss" in text)
    assert runs.frame.locator(".panel").count() > 0


def test_what_is_typed_at_once_goes_into_the_filter_of_a_list_that_was_closed(runs: Tab) -> None:
    runs.frame.locator(".runs-list").wait_for()
    runs.page.keyboard.press("r")
    runs.frame.locator(".runs").wait_for(state="detached")
    runs.page.keyboard.press("Control+k")
    runs.frame.locator(".palette input").fill("filter runs")
    runs.page.keyboard.press("Enter")
    runs.page.keyboard.type("lr=1")
    runs.until(lambda: listed(runs), lambda names: names == NAMES[4:])


def test_keys_open_it_and_move_in_it(runs: Tab) -> None:
    runs.frame.locator(".runs-list").wait_for()
    runs.frame.get_by_role("checkbox", name=NAMES[0]).focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "Space"):
        runs.page.keyboard.press(key)
    runs.until(lambda: shown(runs), lambda names: names == [NAMES[0], *NAMES[2:6]])
    runs.page.keyboard.press("r")
    runs.frame.locator(".runs").wait_for(state="detached")


def test_whoever_closed_it_finds_it_closed(runs: Tab, eight_runs: TensorBoard) -> None:
    runs.show_runs(False)
    again = open_tab(runs.page.context.new_page(), eight_runs.root, PANELS)
    expect(again.frame.locator(".runs")).to_have_count(0)
    again.show_runs()
    third = open_tab(runs.page.context.new_page(), eight_runs.root, PANELS)
    third.frame.locator(".runs-list").wait_for()


def test_on_a_phone_it_lies_over_the_panels_until_esc(
    open_page: Callable[..., Page], eight_runs: TensorBoard
) -> None:
    phone = open_tab(open_page(390, 800), eight_runs.root, PANELS)
    expect(phone.frame.locator(".runs")).to_have_count(0)
    phone.frame.locator(".badge.error").first.wait_for()
    phone.wait_drawn()
    panel_box = phone.frame.locator(".panel").first.bounding_box()
    phone.frame.get_by_title("Choose which runs are shown side by side").click()
    phone.frame.locator(".runs-list").wait_for()
    phone.wait_drawn()
    assert phone.frame.locator(".panel").first.bounding_box() == panel_box
    phone.page.keyboard.press("Escape")
    phone.frame.locator(".runs").wait_for(state="detached")


@pytest.mark.parametrize("dark", [False, True])
def test_nothing_is_hard_to_reach(
    open_page: Callable[..., Page], eight_runs: TensorBoard, dark: bool
) -> None:
    tab = open_frame(open_page(), eight_runs.root, PANELS, dark)
    tab.frame.locator(".run-choice .found").first.wait_for()
    assert_accessible(tab)
    assert tab.problems == []


def test_long_names_break_behind_a_separator(
    open_page: Callable[..., Page], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("long")
    for seed in range(7):
        name = f"net{seed}/learning_rate=0.001,weight_decay=0.0001,batch_size={seed}"
        write_run(folder / "logs", name, {"conv1": healthy_values(10, 100, seed=seed)})
    with running_tensorboard(folder, f"--logdir={folder / 'logs'}", env=STRICT) as server:
        server.wait_for_series(7)
        tab = open_tab(open_page(), server.root, PANELS)
        ends = tab.frame.locator(".run-label").first.evaluate(
            """label => {
              const range = document.createRange();
              const letters = [...label.childNodes].flatMap(node =>
                [...(node.data ?? '')].map((letter, at) => {
                  range.setStart(node, at);
                  range.setEnd(node, at + 1);
                  return [letter, range.getBoundingClientRect().top];
                }));
              return letters.filter(([, top], at) => top < letters[at + 1]?.[1])
                .map(([letter]) => letter);
            }"""
        )
        assert len(ends) > 0 and set(ends) <= set("/,_"), ends
