"""Renews the moving picture of the README: two trainings that TensorBoard shows while they run."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import torch
from PIL import Image
from playwright.sync_api import Page, ViewportSize, sync_playwright
from sklearn.datasets import load_digits  # type: ignore[import-untyped]
from torch import Tensor, nn

from demo.screenshots import (
    CHROMIUM_OPTIONS,
    DRAWN_MS,
    IMAGES,
    NO_OTHER_TABS,
    NOT_NEW,
    find_chromium,
)
from demo.server import tensorboard
from tb_activation_hist import ActivationHistLogger

RUNS = Path("runs/live")
RATES = (0.005, 0.5)
LAYERS = ["conv[1-3]", "head"]
STEPS = 240
FRAME_STEPS = 12
"""Steps between two frames."""
BATCH = 64
VIEWPORT = ViewportSize(width=960, height=690)
FRAME_MS, LAST_MS = 350, 3_000
"""How long a frame of the picture stays, and the last one."""
COLOURS = 128


def make_network() -> nn.Sequential:
    """Three convolutions and a linear layer, from the same seed each time."""
    torch.manual_seed(0)
    network = nn.Sequential()
    for number, (size, channels) in enumerate([(1, 8), (8, 16), (16, 32)], start=1):
        network.add_module(
            f"conv{number}", nn.Conv2d(size, channels, 3, stride=1 if number == 1 else 2, padding=1)
        )
        network.add_module(f"relu{number}", nn.ReLU())
    network.add_module("flatten", nn.Flatten())
    network.add_module("head", nn.LazyLinear(10))
    network(torch.zeros(1, 1, 8, 8))
    return network


def train(rate: float, images: Tensor, labels: Tensor) -> Iterator[int]:
    """Trains with Adam on scikit-learn's digits; yields after each step, so that runs alternate."""
    network = make_network()
    optimizer = torch.optim.Adam(network.parameters(), rate)
    logger = ActivationHistLogger(network, RUNS / f"lr={rate}", layers=LAYERS, flush_s=0.2)
    shuffled = torch.Generator().manual_seed(0)
    with logger:
        for step in range(1, STEPS + 1):
            rows = torch.randint(len(images), (BATCH,), generator=shuffled)
            loss = nn.functional.cross_entropy(network(images[rows]), labels[rows])
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            logger.step(loss=loss)
            yield step


def take_frames(page: Page, address: str) -> Iterator[Image.Image]:
    """One frame for every FRAME_STEPS steps of both trainings, once the page shows them."""
    digits = load_digits()
    images = torch.tensor(digits.images / 16, dtype=torch.float32)[:, None]
    trainings = [train(rate, images, torch.tensor(digits.target)) for rate in RATES]
    tab = page.frame_locator("iframe")
    for steps in zip(*trainings, strict=True):
        if steps[0] % FRAME_STEPS:
            continue
        if steps[0] == FRAME_STEPS:
            page.goto(address)
        tab.get_by_text(f"step {steps[0]}", exact=True).first.wait_for(timeout=DRAWN_MS)
        if steps[0] == FRAME_STEPS:
            page.add_style_tag(content=NO_OTHER_TABS)
        # The page draws coarsely first, then sharp.
        page.wait_for_timeout(1_500)
        yield Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def save_moving(frames: list[Image.Image], target: Path) -> None:
    """A GIF in the colours of its last frame, which has all of them."""
    palette = frames[-1].quantize(COLOURS)
    drawn = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    stays_ms = [FRAME_MS] * (len(drawn) - 1) + [LAST_MS]
    drawn[0].save(target, save_all=True, append_images=drawn[1:], duration=stays_ms, loop=0)


def main() -> int:
    """Trains, takes the frames and writes docs/images/live.gif."""
    shutil.rmtree(RUNS, ignore_errors=True)
    with tensorboard(RUNS) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_OPTIONS)
        page = browser.new_page(viewport=VIEWPORT)
        page.add_init_script(NOT_NEW)
        frames = list(take_frames(page, address))
        browser.close()
    target = IMAGES / "live.gif"
    save_moving(frames, target)
    print(f"{target}: {len(frames)} frames, {target.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
