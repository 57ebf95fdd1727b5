"""Times the page in real TensorBoard and Chromium, beside TensorBoard's own Histograms tab.

    python -m bench.page                   50 layers, 4 runs, 1,000 records
    python -m bench.page --large           500 layers, 8 runs, 2,000 records
    python -m bench.page --long            1 layer, 1 run, 100,000 records

Openings are timed from the click's own event to the frame after which all panels in sight are
drawn. Script times are those of the main thread; frames are counted by requestAnimationFrame.
"""

from __future__ import annotations

import argparse
import math
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Frame, Page

from bench import page_scripts
from bench.browser import PANELS, STRIPS, chromium, click_on_tab, line, new_page, opened
from bench.page_gestures import measure_brush, measure_incident
from bench.server import SIZES, VARIANTS, Size, resident_mib, write_logdir
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.storage.codec import encode_block
from tests.plugin.logdirs import (
    RunFile,
    drifting_series,
    later,
)
from tests.plugin.tensorboard_process import TensorBoard, running_tensorboard

OPENINGS = 11
"""Fresh page loads; the first one, with a cold server, is reported apart."""

NEW_RECORDS = 20
GROWTHS = 7


def click_to_drawn(browser: Browser, root: str, ours: str, wanted: int) -> tuple[float, int]:
    """Milliseconds from the click on the tab to all panels in sight drawn, and their number."""
    clicked_at, (drawn_at, count) = click_on_tab(browser, root, ours, page_scripts.DRAWN_AT, wanted)
    return drawn_at - clicked_at, count


def stock_click_to_drawn(browser: Browser, root: str) -> tuple[float, int]:
    """The same for TensorBoard's Histograms tab, which draws the charts of its first group."""
    with new_page(browser) as page:
        page.goto(f"{root}#timeseries")
        tab = page.get_by_role("tab", name=re.compile("histograms", re.IGNORECASE)).first
        tab.wait_for()
        page.wait_for_timeout(500)
        page.evaluate(page_scripts.MARK_CLICK)
        tab.click(no_wait_after=True)
        drawn_at, count = page.evaluate(page_scripts.STOCK_AT)
        return drawn_at - page.evaluate(page_scripts.CLICKED_AT), count


def print_openings(what: str, times: list[float], p50: str, p95: str) -> None:
    times = sorted(times)
    line(f"{what}, p50", f"{statistics.median(times):.0f} ms", p50)
    line(f"{what}, p95", f"{times[math.ceil(0.95 * len(times)) - 1]:.0f} ms", p95)


def measure_opening(browser: Browser, root: str, size: Size) -> None:
    cold, count = click_to_drawn(browser, root, PANELS, 8)
    line(f"click to {count} panels, cold server", f"{cold:.0f} ms", "1,000 ms")
    strips = min(size.layers * min(size.runs, 6), 180)
    ours, all_strips, stock = [], [], []
    for _ in range(OPENINGS):
        ours.append(click_to_drawn(browser, root, PANELS, 8)[0])
        took_ms, drawn = click_to_drawn(browser, root, STRIPS, strips)
        all_strips.append(took_ms)
        if len(stock) < 5:
            took_ms, charts = stock_click_to_drawn(browser, root)
            stock.append(took_ms)
    print_openings(f"click to {count} panels", ours, "300 ms", "500 ms")
    print_openings(f"click to {drawn} strips of 1,000 records", all_strips, "1,200 ms", "")
    line(
        f"TensorBoard's Histograms: click to {charts} charts of 51 steps, p50",
        f"{statistics.median(stock):.0f} ms",
        "for comparison",
    )


def measure_frames(browser: Browser, root: str) -> None:
    with opened(browser, root, PANELS, ratio=2) as (_, frame):
        zoom = frame.evaluate(page_scripts.FRAMES.replace("ACTION", page_scripts.ZOOM))
        line("zoom frames, device pixel ratio 2", f"{zoom['fps']:.0f} fps", "55 fps")
        sharp = frame.evaluate(page_scripts.SHARP_MS, 2)
        line("sharp after a zoom that needs finer tiles", f"{sharp:.0f} ms", "150 ms")
        line("hover, script per move", f"{frame.evaluate(page_scripts.HOVER):.2f} ms", "2 ms")
    with opened(browser, root, PANELS) as (_, frame):
        scroll = frame.evaluate(page_scripts.FRAMES.replace("ACTION", page_scripts.SCROLL))
        line("longest task while scrolling", f"{scroll['longest']:.0f} ms", "50 ms")


def measure_changes(browser: Browser, root: str) -> None:
    """Main-thread time of a choice in the page's own controls, all panels in sight drawn anew."""
    changes = {
        "another colour map": ("Colour map", "magma", "viridis"),
        "linear instead of logarithmic colours": ("Curve", "linear", "log"),
        "value axis symlog instead of automatic": ("Values", "symlog", "auto"),
    }
    with opened(browser, root, PANELS) as (page, frame):
        frame.get_by_title("More settings").click()
        page.wait_for_timeout(1000)
        count = frame.evaluate("document.querySelectorAll('.panel [role=img]').length")
        for what, (label, value, usual) in changes.items():
            times = []
            for _ in range(5):
                times.append(task_ms(page, lambda: choose(frame, label, value)))  # noqa: B023
                choose(frame, label, usual)
                page.wait_for_timeout(400)
            # The first time, finer tiles may have to be fetched.
            usually = f"{statistics.median(times[1:]):.0f} ms (first {times[0]:.0f})"
            line(f"{what}, {count} panels", usually, "30 ms")


def choose(frame: Frame, label: str, value: str) -> None:
    frame.evaluate(page_scripts.CHOOSE, [label, value])


def task_ms(page: Page, action: Callable[[], Any]) -> float:
    """Script, style and layout time of the main thread that an action and its drawing take."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def total_s() -> float:
        metrics = {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
        parts = ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration")
        return float(sum(metrics[part] for part in parts))

    before = total_s()
    action()
    page.wait_for_timeout(400)
    return (total_s() - before) * 1000


def measure_growth(browser: Browser, server: TensorBoard, logdir: Path, size: Size) -> None:
    """New records of every series: from the answer that tells of them to all panels drawn."""
    unchanged = {"version": 1, "unchanged": True}
    times = []
    with opened(browser, server.root, STRIPS) as (page, frame):
        for records in range(size.records, size.records + GROWTHS * NEW_RECORDS, NEW_RECORDS):
            # Findings of the growth before are looked for meanwhile.
            page.wait_for_timeout(2500)
            page.route("**/activation_hist/index*", lambda route: route.fulfill(json=unchanged))
            append_records(logdir, size, records)
            server.wait_for_series(size.layers * size.runs, last_step=records)
            frame.evaluate(page_scripts.WATCH_RENEWAL)
            page.unroute("**/activation_hist/index*")
            took_ms, count = frame.evaluate("window.renewed")
            times.append(took_ms)
    each = " ".join(f"{took_ms:.0f}" for took_ms in times)
    print(f"new records after new records: {each} ms")
    what = f"{NEW_RECORDS} new records in {count} panels, p50"
    line(what, f"{statistics.median(times):.0f} ms", "300 ms")


def append_records(logdir: Path, size: Size, records: int) -> None:
    """The next steps of every series, which has as many records so far."""
    parts = []
    for seed in range(min(VARIANTS, size.layers)):
        part = later(drifting_series(NEW_RECORDS, seed=seed), records, records)
        parts.append((part, encode_block(part, 1, records)))
    for run in range(size.runs):
        file = RunFile(logdir, f"run{run}")
        for layer in range(size.layers):
            info = LayerInfo(f"layer{layer:03}.conv", order=layer, type="Conv2d", shape=(64, 64))
            file.add_block(info, *parts[layer % len(parts)])
        file.close()


def measure_memory(browser: Browser, server: TensorBoard, must: str) -> None:
    with opened(browser, server.root, STRIPS) as (page, frame):
        frame.evaluate(page_scripts.FRAMES.replace("ACTION", page_scripts.SCROLL))
        page.wait_for_timeout(3000)
        heap = page.evaluate("performance.memory.usedJSHeapSize") / 2**20
        line("JavaScript heap after scrolling", f"{heap:.0f} MiB", must)
    memory = resident_mib(server.pid)
    line("TensorBoard's process", f"{memory:,.0f} MiB", "2,048 MiB")


def measure_long(browser: Browser, root: str) -> None:
    took_ms, _ = click_to_drawn(browser, root, PANELS, 1)
    line("click to the one panel, cold server", f"{took_ms:.0f} ms", "2,000 ms")
    took_ms, _ = click_to_drawn(browser, root, PANELS, 1)
    line("click to the one panel", f"{took_ms:.0f} ms", "300 ms")
    with opened(browser, root, PANELS) as (_, frame):
        for turns in (10, 10, 10):
            sharp = frame.evaluate(page_scripts.SHARP_MS, turns)
            line("sharp after zooming in", f"{sharp:.0f} ms", "400 ms")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    for name in ("large", "long"):
        parser.add_argument(f"--{name}", action="store_const", const=name, dest="size")
    parser.add_argument("--logdir", type=Path, help="keep the log directory here and use it again")
    options = parser.parse_args()
    size = SIZES[options.size or "normal"]
    with tempfile.TemporaryDirectory() as folder:
        logdir = (options.logdir or Path(folder)) / "logs"
        if not logdir.exists():
            write_logdir(logdir, size)
        with running_tensorboard(
            Path(folder), f"--logdir={logdir}", "--reload_interval=2"
        ) as server:
            wait_until_loaded(server, size)
            print(f"{size}, Chromium 1600 x 900\n{'':62} {'measured':>22}   must")
            with chromium() as browser:
                measure(browser, server, logdir, size)


def measure(browser: Browser, server: TensorBoard, logdir: Path, size: Size) -> None:
    if size.layers == 1:
        measure_long(browser, server.root)
        return
    measure_opening(browser, server.root, size)
    if size.layers < 100:
        measure_frames(browser, server.root)
        measure_brush(browser, server.root)
        measure_changes(browser, server.root)
        measure_incident(browser, logdir.parent)
        measure_growth(browser, server, logdir, size)
    measure_memory(browser, server, "150 MiB" if size.layers < 100 else "200 MiB")


def wait_until_loaded(server: TensorBoard, size: Size) -> None:
    """Asks for the index only, so that the server's own cache of histograms stays cold."""
    deadline = time.monotonic() + 900
    while time.monotonic() < deadline:
        steps = [
            step for series in server.plugin("index").json["series"] for step in series["steps"]
        ]
        if len(steps) >= size.layers * size.runs and min(steps) >= size.records - 64:
            return
        time.sleep(0.5)
    raise SystemExit("TensorBoard did not load the log directory in 15 minutes.")


if __name__ == "__main__":
    main()
