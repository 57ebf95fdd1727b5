"""Our tab in a real TensorBoard page, and what tests do with it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from playwright.sync_api import Frame, Page, Route

T = TypeVar("T")

WAIT_S = 20.0
OURS = "plugin_entry.html?name=activation_hist"


@dataclass
class Tab:
    """The plugin's frame inside of TensorBoard's page."""

    page: Page
    frame: Frame
    problems: list[str] = field(default_factory=list)

    def reset(self, ours: str = "") -> None:
        """Every setting as it was at first, or as given; the pointer elsewhere."""
        self.page.keyboard.press("Escape")
        self.page.mouse.move(2, 2)
        self.page.wait_for_timeout(250)
        self.show_runs(False)
        self.set_hash(ours)
        self.page.wait_for_timeout(100)
        self.wait_drawn()

    def show_runs(self, shown: bool = True) -> None:
        """Opens or closes the list of runs; it stays as it is where there is nothing to choose."""
        button = self.frame.get_by_title("Choose which runs are shown side by side")
        if button.count() == 1 and (button.get_attribute("aria-pressed") == "true") != shown:
            button.click()
            self.frame.locator(".runs-list" if shown else "body:not(:has(.runs))").wait_for()

    def set_hash(self, ours: str) -> None:
        """Settings as a shared link has them; what is not named is as at first."""
        self.page.evaluate("hash => { location.hash = hash; }", f"#activation_hist{ours}")

    def hash(self) -> str:
        return str(self.page.evaluate("decodeURIComponent(location.hash)"))

    def wait_drawn(self) -> None:
        """Until no heatmap waits for data, and what stands beside them is there too."""
        self.until(
            lambda: self.frame.evaluate(
                "() => { const all = [...document.querySelectorAll('.panel [role=img]')];"
                " return all.length > 0 && all.every(c => c.dataset.painted); }"
            ),
            lambda drawn: bool(drawn),
        )
        # That is rendered two frames after the first pictures.
        self.frame.evaluate(
            "async () => { for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame); }"
        )

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
            return Tab(page, frame, problems)
        assert time.monotonic() < deadline, [frame.url for frame in page.frames]
        page.wait_for_timeout(50)


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
