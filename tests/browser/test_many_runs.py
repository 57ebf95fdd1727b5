"""Many runs, or few layers: what stays in sight, and how they share the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LAYERS, STRICT
from tests.browser.tab import open_tab
from tests.plugin.logdirs import healthy_values, write_run
from tests.plugin.tensorboard_process import TensorBoard, running_tensorboard

RUNS = [f"lr={lr}/seed={seed}" for lr in (0.1, 1) for seed in range(4)]


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoard]:
    """Eight runs of two layers, of which one is unlike the others."""
    folder = tmp_path_factory.mktemp("sweep")
    for at, run in enumerate(RUNS):
        layers = {name: healthy_values(40, 300, seed=at) for name in LAYERS[:2]}
        if at == 5:
            layers["layer1"] = [7 + values for values in layers["layer1"]]
        write_run(folder / "logs", run, layers)
    with running_tensorboard(folder, f"--logdir={folder / 'logs'}", env=STRICT) as server:
        server.wait_for_series(2 * len(RUNS))
        yield server


def test_few_layers_fill_the_overview_and_leave_no_empty_column(
    open_page: Callable[..., Page], two_runs: TensorBoard, many_layers: TensorBoard
) -> None:
    tab = open_tab(open_page(1440, 900), two_runs.root, "&p.activation_hist.layout=strips")
    tab.frame.locator(".panel.strip").last.wait_for()
    strip = tab.frame.locator(".panel.strip").first.bounding_box()
    last = tab.frame.locator(".panel.strip").last.bounding_box()
    assert strip is not None and last is not None and strip["height"] > 80
    assert last["x"] + last["width"] > 1400
    many = open_tab(open_page(1440, 900), many_layers.root)
    thin = many.frame.locator(".panel.strip").first.bounding_box()
    assert thin is not None and thin["height"] < 20


def test_more_runs_than_layers_stand_as_rows_by_themselves(
    open_page: Callable[..., Page], sweep: TensorBoard
) -> None:
    runs = "&p.activation_hist.runs=" + ",".join(RUNS)
    tab = open_tab(open_page(1440, 900), sweep.root, runs)
    turn = tab.frame.get_by_role("button", name="Transpose")
    expect(turn).to_have_attribute("aria-pressed", "true")
    expect(turn.get_by_text("Transpose")).to_be_visible()
    expect(tab.frame.locator(".panel.strip")).to_have_count(2 * len(RUNS))
    turn.click()
    tab.until(tab.hash, lambda hash_: "transposed=0" in hash_)
    # A filter of layers does not turn the page over.
    tab.set_hash(f"&p.activation_hist.runs={','.join(RUNS[:6])}")
    tab.until(lambda: turn.get_attribute("aria-pressed"), lambda pressed: pressed == "false")


COVERED = """() => [...document.querySelectorAll('.name-cell')].flatMap(cell => {
  const { left, right, top } = cell.getBoundingClientRect();
  const wrong = [];
  for (let x = left + 2; x < right - 2; x += 6)
    for (const y of [top + 4, top + 14]) {
      const there = document.elementFromPoint(x, y);
      if (there !== null && !cell.contains(there)) wrong.push(there.className);
    }
  return wrong;
})"""


def test_nothing_shows_over_the_names_of_layers_when_panels_are_scrolled_under_them(
    open_page: Callable[..., Page], sweep: TensorBoard
) -> None:
    runs = f"&p.activation_hist.runs={','.join(RUNS)}&p.activation_hist.transposed=0"
    tab = open_tab(open_page(1100, 900), sweep.root, runs)
    moved = "e => { e.scrollLeft = 150; return e.scrollLeft; }"
    assert tab.frame.locator(".scroller").first.evaluate(moved) == 150
    tab.wait_drawn()
    assert tab.frame.locator(".scale-name").count() > 0
    assert tab.frame.evaluate(COVERED) == []


def test_many_step_histograms_are_their_spread_and_what_is_unlike_it(
    open_page: Callable[..., Page], sweep: TensorBoard
) -> None:
    hash_ = f"&p.activation_hist.runs={','.join(RUNS)}&p.activation_hist.layout=panels"
    tab = open_tab(open_page(1440, 900), sweep.root, f"{hash_}&p.activation_hist.transposed=0")
    words = tab.frame.locator(".slice")
    title = tab.until(
        lambda: str(words.nth(1).get_attribute("title")), lambda text: "median" in text
    )
    assert title.startswith("median and middle half of 8 runs; unlike the others: " + RUNS[5])
    # Area, median and one run.
    expect(words.nth(1).locator("path")).to_have_count(3)
    # The step is typed in the bar above, wherever the page is scrolled to.
    field = tab.frame.locator(".slice-head input")
    box = field.bounding_box()
    assert box is not None and 0 <= box["x"] < 1440
    field.fill("10")
    field.press("Enter")
    step = tab.frame.locator(".slice-title").first
    tab.until(step.inner_text, lambda text: text == "step 10")


@pytest.mark.parametrize("width", [1024, 1440])
def test_the_step_histogram_stays_in_sight(
    open_page: Callable[..., Page], sweep: TensorBoard, width: int
) -> None:
    shown = ",".join(RUNS[:5])
    ours = f"&p.activation_hist.runs={shown}&p.activation_hist.layout=panels"
    tab = open_tab(open_page(width, 860), sweep.root, ours)
    slices = tab.frame.locator(".slice")
    slices.first.wait_for()
    scroller = tab.frame.locator(".scroller")
    for left_px in (0, 400):
        scroller.evaluate("(e, left) => { e.scrollLeft = left; }", left_px)
        tab.wait_drawn()
        ends = scroller.evaluate(
            "e => [...e.querySelectorAll('.slice')].map(slice => {"
            " const { left, right, top } = slice.getBoundingClientRect();"
            " const above = document.elementFromPoint(left + 9, top + 40);"
            " return [right <= e.getBoundingClientRect().right + 1,"
            "   slice.contains(above)]; })"
        )
        assert ends == [[True, True]] * 2
