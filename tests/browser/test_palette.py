"""The command palette, and what can be copied from the crosshair."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import BAD, GOOD, LAYERS, STEPS
from tests.browser.tab import Tab


def open_palette(tab: Tab, letters: str = "") -> Locator:
    """The options found for some letters."""
    tab.page.keyboard.press("Control+k")
    tab.frame.locator(".palette[open] input").wait_for()
    tab.page.keyboard.type(letters)
    return tab.frame.locator(".palette [role=option]")


def names(options: Locator) -> list[str]:
    return [text.split("\n")[0] for text in options.all_inner_texts()]


def test_a_command_is_found_by_letters_and_run_by_enter(tab: Tab) -> None:
    tab.reset()
    tab.frame.locator("main").focus()
    options = open_palette(tab, "map mag")
    tab.until(lambda: names(options), lambda found: found[:1] == ["Colour map: magma"])
    field = tab.frame.locator(".palette input")
    expect(field).to_have_attribute(
        "aria-activedescendant", options.first.get_attribute("id") or ""
    )
    expect(options.first).to_have_attribute("aria-selected", "true")
    tab.page.keyboard.press("Enter")
    tab.frame.locator(".palette[open]").wait_for(state="detached")
    tab.until(tab.hash, lambda hash_: ".colormap=magma" in hash_)
    expect(tab.frame.locator("main")).to_be_focused()


def test_nothing_in_common_is_offered_while_panels_are_not_linked(tab: Tab) -> None:
    for hash_, offered in (("", True), ("&p.activation_hist.linked=0", False)):
        tab.reset(hash_)
        options = open_palette(tab, "same axis")
        tab.until(options.count, lambda count, offered=offered: (count > 0) is offered)
        tab.page.keyboard.press("Escape")
        tab.frame.locator(".palette[open]").wait_for(state="detached")


def test_arrows_choose_and_escape_gives_the_focus_back(tab: Tab) -> None:
    tab.reset()
    button = tab.frame.get_by_role("button", name="Commands, layers and findings")
    button.focus()
    button.press("Enter")
    options = tab.frame.locator(".palette [role=option]")
    tab.until(options.count, lambda count: count > 20)
    tab.page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    tab.page.keyboard.press("ArrowUp")
    tab.page.keyboard.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    tab.page.keyboard.press("Escape")
    tab.frame.locator(".palette[open]").wait_for(state="detached")
    expect(button).to_be_focused()
    tab.wait_written()
    assert tab.hash() == "#activation_hist"


def test_layers_are_gone_to(tab: Tab) -> None:
    tab.reset("&p.activation_hist.layout=strips&p.activation_hist.filter=conv")
    options = open_palette(tab, LAYERS[-1][-2:])
    options.get_by_text(f"Go to {LAYERS[-1]}", exact=True).click()
    # The filter that hid it is taken off, and it is open.
    tab.frame.locator(f'.panel[aria-label="{LAYERS[-1]}, {GOOD}"]:not(.strip)').wait_for()


def test_nothing_found_is_said(tab: Tab) -> None:
    tab.reset()
    options = open_palette(tab, "qqqq")
    tab.frame.get_by_text("Nothing matches these letters").wait_for()
    assert options.count() == 0
    tab.page.keyboard.press("Enter")
    assert tab.frame.locator(".palette[open]").count() == 1
    tab.page.keyboard.press("Escape")


@pytest.mark.parametrize(
    ("letters", "said"),
    [
        ("copy link", "Copied."),
        ("settings", None),
        ("fold all", None),
        ("values stored", ".valueScale=native"),
        ("rows 32", ".heatmapRows=32"),
        ("empty", ".emptyColoured=1"),
        ("align epoch time", ".time=epoch"),
        ("layers as columns", ".transposed=1"),
        ("axis everything", ".axisScope=all"),
        ("all values", ".range=full"),
    ],
)
def test_commands_do_what_their_controls_do(tab: Tab, letters: str, said: str | None) -> None:
    tab.reset()
    options = open_palette(tab, letters.removeprefix("align "))
    tab.until(options.count, lambda count: count > 0)
    tab.page.keyboard.press("Enter")
    if said is None and letters == "settings":
        tab.frame.get_by_role("button", name="Close the settings").click()
    elif said == "Copied.":
        tab.frame.locator(".said").get_by_text(said).wait_for()
    elif said is not None:
        tab.until(tab.hash, lambda hash_: said in hash_)


def test_a_table_is_closed_by_escape_and_keeps_the_keys(tab: Tab) -> None:
    tab.reset()
    zoomed = "&p.activation_hist.zoomX=~50,100"
    tab.set_hash(zoomed)
    open_palette(tab, "table of")
    tab.page.keyboard.press("Enter")
    table = tab.frame.locator(".table-dialog[open]")
    table.wait_for()
    caption = tab.frame.locator(".table-dialog caption").first
    tab.until(caption.inner_text, lambda text: text.startswith(GOOD))
    for key in ("0", "ArrowLeft", "l", "Escape"):
        tab.page.keyboard.press(key)
    table.wait_for(state="detached")
    tab.wait_written()
    assert tab.hash() == f"#activation_hist{zoomed}"


@pytest.mark.parametrize("way", ["key", "palette"])
def test_the_cell_is_copied_as_a_table(tab: Tab, way: str) -> None:
    tab.reset()
    tab.page.mouse.move(*tab.point(GOOD, "conv1", 0.5025, 0.5))
    tab.frame.locator(".tooltip").wait_for()
    tab.page.evaluate("navigator.clipboard.writeText('')")
    if way == "key":
        tab.page.keyboard.press("Shift+C")
    else:
        open_palette(tab, "tsv")
        tab.page.keyboard.press("Enter")
    tab.frame.locator(".said").get_by_text("Copied.").wait_for()
    copied = tab.until(lambda: clipboard(tab), lambda text: "\t" in text)
    head, *rows = (line.split("\t") for line in copied.splitlines())
    cells = [dict(zip(head, row, strict=True)) for row in rows]
    assert [cell["run"] for cell in cells] == [GOOD, BAD]
    for cell in cells:
        assert cell["layer"] == "conv1" and int(cell["first_step"]) == STEPS // 2
        assert float(cell["from"]) < float(cell["to"])
        assert abs(float(cell["share"]) - float(cell["count"]) / float(cell["of"])) < 1e-9


def test_the_readout_is_copied_as_sentences(tab: Tab) -> None:
    tab.reset()
    tab.page.mouse.move(*tab.point(GOOD, "conv1", 0.5025, 0.5))
    tab.frame.locator(".tooltip").wait_for()
    tab.page.keyboard.press("c")
    lines = tab.until(
        lambda: clipboard(tab).splitlines(), lambda lines: ", step " in " ".join(lines[:1])
    )
    assert len(lines) == 2 and f"{GOOD}, conv1, step {STEPS // 2}" in lines[0]


def clipboard(tab: Tab) -> str:
    return str(tab.page.evaluate("navigator.clipboard.readText()"))
