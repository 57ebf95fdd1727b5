"""Times the page in real TensorBoard and Chromium, beside TensorBoard's own Histograms tab.

    python -m bench.page                   50 layers, 4 runs, 1,000 records
    python -m bench.page --large           500 layers, 8 runs, 2,000 records

Every line has the budget of ARCHITECTURE.md. Script times are those of the main thread; frames are
counted by requestAnimationFrame.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Frame, Page, sync_playwright

from bench.server import SIZES, Size, write_logdir
from tests.browser.conftest import CHROMIUM_FLAGS, chromium_path
from tests.browser.tab import OURS
from tests.plugin.tensorboard_process import TensorBoard, running_tensorboard

OPENINGS = 7
"""Fresh page loads; the first one, with a cold server, is reported apart."""

DRAWN = """() => {
  const seen = [...document.querySelectorAll('.panel canvas[role=img]')].filter(c => {
    const box = c.getBoundingClientRect();
    return box.bottom > 0 && box.top < innerHeight;
  });
  return seen.length > 0 && seen.every(c => c.dataset.painted);
}"""

WATCH = """wanted => new Promise(done => {
  const start = performance.now();
  const drawn = () => [...document.querySelectorAll('.panel canvas[role=img]')]
    .map(c => [c, c.getBoundingClientRect()])
    .filter(([, box]) => box.bottom > 0 && box.top < innerHeight)
    .map(([c]) => c);
  const look = () => {
    const all = drawn();
    if (all.length >= wanted && all.every(c => c.dataset.painted)) done(performance.now() - start);
    else if (performance.now() - start > 60000) done(NaN);
    else requestAnimationFrame(look);
  };
  look();
})"""

FRAMES = """async () => {
  const times = [];
  const tasks = [];
  const observer = new PerformanceObserver(list => tasks.push(...list.getEntries()));
  observer.observe({ entryTypes: ['longtask'] });
  let last = performance.now();
  let running = true;
  const tick = () => {
    const now = performance.now();
    times.push(now - last);
    last = now;
    if (running) requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
  await (ACTION)();
  running = false;
  observer.disconnect();
  const total = times.reduce((sum, time) => sum + time, 0);
  return { fps: times.length / total * 1000, longest: Math.max(...tasks.map(t => t.duration), 0) };
}"""

ZOOM = """async () => {
  const plot = document.querySelector('.panel .plot');
  const box = plot.getBoundingClientRect();
  for (let i = 0; i < 90; i++) {
    plot.dispatchEvent(new WheelEvent('wheel', { ctrlKey: true, bubbles: true, cancelable: true,
      deltaY: i % 30 < 15 ? -20 : 20, clientX: box.left + box.width / 2, clientY: box.top + 5 }));
    await new Promise(requestAnimationFrame);
  }
}"""

SCROLL = """async () => {
  const main = document.querySelector('main');
  for (let i = 0; i < 60; i++) {
    main.scrollTop += 60;
    await new Promise(requestAnimationFrame);
  }
}"""

HOVER = """() => {
  const plot = document.querySelector('.panel .plot');
  const box = plot.getBoundingClientRect();
  const start = performance.now();
  for (let i = 0; i < 100; i++) plot.dispatchEvent(new PointerEvent('pointermove',
    { bubbles: true, clientX: box.left + 10 + 3 * i, clientY: box.top + 8 }));
  return (performance.now() - start) / 100;
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


def new_page(browser: Browser, ratio: float = 1) -> Page:
    context = browser.new_context(
        viewport={"width": 1600, "height": 900}, device_scale_factor=ratio
    )
    return context.new_page()


def our_frame(page: Page) -> Frame:
    while True:
        frame = next((frame for frame in page.frames if OURS in frame.url), None)
        if frame is not None:
            return frame
        page.wait_for_timeout(5)


def click_to_drawn_ms(browser: Browser, root: str, ours: str, wanted: int) -> float:
    """From the click on the tab to all visible panels drawn."""
    page = new_page(browser)
    page.goto(f"{root}#timeseries{ours}")
    page.get_by_text("Activations", exact=True).wait_for()
    page.wait_for_timeout(300)
    start = time.perf_counter()
    page.get_by_text("Activations", exact=True).click()
    frame = our_frame(page)
    frame.wait_for_function("document.getElementById('root')")
    frame.evaluate(WATCH, wanted)
    took_ms = (time.perf_counter() - start) * 1000
    page.context.close()
    return took_ms


def stock_ms(browser: Browser, root: str) -> float:
    """From the click on TensorBoard's Histograms tab to the charts that it draws by itself."""
    page = new_page(browser)
    page.goto(f"{root}#timeseries")
    page.wait_for_timeout(500)
    start = time.perf_counter()
    page.evaluate("location.hash = '#histograms'")
    page.locator("vz-histogram-timeseries").first.wait_for(state="attached", timeout=60_000)
    took_ms = (time.perf_counter() - start) * 1000
    page.context.close()
    return took_ms


def line(what: str, value: str, budget: str) -> None:
    print(f"{what:58} {value:>16}   {budget}", flush=True)


def measure_opening(browser: Browser, root: str, size: Size) -> None:
    panels = "&p.activation_hist.layout=panels"
    cold = click_to_drawn_ms(browser, root, panels, 8)
    line("click to visible panels, cold server", f"{cold:.0f} ms", "1,000 ms")
    times = sorted(click_to_drawn_ms(browser, root, panels, 8) for _ in range(OPENINGS))
    line("click to visible panels, p50", f"{statistics.median(times):.0f} ms", "300 ms")
    line("click to visible panels, slowest", f"{times[-1]:.0f} ms", "500 ms (p95)")
    strips = min(size.layers * min(size.runs, 6), 180)
    times = sorted(click_to_drawn_ms(browser, root, "", strips) for _ in range(OPENINGS))
    p50 = f"{statistics.median(times):.0f} ms"
    line(f"click to {strips} visible strips, p50", p50, "1,200 ms")
    stock = f"{stock_ms(browser, root):.0f} ms"
    line("TensorBoard's Histograms tab to its first charts", stock, "for comparison")


def measure_frames(browser: Browser, root: str) -> None:
    page = new_page(browser, ratio=2)
    page.goto(f"{root}#activation_hist&p.activation_hist.layout=panels&p.activation_hist.h=100")
    frame = our_frame(page)
    frame.wait_for_function(DRAWN, timeout=60_000)
    page.wait_for_timeout(1000)
    zoom = frame.evaluate(FRAMES.replace("ACTION", ZOOM))
    line("zoom frames, device pixel ratio 2", f"{zoom['fps']:.0f} fps", "55 fps")
    line("hover, script per move", f"{frame.evaluate(HOVER):.2f} ms", "2 ms")
    scroll = frame.evaluate(FRAMES.replace("ACTION", SCROLL))
    line("longest task while scrolling", f"{scroll['longest']:.0f} ms", "50 ms")
    heap = page.evaluate("performance.memory.usedJSHeapSize") / 2**20
    line("JavaScript heap", f"{heap:.0f} MiB", "150 MiB")
    page.context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="500 layers, 8 runs, 2,000 records")
    size = SIZES["large" if parser.parse_args().large else "normal"]
    with tempfile.TemporaryDirectory() as folder:
        logdir = Path(folder) / "logs"
        write_logdir(logdir, size)
        with running_tensorboard(Path(folder), f"--logdir={logdir}") as server:
            wait_until_loaded(server, size)
            with chromium() as browser:
                measure_opening(browser, server.root, size)
                measure_frames(browser, server.root)


def wait_until_loaded(server: TensorBoard, size: Size) -> None:
    """Asks for the index only, so that the server's own cache of histograms stays cold."""
    server.wait_for_series(size.layers * size.runs, last_step=size.records - 64)


if __name__ == "__main__":
    main()
