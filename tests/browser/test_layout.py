"""Sizes, one layer alone, pins, kinds and types, strips, and what is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import BAD, GOOD, LAYERS, STRICT, new_page
from tests.browser.tab import Tab, open_tab
from tests.plugin.logdirs import healthy_values, write_run
from tests.plugin.tensorboard_process import TensorBoard, running_tensorboard

TYPES = {"conv": "Conv2d", "act": "Tanh", "fc": "Linear"}


@pytest.fixture(scope="module")
def kinds_tab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """One run: activations of three layers in training and evaluation, gradients of one."""
    folder = tmp_path_factory.mktemp("kinds")
    values = {name: healthy_values(60, 400, seed=at) for at, name in enumerate(TYPES)}
    values["act"] = [np.tanh(3 * part) for part in values["act"]]
    for kind, phase, names in (
        ("activations", "train", list(TYPES)),
        ("activations", "eval", ["conv", "fc"]),
        ("gradients", "train", ["conv"]),
    ):
        layers = {name: values[name] for name in names}
        write_run(
            folder / "logs",
            "run",
            layers,
            kind=kind,
            phase=phase,
            types=TYPES,
            suffix=f".{kind}{phase}",
        )
    with running_tensorboard(folder, f"--logdir={folder / 'logs'}", env=STRICT) as server:
        server.wait_for_series(6)
        page = new_page(browser)
        yield open_tab(page, server.root)
        page.context.close()


def names(tab: Tab) -> list[str]:
    return tab.frame.locator(".layer-name").all_text_contents()


def size(part: Locator) -> tuple[float, float]:
    box = part.bounding_box()
    assert box is not None
    return box["width"], box["height"]


def test_panels_are_made_larger_and_smaller(tab: Tab) -> None:
    tab.reset()
    tab.frame.get_by_title("More settings").click()
    panel = tab.frame.locator(".panel").first
    usual = size(panel)
    for label, at in (("Width", 0), ("Height", 1)):
        slider = tab.frame.locator("label.slider").filter(has_text=label).locator("input")
        slider.press("End")
        tab.until(lambda at=at: size(panel)[at], lambda now, at=at: now > 1.5 * usual[at])  # type: ignore[misc]
        slider.dblclick()
        tab.until(lambda: size(panel), lambda now: now == usual)
    heights = []
    for density in ("compact", "normal", "large"):
        tab.choose("Density", density)
        tab.wait_drawn()
        heights.append(size(panel)[1])
    assert heights == sorted(heights) and heights[0] < 0.8 * heights[1] < 0.6 * heights[2]
    tab.page.keyboard.press("Escape")
    tab.frame.get_by_role("complementary", name="Settings").wait_for(state="detached")


def test_one_layer_alone_keeps_the_zoom_and_the_step(tab: Tab) -> None:
    tab.reset("&p.activation_hist.zoomX=~50,100&p.activation_hist.pinned=70.5")
    tab.frame.get_by_role("button", name="Show only layer1, enlarged").click()
    tab.until(lambda: names(tab), lambda shown: shown == ["layer1"])
    tab.until(lambda: size(tab.frame.locator(".panel").first)[1], lambda height: height > 350)
    expect(tab.frame.locator(".slice-title")).to_have_text("step 70")
    tab.page.keyboard.press("Escape")
    tab.until(lambda: names(tab), lambda shown: shown == list(LAYERS))
    tab.until(tab.hash, lambda hash_: "zoomX=~50,100" in hash_ and "full" not in hash_)


def test_layers_are_kept_at_the_top(tab: Tab) -> None:
    tab.reset()
    tab.frame.get_by_title("Keep this layer at the top").nth(2).click()
    tab.until(lambda: names(tab), lambda shown: shown == ["layer2", "conv1", "layer1"])
    tab.until(tab.hash, lambda hash_: hash_.endswith("pinnedLayers=activations/layer2"))
    shadow = "e => getComputedStyle(e).boxShadow"
    tab.until(
        lambda: [row.evaluate(shadow) != "none" for row in tab.frame.locator(".row.layer").all()],
        lambda lines: lines == [False, True, False],
    )
    tab.frame.get_by_title("Unpin this layer").click()
    tab.until(lambda: names(tab), lambda shown: shown == list(LAYERS))


def test_one_run_alone_and_all_again(tab: Tab) -> None:
    tab.reset()
    heads = tab.frame.locator(".run-name")
    heads.nth(1).dblclick()
    tab.until(heads.all_text_contents, lambda shown: shown == [BAD])
    heads.first.dblclick()
    tab.until(heads.all_text_contents, lambda shown: shown == [GOOD, BAD])


def test_step_histograms_stand_in_four_ways(tab: Tab) -> None:
    seen: set[str] = set()
    path = tab.frame.locator(".slice path").first
    for mode in ("", "sliceMode=offset", "sliceMode=cumulative", "sliceLog=1"):
        tab.reset(f"&p.activation_hist.{mode}" if mode else "")
        seen.add(tab.until(lambda: path.get_attribute("d") or "", lambda now: now not in seen))
    assert len(seen) == 4


def test_a_step_is_typed_and_stepped_through(tab: Tab) -> None:
    tab.reset()
    title = tab.frame.locator(".slice-title").first
    field = tab.frame.locator(".slice-head input")
    field.fill("77")
    field.press("Enter")
    tab.until(title.inner_text, lambda text: text == "step 77")
    tab.frame.locator("main").focus()
    for key, step in (("ArrowRight", 78), ("Shift+ArrowLeft", 68), ("Home", 0), ("End", 199)):
        tab.page.keyboard.press(key)
        tab.until(title.inner_text, lambda text, step=step: text == f"step {step}")  # type: ignore[misc]


def test_panels_unlinked_have_the_crosshair_on_their_own_axes(tab: Tab) -> None:
    tab.reset("&p.activation_hist.linked=0")
    tab.drag(tab.point(GOOD, "conv1", 0.2, 0.5), tab.point(GOOD, "conv1", 0.6, 0.5))
    tab.frame.get_by_role("button", name="Reset zoom").wait_for()
    tab.wait_drawn()
    pointer = tab.point(GOOD, "conv1", 0.5, 0.5)
    tab.page.mouse.move(*pointer)
    lines = tab.frame.locator(".cross-x:not(.pin-line)")
    tab.until(
        lambda: [box for line in lines.all() if (box := line.bounding_box()) is not None],
        lambda boxes: len(boxes) == 2 * len(LAYERS),
    )
    tab.wait_drawn()
    shown = [box for line in lines.all() if (box := line.bounding_box()) is not None]
    at = [box["x"] for box in shown if box["y"] <= pointer[1] <= box["y"] + box["height"]]
    assert min(abs(x - pointer[0]) for x in at) < 1.5
    # 40 % of the run is half of the zoomed panel, and 40 % of the one below it.
    below = tab.point(GOOD, "layer1", 0.4, 0.5)
    at = [box["x"] for box in shown if box["y"] <= below[1] <= box["y"] + box["height"]]
    assert min(abs(x - below[0]) for x in at) < 1.5


def test_kinds_phases_and_types_are_chosen(kinds_tab: Tab) -> None:
    tab = kinds_tab
    assert names(tab) == list(TYPES)
    tab.choose("Phase", "eval")
    tab.until(lambda: names(tab), lambda shown: shown == ["conv", "fc"])
    tab.frame.get_by_role("button", name="Gradients").click()
    tab.until(lambda: names(tab), lambda shown: shown == ["conv"])
    tab.reset()
    tab.frame.get_by_title("More settings").click()
    tab.frame.get_by_title("Show Tanh layers").locator("input").uncheck()
    tab.until(lambda: names(tab), lambda shown: shown == ["conv", "fc"])
    tab.frame.get_by_title("Close the settings").click()
    assert tab.problems == []


@pytest.mark.parametrize("strip", ["near_zero", "zero", "saturated", "change", "distance"])
def test_strips_below_are_filled(tab: Tab, strip: str) -> None:
    tab.reset()
    plain = size(tab.frame.locator(".panel").first)[1]
    tab.reset(f"&p.activation_hist.strip={strip}")
    tab.until(lambda: size(tab.frame.locator(".panel").first)[1], lambda now: now > plain)
    unbounded = tab.frame.get_by_role("button", name="cannot saturate")
    expect(unbounded).to_have_count(2 * len(LAYERS) if strip == "saturated" else 0)


def test_only_what_is_on_the_screen_is_asked_for(
    open_page: Callable[..., Page], many_layers: TensorBoard
) -> None:
    page = open_page(1400, 700)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.post_data or ""))
    tab = open_tab(page, many_layers.root, "&p.activation_hist.layout=panels")
    tab.wait_rested()
    early = " ".join(asked)
    assert "stage0.0.conv1" in early and "stage1.4" not in early
    assert tab.frame.locator(".panel").count() < 30
    tab.frame.locator(".scroller").evaluate("e => e.scrollTo(0, e.scrollHeight)")
    tab.until(lambda: "stage1.4.act2" in " ".join(asked), bool)
    tab.wait_drawn()
    assert "stage0.4.conv1" not in " ".join(asked)
