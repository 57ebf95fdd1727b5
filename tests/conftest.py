"""Settings of every test: no window, few threads, no trace of the user's environment."""

from __future__ import annotations

import os

import pytest

# Before anything imports matplotlib or an OpenMP library: workers of pytest-xdist share two cores.
os.environ["MPLBACKEND"] = "Agg"
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser tests share one Chromium and a few TensorBoard processes: one worker's."""
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.xdist_group("browser"))
