"""Settings of every test: no window, few threads, no trace of the user's environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tb_activation_hist.capture.options import CaptureOptions

# Before anything imports matplotlib or an OpenMP library: workers of pytest-xdist share two cores.
os.environ["MPLBACKEND"] = "Agg"
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# A machine under load says nothing of how good a strategy is.
settings.register_profile("any_load", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any_load")

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xdist.remote import Producer
    from xdist.scheduler import LoadFileScheduling

BROWSER = "tests/browser/"
FIRST_OF_SECOND = f"{BROWSER}test_j"
SLOW = (
    BROWSER,
    "tests/packaging/",
    "tests/examples/",
    "tests/typing/",
    "tests/unit/recording/test_ranks.py",
    "tests/unit/recording/test_record_compiled.py",
    "tests/unit/scripts/",
    "tests/unit/capture/",
    "tests/plugin/",
    "tests/demo/",
    "tests/unit/notebook/",
    "tests/unit/recording/",
)
"""What takes long begins first, so that short files are left for whichever worker is free."""


@pytest.fixture
def fresh_compiler() -> Iterator[None]:
    """Graphs of torch.compile that no other test has made, and none left behind."""
    import torch

    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        slow = [at for at, path in enumerate(SLOW) if item.nodeid.startswith(path)]
        return min(slow, default=len(SLOW))

    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """Tests go by their files; those in a browser in two halves, which take about as long.

    Whoever has a half starts a Chromium and each server once. They often wait for a page, which
    leaves room for a third worker on two cores.
    """
    if config.option.dist != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class BrowserHalves(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            scope = super()._split_scope(nodeid)
            return f"{BROWSER}{scope < FIRST_OF_SECOND}" if scope.startswith(BROWSER) else scope

    config.option.loadscopereorder = False
    return BrowserHalves(config, log)


# Tests, and what they share, look at the layers alone.
DEFAULTS = CaptureOptions.__init__.__kwdefaults__
DEFAULTS["model_inputs"] = False


@pytest.fixture(autouse=True)
def _model_inputs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default of users, for tests that are marked to be about the model's own input."""
    if "model_inputs" in request.keywords:
        monkeypatch.setitem(DEFAULTS, "model_inputs", True)
