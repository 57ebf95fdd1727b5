"""Renews the pictures of README and demo/README from the demo's runs, in a real Chromium."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from demo.server import tensorboard

IMAGES = Path("docs/images")
# Runs of a demo -> the picture and how to make the runs.
PICTURES = {
    Path("runs/mnist"): ("mnist", "make demo SERVE=0"),
    Path("runs/audio"): ("audio", "make demo-audio SERVE=0"),
}
VIEWPORT = ViewportSize(width=1440, height=1010)
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The browser's own services look for hosts that may not be there.
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
DRAWN_MS = 60_000
SETTLED_MS = 8_000
# The server looks for findings in the background; the page asks for them every few seconds.
FINDINGS_MADE = """async () => {
  const index = await (await fetch("index")).json();
  const runs = index.runs.map((run) => "runs=" + encodeURIComponent(run.name)).join("&");
  for (let tries = 0; tries < 120; tries++) {
    const answer = await (await fetch("findings?" + runs)).json();
    if (answer.pending === 0) return;
    await new Promise((done) => setTimeout(done, 500));
  }
}"""


def find_chromium() -> str:
    """The path of a Chromium: $CHROMIUM, or the first of the usual names on PATH."""
    names = (os.environ.get("CHROMIUM") or CHROMIUM_NAMES[0], *CHROMIUM_NAMES)
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        raise SystemExit(
            "error: no Chromium found. Install one (Debian: sudo apt install chromium) or set "
            "CHROMIUM=/path"
        )
    return found


NOT_NEW = "try { localStorage['activation_hist.reading_hint_closed'] = '1'; } catch {}"
"""Closes the strip that tells newcomers how to read the page."""


def open_tab(browser: Browser, address: str, dark: bool) -> Page:
    """The Activations tab with its first heatmaps drawn."""
    page = browser.new_page(viewport=VIEWPORT, device_scale_factor=1.5)
    page.add_init_script(NOT_NEW)
    base, _, tab = address.partition("#")
    page.goto(f"{base}?darkMode={str(dark).lower()}#{tab}")
    frame = page.frame_locator("iframe")
    frame.locator("canvas").first.wait_for(state="visible", timeout=DRAWN_MS)
    frame.locator("body").evaluate(FINDINGS_MADE)
    # Panels come in coarse and are drawn again sharp; nothing in the page says that all is done.
    page.wait_for_timeout(SETTLED_MS)
    return page


def take_pictures(browser: Browser, address: str, name: str) -> None:
    """One picture in light, one in dark."""
    for dark in (False, True):
        page = open_tab(browser, address, dark)
        target = IMAGES / f"{name}{'-dark' if dark else ''}.png"
        page.screenshot(path=target)
        page.close()
        print(f"{target}: {target.stat().st_size / 1000:.0f} kB", flush=True)


def main() -> int:
    """Takes the pictures of every demo that has runs; 1 when none has."""
    ready = {runs: about for runs, about in PICTURES.items() if any(runs.glob("*/events.*"))}
    for runs, (name, command) in PICTURES.items():
        if runs not in ready:
            print(f"no picture {name}: {runs} is empty; run `{command}` first", flush=True)
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_OPTIONS)
        for runs, (name, _) in ready.items():
            with tensorboard(runs) as address:
                take_pictures(browser, address, name)
        browser.close()
    return 0 if ready else 1


if __name__ == "__main__":
    sys.exit(main())
