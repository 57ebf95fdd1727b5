"""A shared file, opened from the disk of a machine that is cut off."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tb_activation_hist import read_histograms
from tests.browser.conftest import NOT_NEW
from tests.browser.firefox import Firefox, firefox_path
from tests.browser.tab import Tab, slow_down
from tests.plugin.logdirs import collapsing_values, healthy_values, write_run

STEPS = 150
LAYERS = ("conv1", "layer1", "layer2")
EVIL = "</script><img src=x onerror=alert(1)>"
"""As a name it ends a script and fetches a picture, where it is not escaped."""
NAMES = (
    EVIL,
    "\"'`<!--<script>alert(2)</script>",
    "line\u2028end\u2029\x00\x1b${alert(3)}",
    "__proto__",
    "long." * 800,
)


class Opened:
    """A shared file in a page that may reach nothing; what it tried and said is kept."""

    def __init__(self, browser: Browser, path: Path, drawn: bool = True, **options: Any) -> None:
        self.context = browser.new_context(
            viewport={"width": 1400, "height": 860}, offline=True, **options
        )
        self.context.add_init_script(NOT_NEW)
        self.page = self.context.new_page()
        slow_down(self.page)
        self.requests: list[str] = []
        self.problems: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("dialog", self._dismiss)
        self.page.on("console", self._listen)
        self.page.goto(path.as_uri())
        self.tab = Tab(self.page, self.page.main_frame)
        if drawn:
            self.tab.wait_drawn()

    def _dismiss(self, dialog: Any) -> None:
        self.problems.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _listen(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(message.text)

    def asked_for(self) -> list[str]:
        """All addresses but those of the page itself and of its own downloads."""
        own = ("file:", "blob:", "data:")
        assert sum(url.startswith("file:") for url in self.requests) == 1
        return [url for url in self.requests if not url.startswith(own)]


Open = Callable[..., Opened]


@pytest.fixture
def open_file(browser: Browser) -> Iterator[Open]:
    opened: list[Opened] = []

    def make(path: Path, **options: Any) -> Opened:
        opened.append(Opened(browser, path, **options))
        return opened[-1]

    yield make
    for each in opened:
        assert each.problems == []
        assert each.asked_for() == []
        each.context.close()


@pytest.fixture(scope="module")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shared") / "logs"
    good = {name: healthy_values(STEPS, seed=at) for at, name in enumerate(LAYERS)}
    bad = {name: collapsing_values(STEPS, seed=at) for at, name in enumerate(LAYERS)}
    scalars = {"loss": np.exp(-np.arange(STEPS) / 60)}
    write_run(root, "good", good, scalars=scalars)
    write_run(root, "bad", bad, scalars=scalars)
    return root


@pytest.fixture(scope="module")
def shared(logdir: Path) -> Path:
    return read_histograms(logdir).share(logdir.parent / "page.html")


def test_what_the_page_does_it_does_without_a_server(
    shared: Path, open_file: Open, tmp_path: Path
) -> None:
    opened = open_file(shared)
    page, tab = opened.page, opened.tab
    about = page.locator("#about summary")
    expect(about).to_contain_text("2 runs, 3 series.")
    expect(about).to_contain_text("All counts are exact.")
    # Findings, and what explains one.
    tab.until(
        lambda: page.locator("[popovertarget=findings]").inner_text(),
        lambda text: any(letter in "123456789" for letter in text),
    )
    page.locator("[popovertarget=findings]").click()
    page.locator(".findings .severity").first.click()
    page.locator(".incident .incident-head").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.locator(".incident").wait_for(state="detached")
    tab.wait_drawn()
    # Zoom: a part of the steps, which the address keeps.
    tab.drag(tab.point("good", "conv1", 0.2, 0.5), tab.point("good", "conv1", 0.6, 0.5))
    tab.until(tab.hash, lambda text: "zoomX" in text)
    tab.wait_drawn()
    page.keyboard.press("Escape")
    # Other views.
    page.get_by_role("button", name="Depth", exact=True).click()
    page.locator(".depth canvas").first.wait_for()
    page.get_by_role("button", name="Board", exact=True).click()
    page.locator(".board-row").nth(1).wait_for()
    page.get_by_role("button", name="Panels", exact=True).click()
    tab.wait_drawn()
    page.locator(".minimap .lane").first.wait_for()


def test_saved_counts_are_those_that_were_recorded(
    logdir: Path, shared: Path, open_file: Open, tmp_path: Path
) -> None:
    opened = open_file(shared)
    page = opened.page
    files = {}
    for label in ("CSV of what is shown", "PNG picture", "SVG picture"):
        # Each saved file closes the menu.
        page.get_by_title("Save or copy this layer").first.click()
        page.get_by_text(label).locator("visible=true").first.wait_for()
        assert page.get_by_text("Exact counts of").locator("visible=true").count() == 0
        with page.expect_download() as waiting:
            page.get_by_text(label).locator("visible=true").first.click()
        files[label] = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(files[label])
    assert files["PNG picture"].read_bytes().startswith(b"\x89PNG")
    assert "<svg" in files["SVG picture"].read_text()
    rows = csv.DictReader(io.StringIO(files["CSV of what is shown"].read_text()))
    good = [row for row in rows if row["run"] == "good" and row["first_step"] == "40"]
    counted = sum(int(row["count"]) for row in good if row["lower"] != "zeros")
    series = read_histograms(logdir)["good"]["conv1"]
    at = int(np.flatnonzero(series.steps == 40)[0])
    steps = int(good[0]["last_step"]) - 40 + 1
    assert counted == series.finite[at : at + steps].sum()


def test_hostile_names_are_names(tmp_path: Path, open_file: Open) -> None:
    root = tmp_path / "logs"
    layers = {name: healthy_values(40, seed=at) for at, name in enumerate(NAMES)}
    scalars = {EVIL: np.arange(40.0)}
    write_run(root, "<img src=x onerror=alert(4)>\u2028'\"", layers, scalars=scalars)
    write_run(root, "__proto__", layers)
    path = read_histograms(root).share(tmp_path / "page.html")
    text = path.read_text(encoding="utf-8")
    assert "onerror" not in text
    opened = open_file(path)
    expect(opened.page.locator("body")).to_contain_text("onerror")
    opened.page.keyboard.press("Control+k")
    opened.page.locator(".palette[open] input").wait_for()
    opened.page.keyboard.type("script")
    opened.page.locator(".palette [role=option]").get_by_text("script").first.wait_for()
    assert opened.page.evaluate("document.querySelectorAll('img[src=x], script[src]').length") == 0


def test_the_title_is_escaped(tmp_path: Path, open_file: Open) -> None:
    root = tmp_path / "<b>&amp;\u2028"
    write_run(root, ".", {"conv1": healthy_values(10)})
    path = read_histograms(root)["."].share(tmp_path / "one.html")
    assert open_file(path).page.title() == "Activations"
    whole = read_histograms(root).share(tmp_path / "page.html")
    assert "<b>&amp;" not in whole.read_text(encoding="utf-8")


def test_the_policy_lets_no_other_script_run(
    shared: Path, browser: Browser, tmp_path: Path
) -> None:
    """Somebody who changes the file's scripts gets a page that does not run them."""
    text = shared.read_text(encoding="utf-8")
    evil = tmp_path / "evil.html"
    evil.write_text(
        text.replace("</body>", "<script>document.title = 'evil'</script></body>"),
        encoding="utf-8",
    )
    context = browser.new_context(offline=True)
    page: Page = context.new_page()
    page.goto(evil.as_uri())
    page.locator(".panel canvas, canvas.surface").first.wait_for()
    assert page.title() == "Activations"
    context.close()


def test_a_file_that_is_cut_off_says_so(shared: Path, browser: Browser, tmp_path: Path) -> None:
    text = shared.read_text(encoding="utf-8")
    start = text.index('id="part-page">')
    cut = tmp_path / "cut.html"
    cut.write_text(text[: start + 100] + text[start + 5000 :], encoding="utf-8")
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto(cut.as_uri())
    page.get_by_text("This page could not be opened").wait_for()
    context.close()


def test_a_cell_of_a_notebook_runs_the_page_over_the_picture(
    logdir: Path, browser: Browser, tmp_path: Path
) -> None:
    cell = read_histograms(logdir)["good"]._repr_html_()
    assert len(cell) < 500_000
    notebook = tmp_path / "notebook.html"
    notebook.write_text(f"<!doctype html><meta charset=utf-8>{cell}", encoding="utf-8")
    opened = Opened(browser, notebook, drawn=False)
    frame = opened.page.frame_locator("iframe")
    frame.locator(".panel [role=img][data-painted]").first.wait_for()
    frame.get_by_role("button", name="Depth", exact=True).click()
    frame.locator(".depth canvas").first.wait_for()
    assert opened.problems == []
    assert [url for url in opened.asked_for() if not url.startswith("about:")] == []
    opened.context.close()
    # Where no script runs, the picture shows through the frame, which has nothing of its own.
    notebook.write_text(notebook.read_text(encoding="utf-8").replace("allow-scripts", ""), "utf-8")
    still = Opened(browser, notebook, drawn=False)
    picture = still.page.locator("img[alt=heatmap]").first
    picture.wait_for()
    box = picture.bounding_box()
    assert box is not None and box["width"] > 300
    frame = still.page.frame_locator("iframe")
    assert frame.locator("body").inner_text().strip() == ""
    colours = still.page.screenshot(clip={**box, "width": 300, "height": 200})
    assert len(colours) > 3_000, "a blank frame would lie over the picture"
    still.context.close()


DRAWN = """\
const all = [...document.querySelectorAll(".panel [role=img]")];
return all.length > 0 && all.every((each) => each.dataset.painted);
"""


@pytest.mark.skipif(firefox_path() is None, reason="needs Firefox")
def test_firefox_draws_it_too(shared: Path, tmp_path: Path) -> None:
    firefox = Firefox(firefox_path() or "", tmp_path / "profile")
    try:
        firefox.open(shared.as_uri())
        firefox.wait_for(DRAWN)
        assert "2 runs, 3 series." in firefox.evaluate(
            "return document.getElementById('about').textContent"
        )
        fetched = "return performance.getEntriesByType('resource').map((entry) => entry.name)"
        assert firefox.evaluate(fetched) == []
        firefox.evaluate("document.querySelectorAll('.switch button')[2].click()")
        firefox.wait_for("return document.querySelector('.depth canvas') !== null")
    finally:
        firefox.close()


def test_the_page_in_tensorboard_saves_what_is_shown(
    tab: Tab, open_file: Open, tmp_path: Path
) -> None:
    tab.reset("&p.activation_hist.filter=conv")
    tab.frame.get_by_title("Save or copy this layer").first.click()
    tab.frame.get_by_role("button", name="Share as one file").wait_for()
    tab.page.keyboard.press("Escape")
    tab.page.keyboard.press("Control+k")
    tab.frame.locator(".palette[open] input").wait_for()
    tab.page.keyboard.type("share as one")
    tab.frame.locator(".palette [role=option]").get_by_text("Share as one file").wait_for()
    with tab.page.expect_download() as waiting:
        tab.page.keyboard.press("Enter")
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    assert path.name == "activations.html"
    opened = open_file(path)
    expect(opened.page.locator("#about")).to_contain_text("2 runs, 1 of 3 series.")
    opened.page.keyboard.press("Control+k")
    opened.page.locator(".palette[open] input").wait_for()
    opened.page.keyboard.type("share as one")
    opened.tab.wait_rested()
    assert "Share as one file" not in opened.page.locator("body").inner_text()
