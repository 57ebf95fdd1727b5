"""Where runs part: the line above the heatmaps, marks on the panels, and what is folded away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import STRICT, new_page
from tests.browser.tab import Tab, open_tab
from tests.plugin.logdirs import healthy_values, write_run
from tests.plugin.tensorboard_process import TensorBoard, running_tensorboard

RECORDS = 60
PARTS_AT = 24
LAYERS = tuple(f"block{number}.{name}" for number in range(5) for name in ("linear", "relu"))
ORDER = [*LAYERS[:4], LAYERS[5], LAYERS[4], *LAYERS[6:]]
PARTING = "&p.activation_hist.parting="


@pytest.fixture(scope="module")
def parted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoard]:
    """Two runs that part in the sixth layer, which runs before the fifth, and an equal one."""
    folder = tmp_path_factory.mktemp("parted")
    for run, changed in (("base", ()), ("fork", LAYERS[4:]), ("same", ())):
        layers = {}
        for seed, layer in enumerate(LAYERS):
            values = list(healthy_values(RECORDS, 300, seed=seed, relu=layer.endswith("relu")))
            if layer in changed:
                values[PARTS_AT:] = [1.2 * each for each in values[PARTS_AT:]]
            layers[layer] = values
        write_run(folder / "logs", run, layers, info={"version": 1, "execution_order": ORDER})
    with running_tensorboard(folder, f"--logdir={folder / 'logs'}", env=STRICT) as server:
        server.wait_for_series(3 * len(LAYERS))
        yield server


@pytest.fixture(scope="module")
def tab(browser: Browser, parted: TensorBoard) -> Iterator[Tab]:
    page = new_page(browser)
    yield open_tab(page, parted.root)
    page.context.close()


def bar(tab: Tab) -> str:
    return " ".join(tab.frame.locator(".parting-bar").inner_text().split())


def rows(tab: Tab) -> int:
    return tab.frame.locator(".panel[aria-label$=', base']").count()


def test_the_first_difference_is_reported_marked_and_one_click_away(tab: Tab) -> None:
    tab.reset(f"{PARTING}exact&p.activation_hist.runs=base,fork")
    says = f"fork first differs from base at step {PARTS_AT} in block2.relu:"
    tab.until(lambda: bar(tab), lambda text: text.startswith(says))
    tab.until(lambda: bar(tab), lambda text: "6 layers of 10 differ" in text)
    frames = tab.frame.locator(".parting-frame")
    expect(frames).to_have_count(2)
    lines = tab.frame.locator(".panel[aria-label^='block2.relu'] .parting-line.first")
    expect(lines).to_have_count(2)
    tab.frame.get_by_role("button", name="Go there").click()
    tab.until(tab.hash, lambda text: f"pinned={PARTS_AT}" in text)
    assert tab.problems == []


def test_a_click_goes_to_a_layer_of_another_kind_and_pins_the_step(
    open_page: Callable[..., Page], tmp_path: Path
) -> None:
    for run, kind, parts_at in (
        ("base", "activations", RECORDS),
        ("base", "weights", RECORDS),
        ("fork", "activations", PARTS_AT + 1),
        ("fork", "weights", PARTS_AT),
    ):
        values = list(healthy_values(RECORDS, 300))
        values[parts_at:] = [1.2 * each for each in values[parts_at:]]
        write_run(tmp_path / "logs", run, {"conv": values}, kind=kind, suffix=f".{kind}")
    with running_tensorboard(tmp_path, f"--logdir={tmp_path / 'logs'}", env=STRICT) as server:
        server.wait_for_series(4)
        tab = open_tab(open_page(), server.root, f"{PARTING}exact")
        tab.until(lambda: bar(tab), lambda text: f"at step {PARTS_AT} in weights/conv" in text)
        tab.frame.get_by_role("button", name="Go there").click()
        tab.until(tab.hash, lambda text: f"pinned={PARTS_AT}.5" in text and "kind=weights" in text)
        tab.until(
            tab.frame.locator(".slice-title").inner_text, lambda text: f"step {PARTS_AT}" in text
        )


def test_another_run_can_be_chosen_and_is_part_of_the_link(tab: Tab) -> None:
    tab.reset(f"{PARTING}exact")
    tab.until(lambda: bar(tab), lambda text: text.startswith("fork first differs from base"))
    tab.frame.get_by_role("button", name="Compare", exact=True).click()
    tab.frame.get_by_label("Compared run").select_option("same")
    tab.until(lambda: bar(tab), lambda text: text.startswith("base and same are the same"))
    tab.until(tab.hash, lambda text: "compared=same" in text)
    # No picture to wait for: all layers are folded away.
    tab.set_hash(f"{PARTING}exact&p.activation_hist.compared=same")
    tab.until(lambda: bar(tab), lambda text: text.startswith("base and same are the same"))


def test_equal_layers_are_folded_away(tab: Tab) -> None:
    strips = "&p.activation_hist.layout=strips"
    tab.reset(f"{PARTING}exact&p.activation_hist.runs=base,fork{strips}")
    tab.until(lambda: rows(tab), lambda count: count == 6)
    tab.frame.get_by_role("button", name="Show 4 equal layers").click()
    tab.until(lambda: rows(tab), lambda count: count == 10)
    tab.frame.get_by_role("button", name="Fold 4 equal layers").click()
    tab.until(lambda: rows(tab), lambda count: count == 6)
    tab.frame.get_by_role("button", name="Close").click()
    tab.until(lambda: rows(tab), lambda count: count == 10)
    expect(tab.frame.locator(".parting-line")).to_have_count(0)


def test_equal_runs_are_reported(tab: Tab) -> None:
    # All layers are equal and folded away, so that there is no picture to wait for.
    tab.set_hash(f"{PARTING}octaves&p.activation_hist.runs=base,same")
    tab.until(lambda: bar(tab), lambda text: text.startswith("base and same are the same in 10"))
