"""Settings of every test: no window, few threads, no trace of the user's environment."""

from __future__ import annotations

import os

import pytest

from tb_activation_hist.capture.options import CaptureOptions

# Before anything imports matplotlib or an OpenMP library: workers of pytest-xdist share two cores.
os.environ["MPLBACKEND"] = "Agg"
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


# Tests, and what they share, look at the layers alone.
DEFAULTS = CaptureOptions.__init__.__kwdefaults__
DEFAULTS["model_inputs"] = False


@pytest.fixture(autouse=True)
def _model_inputs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default of users, for tests that are marked to be about the model's own input."""
    if "model_inputs" in request.keywords:
        monkeypatch.setitem(DEFAULTS, "model_inputs", True)
