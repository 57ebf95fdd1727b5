"""What a press or a drag takes: zooming all strips, opening the explanation of a finding."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser

from bench import page_scripts
from bench.browser import STRIPS, line, opened
from tests.plugin.logdirs import collapsing_values, healthy_values, write_run
from tests.plugin.tensorboard_process import running_tensorboard
from tests.series import values_to_series

BRUSHES = 7


def measure_brush(browser: Browser, root: str) -> None:
    """Zooms by dragging over a strip, of all strips in sight; each begins with all steps shown."""
    longest = []
    with opened(browser, root, STRIPS) as (page, frame):
        count = frame.evaluate("document.querySelectorAll('.panel [role=img]').length")
        box = frame.locator(".panel .heat").nth(5).bounding_box()
        assert box is not None
        y = box["y"] + box["height"] / 2
        for _ in range(BRUSHES):
            browser.start_tracing(page=page, categories=["devtools.timeline", "toplevel"])
            page.mouse.move(box["x"] + 0.35 * box["width"], y)
            page.mouse.down()
            page.mouse.move(box["x"] + 0.65 * box["width"], y, steps=8)
            page.mouse.up()
            page.wait_for_timeout(1500)
            longest.append(longest_task_ms(browser.stop_tracing()))
            page.mouse.move(2, 2)
            page.keyboard.press("z")
            page.wait_for_timeout(1500)
    for at, what in enumerate(("processor time", "clock")):
        times = [each[at] for each in longest]
        value = f"{statistics.median(times[1:]):.0f} ms (first {times[0]:.0f})"
        line(f"zoom by dragging, {count} strips, longest task, {what}", value, "50 ms")


def longest_task_ms(trace: bytes) -> tuple[float, float]:
    """Processor time and clock of the longest tasks of the thread that runs the page's scripts."""
    events = json.loads(trace)["traceEvents"]
    threads = Counter((e["pid"], e["tid"]) for e in events if e["name"] == "FunctionCall")
    ((main, _),) = threads.most_common(1)
    tasks = [
        event
        for event in events
        if (event["pid"], event["tid"]) == main and event["name"].endswith("RunTask")
    ]
    return max(e.get("tdur", 0) for e in tasks) / 1000, max(e.get("dur", 0) for e in tasks) / 1000


INCIDENT_LAYERS = 50
INCIDENT_OPENINGS = 11


def measure_incident(browser: Browser, folder: Path) -> None:
    """The explanation of a finding: 50 layers with gradients, the last twelve collapse."""
    well = values_to_series(healthy_values(1000, 400))
    sick = values_to_series(collapsing_values(1000, 400))
    names = [f"layer{at:02}.conv" for at in range(INCIDENT_LAYERS)]
    layers = {name: sick if at >= INCIDENT_LAYERS - 12 else well for at, name in enumerate(names)}
    loss = np.exp(-np.arange(1000) / 300)
    write_run(folder / "incident", "sick", layers, scalars={"loss": loss, "lr": 1 / (1 + loss)})
    write_run(folder / "incident", "sick", layers, kind="gradients", suffix=".gradients")
    with running_tensorboard(folder, f"--logdir={folder / 'incident'}") as server:
        server.wait_for_series(2 * INCIDENT_LAYERS)
        with opened(browser, server.root, STRIPS) as (page, frame):
            frame.locator(".badge.error").first.wait_for(timeout=120_000)
            frame.locator("main").evaluate("e => { e.scrollTop = e.scrollHeight; }")
            page.wait_for_timeout(1500)
            times = []
            for _ in range(INCIDENT_OPENINGS):
                times.append(frame.evaluate(page_scripts.EXPLAIN_MS, 0))
                page.keyboard.press("Escape")
                page.keyboard.press("Escape")
                page.wait_for_timeout(500)
    line("a finding explained, first time", f"{times[0][1]:.0f} ms", "")
    for at, what in enumerate(("pane open", "all its pictures drawn")):
        p50 = statistics.median(each[at] for each in times[1:])
        line(f"a finding explained, {what}, p50", f"{p50:.0f} ms", "150 ms")
