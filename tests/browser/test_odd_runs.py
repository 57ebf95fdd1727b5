"""Runs that do not fit beside each other: one explodes, ranks of one training, single records."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import STRICT, new_page
from tests.browser.tab import Tab, open_tab
from tests.plugin.logdirs import Values, healthy_values, write_run
from tests.plugin.tensorboard_process import TensorBoard, running_tensorboard

RECORDS = 100
NAMES = ("conv1", "fc")
CALM, HUGE = "calm", "exploding"


def exploding_values(seed: int) -> list[Values]:
    """Like others at first; grows to 1e30 in its last third and ends as NaN."""
    rng = np.random.default_rng(seed)
    powers = np.maximum(0, np.linspace(-60, 30, RECORDS))
    values = [(rng.standard_normal(500) * 10.0**p).astype(np.float32) for p in powers]
    values[-5:] = [np.full(500, np.nan, np.float32)] * 5
    return values


def layers(records: int, seed: int) -> dict[str, list[Values]]:
    return {name: healthy_values(records, 500, seed=seed + at) for at, name in enumerate(NAMES)}


@pytest.fixture(scope="module")
def odd_runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoard]:
    folder = tmp_path_factory.mktemp("odd")
    logs = folder / "logs"
    loss = np.exp(-np.arange(RECORDS) / 30)
    write_run(logs, CALM, layers(RECORDS, 0), scalars={"loss": loss})
    huge = {name: exploding_values(at) for at, name in enumerate(NAMES)}
    write_run(logs, HUGE, huge, scalars={"loss": np.exp(np.arange(RECORDS))})
    for rank in range(3):
        write_run(logs, f"ddp/rank{rank}", layers(RECORDS, 10 + rank))
    write_run(logs, "single", layers(1, 20), steps=[40])
    with running_tensorboard(folder, f"--logdir={logs}", env=STRICT) as server:
        server.wait_for_series(12)
        yield server


@pytest.fixture(scope="module")
def odd(browser: Browser, odd_runs: TensorBoard) -> Iterator[Tab]:
    page = new_page(browser)
    yield open_tab(page, odd_runs.root)
    page.context.close()


def show(*runs: str, more: str = "") -> str:
    return f"&p.activation_hist.runs={','.join(runs)}{more}"


def highest_tick(tab: Tab, panel: int = 0) -> float:
    labels = [text for _, _, text in tab.axis_ticks("y", panel)]
    return max(float(label.replace("−", "-").replace(",", "")) for label in labels)


def occupied_rows(tab: Tab, run: str) -> float:
    """Share of a heatmap's rows that hold anything."""
    picture = tab.pixels(run, NAMES[0])
    colours = np.array(picture["colours"]).reshape(picture["height"], picture["width"])
    return float((colours != 0xF3F3F4).any(axis=1).mean())


def test_a_run_that_explodes_leaves_the_others_readable_and_says_so(odd: Tab) -> None:
    odd.reset(show(CALM, HUGE))
    assert highest_tick(odd) < 20
    assert odd.until(lambda: occupied_rows(odd, CALM), lambda share: share > 0.4)
    note = odd.frame.locator(f'.panel[aria-label="conv1, {HUGE}"] .notes')
    outside = note.get_by_text("outside")
    assert "above" in (outside.get_attribute("title") or "")
    # What it does before it explodes is drawn too, with bins as fine as the axis needs.
    assert odd.until(lambda: occupied_rows(odd, HUGE), lambda share: share > 0.4)
    outside.click()
    odd.until(lambda: highest_tick(odd), lambda value: value > 1e12)
    odd.until(odd.hash, lambda address: "range=full" in address)
    odd.frame.get_by_text("all values").first.click()
    odd.until(lambda: highest_tick(odd), lambda value: value < 20)


def test_each_run_can_have_its_own_value_axis(odd: Tab) -> None:
    odd.reset(show(CALM, HUGE))
    shared = odd.axis_ticks("y", 0)
    assert shared == odd.axis_ticks("y", 1)
    button = odd.frame.locator(f'.panel[aria-label="conv1, {HUGE}"] .own-scale')
    button.focus()
    odd.page.keyboard.press("Enter")
    odd.until(lambda: odd.axis_ticks("y", 0) != odd.axis_ticks("y", 1), bool)
    odd.until(odd.hash, lambda address: "yof=panel" in address)
    # Time stays linked, and every panel says that heights cannot be compared.
    assert odd.frame.locator(".own-scale").count() == 4
    odd.frame.locator(".own-scale").first.click()
    odd.until(lambda: odd.axis_ticks("y", 0) == odd.axis_ticks("y", 1), bool)
    odd.until(odd.hash, lambda address: "yof" not in address)
