"""Times a shared file from its opening on disk to its first pictures, in a real Chromium.

    python -m bench.shared                 50 layers, 2 runs, 500 records
    python -m bench.shared --exact         the same with exact counts: fewer rows of bins
    python -m bench.shared --trace FILE    a trace of the last opening, for chrome://tracing

The clock depends on what else the machine does, so the best opening is reported beside the median,
and the processor time of the page's main thread until its first pictures.
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from bench import page_scripts
from bench.browser import chromium, line, new_page
from bench.server import Size, write_logdir
from tb_activation_hist import read_histograms

SIZE = Size(50, 2, 500, 0)
OPENINGS = 15
LEAST_PANELS = 2


def open_once(browser: Browser, path: Path) -> dict[str, float]:
    """Milliseconds to the first panel and to all in sight; processor time is the main thread's."""
    with new_page(browser) as page:
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})

        def processor_ms() -> float:
            metrics = session.send("Performance.getMetrics")["metrics"]
            return float(next(m["value"] for m in metrics if m["name"] == "TaskDuration")) * 1000

        page.goto(path.as_uri(), wait_until="commit")
        first_at, _ = page.evaluate(page_scripts.DRAWN_AT.replace(".every(", ".some("), 1)
        to_first = processor_ms()
        all_at, count = page.evaluate(page_scripts.DRAWN_AT, LEAST_PANELS)
        opened_at = page.evaluate("performance.timeOrigin")
        return {
            "first": first_at - opened_at,
            "first, processor": to_first,
            "panels": count,
            "all": all_at - opened_at,
            "all, processor": processor_ms(),
        }


def trace(browser: Browser, path: Path, target: Path) -> None:
    browser.start_tracing(path=target, screenshots=False)
    open_once(browser, path)
    browser.stop_tracing()


def report(openings: list[dict[str, float]]) -> None:
    def figures(name: str) -> str:
        values = sorted(each[name] for each in openings)
        return f"{values[0]:.0f} / {statistics.median(values):.0f} ms"

    count = math.floor(openings[0]["panels"])
    which = f"best / median of {len(openings)}"
    line(f"opening to the first panel, {which}", figures("first"), "600 ms")
    line("processor time of the main thread until then", figures("first, processor"), "")
    line(f"opening to all {count} panels in sight, {which}", figures("all"), "")
    line("processor time of the main thread until then", figures("all, processor"), "")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--exact", action="store_true", help="keep all counts exact")
    parser.add_argument("--openings", type=int, default=OPENINGS, help="how often to open it")
    parser.add_argument("--file", type=Path, help="time this shared file instead")
    parser.add_argument("--trace", type=Path, help="write a trace of one opening here")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = given.file or make_file(Path(folder), exact=given.exact)
        line("size", f"{path.stat().st_size / 1e6:.2f} MB", "3 MB")
        with chromium() as browser:
            open_once(browser, path)
            report([open_once(browser, path) for _ in range(given.openings)])
            if given.trace:
                trace(browser, path, given.trace)


def make_file(folder: Path, **options: Any) -> Path:
    """A shared file of the usual size, with the time that making it takes."""
    write_logdir(folder / "logs", SIZE)
    begin, used = time.monotonic(), time.process_time()
    path = read_histograms(folder / "logs").share(folder / "page.html", **options)
    took, cpu = time.monotonic() - begin, time.process_time() - used
    line(f"making the file, {SIZE}", f"{took:.1f} s ({cpu:.1f} s processor)", "")
    return path


if __name__ == "__main__":
    main()
