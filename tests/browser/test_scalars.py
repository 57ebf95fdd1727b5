"""The scalars above the panels: smoothing."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import GOOD
from tests.browser.tab import Tab

BOTH = "&p.activation_hist.scalars=loss,lr"


def lines(tab: Tab, tag: str) -> list[list[float]]:
    """Heights in CSS px from the top, of each line of a scalar of the first run."""
    chart = tab.frame.locator(f'.scalar svg[aria-label^="{tag} of {GOOD}"] path')
    paths = chart.evaluate_all("all => all.map(path => path.getAttribute('d'))")
    return [[float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", path)] for path in paths]


def test_the_loss_is_smoothed_over_the_pale_line_of_what_was_logged(tab: Tab) -> None:
    tab.reset(BOTH)
    raw, smooth = tab.until(lambda: lines(tab, "loss"), lambda found: len(found) == 2)
    assert len(raw) == len(smooth)
    # An average of a loss that falls lies above it, and begins where it begins.
    assert abs(smooth[0] - raw[0]) < 0.2
    assert all(average <= logged for average, logged in zip(smooth[1:], raw[1:], strict=True))
    assert raw[20] - smooth[20] > 0.3
    # Learning rates are a plan, and no measurement.
    tab.until(lambda: lines(tab, "lr"), lambda found: len(found) == 1)


def test_how_much_is_chosen_on_a_slider_and_kept_in_the_address(tab: Tab) -> None:
    tab.reset(BOTH)
    tab.frame.get_by_role("button", name="More settings").click()
    slider = tab.frame.get_by_role("slider", name="Smoothing of scalars")
    expect(slider).to_have_attribute("aria-valuetext", "0.60")
    slider.focus()
    tab.page.keyboard.press("Home")
    tab.until(lambda: lines(tab, "loss"), lambda found: len(found) == 1)
    tab.until(tab.hash, lambda text: "smoothing=0" in text)
    tab.frame.get_by_title("Reset smoothing of scalars").click()
    tab.until(lambda: lines(tab, "loss"), lambda found: len(found) == 2)
    tab.page.keyboard.press("Escape")
