"""What can be taken away: pictures, tables and exact counts as files, a link."""

from __future__ import annotations

import csv
import io
import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
from playwright.sync_api import Page

from tests.browser.conftest import BAD, GOOD, STEPS, STRICT
from tests.browser.tab import Tab, open_tab
from tests.plugin.logdirs import healthy_values, write_run
from tests.plugin.tensorboard_process import running_tensorboard


def test_pictures_have_the_differences_and_lines_of_the_page(tab: Tab, tmp_path: Path) -> None:
    tab.reset()
    plain = svg_of_first_row(tab, tmp_path)
    tab.reset("&p.activation_hist.difference=1&p.activation_hist.overlays=mean,percentiles")
    shown = svg_of_first_row(tab, tmp_path)
    images = [re.findall(r'href="(data:image[^"]+)"', text) for text in (plain, shown)]
    assert images[0][0] == images[1][0], "the baseline stays as it is"
    assert len(set(images[0]) - set(images[1])) == 1
    assert f">minus {GOOD}<" in shown and f">minus {GOOD}<" not in plain
    assert ">median<" in shown and ">mean<" in shown
    assert shown.count("<polyline") >= plain.count("<polyline") + 12


def svg_of_first_row(tab: Tab, folder: Path) -> str:
    tab.frame.get_by_title("Save or copy this layer").first.click()
    with tab.page.expect_download() as waiting:
        tab.frame.get_by_text("SVG picture").locator("visible=true").click()
    path = folder / "picture.svg"
    waiting.value.save_as(path)
    tab.page.keyboard.press("Escape")
    tab.frame.locator(".menu:popover-open").wait_for(state="detached")
    return path.read_text()


def save(tab: Tab, folder: Path, label: str) -> Path:
    """A file of the first layer's menu, which closes by itself, under the name that it suggests."""
    menu = tab.frame.locator(".menu:popover-open")
    if menu.count() == 0:
        tab.frame.get_by_title("Save or copy this layer").first.click()
        menu.wait_for()
    with tab.page.expect_download() as waiting:
        tab.frame.get_by_label(label).or_(tab.frame.get_by_text(label)).locator(
            "visible=true"
        ).first.click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    tab.until(menu.count, lambda count: count == 0)
    return path


def test_files_can_be_taken_away(tab: Tab, tmp_path: Path) -> None:
    tab.reset("&p.activation_hist.heatmapRows=512")
    png = save(tab, tmp_path, "PNG picture")
    assert png.name.startswith("mnist-lr") and "conv1_0-199" in png.name
    heads = tab.frame.locator(".panel:not(.strip) .plot").first.bounding_box()
    width, height = png_size(png)
    assert heads is not None and width > 2 * 2 * heads["width"] and height > 280
    svg = ET.parse(save(tab, tmp_path, "SVG picture"))
    words = [element.text for element in svg.iter() if element.tag.endswith("text")]
    assert {GOOD, BAD} <= set(words)
    assert "conv1 (Conv2d), activations, train" in words
    assert any("share of the step's values" in (word or "") for word in words)
    shown = save(tab, tmp_path, "CSV of what is shown").read_text()
    # However many rows are asked for, none cuts a stored bin.
    rows = list(csv.DictReader(io.StringIO(shown)))
    step = [row for row in rows if row["run"] == GOOD and row["first_step"] == "100"]
    inside = [row for row in step if row["lower"] != "zeros"]
    assert sum(int(row["count"]) for row in inside) == 2000
    assert {row["split"] for row in inside} == {"0"}
    data = json.loads(save(tab, tmp_path, "JSON of what is shown").read_text())
    assert [panel["run"] for panel in data["panels"]] == [GOOD, BAD]
    assert data["panels"][0]["split_counts"] is False
    statistics = save(tab, tmp_path, "CSV of statistics").read_text()
    means = list(csv.DictReader(io.StringIO(statistics)))
    expected = float(healthy_values(STEPS, seed=0)[7].mean(dtype=np.float64))
    assert abs(float(means[7]["mean"]) - expected) < 1e-6


def test_exact_counts_and_a_link_can_be_taken_away(tab: Tab, tmp_path: Path) -> None:
    tab.reset()
    exact = save(tab, tmp_path, f"Exact counts of {GOOD} as CSV").read_text()
    rows = list(csv.DictReader(io.StringIO(exact)))
    counted = sum(int(r["count"]) for r in rows if r["step"] == "3" and r["lower"] != "zeros")
    assert counted == 2000
    data = json.loads(save(tab, tmp_path, f"Exact counts of {GOOD} as JSON").read_text())
    assert data["steps"] == list(range(STEPS)) and sum(data["counts"][3]) == 2000
    tab.frame.get_by_title("Save or copy this layer").first.click()
    tab.frame.get_by_text("Copy link to this view").locator("visible=true").click()
    read = "navigator.clipboard.readText()"
    tab.until(lambda: str(tab.page.evaluate(read)), lambda text: "#activation_hist" in text)
    tab.page.keyboard.press("Escape")


def png_size(path: Path) -> tuple[int, int]:
    """Width and height from the header of a PNG file."""
    head = path.read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def test_all_shown_layers_make_one_picture(tab: Tab, tmp_path: Path) -> None:
    tab.page.set_viewport_size({"width": 1400, "height": 420})
    more = ("layout=panels", "overlays=percentiles", "panelHeight_px=300")
    tab.reset("".join(f"&p.activation_hist.{each}" for each in more))
    layers = tab.frame.evaluate("document.querySelector('main').scrollHeight")
    assert layers > tab.frame.evaluate("document.querySelector('main').clientHeight")
    svgs = {}
    for label in ("Save all shown layers as SVG", "Save all shown layers as SVG, without findings"):
        tab.frame.get_by_title("Save or copy this layer").first.click()
        svgs[label] = save(tab, tmp_path, label).read_text()
        tab.page.keyboard.press("Escape")
    full, bare = svgs.values()
    words = [e.text for e in ET.fromstring(full).iter() if e.tag.endswith("text")]
    titles = [word for word in words if word and word.endswith(", activations, train")]
    in_index = tab.page.evaluate(
        "fetch('data/plugin/activation_hist/index').then(a => a.json())"
        ".then(i => i.series.filter(s => s.kind === 'activations' && s.phase === 'train').length)"
    )
    assert len(titles) == in_index and len(set(titles)) == in_index
    assert words.count(GOOD) == words.count(BAD) == 1
    assert full.count("<image") == bare.count("<image") >= 2 * in_index
    bars = "marks the steps of a finding"
    assert bars in full and bars not in bare
    # The lines are those of the page: white with a dark seam.
    assert 'stroke="#fff"' in full and "#d50000" not in full
    assert words.count("median") == 1
    tab.frame.get_by_title("Save or copy this layer").first.click()
    png = save(tab, tmp_path, "Save all shown layers as PNG")
    width, height = png_size(png)
    assert height <= 16_384 and width > 1000
    tab.page.keyboard.press("Escape")
    tab.page.set_viewport_size({"width": 1400, "height": 860})


def test_names_that_share_both_ends_differ_in_a_picture(
    open_page: Callable[..., Page], tmp_path: Path
) -> None:
    names = [f"experiments/resnet/lr={lr},wd=0.001,batch_size=128/seed=0" for lr in ("0.1", "0.01")]
    for name in names:
        write_run(tmp_path / "logs", name, {"conv1": healthy_values(20, 100)})
    with running_tensorboard(tmp_path, f"--logdir={tmp_path / 'logs'}", env=STRICT) as server:
        server.wait_for_series(2)
        tab = open_tab(open_page(900, 600), server.root, "&p.activation_hist.view=panels")
        for label in ("SVG picture", "Save all shown layers as SVG"):
            svg = ET.fromstring(save(tab, tmp_path, label).read_text())
            words = [e.text or "" for e in svg.iter() if e.tag.endswith("text")]
            heads = [word for word in words if word.startswith("…")]
            assert len(heads) == len(set(heads)) == 2, (label, words)
