# mypy: disallow-untyped-decorators, disallow-subclassing-any, disallow-untyped-calls
"""What the main calls return, each written behind the call as ``assert_type``. Never run."""

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from torch import nn
from typing_extensions import assert_type

from tb_activation_hist import (
    ActivationHistCallback,
    ActivationHistLogger,
    AxesArray,
    Finding,
    HistogramSeries,
    LayerInfo,
    LayerStats,
    LogdirHistograms,
    MemoryWriter,
    Probe,
    RunHistograms,
    StepWatcher,
    probe_module,
    read_histograms,
)

runs = read_histograms("runs")
assert_type(runs, LogdirHistograms)
assert_type(runs["a"], RunHistograms)
assert_type(runs["a"]["conv1"], HistogramSeries)
assert_type(runs["a"].layer_info("conv1"), LayerInfo | None)
assert_type(runs.plot(), AxesArray)
assert_type(runs["a"].plot(), AxesArray)

series = runs["a"]["conv1"]
assert_type(series.plot(), Axes)
assert_type(series.plot_difference(series), Axes)
assert_type(series.plot_slice(), Axes)
assert_type(series.counts, npt.NDArray[np.int64])
assert_type(series.quantile(0.5), npt.NDArray[np.float64])

probe = probe_module(nn.Linear(1, 2))
assert_type(probe, Probe)
assert_type(probe.plot(), AxesArray)
assert_type(probe.color_dim(0), Axes)
assert_type(probe.layer_stats(0), LayerStats)
assert_type(probe.findings(), list[Finding])

hist = ActivationHistLogger(nn.Linear(1, 2), MemoryWriter())
assert_type(hist.findings(), list[Finding])
assert_type(hist.watch_steps(), StepWatcher)
assert_type(hist.should_stop, bool)

callback = ActivationHistCallback(None)
assert_type(callback.steps, int)
assert_type(callback.findings(), list[Finding])
