"""Runs that do not fit beside each other: one explodes, ranks of one training, single records."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import STRICT, new_page
from tests.browser.tab import Tab, fail_requests, open_frame, open_tab
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
    told = {"cadence": "every step", "overhead": "0.8% of the step time (budget 5%)"}
    write_run(logs, CALM, layers(RECORDS, 0), scalars={"loss": loss}, info=told)
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
    odd.until(lambda: highest_tick(odd), lambda value: value < 20)
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
    odd.until(odd.hash, lambda address: "axisScope=panel" in address)
    # Time stays linked, and every panel says that heights cannot be compared.
    expect(odd.frame.locator(".own-scale")).to_have_count(4)
    odd.frame.locator(".own-scale").first.click()
    odd.until(lambda: odd.axis_ticks("y", 0) == odd.axis_ticks("y", 1), bool)
    odd.until(odd.hash, lambda address: "axisScope" not in address)


def test_a_value_beyond_the_own_axis_of_a_run_is_in_none_of_its_bins(odd: Tab) -> None:
    odd.reset(
        show(CALM, HUGE, more="&p.activation_hist.axisScope=panel&p.activation_hist.range=full")
    )
    odd.page.mouse.move(*odd.point(HUGE, "conv1", 0.5, 0.1))
    cells = odd.frame.locator(".tooltip td:nth-child(3)")
    odd.until(cells.all_inner_texts, ["—", "0"].__eq__)


def test_all_panels_can_share_one_value_axis(odd: Tab) -> None:
    odd.reset(show(CALM, more="&p.activation_hist.types=&p.activation_hist.axisScope=all"))
    assert odd.axis_ticks("y", 0) == odd.axis_ticks("y", 1)
    odd.frame.get_by_title("More settings").click()
    assert odd.chosen("Same axis") == "all"
    odd.choose("Same axis", "row")
    odd.until(odd.hash, lambda address: "axisScope" not in address)
    odd.frame.get_by_title("Close the settings").click()


def run_heads(tab: Tab) -> list[str]:
    return [" ".join(text.split()) for text in tab.frame.locator(".run-name").all_text_contents()]


def test_a_runs_name_says_how_often_was_recorded_and_what_that_cost(odd: Tab) -> None:
    odd.reset(show(CALM))
    title = odd.frame.locator(".run-name").first.get_attribute("title") or ""
    assert "recorded every step, adding 0.8% of the step time (budget 5%)" in title


def test_the_ranks_of_a_training_are_one_choice(odd: Tab) -> None:
    odd.reset()
    # Of several trainings the first rank of each is shown at first, and said to be one.
    odd.until(lambda: run_heads(odd), [CALM, "ddp rank 0", HUGE, "single"].__eq__)
    odd.show_runs()
    ranks = odd.frame.get_by_role("combobox", name="Ranks of ddp")
    expect(ranks).to_have_value("ddp/rank0")
    ranks.select_option("all")
    all_ranks = ["ddp rank 0", "ddp rank 1", "ddp rank 2"]
    odd.until(lambda: run_heads(odd), [CALM, *all_ranks, HUGE, "single"].__eq__)
    ranks.select_option(label="rank 2")
    odd.until(lambda: run_heads(odd)[1:3], lambda heads: heads == ["ddp rank 2", HUGE])
    odd.frame.get_by_role("checkbox", name="ddp").uncheck()
    odd.until(lambda: run_heads(odd), lambda heads: heads == [CALM, HUGE, "single"])
    odd.frame.locator(".run-choice", has_text="ddp").hover()
    odd.frame.get_by_title("Show only ddp").click()
    odd.until(lambda: len(run_heads(odd)), lambda count: count == 3)


def test_runs_are_found_by_an_expression(odd: Tab) -> None:
    odd.reset()
    odd.show_runs()
    field = odd.frame.get_by_placeholder("Filter runs")
    field.fill("/rank[12]/")
    odd.until(odd.frame.locator(".run-choice").count, lambda count: count == 1)
    odd.frame.get_by_title("Show every run of this list").click()
    odd.until(lambda: run_heads(odd), lambda heads: heads == ["ddp rank 1", "ddp rank 2"])
    field.fill("/(/")
    odd.until(lambda: field.get_attribute("aria-invalid"), lambda value: value == "true")
    field.fill("")


def test_a_run_of_one_record_is_wide_enough_to_see_and_says_so(odd: Tab) -> None:
    odd.reset(show(CALM, "single"))
    picture = odd.pixels("single", "conv1")
    colours = np.array(picture["colours"]).reshape(picture["height"], picture["width"])
    drawn = np.flatnonzero((colours != 0xFFFFFF).any(axis=0))
    assert 5 <= len(drawn) <= 8
    assert abs(drawn[0] / picture["width"] - 40 / RECORDS) < 0.01
    odd.page.mouse.move(*odd.point("single", "conv1", (drawn[0] + 4) / picture["width"], 0.5))
    expect(odd.frame.locator(".tooltip")).to_contain_text("step 40")
    wider = odd.frame.get_by_role("button", name="one record, drawn wider")
    expect(wider).to_have_count(len(NAMES))


def test_a_scalar_that_cannot_be_loaded_says_so_in_its_place(
    open_page: Callable[..., Page], odd_runs: TensorBoard
) -> None:
    page = open_page()
    recover = fail_requests(page, "**/scalars?*", "The disk is on fire.")
    tab = open_frame(page, odd_runs.root, show(CALM, HUGE, "single"))
    retry = tab.frame.get_by_text("not loaded, retry")
    tab.until(retry.count, lambda count: count == 2)
    assert "The disk is on fire." in (retry.first.get_attribute("title") or "")
    scalars = tab.frame.locator(".scalar-name")
    expect(scalars.nth(2)).to_contain_text("not logged in this run")
    recover()
    retry.first.click()
    tab.until(retry.count, lambda count: count == 0)
    # One run's loss grows to 3e38: the other's curve keeps its height.
    chart = tab.frame.locator(".scalar").nth(1)
    tab.until(lambda: chart.get_attribute("title") or "", lambda title: "above ↑" in title)
    assert tab.frame.locator(".scalar path").first.evaluate("e => e.getBBox().height") > 10


def test_what_the_server_could_not_read_is_listed(
    open_page: Callable[..., Page], odd_runs: TensorBoard
) -> None:
    page = open_page()
    sentence = "Run 'calm': 2 damaged blocks of activations/conv1 were left out."

    def answer(route: Route) -> None:
        reply = route.fetch()
        body = reply.json()
        if "warnings" in body:
            body["warnings"] = [sentence]
            body["runs"][0]["info"] = {"skipped": 7, "silent": ["head"]}
        route.fulfill(response=reply, json=body)

    page.route(re.compile(r"/index(\?|$)"), answer)
    tab = open_tab(page, odd_runs.root, show(CALM))
    tab.frame.get_by_title("What could not be read or recorded").click()
    notices = tab.frame.locator(".notices li")
    expect(notices).to_have_count(3)
    texts = " ".join(notices.all_text_contents())
    assert sentence in texts and "never called: head" in texts and "7 records" in texts


def test_records_missing_by_sampling_name_the_flag(
    open_page: Callable[..., Page], tmp_path: Path
) -> None:
    write_run(tmp_path / "logs", CALM, {"conv1": healthy_values(200, 200)}, block_records=1)
    flags = (f"--logdir={tmp_path / 'logs'}", "--samples_per_plugin=activation_hist=40")
    with running_tensorboard(tmp_path, *flags, env=STRICT) as server:
        server.wait_for_series(1)
        tab = open_tab(open_page(), server.root)
        note = tab.frame.get_by_role("button", name="showing 40 of 200 logged steps")
        note.focus()
        tab.page.keyboard.press("Enter")
        opened = tab.frame.get_by_role("dialog", name="showing 40 of 200 logged steps")
        opened.wait_for()
        expect(opened).to_contain_text("--samples_per_plugin")
        tab.page.keyboard.press("Escape")
        opened.wait_for(state="hidden")
        expect(note).to_be_focused()


def test_stale_data_stay_and_say_so(open_page: Callable[..., Page], odd_runs: TensorBoard) -> None:
    tab = open_tab(open_page(), odd_runs.root, show(CALM))
    drawn = tab.pixels(CALM, "conv1")
    tab.page.route("**/activation_hist/**", lambda route: route.abort())
    chip = tab.frame.get_by_text("not connected")
    expect(chip).to_have_attribute("title", re.compile("TensorBoard did not answer"))
    assert tab.pixels(CALM, "conv1") == drawn
    tab.page.unroute("**/activation_hist/**")
    tab.frame.get_by_text("ended").wait_for()


def test_values_of_1e_40_and_1e15_in_one_layer_do_not_stop_the_page(
    browser: Browser, tmp_path: Path
) -> None:
    values = healthy_values(60, 500)
    powers = np.where(np.arange(60) < 40, 1.0, 1e15)
    spread = [(v * p).astype(np.float32) for v, p in zip(values, powers, strict=True)]
    for step in spread:
        step[:20] *= np.float32(1e-37)
    logs = tmp_path / "logs"
    write_run(logs, HUGE, {"conv1": values})
    write_run(logs, HUGE, {"conv1": spread}, kind="gradients", suffix=".gradients")
    with running_tensorboard(tmp_path, f"--logdir={logs}", env=STRICT) as server:
        server.wait_for_series(2)
        page = new_page(browser)
        tab = open_tab(page, server.root)
        ticks = tab.frame.locator(".ramp-ticks span")
        tab.until(ticks.count, lambda count: count > 0)
        # Only the first answer comes: its bins are as coarse as the largest values need.
        asked: list[Route] = []

        def answer(route: Route) -> None:
            asked.append(route)
            if len(asked) == 1:
                route.continue_()

        page.route(re.compile(r"/tiles(\?|$)"), answer)
        tab.frame.get_by_role("button", name="Gradients").click()
        tab.until(lambda: len(asked), lambda count: count > 1)
        tab.wait_drawn(answered=False)
        tab.until(ticks.count, lambda count: count > 0)
        assert tab.problems == []
        page.context.close()


def test_a_kind_of_any_name_is_shown(browser: Browser, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    write_run(logs, CALM, {"conv1": healthy_values(5, 50)}, kind="__proto__")
    write_run(logs, HUGE, {"conv1": healthy_values(5, 50)}, info={"silent": None, "errors": {}})
    with running_tensorboard(tmp_path, f"--logdir={logs}") as server:
        server.wait_for_series(2)
        page = new_page(browser)
        tab = open_tab(page, server.root, "&p.activation_hist.kind=__proto__")
        assert tab.frame.locator(f"{tab.panel(CALM, 'conv1')} .heat").count() == 1
        assert tab.problems == []
        page.context.close()
