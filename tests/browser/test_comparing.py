"""Differences to a baseline, strips under the panels, and what is taken away of them."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.browser.conftest import STRICT, new_page
from tests.browser.tab import Tab, open_frame, open_tab
from tests.browser.test_saving import save
from tests.plugin.logdirs import START, RunFile, healthy_values, write_run
from tests.plugin.tensorboard_process import TensorBoard, running_tensorboard
from tests.series import values_to_series

RECORDS = 50
BASE, FAST, OTHER = "base", "fast", "other"
DIFFERENCE = "&p.activation_hist.difference=1"
STRIP = "&p.activation_hist.strip="
FOREIGN = "&p.activation_hist.kind=histograms"


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoard]:
    """A baseline, a run with each of its records twice in the same time, and one of another tool.

    The second has a layer more, and one that is NaN only.
    """
    folder = tmp_path_factory.mktemp("compared")
    values = {"conv1": healthy_values(RECORDS), "fc": [np.repeat([1.0, 2.0], 500)] * RECORDS}
    write_run(folder / "logs", BASE, values)
    twice = {layer: [part for part in parts for _ in "12"] for layer, parts in values.items()}
    twice["extra"] = healthy_values(2 * RECORDS, 500, seed=1)
    twice["lost"] = [np.full(100, np.nan, np.float32)] * RECORDS
    series = {layer: values_to_series(parts) for layer, parts in twice.items()}
    for layer, one in series.items():
        tallies = replace(one.tallies, wall_times=START + one.steps / 2)
        series[layer] = replace(one, tallies=tallies)
    write_run(folder / "logs", FAST, series)
    foreign = RunFile(folder / "logs", OTHER)
    for step in range(RECORDS):
        foreign.add_histogram("foreign", np.array([[-1, 0, 3], [0, 1, 5]]), step)
    foreign.close()
    with running_tensorboard(folder, f"--logdir={folder / 'logs'}", env=STRICT) as server:
        server.wait_for_series(6)
        yield server


@pytest.fixture(scope="module")
def tab(browser: Browser, compared: TensorBoard) -> Iterator[Tab]:
    page = new_page(browser)
    yield open_tab(page, compared.root)
    page.context.close()


def notes(tab: Tab, run: str, layer: str) -> Locator:
    return tab.frame.locator(f'.panel[aria-label="{layer}, {run}"] .notes')


def tooltip(tab: Tab, run: str, layer: str, x: float, y: float) -> str:
    tab.page.mouse.move(*tab.point(run, layer, x, y))
    return tooltip_at_rest(tab)


def tooltip_at_rest(tab: Tab) -> str:
    """What it says once the record under the pointer was looked up."""
    tip = tab.frame.locator(".tooltip")
    tip.wait_for()
    tab.wait_rested()
    return tip.inner_text()


def strip_tooltip(tab: Tab, run: str, layer: str, x: float) -> str:
    """With the pointer in the strip, which ends where the plot does."""
    plot = tab.frame.locator(tab.panel(run, layer)).bounding_box()
    assert plot is not None
    tab.page.mouse.move(plot["x"] + x * plot["width"], plot["y"] + plot["height"] - 5)
    return tooltip_at_rest(tab)


@pytest.mark.parametrize(
    ("time", "name"),
    [("share", "share of the run"), ("relative", "time since start"), ("step", "step")],
)
def test_differences_follow_the_time_axis(tab: Tab, time: str, name: str) -> None:
    tab.reset(f"{DIFFERENCE}&p.activation_hist.time={time}")
    matched = notes(tab, FAST, "conv1").locator(f"[title*='Matched by {name}:']")
    tab.until(matched.count, lambda count: count == 1)
    # Each record is the baseline's at the same share and time, and no other's at the same step.
    tab.until(
        lambda: len(set(tab.pixels(FAST, "conv1")["colours"])),
        lambda colours: colours > 10 if time == "step" else colours <= 2,
    )


def test_strips_and_panels_say_that_they_are_differences(tab: Tab) -> None:
    tab.reset(f"{DIFFERENCE}&p.activation_hist.layout=strips")
    heads = tab.frame.locator(".run-name")
    wanted = [f"{BASE} baseline", f"{FAST} difference"]
    tab.until(lambda: [" ".join(text.split()) for text in heads.all_inner_texts()], wanted.__eq__)
    tab.reset(DIFFERENCE)
    missing = notes(tab, FAST, "extra").get_by_text("no difference: not in the baseline")
    expect(missing).to_have_count(1)
    tab.reset()
    tab.until(heads.all_inner_texts, [BASE, FAST].__eq__)


def test_what_is_no_difference_yet_is_not_called_one(
    open_page: Callable[..., Page], compared: TensorBoard
) -> None:
    def lose_baseline(route: Route) -> None:
        body = (route.request.post_data or "").replace(f'"run":"{BASE}"', '"run":"gone"')
        route.continue_(post_data=body)

    page = open_page()
    page.route("**/tiles", lose_baseline)
    tab = open_frame(page, compared.root, DIFFERENCE)
    notes(tab, FAST, "conv1").get_by_text("no difference: baseline not loaded").wait_for()
    assert tab.frame.get_by_text(f"minus {BASE}").count() == 0


def bar_ends(tab: Tab) -> list[str]:
    bars = tab.frame.locator(".colour-bar").filter(has_text=f"minus {BASE}")
    return [bars.nth(at).locator(".ramp-ticks span").last.inner_text() for at in range(2)]


def test_differences_of_everything_have_one_scale(tab: Tab) -> None:
    tab.reset(DIFFERENCE)
    tab.until(lambda: set(bar_ends(tab)), lambda ends: len(ends) == 2)
    tab.reset(f"{DIFFERENCE}&p.activation_hist.colourScope=all")
    tab.until(lambda: set(bar_ends(tab)), lambda ends: len(ends) == 1)


def test_a_difference_is_read_as_a_number_and_marked_on_its_bar(tab: Tab) -> None:
    tab.reset(DIFFERENCE)
    text = tooltip(tab, FAST, "conv1", 0.4, 0.4)
    shares = [line.split("\t")[3] for line in text.splitlines() if line.startswith("\t")]
    base, fast = (float(share.removesuffix(" %")) for share in shares[:2])
    said = text.split("difference ")[1].split(" percentage points")[0].replace("−", "-")
    assert abs(float(said) - (fast - base)) < 0.15
    marks = tab.frame.locator(".colour-bar").filter(has=tab.frame.locator(".mark"))
    expect(marks).to_have_count(1)
    expect(marks).to_contain_text(f"minus {BASE}")
    tab.page.keyboard.press("c")
    copied = tab.until(
        lambda: str(tab.page.evaluate("navigator.clipboard.readText()")).splitlines(),
        lambda lines: len(lines) == 2 and f"{FAST}, conv1" in lines[1],
    )
    assert "difference" in copied[1] and "difference" not in copied[0]
    tab.page.mouse.move(*tab.point(BASE, "conv1", 0.4, 0.4))
    tab.until(marks.inner_text, lambda words: f"minus {BASE}" not in words)


@pytest.mark.parametrize(
    ("strip", "says"),
    [
        ("near_zero", "share of values near zero"),
        ("change", "distance to the column before"),
        ("distance", f"distance to {BASE}"),
    ],
)
def test_a_strip_is_read_by_name_and_value(tab: Tab, strip: str, says: str) -> None:
    tab.reset(STRIP + strip)
    text = strip_tooltip(tab, FAST, "conv1", 0.305)
    assert says in text and "Full height" in text and "no record" not in text
    values = {row.split("\t")[1]: row.split("\t")[3] for row in text.splitlines() if "\t" in row}
    assert values[FAST] != ""
    if strip == "near_zero":
        near = np.abs(healthy_values(RECORDS)[15]) <= 0.05
        assert abs(float(values[FAST].removesuffix(" %")) - 100 * near.mean()) < 1


def test_a_strip_without_anything_says_why(tab: Tab) -> None:
    tab.reset(f"{STRIP}distance")
    notes(tab, BASE, "conv1").get_by_text("no strip: this is the baseline").wait_for()
    expect(notes(tab, FAST, "extra").get_by_text("no strip: not in the baseline")).to_have_count(1)
    tab.reset(f"{STRIP}distance&p.activation_hist.linked=0")
    notes(tab, FAST, "fc").get_by_text("no strip: needs axes in common").wait_for()
    tab.reset(f"{STRIP}zero{FOREIGN}")
    notes(tab, OTHER, "foreign").get_by_text("no strip: zeros unknown").wait_for()
    tab.reset(f"{STRIP}zero&p.activation_hist.layout=strips")
    tab.frame.get_by_title("More settings").click()
    tab.frame.get_by_text("Only open layers have it.").wait_for()
    tab.frame.get_by_title("Close the settings").click()


def test_summaries_say_only_what_is_known(tab: Tab) -> None:
    tab.reset()
    label = tab.frame.locator(f"{tab.panel(FAST, 'lost')} .heat").get_attribute("aria-label")
    assert label is not None and label.endswith("At the last: no finite values, 100 % NaN.")
    tab.reset(FOREIGN)
    label = tab.frame.locator(f"{tab.panel(OTHER, 'foreign')} .heat").get_attribute("aria-label")
    assert label is not None and "mean" in label and "exactly 0" not in label


def open_menu(tab: Tab, layer: str) -> None:
    row = tab.frame.locator(".row.layer").filter(has_text=layer)
    row.get_by_title("Save or copy this layer").click()


def table_heads(tab: Tab, layer: str) -> tuple[str, list[str]]:
    open_menu(tab, layer)
    tab.frame.get_by_text("Table", exact=True).locator("visible=true").click()
    dialog = tab.frame.locator(".table-dialog")
    dialog.locator("table").first.wait_for()
    text, heads = dialog.inner_text(), dialog.locator("thead th").all_inner_texts()
    tab.page.keyboard.press("Escape")
    dialog.locator("table").first.wait_for(state="detached")
    return text, heads


def test_a_table_has_the_shown_part_and_what_is_counted_apart(tab: Tab) -> None:
    tab.reset("&p.activation_hist.zoomX=~60,90")
    text, heads = table_heads(tab, "conv1")
    assert f"{FAST}, steps 60–89 of 0–99" in text and f"{BASE}: no data is shown." in text
    assert heads[-1] == "exactly 0"
    tab.reset("&p.activation_hist.filter=lost")
    assert table_heads(tab, "lost")[1][-2:] == ["exactly 0", "NaN"]
    tab.reset(FOREIGN)
    assert table_heads(tab, "foreign")[1][-1] == "max"


def test_a_zoomed_view_is_taken_away_as_it_is_shown(tab: Tab, tmp_path: Path) -> None:
    tab.reset("&p.activation_hist.zoomX=~60,90")
    open_menu(tab, "conv1")
    path = save(tab, tmp_path, "JSON of what is shown")
    assert path.name == f"{FAST}_activations-conv1_60-89.json"
    (panel,) = json.loads(path.read_text())["panels"]
    assert panel["run"] == FAST and panel["first_steps"] == list(range(60, 90))
    assert panel["records"] == [1] * 30 and panel["n"] == [2000] * 30
    open_menu(tab, "conv1")
    text = save(tab, tmp_path, "CSV of what is shown").read_text()
    table = text.split("\n", 1)[1] if text.startswith("#") else text
    rows = list(csv.DictReader(io.StringIO(table)))
    assert {int(row["first_step"]) for row in rows} == set(range(60, 90))
    assert {(row["run"], row["records"], row["n"]) for row in rows} == {(FAST, "1", "2000")}


def words_of_picture(tab: Tab, folder: Path, layer: str) -> list[str]:
    open_menu(tab, layer)
    svg = ET.parse(save(tab, folder, "SVG picture"))
    return [element.text or "" for element in svg.iter() if element.tag.endswith("text")]


def test_a_picture_is_named_and_has_every_axis_and_strip(tab: Tab, tmp_path: Path) -> None:
    tab.reset(f"{STRIP}near_zero&p.activation_hist.time=share")
    words = words_of_picture(tab, tmp_path, "conv1")
    assert {"conv1 (Conv2d), activations, train", BASE, FAST, "near zero"} <= set(words)
    assert words.count("share of the run") == 2 and words.count("value") == 1
    assert any(word.startswith("share of the step's values") for word in words)
    assert any("values near zero" in word and "Full height: 100 %" in word for word in words)
    own = "&p.activation_hist.axisScope=panel&p.activation_hist.colourScope=panel"
    tab.reset(own)
    words = words_of_picture(tab, tmp_path, "conv1")
    # Once over its panel, once over its colours.
    assert [words.count(run) for run in (BASE, FAST)] == [2, 2]
    tab.reset(DIFFERENCE)
    words = words_of_picture(tab, tmp_path, "conv1")
    assert BASE in words and f"{FAST} minus {BASE}" in words
