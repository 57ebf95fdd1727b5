"""The timeline over the page: what it shows, zooming by brush and by typing, playing."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import BAD, GOOD, STEPS
from tests.browser.tab import Tab, open_tab
from tests.plugin.tensorboard_process import TensorBoard


def on_lane(tab: Tab, share: float, y_px: float = 30) -> tuple[float, float]:
    box = tab.frame.locator(".lane").bounding_box()
    assert box is not None
    return box["x"] + share * box["width"], box["y"] + y_px


def zoomed(tab: Tab) -> tuple[float, float]:
    """The zoom on the steps; all of them without one."""
    found = re.search(r"zoomX=~([\d.]+),([\d.]+)", tab.hash())
    return (float(found[1]), float(found[2])) if found else (0, STEPS)


def pinned(tab: Tab) -> float | None:
    found = re.search(r"pinned=([\d.]+)", tab.hash())
    return float(found[1]) if found else None


def type_range(tab: Tab, text: str) -> None:
    field = tab.frame.get_by_label("steps", exact=True)
    field.fill(text)
    field.press("Enter")


def test_a_drag_over_the_lane_zooms_and_a_double_click_shows_all(tab: Tab) -> None:
    tab.reset()
    tab.drag(on_lane(tab, 0.25), on_lane(tab, 0.5))
    tab.until(lambda: zoomed(tab), lambda ends: abs(ends[0] - 50) < 1 and abs(ends[1] - 100) < 1)
    field = tab.frame.get_by_label("steps", exact=True)
    tab.until(
        lambda: [int(step) for step in field.input_value().split("–")],
        lambda ends: abs(ends[0] - 50) <= 1 and abs(ends[-1] - 99) <= 1,
    )
    # Inside of what is shown, a drag moves it; outside, it shows another part.
    tab.drag(on_lane(tab, 0.4), on_lane(tab, 0.5))
    tab.until(lambda: zoomed(tab), lambda ends: abs(ends[0] - 70) < 2 and abs(ends[1] - 120) < 2)
    tab.drag(on_lane(tab, 0.9), on_lane(tab, 0.7))
    tab.until(lambda: zoomed(tab), lambda ends: abs(ends[0] - 140) < 2 and abs(ends[1] - 180) < 2)
    tab.page.mouse.dblclick(*on_lane(tab, 0.3))
    tab.until(lambda: zoomed(tab), lambda ends: ends == (0, STEPS))
    tab.wait_written()
    assert pinned(tab) is None


def test_escape_gives_a_drag_up_and_a_click_pins(tab: Tab) -> None:
    tab.reset()
    tab.page.mouse.move(*on_lane(tab, 0.3))
    tab.page.mouse.down()
    tab.page.mouse.move(*on_lane(tab, 0.6), steps=4)
    tab.frame.locator(".lane .brush").wait_for()
    tab.page.keyboard.press("Escape")
    tab.page.mouse.up()
    expect(tab.frame.locator(".lane .brush")).to_have_count(0)
    tab.page.mouse.click(*on_lane(tab, 0.5))
    tab.until(lambda: pinned(tab), lambda unit: unit is not None and abs(unit - STEPS / 2) < 1)
    tab.wait_written()
    assert zoomed(tab) == (0, STEPS)


def test_a_drag_over_a_time_axis_zooms(tab: Tab) -> None:
    tab.reset()
    axis = tab.frame.locator(".head-axis").first.bounding_box()
    assert axis is not None
    y = axis["y"] + axis["height"] / 2
    tab.drag((axis["x"] + axis["width"] / 4, y), (axis["x"] + axis["width"] / 2, y))
    tab.until(lambda: zoomed(tab), lambda ends: abs(ends[0] - 50) < 2 and abs(ends[1] - 100) < 2)
    expect(tab.frame.locator(".head-axis .brush")).to_have_count(0)


def test_a_drag_over_an_axis_of_a_panel_zooms_that_axis(tab: Tab) -> None:
    tab.reset("&p.activation_hist.layout=panels")
    panel = tab.frame.locator(".panel:not(.strip)").first
    plot = panel.locator(".plot").bounding_box()
    assert plot is not None
    y = plot["y"] + plot["height"] + 8
    tab.drag((plot["x"] + plot["width"] / 4, y), (plot["x"] + plot["width"] / 2, y))
    tab.until(lambda: zoomed(tab), lambda ends: abs(ends[0] - 50) < 2 and abs(ends[1] - 100) < 2)
    tab.wait_written()
    assert "zoomY" not in tab.hash()
    tab.wait_drawn()
    heat = panel.locator(".heat").bounding_box()
    assert heat is not None
    before = tab.axis_ticks("y")
    x = heat["x"] - 20
    tab.drag((x, heat["y"] + 0.75 * heat["height"]), (x, heat["y"] + 0.25 * heat["height"]))
    tab.until(tab.hash, lambda text: "zoomY" in text)
    assert abs(zoomed(tab)[0] - 50) < 2, "the steps stay as they were"
    tab.until(lambda: tab.axis_ticks("y"), lambda ticks: ticks != before)
    expect(tab.frame.locator(".axes .brush, .panel > .brush")).to_have_count(0)


def test_a_range_of_steps_is_typed(tab: Tab) -> None:
    tab.reset()
    field = tab.frame.get_by_label("steps", exact=True)
    for text, ends, shown in (
        ("100-150", (100, 151), "100–150"),
        ("100 – 150", (100, 151), "100–150"),
        ("-50", (0, 51), "0–50"),
        ("150:", (150, 200), "150–199"),
    ):
        type_range(tab, text)
        tab.until(lambda: zoomed(tab), lambda now, ends=ends: now == ends)
        expect(field).to_have_value(shown)
        tab.until(tab.tick_labels, lambda labels, shown=shown: f"{labels[0]}–{labels[-1]}" == shown)  # type: ignore[misc]
    type_range(tab, "120")
    tab.until(lambda: zoomed(tab), lambda now: now[0] >= 119 and now[1] <= 122)
    tab.until(lambda: pinned(tab), lambda unit: unit == 120.5)
    for wrong, said in (("abc", "“abc”"), ("150-100", "100-150"), ("900-950", "from 0 to 199")):
        before = zoomed(tab)
        type_range(tab, wrong)
        tab.frame.get_by_role("status").get_by_text(said).wait_for()
        expect(field).to_have_attribute("aria-invalid", "true")
        tab.wait_written()
        assert zoomed(tab) == before
    type_range(tab, "")
    tab.until(lambda: zoomed(tab), lambda now: now == (0, STEPS))


def test_what_was_wrong_with_a_range_goes_when_a_right_one_is_typed(tab: Tab) -> None:
    tab.reset()
    field = tab.frame.get_by_label("steps", exact=True)
    said = tab.frame.locator(".said")
    field.fill("9-3")
    field.press("Enter")
    expect(said).not_to_be_empty()
    field.fill("3-9")
    field.press("Enter")
    assert said.inner_text() == ""


def test_a_range_is_typed_in_steps_on_other_axes_too(tab: Tab) -> None:
    tab.reset("&p.activation_hist.time=relative")
    type_range(tab, "100-150")
    tab.until(lambda: zoomed(tab), lambda now: now == (100, 151))
    expect(tab.frame.get_by_label("steps", exact=True)).to_have_value("100–150")
    tab.set_hash("&p.activation_hist.time=epoch")
    tab.wait_drawn()
    type_range(tab, "100-150")
    tab.until(lambda: zoomed(tab), lambda now: abs(now[0] - 1) + abs(now[1] - 1.51) < 1e-5)


def test_playing_moves_the_pin_to_the_end_and_stops(tab: Tab) -> None:
    tab.reset("&p.activation_hist.zoomX=~50,60")
    tab.frame.get_by_role("button", name="Play the steps").click()
    stop = tab.frame.get_by_role("button", name="Stop playing")
    stop.wait_for()
    tab.until(lambda: pinned(tab), lambda unit: unit is not None and 50 < unit < 60)
    stop.wait_for(state="detached")
    tab.until(lambda: pinned(tab), lambda unit: unit == 59.5)
    # The whole run, by its key; again stops it where it is.
    tab.set_hash("")
    tab.page.mouse.move(2, 2)
    tab.frame.locator("main").focus()
    tab.page.keyboard.press("p")
    stop.wait_for()
    tab.page.keyboard.press(" ")
    stop.wait_for(state="detached")
    tab.wait_written()
    rests = tab.until(lambda: pinned(tab), lambda unit: unit is not None)
    tab.wait_written()
    assert pinned(tab) == rests


def test_the_lane_tells_of_loss_changes_and_findings(tab: Tab) -> None:
    tab.reset()
    picture = tab.frame.locator(".lane [role=img]")
    tab.until(
        lambda: picture.get_attribute("aria-label") or "",
        lambda text: "no finding" not in text and f"loss of {GOOD} from 1 to 0.0363" in text,
    )
    colours = """canvas => { const { width, height } = canvas;
      const all = canvas.getContext('2d').getImageData(0, Math.round(height * 0.7), width, 4).data;
      return new Set(new Uint32Array(all.buffer)).size; }"""
    tab.until(lambda: picture.evaluate(colours), lambda count: count > 8)
    tab.page.mouse.move(*on_lane(tab, 0.25))
    tip = tab.frame.locator(".lane-tip")
    tab.until(
        tip.inner_text,
        lambda text: (
            text.startswith("step 50") and "most change" in text and "loss 0.435 · lr 0.01" in text
        ),
    )
    mark = tab.frame.locator(".lane-finding").first
    expect(mark).to_have_attribute("title", re.compile(BAD))
    mark.click(position={"x": 12, "y": 6})
    tab.until(lambda: pinned(tab), lambda unit: unit is not None)


def test_a_run_that_ended_is_not_called_live(tab: Tab) -> None:
    tab.reset()
    expect(tab.frame.get_by_text("ended")).to_be_visible()
    assert tab.frame.get_by_text("live", exact=True).count() == 0
    type_range(tab, "100-150")
    tab.frame.get_by_role("button", name="Reset zoom").get_by_text("Reset zoom").wait_for()
    tab.wait_drawn()
    expect(tab.frame.get_by_text("ended")).to_be_visible()


def test_the_timeline_fits_a_phone_and_its_targets_a_finger(
    open_page: Callable[..., Page], two_runs: TensorBoard
) -> None:
    tab = open_tab(open_page(390, 800), two_runs.root, f"&p.activation_hist.runs={GOOD}")
    tab.frame.get_by_label("steps", exact=True).wait_for()
    for part in (".minimap .handle", ".minimap-tools button", ".range-field"):
        for element in tab.frame.locator(part).all():
            box = element.bounding_box()
            assert box is not None and min(box["width"], box["height"]) >= 24, part
    lane = tab.frame.locator(".lane").bounding_box()
    assert lane is not None and lane["x"] >= 0 and lane["x"] + lane["width"] <= 390
    type_range(tab, "100-150")
    tab.until(lambda: zoomed(tab), lambda now: now == (100, 151))


def test_the_range_of_steps_is_readable_at_200_percent(
    open_page: Callable[..., Page], two_runs: TensorBoard
) -> None:
    zoomed_in = "&p.activation_hist.view=panels&p.activation_hist.zoomX=~110,140"
    tab = open_tab(open_page(720, 450), two_runs.root, zoomed_in)
    field = tab.frame.get_by_label("steps", exact=True)
    expect(field).to_have_value("110–139")
    assert field.evaluate("e => e.scrollWidth <= e.clientWidth")
