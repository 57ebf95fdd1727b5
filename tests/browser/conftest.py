"""One Chromium and a few TensorBoard processes for all browser tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.tab import WAIT_S, Tab, open_tab
from tests.plugin.logdirs import collapsing_values, healthy_values, write_run
from tests.plugin.tensorboard_process import TensorBoard, running_tensorboard

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
STRICT = {"PYTHONPATH": str(Path(__file__).parent / "strict")}

STEPS = 200
LAYERS = ("conv1", "layer1", "layer2")
KINDS = ("activations", "gradients", "weights")
GOOD, BAD = "mnist/lr=0.01", "mnist/lr=1"

NOT_NEW = "try { localStorage['activation_hist.reading_hint_closed'] = '1'; } catch {}"
"""To be run in each frame: whoever has closed the strip for newcomers sees it no more."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """One second try for each test here, which the summary lists: a whole machine takes part in it.

    What these tests wait for they wait for without a limit that a machine under load reaches. But
    Chromium or TensorBoard can end by themselves, or the system can end them.
    """
    if config.pluginmanager.hasplugin("rerunfailures"):
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.flaky(reruns=1))


def chromium_path() -> str:
    """The browser to test with; its absence is a failure that says what to do."""
    names = (os.environ.get("CHROMIUM", ""), *NAMES)
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    assert found, "No Chromium found: install one (apt install chromium) or set CHROMIUM=/path."
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoard]:
    """A run that learns and one that collapses, three layers, with loss and epochs."""
    folder = tmp_path_factory.mktemp("two")
    scalars = {
        "loss": np.exp(-np.arange(STEPS) / 60),
        "epoch": np.arange(STEPS) / 100,
        "lr": np.full(STEPS, 0.01),
    }
    good = {name: healthy_values(STEPS, seed=at) for at, name in enumerate(LAYERS[:2])}
    good["layer2"] = healthy_values(STEPS, relu=True, seed=9)
    bad = {name: collapsing_values(STEPS, seed=at) for at, name in enumerate(LAYERS)}
    types = dict.fromkeys(LAYERS[1:], "Sequential")
    write_run(folder / "logs", GOOD, good, scalars=scalars, types=types)
    write_run(folder / "logs", BAD, bad, scalars=scalars, types=types)
    with running_tensorboard(folder, f"--logdir={folder / 'logs'}", env=STRICT) as server:
        server.wait_for_series(6, last_step=STEPS - 32)
        yield server


@pytest.fixture(scope="session")
def many_layers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoard]:
    """A deep network under a path prefix: 60 layers in a module tree, two runs."""
    folder = tmp_path_factory.mktemp("many")
    for run in range(2):
        values = healthy_values(40, size=300, seed=run)
        layers = {name: [v * (1 + at / 20) for v in values] for at, name in enumerate(deep_names())}
        write_run(folder / "logs", f"deep{run}", layers)
    logdir = f"--logdir={folder / 'logs'}"
    with running_tensorboard(folder, logdir, path_prefix="/some/where", env=STRICT) as server:
        server.wait_for_series(120)
        yield server


def deep_names() -> list[str]:
    """Ten blocks in two stages, six layers each."""
    parts = ("conv1", "bn1", "act1", "conv2", "bn2", "act2")
    return [f"stage{b // 5}.{b % 5}.{part}" for b in range(10) for part in parts]


@pytest.fixture(scope="session")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoard]:
    """Two runs of three kinds, of which one collapses."""
    folder = tmp_path_factory.mktemp("kinds")
    for kind in KINDS:
        for run in (GOOD, BAD):
            values = {name: healthy_values(60, 300, seed=at) for at, name in enumerate(LAYERS)}
            if run == BAD:
                values["layer2"] = collapsing_values(60, 300)
            write_run(folder / "logs", run, values, kind=kind, suffix=f".{kind}")
    with running_tensorboard(folder, f"--logdir={folder / 'logs'}", env=STRICT) as server:
        server.wait_for_series(2 * len(KINDS) * len(LAYERS))
        yield server


@pytest.fixture(scope="module")
def tab(browser: Browser, two_runs: TensorBoard) -> Iterator[Tab]:
    """Our tab on the two runs; a module's tests share it and each starts with `tab.reset()`."""
    page = new_page(browser)
    yield open_tab(page, two_runs.root)
    page.context.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Makes fresh pages that are closed afterwards."""
    pages: list[Page] = []

    def make(width: int = 1400, height: int = 860) -> Page:
        pages.append(new_page(browser, width, height))
        return pages[-1]

    yield make
    for page in pages:
        page.context.close()


def new_page(
    browser: Browser, width: int = 1400, height: int = 860, has_touch: bool = False
) -> Page:
    """A page of its own context; not that of somebody who sees ours for the first time."""
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=has_touch)
    context.set_default_timeout(1000 * WAIT_S)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    context.add_init_script(NOT_NEW)
    return context.new_page()
