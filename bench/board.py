"""Times the board of a large sweep in real TensorBoard and Chromium.

    python -m bench.board [--logdir DIR]   200 runs, 50 layers, 64 records

"Warm" is a fresh page on a server that has shown the board before. All runs are copies of a few.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Frame

from bench import page_scripts
from bench.browser import chromium, click_on_tab, line, new_page, our_frame
from bench.server import encode_series, resident_mib
from tb_activation_hist.core.names import LayerInfo
from tests.plugin.logdirs import RunFile, drifting_series
from tests.plugin.tensorboard_process import TensorBoard, running_tensorboard

RUNS = 200
LAYERS = 50
RECORDS = 64
VARIANTS = 8
OPENINGS = 7


def write_sweep(logdir: Path) -> None:
    """Runs with hyper-parameters in their names and a loss each."""
    variants = [drifting_series(RECORDS, seed=seed) for seed in range(VARIANTS)]
    encoded = [list(encode_series(series)) for series in variants]
    for run in range(RUNS):
        file = RunFile(logdir, f"lr={10.0 ** -(run % 5)}/wd={run % 4}/seed={run // 20}")
        for layer in range(LAYERS):
            info = LayerInfo(f"layer{layer:02}", order=layer, type="Conv2d", shape=(64, 64))
            for part, data in encoded[(run + layer) % VARIANTS]:
                file.add_block(info, part, data)
        file.add_scalar("train/loss", np.linspace(2, run / RUNS, RECORDS))
        file.close()


def wait_until_loaded(server: TensorBoard) -> None:
    while True:
        steps = [s for series in server.plugin("index").json["series"] for s in series["steps"]]
        if len(steps) == RUNS * LAYERS and min(steps) >= RECORDS - 32:
            return
        time.sleep(1)


def click_to_board(browser: Browser, root: str) -> float:
    """Milliseconds from the click on the tab to all cells in sight drawn."""
    clicked_at, drawn_at = click_on_tab(browser, root, "", page_scripts.BOARD_AT)
    return float(drawn_at) - clicked_at


def wait_until_checked(frame: Frame) -> float:
    """Seconds until all runs were looked at for what is wrong."""
    start = time.monotonic()
    status = frame.locator(".board-bar [role=status]")
    while "all checked" not in status.inner_text():
        time.sleep(0.5)
    return time.monotonic() - start


def measure_board(browser: Browser, server: TensorBoard) -> None:
    cold = click_to_board(browser, server.root)
    line("click to all cells in sight, cold server", f"{cold:.0f} ms", "")
    warm = [click_to_board(browser, server.root) for _ in range(OPENINGS)]
    line("the same, warm, p50", f"{statistics.median(warm):.0f} ms", "2,000 ms")
    with new_page(browser) as page:
        page.goto(f"{server.root}#activation_hist")
        frame = our_frame(page)
        frame.wait_for_function("document.body")
        frame.evaluate(page_scripts.BOARD_AT)
        checked = wait_until_checked(frame)
        line("further time until all runs are checked", f"{checked:.0f} s", "")
        for turn in ("first time", "again"):
            scroll = frame.evaluate(
                page_scripts.FRAMES.replace("ACTION", page_scripts.BOARD_SCROLL)
            )
            line(
                f"scroll 60 px a frame down the runs, {turn}", f"{scroll['fps']:.0f} fps", "55 fps"
            )
            line("longest task meanwhile", f"{scroll['longest']:.0f} ms", "50 ms")
        page.wait_for_timeout(2000)
        heap = page.evaluate("performance.memory.usedJSHeapSize") / 2**20
        line("JavaScript heap after scrolling", f"{heap:.0f} MiB", "200 MiB")
    line("TensorBoard's process", f"{resident_mib(server.pid):,.0f} MiB", "2,048 MiB")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--logdir", type=Path, help="keep the log directory here and use it again")
    logdir = parser.parse_args().logdir
    with tempfile.TemporaryDirectory() as folder:
        logs = (logdir or Path(folder)) / "sweep"
        if not logs.exists():
            write_sweep(logs)
        with running_tensorboard(Path(folder), f"--logdir={logs}") as server:
            wait_until_loaded(server)
            print(
                f"{RUNS} runs, {LAYERS} layers, {RECORDS} records\n{'':62} {'measured':>22}   must"
            )
            with chromium() as browser:
                measure_board(browser, server)


if __name__ == "__main__":
    main()
