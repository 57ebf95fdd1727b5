"""A split layer shows its units over the steps as a view of its panel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.slice_counts import join_slices
from tb_activation_hist.recording.options import WriterOptions
from tb_activation_hist.storage.writer import Record, RunWriter
from tests.browser.conftest import STRICT
from tests.browser.tab import Tab, open_tab
from tests.plugin.tensorboard_process import TensorBoard, running_tensorboard
from tests.records import values_to_counts
from tests.slices import values_to_slices

RECORDS, UNITS, DEAD = 64, 16, 5
LAYERS = [LayerInfo("relu", order=0, type="ReLU", split=-1), LayerInfo("plain", order=1)]


def write_split_run(folder: Path, octaves: float = 1) -> None:
    """Unit 5 dies half-way; unit u is 2**(octaves * u) large."""
    random = np.random.default_rng(0)
    writer = RunWriter(folder, options=WriterOptions(histogram_points=0, scalar_points=0))
    for step in range(1, RECORDS + 1):
        table = np.maximum(random.normal(size=(50, UNITS)), 0) * 2.0 ** (octaves * np.arange(UNITS))
        table[:, DEAD] *= step <= RECORDS // 2
        values = table.astype(np.float32).ravel()
        counts = values_to_counts([values, values])
        slices = join_slices([(0, values_to_slices(table))], 2)
        split = type(counts)(**{**vars(counts), "slices": slices})
        writer.write(Record(step, 1.7e9 + step, LAYERS, split))
    writer.close()


@pytest.fixture(scope="module")
def split_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoard]:
    folder = tmp_path_factory.mktemp("split")
    write_split_run(folder / "logs" / "run")
    with running_tensorboard(folder, f"--logdir={folder / 'logs'}", env=STRICT) as server:
        server.wait_for_series(2)
        yield server


def test_units_are_a_view_of_the_panel(
    split_run: TensorBoard, open_page: Callable[..., Page]
) -> None:
    tab = open_tab(open_page(), split_run.root)
    buttons = tab.frame.locator("button", has_text="units")
    tab.until(buttons.count, lambda count: count == 1)  # the other layer was not split
    buttons.first.click()
    units = tab.frame.locator(".units")
    tab.until(lambda: units.inner_text(), lambda text: "16 units, 0 on top" in text)
    expect(units.locator("option:checked")).to_have_text("auto: share of zeros")
    tab.until(
        lambda: colours(tab),
        lambda found: found["dead"] not in (found["alive"], found["before"]),
    )
    tab.wait_answered()

    box = units.locator("canvas").bounding_box()
    head = units.locator(".units-head").bounding_box()
    assert box is not None and head is not None
    assert head["y"] + head["height"] <= box["y"]  # nothing lies on the units
    y = box["y"] + (DEAD + 0.5) / UNITS * box["height"]
    tab.page.mouse.move(box["x"] + 0.9 * box["width"], y)
    tab.until(
        units.inner_text,
        lambda text: f"unit {DEAD}, step" in text and "share of zeros 100 %" in text,
    )

    units.locator("select").select_option("rms")
    units.locator("input").check()
    tab.until(lambda: units.inner_text(), lambda text: "root mean square" in text)
    tab.page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 2)
    tab.until(lambda: units.inner_text(), lambda text: f"unit {UNITS - 1}, step" in text)

    tab.frame.locator("button", has_text="histograms").click()
    tab.until(units.count, lambda count: count == 0)
    assert tab.problems == []


def test_units_of_two_runs_have_one_colour_scale(
    tmp_path: Path, open_page: Callable[..., Page]
) -> None:
    write_split_run(tmp_path / "logs" / "even", octaves=0)
    write_split_run(tmp_path / "logs" / "steep")
    with running_tensorboard(tmp_path, f"--logdir={tmp_path / 'logs'}", env=STRICT) as server:
        server.wait_for_series(4)
        tab = open_tab(open_page(), server.root, "&p.activation_hist.unitStatistic=rms")
        tab.frame.locator("button", has_text="units").first.click()
        heads = tab.frame.locator(".units-head > .ellipsis")

        def ends() -> list[str]:
            return [text.partition(";")[2] for text in heads.all_inner_texts()]

        tab.until(ends, lambda found: len(found) == 2 and found[0] == found[1] != "")
        tab.frame.get_by_role("button", name="More settings").click()
        tab.choose("Same colours", "panel")
        tab.until(ends, lambda found: len(found) == 2 and found[0] != found[1])
        assert tab.problems == []


def colours(tab: Tab) -> dict[str, list[int]]:
    """Of the dead unit late and early, and of its neighbour."""
    read = """([x, row, rows]) => {
        const canvas = document.querySelector('.units canvas');
        const at = [x * canvas.width, ((row + 0.5) / rows) * canvas.height].map(Math.floor);
        return [...canvas.getContext('2d').getImageData(...at, 1, 1).data];
    }"""
    places = {"dead": (0.9, DEAD), "before": (0.1, DEAD), "alive": (0.9, DEAD + 1)}
    return {name: tab.frame.evaluate(read, [*at, UNITS]) for name, at in places.items()}
