"""The time axis and the pinned step, with runs of different lengths and cadences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from tb_activation_hist.core.histogram import HistogramSeries
from tests.browser.conftest import STRICT, new_page
from tests.browser.tab import Tab, open_tab
from tests.plugin.logdirs import START, drifting_series, write_run
from tests.plugin.tensorboard_process import TensorBoard, running_tensorboard

LONG, SHORT, TENTH = "long", "short", "tenth"


def every_tenth(records: int) -> HistogramSeries:
    series = drifting_series(records, bins=40)
    steps = 10 * np.arange(records, dtype=np.int64)
    return replace(
        series, tallies=replace(series.tallies, steps=steps, wall_times=START + steps.astype(float))
    )


@pytest.fixture(scope="module")
def lengths(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoard]:
    """3,000 records with epochs; 1,000, and 100 at every tenth step, without."""
    folder = tmp_path_factory.mktemp("lengths")
    logs = folder / "logs"
    epochs = {"epoch": np.arange(3000) / 100}
    write_run(logs, LONG, {"conv1": drifting_series(3000, bins=40)}, scalars=epochs)
    write_run(logs, SHORT, {"conv1": drifting_series(1000, bins=40)})
    write_run(logs, TENTH, {"conv1": every_tenth(100)})
    with running_tensorboard(folder, f"--logdir={logs}", env=STRICT) as server:
        server.wait_for_series(3)
        yield server


@pytest.fixture(scope="module")
def steps(browser: Browser, lengths: TensorBoard) -> Iterator[Tab]:
    page = new_page(browser)
    yield open_tab(page, lengths.root, show(LONG, SHORT))
    page.context.close()


def show(*runs: str, more: str = "") -> str:
    settings = "".join(f"&p.activation_hist.{setting}" for setting in more.split("&") if setting)
    return f"&p.activation_hist.runs={','.join(runs)}{settings}"


def until_shown(tab: Tab, *steps: int) -> None:
    """Until each run's histogram is of that step; its column may pool others with it."""

    def shows(text: str) -> bool:
        columns = [
            [int(step) for step in column.split("–")]
            for column in re.findall(r"\d+(?:–\d+)?", text.replace(",", ""))
        ]
        return len(columns) == len(steps) and all(
            column[0] <= step <= column[-1] for column, step in zip(columns, steps, strict=True)
        )

    tab.until(tab.frame.locator(".slice-title").inner_text, shows)


def until_sharp(tab: Tab, run: str) -> None:
    note = tab.frame.locator(f'.panel[aria-label="conv1, {run}"] .notes').get_by_text("per column")
    tab.until(note.count, lambda count: count == 0)


def test_a_zoom_leaves_the_pinned_and_the_first_step_and_ends_in_sight(steps: Tab) -> None:
    steps.reset(show(LONG, more="pinned=100.5&zoomX=~2000,2200"))
    until_sharp(steps, LONG)
    until_shown(steps, 100)
    steps.frame.locator("main").focus()
    for key, step in (("End", 2199), ("Home", 0)):
        steps.page.keyboard.press(key)
        until_shown(steps, step)
    field = steps.frame.locator(".slice-head input")
    field.fill("2100")
    field.press("Enter")
    until_shown(steps, 2100)
    expect(steps.frame.locator(".slice-title")).to_have_text("step 2,100")


def test_a_part_is_sharp_as_far_as_each_run_goes(steps: Tab) -> None:
    steps.reset(show(LONG, SHORT, more="zoomX=~900,1100"))
    for run in (LONG, SHORT):
        until_sharp(steps, run)
    # Without a pin the last step that is shown.
    until_shown(steps, 1099, 999)
    title = re.compile(f"{SHORT}, step 99")
    expect(steps.frame.locator(".slice")).to_have_attribute("title", title)


def test_the_step_field_has_the_step_of_the_record_and_says_what_it_takes(steps: Tab) -> None:
    steps.reset(show(TENTH))
    field = steps.frame.locator(".slice-head input")
    steps.page.mouse.click(*steps.point(TENTH, "conv1", 0.096, 0.5))
    steps.until(field.input_value, lambda value: value == "90")
    for typed, value in (("57", "50"), ("abc", "50"), ("52", "50")):
        field.fill(typed)
        field.press("Enter")
        steps.until(field.input_value, lambda now, value=value: now == value)  # type: ignore[misc]
    steps.frame.locator(".said").get_by_text("A step is a number").wait_for()
    steps.choose("Time", "relative")
    name = steps.frame.locator(".slice-head label")
    steps.until(name.inner_text, lambda text: text.strip() == "time")


def test_another_unit_of_time_shows_everything(steps: Tab) -> None:
    steps.reset(show(LONG, more="zoomX=~50,100&pinned=70.5"))
    steps.choose("Time", "log_step")
    steps.until(steps.hash, lambda address: "zoomX=~50,100" in address and "pinned=70.5" in address)
    steps.choose("Time", "wall")
    steps.until(steps.hash, lambda address: "zoomX" not in address and ".pinned" not in address)
    expect(steps.frame.get_by_role("button", name="Reset zoom")).to_have_count(0)
    expect(steps.frame.get_by_title("Back to the previous zoom")).to_have_count(0)


def test_a_chosen_range_of_values_is_shown_at_once(steps: Tab) -> None:
    steps.reset(show(LONG, more="zoomY=activations%2Fconv1~0.1,0.2&valueScale=linear"))
    before = steps.axis_ticks("y")
    steps.frame.get_by_title("More settings").click()
    steps.choose("Value range", "manual")
    steps.frame.get_by_title("Lowest value shown").locator("input").fill("-8")
    steps.frame.get_by_title("Highest value shown").locator("input").fill("8")
    steps.until(
        lambda: [float(label.replace("−", "-")) for _, _, label in steps.axis_ticks("y")],
        lambda values: min(values) < -4 and max(values) > 4,
    )
    assert steps.axis_ticks("y") != before
    steps.frame.get_by_title("Close the settings").click()


def test_a_run_without_epochs_is_left_out_of_their_axis(steps: Tab) -> None:
    steps.reset(show(LONG, SHORT, more="time=epoch"))
    steps.until(steps.tick_labels, lambda labels: labels[-1:] == ["30"])
    note = steps.frame.locator(f'.panel[aria-label="conv1, {SHORT}"] .notes')
    note.get_by_text("no epochs logged").wait_for()
    steps.until(lambda: len(set(steps.pixels(SHORT, "conv1")["colours"])), lambda count: count == 1)
    steps.until(lambda: len(set(steps.pixels(LONG, "conv1")["colours"])), lambda count: count > 5)
    until_shown(steps, 2999)


def test_a_share_of_the_run_ends_at_all_of_it(steps: Tab) -> None:
    steps.reset(show(TENTH, more="time=share"))
    steps.until(steps.tick_labels, lambda labels: labels[-1:] == ["100 %"])
    steps.wait_drawn()
    ticks = steps.axis_ticks("x")
    heat = steps.frame.locator(f"{steps.panel(TENTH, 'conv1')} .heat").bounding_box()
    assert heat is not None and abs((ticks[-1][0] - ticks[0][0]) / heat["width"] - 1) < 0.003


def test_zeros_below_the_shown_values_count_in_a_cumulated_histogram(steps: Tab) -> None:
    series = drifting_series(100, bins=40)
    edges = series.scheme.lower_edges(series.bins)
    lo, hi = float(edges[5]), float(edges[20])
    steps.reset(
        show(
            TENTH, more=f"sliceMode=cumulative&range=manual&manualRange={lo},{hi}&valueScale=linear"
        )
    )
    path = steps.frame.locator(".slice path")
    width = float(steps.frame.locator(".slice svg").get_attribute("width") or 0)

    def first_share() -> float:
        found = re.match(r"M0 [\d.]+H([\d.]+)V", path.get_attribute("d") or "")
        return float(found.group(1)) / width if found else 0.0

    # Half of all values are zeros.
    assert steps.until(first_share, lambda share: share > 0.45)


def test_the_low_end_of_a_log_axis_of_shares_is_a_number(steps: Tab) -> None:
    steps.reset(show(TENTH, more="sliceLog=1"))
    low = steps.frame.locator(".slice .axis text").first
    steps.until(low.text_content, lambda text: bool(re.match(r"[\d.]+(e−\d+)? %", text or "")))


def test_a_panel_at_rest_has_a_column_for_every_pixel(steps: Tab) -> None:
    steps.reset(show(SHORT))
    until_sharp(steps, SHORT)
    steps.page.mouse.move(*steps.point(SHORT, "conv1", 0.5, 0.5))
    steps.frame.locator(".tooltip").get_by_text(re.compile(r"step \d+(?!–)")).first.wait_for()


def test_hover_names_one_record_where_several_are_drawn_as_one(steps: Tab) -> None:
    steps.reset(show(LONG, SHORT))
    steps.page.mouse.move(*steps.point(LONG, "conv1", 0.4321, 0.5))
    tip = steps.frame.locator(".tooltip-head span").first
    text = steps.until(tip.inner_text, lambda text: re.search(r"step [\d,]+: ", text) is not None)
    counted = r"step ([\d,]+): ([\d,]+) of ([\d,]+) values"
    found = re.fullmatch(counted + r" \([\d.]+ %\) in \[([−\d.e]+), ([−\d.e]+)\)", text)
    assert found is not None, text
    step, count, of = (int(part.replace(",", "")) for part in found.groups()[:3])
    low, high = (float(part.replace("−", "-")) for part in found.groups()[3:])
    assert abs(step - 0.4321 * 3000) <= 2
    series = drifting_series(3000, bins=40)
    assert of == series.n[step]
    inside = (series.edges[:-1] >= low - 1e-6) & (series.edges[1:] <= high + 1e-6)
    assert count == series.counts[step][inside].sum()


def test_a_typed_range_without_an_end_ends_at_the_last_record(steps: Tab) -> None:
    steps.reset(show(TENTH))
    steps.wait_drawn()
    field = steps.frame.get_by_label("steps", exact=True)
    field.fill("500:")
    field.press("Enter")
    expect(field).to_have_value("500–990")
    field.fill("5000:")
    field.press("Enter")
    steps.frame.get_by_role("status").get_by_text("from 0 to 990").wait_for()
