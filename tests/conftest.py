"""Settings of every test: no window, few threads, no trace of the user's environment."""

from __future__ import annotations

import os

# Before anything imports matplotlib or an OpenMP library: workers of pytest-xdist share two cores.
os.environ["MPLBACKEND"] = "Agg"
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
