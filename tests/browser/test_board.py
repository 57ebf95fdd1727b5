"""The board of a sweep: 30 runs of six layers, of which those with lr=1 collapse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.access import assert_accessible
from tests.browser.conftest import STRICT, new_page
from tests.browser.tab import Tab, open_frame, open_tab
from tests.plugin.logdirs import collapsing_values, healthy_values, write_run
from tests.plugin.tensorboard_process import TensorBoard, running_tensorboard

LAYERS = ("conv1", "layer1", "layer2", "layer3", "layer4", "head")
RATES = (0.001, 0.01, 0.1, 0.3, 1)
SEEDS = range(6)
RECORDS = 60


def layers_of(rate: float, seed: int) -> dict[str, Any]:
    healthy = healthy_values(RECORDS, 200, seed=seed)
    sick = collapsing_values(RECORDS, 200, at=0.4, seed=seed)
    from_layer3 = LAYERS.index("layer3")
    return {
        name: sick if rate == 1 and at >= from_layer3 else healthy for at, name in enumerate(LAYERS)
    }


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoard]:
    folder = tmp_path_factory.mktemp("board")
    for rate in RATES:
        for seed in SEEDS:
            loss = np.linspace(2, rate + 0.01 * seed, RECORDS)
            layers = layers_of(rate, seed)
            if (rate, seed) == (0.001, 5):
                del layers["head"]
            name = f"lr={rate}/seed={seed}"
            write_run(folder / "logs", name, layers, scalars={"train/loss": loss})
    with running_tensorboard(folder, f"--logdir={folder / 'logs'}", env=STRICT) as server:
        server.wait_for_series(len(RATES) * len(SEEDS) * len(LAYERS) - 1)
        yield server


@pytest.fixture(scope="module")
def board(browser: Browser, sweep: TensorBoard) -> Iterator[Tab]:
    page = new_page(browser)
    tab = open_frame(page, sweep.root)
    wait_checked(tab)
    yield tab
    page.context.close()


def reset(tab: Tab, ours: str = "") -> None:
    tab.page.mouse.move(2, 2)
    tab.set_hash(ours)
    tab.frame.locator(".board-scroller").wait_for()
    tab.until(lambda: drawn(tab), lambda found: found)
    tab.wait_answered()


def drawn(tab: Tab) -> bool:
    strips = tab.frame.locator(".board-strip")
    missing = tab.frame.locator('.board-strip:not([data-painted="all"])')
    return strips.count() > 0 and missing.count() == 0


def wait_checked(tab: Tab) -> None:
    status = tab.frame.locator(".board-bar [role=status]")
    tab.until(status.inner_text, lambda text: "all checked" in text)


def rows(tab: Tab) -> list[str]:
    """The text of each row, in the order of the page."""
    found: list[str] = tab.frame.evaluate(
        """() => [...document.querySelectorAll('.board-row')]
          .sort((a, b) => a.ariaRowIndex - b.ariaRowIndex)
          .map(row => row.innerText.replace(/\\s+/g, ' ').trim())"""
    )
    return found


def cell(tab: Tab, run: str, layer: str) -> tuple[Locator, dict[str, float]]:
    """The part of a row that takes clicks, and where a layer's cell is in it."""
    row = tab.frame.locator(".board-row", has=tab.frame.get_by_text(run, exact=True))
    strip = row.locator(".board-stages")
    box = strip.bounding_box()
    assert box is not None
    at = (LAYERS.index(layer) + 0.5) / len(LAYERS)
    return strip, {"x": at * box["width"], "y": box["height"] / 2}


def test_a_sweep_opens_with_the_board_and_tells_which_runs_are_sick(board: Tab) -> None:
    reset(board)
    assert board.frame.locator(".panel").count() == 0
    assert board.frame.get_by_role("button", name="6 sick").is_visible()
    text = rows(board)
    assert len(text) == 30
    assert text[0].startswith("lr=0.001/seed=0 0.001 0 0.001 healthy")
    expect(board.frame.locator(".board-strip").first).to_be_in_viewport()
    sick = [row for row in text if "collapsed · layer3" in row]
    assert [row.split()[0] for row in sick] == [f"lr=1/seed={seed}" for seed in SEEDS]
    assert board.problems == []


PICTURE = """row => {
  const { top, height } = row.getBoundingClientRect();
  for (const canvas of document.querySelectorAll('.board-strip')) {
    const box = canvas.getBoundingClientRect();
    const from = top - box.top;
    if (from < 0 || from + height > box.height || canvas.style.visibility === 'hidden') continue;
    return canvas.getContext('2d').getImageData(0, from, canvas.width, height);
  }
  return null;
}"""
"""What is drawn over a row; null while nothing is."""

PICTURES = f"""() => Object.fromEntries(
  [...document.querySelectorAll('.board-row.run')].map(row =>
    [row.querySelector('.board-name').innerText.trim(), ({PICTURE})(row)?.data.join()]))"""


def test_pictures_stay_with_their_runs_when_these_change_places(board: Tab) -> None:
    reset(board)
    at_first = board.frame.evaluate(PICTURES)
    assert len(at_first) == 30
    assert at_first["lr=1/seed=0"] != at_first["lr=0.001/seed=0"]

    def same_as_at_first() -> list[str]:
        pictures = board.frame.evaluate(PICTURES)
        return [run for run, picture in pictures.items() if at_first[run] != picture]

    head = board.frame.get_by_role("columnheader", name="run", exact=True).get_by_role("button")
    head.click()
    head.click()
    board.until(lambda: rows(board)[0], lambda first: first.startswith("lr=1/seed=5"))
    board.until(same_as_at_first, lambda others: others == [])
    board.frame.get_by_label("Group runs by").select_option("seed")
    board.until(lambda: rows(board)[0], lambda first: first.startswith("seed=0:"))
    board.until(same_as_at_first, lambda others: others == [])


def test_sick_cells_are_framed_and_missing_layers_are_empty(board: Tab) -> None:
    reset(board)

    def corner(run: str, layer: str) -> list[int]:
        """The colour in the frame of a cell, as red, green, blue and opacity."""
        row = board.frame.locator(".board-row", has=board.frame.get_by_text(run, exact=True))
        found: list[int] = row.evaluate(
            f"""(row, share) => {{
              const {{ data, width }} = ({PICTURE})(row);
              const at = 4 * (2 * width + Math.round(share * width));
              return [...data.slice(at, at + 4)];
            }}""",
            (LAYERS.index(layer) + 0.5) / len(LAYERS),
        )
        return found

    assert corner("lr=1/seed=0", "layer3") == [217, 48, 37, 255]
    assert corner("lr=1/seed=0", "layer2")[3] == 0
    assert corner("lr=0.001/seed=5", "head")[3] == 0
    strip, place = cell(board, "lr=0.001/seed=5", "head")
    strip.hover(position=place)
    board.frame.get_by_text("This run has no such layer.").wait_for()


def test_runs_are_grouped_by_a_column_under_a_line_that_sums_them_up(board: Tab) -> None:
    reset(board)
    board.choose("Group runs by", "lr")
    lines = board.until(lambda: [r for r in rows(board) if ":" in r], lambda found: len(found) == 5)
    assert lines[0] == "lr=0.001: 6 healthy, last loss 0.001–0.051"
    assert lines[-1].startswith("lr=1: 6 of 6 sick, collapsed, layer3 first, step")
    board.frame.get_by_role("button", name="lr=0.001:").click()
    board.until(lambda: len(rows(board)), lambda count: count == 29)
    board.until(
        board.hash, lambda hash_: "boardGroup=lr" in hash_ and "boardFoldedGroups=lr" in hash_
    )


def test_runs_are_sorted_by_any_column(board: Tab) -> None:
    reset(board)
    for name, first in (
        ("last loss", "lr=0.001/seed=0"),
        ("first step", "lr=1/"),
        ("lr", "lr=0.001"),
    ):
        head = board.frame.get_by_role("columnheader", name=name, exact=True)
        head.get_by_role("button").click()
        board.until(lambda: rows(board)[0], lambda row, first=first: row.startswith(first))  # type: ignore[misc]
        expect(head).to_have_attribute("aria-sort", "ascending")
    head.get_by_role("button").click()
    board.until(lambda: rows(board)[0], lambda row: row.startswith("lr=1/"))
    expect(head).to_have_attribute("aria-sort", "descending")
    board.frame.get_by_role("columnheader", name="layer4").get_by_role("button").click()
    board.until(board.hash, lambda hash_: "boardSort=layer:layer4" in hash_)
    board.until(lambda: rows(board)[0], lambda row: row.startswith("lr=1/"))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("lr=0.1", 6),
        ("loss<0.05", 9),
        ("worst=sick", 6),
        ("worst=healthy seed=2", 4),
        ("lr=1, seed=3", 1),
        ("last loss < 0.05", 9),
        ("worst=collapsed", 6),
        ("layer3=sick", 6),
        ("layer3=healthy", 24),
        ("/=3$/", 5),
    ],
)
def test_runs_are_filtered_by_columns_and_names(board: Tab, text: str, count: int) -> None:
    reset(board)
    board.frame.get_by_label("Filter runs").fill(text)
    board.until(lambda: len(rows(board)), lambda found: found == count)


def test_a_filter_by_a_column_that_is_not_there_says_so(board: Tab) -> None:
    reset(board)
    field = board.frame.get_by_label("Filter runs")
    field.fill("rate<1")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_attribute("title", "There is no column rate")


def test_runs_are_grouped_by_what_is_wrong_in_a_layer(board: Tab) -> None:
    reset(board)
    board.choose("Group runs by", "layer:layer3")
    lines = board.until(lambda: [r for r in rows(board) if ":" in r], lambda found: len(found) == 2)
    assert lines[0].startswith("layer3=error: 6 of 6 sick, collapsed, layer3 first, ")
    assert lines[1].startswith("layer3=healthy: 24 healthy, ")


def test_back_leads_from_an_opened_cell_to_the_board(board: Tab) -> None:
    reset(board, "&p.activation_hist.boardSort=-loss")
    strip, place = cell(board, "lr=1/seed=2", "layer4")
    strip.click(position=place)
    board.wait_drawn()
    board.wait_written()
    board.page.evaluate("history.back()")
    board.frame.locator(".board-row").first.wait_for()
    board.until(board.hash, lambda hash_: hash_.endswith("boardSort=-loss"))


def test_a_finding_opens_from_the_board_beside_a_healthy_run_and_next_goes_through_all(
    board: Tab,
) -> None:
    reset(board)
    board.frame.get_by_title("What looks wrong, worst first").click()
    board.frame.locator(".findings button").first.click()
    place = board.frame.locator(".incident-steps")
    expect(place).to_have_text("1 of 6")
    names = board.frame.locator(".run-name")
    board.until(names.all_inner_texts, lambda shown: len(shown) == 2)
    board.page.keyboard.press("n")
    expect(place).to_have_text("2 of 6")
    board.until(
        names.all_inner_texts,
        lambda shown: len(shown) == 2 and any("lr=1/seed=1" in name for name in shown),
    )
    board.page.keyboard.press("Escape")


def test_the_worst_finding_of_a_run_opens_from_its_words(board: Tab) -> None:
    reset(board)
    board.frame.locator(".board-fact", has_text="collapsed · layer3").nth(1).click()
    names = board.frame.locator(".run-name")
    board.until(names.all_inner_texts, lambda shown: len(shown) == 2)
    expect(board.frame.locator(".incident h2")).to_contain_text("layer3")
    board.page.keyboard.press("Escape")


def test_a_cell_opens_beside_its_nearest_healthy_run(board: Tab) -> None:
    reset(board)
    strip, place = cell(board, "lr=1/seed=2", "layer4")
    strip.click(position=place)
    board.wait_drawn()
    names = board.frame.locator(".run-name")
    board.until(lambda: sorted(names.all_inner_texts()), ["lr=0.3/seed=2", "lr=1/seed=2"].__eq__)
    expect(board.frame.locator(".layer-name")).to_have_text(["layer4"])
    board.until(board.hash, lambda hash_: "full=activations/layer4" in hash_)
    board.frame.get_by_role("button", name="Board", exact=True).click()
    board.frame.locator(".board-row").first.wait_for()
    board.frame.get_by_role("button", name="Panels", exact=True).click()
    board.wait_drawn()


def test_keys_move_from_cell_to_cell_and_open(board: Tab) -> None:
    reset(board)
    grid = board.frame.get_by_role("grid")
    grid.focus()
    for key in ("Home", "End", *["ArrowDown"] * 26, "ArrowLeft", "ArrowLeft"):
        board.page.keyboard.press(key)
    active = board.frame.locator(".board-active")
    board.until(
        lambda: active.get_attribute("aria-label") or "",
        lambda label: label.startswith("layer3, lr=1/seed=2: layer3"),
    )
    assert grid.get_attribute("aria-activedescendant") == active.get_attribute("id")
    board.page.keyboard.press("Enter")
    board.wait_drawn()
    names = board.frame.locator(".run-name")
    board.until(names.all_inner_texts, lambda shown: "lr=1/seed=2" in shown)


def test_a_link_that_says_which_panels_opens_them(
    open_page: Callable[..., Page], sweep: TensorBoard
) -> None:
    tab = open_tab(open_page(), sweep.root, "&p.activation_hist.runs=lr=1/seed=0")
    assert tab.frame.locator(".board").count() == 0


@pytest.mark.parametrize(
    ("dark", "ours"), [(False, "&p.activation_hist.boardGroup=lr"), (True, "")]
)
def test_nothing_is_hard_to_reach(
    open_page: Callable[..., Page], sweep: TensorBoard, dark: bool, ours: str
) -> None:
    tab = open_frame(open_page(), sweep.root, ours, dark)
    wait_checked(tab)
    tab.frame.get_by_role("grid").focus()
    tab.page.keyboard.press("ArrowDown")
    assert_accessible(tab)


def test_layers_are_in_sight_at_200_percent(
    open_page: Callable[..., Page], sweep: TensorBoard
) -> None:
    tab = open_frame(open_page(720, 450), sweep.root)
    layers = tab.frame.locator(".board-stages").first
    layers.wait_for()
    tab.until(layers.bounding_box, lambda box: box is not None and box["x"] < 360)
    # What has no column is still there to group and filter by.
    tab.choose("Group runs by", "lr")
    tab.until(lambda: rows(tab)[0], lambda line: line.startswith("lr=0.001: "))


def test_a_link_to_a_run_that_is_not_here_says_so(
    open_page: Callable[..., Page], sweep: TensorBoard
) -> None:
    tab = open_frame(open_page(), sweep.root, "&p.activation_hist.runs=elsewhere")
    message = tab.frame.locator(".message")
    expect(message).to_contain_text(f"None of the {len(RATES) * len(SEEDS)} runs is chosen.")
    message.get_by_role("button", name="Show runs").click()
    tab.frame.get_by_role("grid").wait_for()
