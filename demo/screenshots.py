"""Renews the pictures of README and demo/README from the demo's runs, in a real Chromium."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from demo.server import tensorboard

IMAGES = Path("docs/images")


@dataclass(frozen=True)
class Picture:
    """A picture of a demo's runs.

    name: of its files. command: makes the runs. settings: of the page, as its address has them.
    """

    name: str
    command: str
    settings: Mapping[str, str] = field(default_factory=dict)


PICTURES = {
    Path("runs/mnist"): Picture("mnist", "make demo SERVE=0"),
    Path("runs/audio"): Picture(
        "audio", "make demo-audio SERVE=0", {"scalars": "train/loss,valid/f_score"}
    ),
}
"""Runs of a demo and their picture."""

VIEWPORT = ViewportSize(width=1000, height=1030)
"""Little more than the 838 px that GitHub gives a picture, so that its text stays legible."""

PIXELS = 1.75
"""Pixels of a picture per pixel of the page."""

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


NO_OTHER_TABS = "plugin-selector-component mat-form-field { display: none !important; }"
"""Hides TensorBoard's menu of tabs without data, which covers half of ours at this width. Add it
once TensorBoard has scrolled to ours."""


def open_tab(browser: Browser, address: str, dark: bool) -> Page:
    """The Activations tab with its first heatmaps drawn."""
    page = browser.new_page(viewport=VIEWPORT, device_scale_factor=PIXELS)
    page.add_init_script(NOT_NEW)
    base, _, tab = address.partition("#")
    page.goto(f"{base}?darkMode={str(dark).lower()}#{tab}")
    frame = page.frame_locator("iframe")
    frame.locator("canvas").first.wait_for(state="visible", timeout=DRAWN_MS)
    page.add_style_tag(content=NO_OTHER_TABS)
    frame.locator("body").evaluate(FINDINGS_MADE)
    # Panels come in coarse and are drawn again sharp; nothing in the page says that all is done.
    page.wait_for_timeout(SETTLED_MS)
    return page


def take_pictures(browser: Browser, address: str, picture: Picture) -> None:
    """One picture in light, one in dark."""
    chosen = (f"&p.activation_hist.{key}={quote(value)}" for key, value in picture.settings.items())
    address += "".join(chosen)
    for dark in (False, True):
        page = open_tab(browser, address, dark)
        target = IMAGES / f"{picture.name}{'-dark' if dark else ''}.png"
        page.screenshot(path=target)
        page.close()
        print(f"{target}: {target.stat().st_size / 1000:.0f} kB", flush=True)


def main() -> int:
    """Takes the pictures of every demo that has runs; 1 when none has."""
    ready = {runs: one for runs, one in PICTURES.items() if any(runs.glob("*/events.*"))}
    for runs, picture in PICTURES.items():
        if runs not in ready:
            text = f"no picture {picture.name}: {runs} is empty; run `{picture.command}` first"
            print(text, flush=True)
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_OPTIONS)
        for runs, picture in ready.items():
            with tensorboard(runs) as address:
                take_pictures(browser, address, picture)
        browser.close()
    return 0 if ready else 1


if __name__ == "__main__":
    sys.exit(main())
