"""Columns of the board: stages of many layers, and layers beside many parameters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from playwright.sync_api import Page

from tests.browser.access import assert_accessible
from tests.browser.conftest import STRICT
from tests.browser.tab import open_frame
from tests.plugin.logdirs import healthy_values, write_run
from tests.plugin.tensorboard_process import TensorBoard, running_tensorboard

LAYERS = ("conv1", "layer1", "layer2", "layer3", "layer4", "head")


def test_stages_are_not_hard_to_reach(
    open_page: Callable[..., Page], many_layers: TensorBoard
) -> None:
    tab = open_frame(open_page(), many_layers.root, "&p.activation_hist.view=board")
    fold = tab.frame.locator(".board-fold")
    fold.first.wait_for()
    assert_accessible(tab)
    fold.first.click()
    band = tab.frame.locator(".board-band").first
    band.wait_for()
    assert_accessible(tab)
    box = band.bounding_box()
    assert box is not None and box["height"] >= 24


def test_layers_are_in_sight_beside_many_parameters(
    open_page: Callable[..., Page], tmp_path: Path
) -> None:
    layers = {name: healthy_values(10, 50) for name in LAYERS}
    for seed in range(7):
        more = f"dropout=0.{seed},head={'ReLU' if seed % 2 else 'Sigmoid'},opt=adam{seed}"
        write_run(
            tmp_path / "logs",
            f"lr=0.00{seed},wd=1e-{seed},seed={seed},{more}",
            layers,
            scalars={"loss": np.linspace(2, 1, 10)},
        )
    with running_tensorboard(tmp_path, f"--logdir={tmp_path / 'logs'}", env=STRICT) as server:
        server.wait_for_series(7 * len(LAYERS))
        tab = open_frame(open_page(1024, 768), server.root)
        tab.frame.get_by_role("columnheader", name="dropout").wait_for()
        tab.wait_still()
        ends = tab.frame.locator(".board-stage").evaluate_all(
            "all => all.map(one => one.getBoundingClientRect().right)"
        )
        assert sum(end <= 1024 for end in ends) >= 4, ends
        cut = "all => all.filter(e => e.scrollWidth > e.clientWidth).map(e => e.innerText)"
        assert tab.frame.locator(".board-row .board-fact").evaluate_all(cut) == []
        # A layer has the name of a parameter.
        names = tab.frame.get_by_label("Group runs by").locator("option").all_inner_texts()
        assert {"head", "layer:head"} <= set(names) and len(set(names)) == len(names), names


def test_columns_of_layers_are_narrow_where_there_are_more_than_fit(
    open_page: Callable[..., Page], many_layers: TensorBoard
) -> None:
    ours = "&p.activation_hist.view=board&p.activation_hist.filter=conv"
    tab = open_frame(open_page(1024, 768), many_layers.root, ours)
    layers = tab.frame.locator(".board-stage")
    layers.first.wait_for()
    tab.wait_still()
    ends = layers.evaluate_all("all => all.map(one => one.getBoundingClientRect().right)")
    assert sum(end <= 1024 for end in ends) >= 16
