"""Our tab in a real TensorBoard page, and what tests do with it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from playwright.sync_api import Frame, Page, Request, Route, expect

T = TypeVar("T")

WAIT_S = 60.0
"""A machine with other work takes this long for anything, at most."""
SLOWDOWN = int(os.environ.get("SLOWDOWN", "1"))
"""How many times slower the page computes. Above 1 the server's answers come late too (strict/)."""
OURS = "plugin_entry.html?name=activation_hist"
PLUGINS = "/data/plugin/"

expect.set_options(timeout=1000 * WAIT_S)

WRITTEN_MS = 170
"""The page writes what was chosen to the address, and looks up the record under a pointer at rest,
within this time of its own clock."""

RESTS = """async () => {
  // Frames, since a slow machine draws fewer of them. Whatever is drawn changes an attribute too.
  let quiet = 0;
  const noticed = new MutationObserver(() => { quiet = 0; });
  const all = { subtree: true, childList: true, attributes: true, characterData: true };
  noticed.observe(document, all);
  const fades = () => document.getAnimations().some(each =>
    each.playState === 'running' && each.effect.getComputedTiming().endTime < Infinity);
  for (let frames = 0; quiet < 5 && frames < 300; frames++) {
    await new Promise(requestAnimationFrame);
    quiet = fades() ? 0 : quiet + 1;
  }
  noticed.disconnect();
  const heats = [...document.querySelectorAll('.panel [role=img]')];
  return heats.length > 0 && heats.every(heat => heat.dataset.painted);
}"""
"""Waits until some frames have changed nothing; whether heatmaps are there, all drawn."""

GO = """hash => new Promise(done => {
  const before = location.hash;
  // Whoever listened earlier hears of it earlier: our page has read the address.
  addEventListener('hashchange', () => done(), { once: true });
  location.hash = hash;
  if (location.hash === before) done();
})"""


@dataclass
class Tab:
    """The plugin's frame inside of TensorBoard's page."""

    page: Page
    frame: Frame
    problems: list[str] = field(default_factory=list)
    unanswered: set[Request] = field(default_factory=set)

    def reset(self, ours: str = "") -> None:
        """Every setting as it was at first, or as given; the pointer elsewhere."""
        self.page.keyboard.press("Escape")
        self.page.mouse.move(2, 2)
        self.wait_still()
        self.show_runs(False)
        self.set_hash(ours)
        self.wait_drawn()

    def show_runs(self, shown: bool = True) -> None:
        """Opens or closes the list of runs; it stays as it is where there is nothing to choose."""
        button = self.frame.get_by_title("Choose which runs are shown side by side")
        if button.count() == 1 and (button.get_attribute("aria-pressed") == "true") != shown:
            button.click()
            self.frame.locator(".runs-list" if shown else "body:not(:has(.runs))").wait_for()

    def set_hash(self, ours: str) -> None:
        """Settings as a shared link has them; what is not named is as at first."""
        # What the page has still to write would take the place of what is set here.
        self.wait_written()
        self.page.evaluate(GO, f"#activation_hist{ours}")

    def hash(self) -> str:
        return str(self.page.evaluate("decodeURIComponent(location.hash)"))

    def wait_written(self) -> None:
        """Until the address has what was chosen, and does not change any more."""
        self.frame.evaluate("ms => new Promise(done => setTimeout(done, ms))", WRITTEN_MS)

    def wait_rested(self) -> None:
        """Until what the page does when the pointer rests is done too."""
        self.wait_written()
        self.wait_answered()

    def wait_drawn(self, answered: bool = True) -> None:
        """Until all heatmaps are drawn and nothing changes any more.

        answered: and until nothing is asked for.
        """
        self.until(lambda: self.frame.evaluate(RESTS) and not (answered and self.unanswered), bool)

    def wait_answered(self) -> None:
        """Until nothing changes any more and nothing is asked for, whatever is shown."""
        self.until(lambda: self.frame.evaluate(RESTS) is not None and not self.unanswered, bool)

    def wait_still(self) -> None:
        """Until nothing changes any more, whatever is shown and asked for."""
        self.frame.evaluate(RESTS)

    def until(self, read: Callable[[], T], wanted: Callable[[T], bool]) -> T:
        """What `read` gives as soon as it is `wanted`."""
        deadline = time.monotonic() + WAIT_S
        while True:
            value = read()
            if wanted(value):
                return value
            assert time.monotonic() < deadline, value
            self.page.wait_for_timeout(50)

    def panel(self, run: str, layer: str) -> str:
        """Selector of a panel's plot; the panel's id is the run and the tag."""
        return f'.panel[aria-label="{layer}, {run}"] .plot'

    def point(self, run: str, layer: str, x: float, y: float) -> tuple[float, float]:
        """Page coordinates of a place in a heatmap, as shares from its top left corner."""
        heat = self.frame.locator(f"{self.panel(run, layer)} .heat").bounding_box()
        assert heat is not None
        return heat["x"] + x * heat["width"], heat["y"] + y * heat["height"]

    def drag(self, start: tuple[float, float], end: tuple[float, float], key: str = "") -> None:
        if key:
            self.page.keyboard.down(key)
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move(*end, steps=4)
        self.page.mouse.up()
        if key:
            self.page.keyboard.up(key)

    def pixels(self, run: str, layer: str, shares: bool = False) -> dict[str, Any]:
        """Width, height and colours (one number each) of a heatmap as drawn, top row first.

        shares: of the strip above the time axis instead.
        """
        found = self.frame.evaluate(
            """([selector, shares]) => {
              const element = document.querySelector(selector);
              const heat = element.getBoundingClientRect();
              if (shares) {
                const axes = element.closest('.panel').querySelector('.axes');
                [heat.y, heat.height] = [axes.getBoundingClientRect().bottom - 13, 12];
              }
              for (const canvas of document.querySelectorAll('canvas.surface')) {
                const box = canvas.getBoundingClientRect();
                const inside = heat.left >= box.left && heat.right <= box.right
                  && heat.top >= box.top && heat.bottom <= box.bottom;
                if (!inside) continue;
                const ratio = canvas.width / box.width;
                const [left, top, width, height] = [heat.left - box.left, heat.top - box.top,
                  heat.width, heat.height].map(size => Math.round(size * ratio));
                const { data } = canvas.getContext('2d').getImageData(left, top, width, height);
                const colours = [];
                for (let i = 0; i < data.length; i += 4)
                  colours.push((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
                return { width, height, colours };
              }
            }""",
            [f"{self.panel(run, layer)} [role=img]", shares],
        )
        return dict(found)

    def choose(self, label: str, value: str) -> None:
        """Sets a named choice of the toolbar or the settings pane."""
        field = self.frame.locator("label.field").filter(
            has=self.frame.locator(f".field-name:text-is('{label}')")
        )
        field.locator("select").first.select_option(value)

    def chosen(self, label: str) -> str:
        field = self.frame.locator("label.field").filter(
            has=self.frame.locator(f".field-name:text-is('{label}')")
        )
        return field.locator("select").first.input_value()

    def axis_ticks(self, axis: str, index: int = 0) -> list[Any]:
        """Place and label [x, y, label] of the ticks of a panel's "x" or "y" axis, once drawn."""
        axes = self.frame.locator(".panel > .axes").nth(index)
        read = f"e => JSON.parse(e.dataset.{axis}Ticks ?? '[]')"
        return list(self.until(lambda: axes.evaluate(read), lambda ticks: len(ticks) > 0))

    def tick_labels(self, index: int = 0) -> list[str]:
        """Numbers on the time axis of a run's head."""
        return list(self.frame.locator(".head-axis").nth(index).locator("text").all_text_contents())


def open_tab(page: Page, root: str, ours: str = "", dark: bool = False) -> Tab:
    """Opens TensorBoard at our tab and waits for the heatmaps."""
    tab = open_frame(page, root, ours, dark)
    tab.wait_drawn()
    return tab


def open_frame(page: Page, root: str, ours: str = "", dark: bool = False) -> Tab:
    """Opens TensorBoard at our tab; collects every error that the page reports."""
    slow_down(page)
    unanswered: set[Request] = set()
    page.on("request", lambda request: unanswered.add(request) if PLUGINS in request.url else None)
    page.on("requestfinished", lambda request: unanswered.discard(request))
    page.on("requestfailed", lambda request: unanswered.discard(request))
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console",
        lambda message: (
            problems.append(f"{message.text} {message.location['url']}")
            if message.type == "error"
            else None
        ),
    )
    page.goto(f"{root}{'?darkMode=true' if dark else ''}#activation_hist{ours}")
    deadline = time.monotonic() + WAIT_S
    while True:
        frame = next((frame for frame in page.frames if OURS in frame.url), None)
        if frame is not None and frame.evaluate("document.getElementById('root') !== null"):
            return Tab(page, frame, problems, unanswered)
        assert time.monotonic() < deadline, [frame.url for frame in page.frames]
        page.wait_for_timeout(50)


def slow_down(page: Page) -> None:
    """Lets races show: what is asserted without waiting has not happened yet."""
    if SLOWDOWN > 1:
        session = page.context.new_cdp_session(page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})


def fail_requests(page: Page, pattern: str, reason: str) -> Callable[[], None]:
    """Lets requests fail with status 500 and a reason, until what is returned is called."""
    failing = {"on": True}

    def answer(route: Route) -> None:
        if failing["on"]:
            route.fulfill(status=500, content_type="text/plain", body=reason)
        else:
            route.continue_()

    page.route(pattern, answer)

    def recover() -> None:
        failing["on"] = False

    return recover


def overflow(tab: Tab) -> float:
    """How far parts of the toolbar lie beyond its right end."""
    return float(
        tab.frame.evaluate(
            "() => { const bar = document.querySelector('.toolbar');"
            " return bar.scrollWidth - bar.clientWidth; }"
        )
    )


class HeldRequests:
    """Requests that get no answer before `release`."""

    def __init__(self, page: Page, pattern: str) -> None:
        self._held: list[Route] | None = []
        page.route(pattern, self._hold)

    def _hold(self, route: Route) -> None:
        if self._held is None:
            route.continue_()
        else:
            self._held.append(route)

    def release(self) -> None:
        held, self._held = self._held or [], None
        for route in held:
            route.continue_()
