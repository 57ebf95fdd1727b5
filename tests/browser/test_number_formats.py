"""A number format on the page: its limits, and the share of values that a cast to it loses."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tb_activation_hist.core.number_formats import NumberFormat
from tests.browser.conftest import BAD, GOOD, STEPS
from tests.browser.tab import Tab
from tests.plugin.logdirs import collapsing_values, healthy_values
from tests.series import values_to_series

STRIP_INK = "lost in"
CHOSEN = "&p.activation_hist.numberFormat={}&p.activation_hist.strip=lost"
SCALE = "&p.activation_hist.formatScale={}"


def strip_tooltip(tab: Tab, run: str, layer: str, x: float) -> str:
    """With the pointer in the strip, which ends where the plot does."""
    plot = tab.frame.locator(tab.panel(run, layer)).bounding_box()
    assert plot is not None
    tab.page.mouse.move(plot["x"] + x * plot["width"], plot["y"] + plot["height"] - 5)
    tip = tab.frame.locator(".tooltip")
    tip.get_by_text(STRIP_INK).first.wait_for()
    tab.wait_rested()
    return tip.inner_text()


def test_the_control_brings_lines_and_the_strip(tab: Tab) -> None:
    tab.reset("&p.activation_hist.valueScale=symlog")
    before = tab.pixels(GOOD, "conv1")["colours"]
    tab.frame.get_by_title("More settings").click()
    tab.choose("Number format", "e4m3")
    tab.until(lambda: tab.chosen("Strip below"), lambda chosen: chosen == "lost")
    tab.frame.get_by_title("Close the settings").click()
    tab.until(lambda: tab.pixels(GOOD, "conv1")["colours"] != before, bool)
    tab.until(tab.hash, lambda hash_: "numberFormat=e4m3" in hash_)
    tab.wait_drawn()
    assert "share lost in e4m3. Full height: 100 %" in strip_tooltip(tab, GOOD, "conv1", 0.5)
    tab.frame.locator("[title*='too large beyond ±464 (solid)']").first.wait_for()
    tab.frame.get_by_title("More settings").click()
    tab.choose("Number format", "off")
    tab.until(lambda: tab.chosen("Strip below"), lambda chosen: chosen == "none")
    tab.frame.get_by_title("Close the settings").click()
    assert tab.problems == []


@pytest.mark.parametrize(("number_format", "exponent"), [("e4m3", -8), ("fp16", 12), ("e5m2", 0)])
def test_the_strip_tells_what_the_reader_tells(
    tab: Tab, number_format: NumberFormat, exponent: int
) -> None:
    tab.reset(CHOSEN.format(number_format) + SCALE.format(exponent))
    at = int(0.2 * STEPS)
    for run, records in ((GOOD, healthy_values(STEPS)), (BAD, collapsing_values(STEPS))):
        loss = values_to_series([records[at]]).format_loss(number_format, 2.0**exponent)
        text = strip_tooltip(tab, run, "conv1", (at + 0.5) / STEPS)
        (cell,) = [row.split("\t")[3] for row in text.splitlines() if row.startswith(f"\t{run}")]
        told = [float(share) for share in re.findall(r"([\d.]+) %", cell)]
        wanted = (loss.lost[0], loss.underflow[0], loss.overflow[0])
        np.testing.assert_allclose(told[:3], np.multiply(100, wanted), atol=0.06)
