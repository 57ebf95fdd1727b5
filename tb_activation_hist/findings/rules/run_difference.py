"""Where two runs first differ: layers whose values come to lie apart for the rest of the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.core.comparison.spread import Spread
from tb_activation_hist.core.execution_order import ExecutionOrder
from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.joining import join_series
from tb_activation_hist.findings.distance import IntVector, series_to_shapes, window_starts
from tb_activation_hist.findings.hits import Hit, name_layers
from tb_activation_hist.findings.rule import ComparisonRule, Observation
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.thresholds import UNIT_DISTANCE, UNIT_SHARE, Thresholds, threshold

WINDOWS: Final = 32
"""Windows into which the steps common to two runs are cut."""


@dataclass(frozen=True, kw_only=True)
class RunDifferenceThresholds(Thresholds):
    difference_distance: float = threshold(
        0.5,
        UNIT_DISTANCE,
        "Distance between the two runs' histograms; different seeds alone give up to 0.4.",
    )
    difference_zeros: float = threshold(
        0.3, UNIT_SHARE, "Difference of the two runs' shares of exact zeros."
    )


def compare_runs(
    baseline: str, pairs: Sequence[tuple[Signals, Signals]], options: RunDifferenceThresholds
) -> Iterator[Observation]:
    """At most one observation: the layers in which a run differs from its baseline, in order.

    Of the figures, `first_steps` and `distances` are parallel to the layers.
    """
    hits = [hit for one, other in pairs if (hit := _difference_hit(one, other, options))]
    if not hits:
        return
    spread = Spread([other.info for _, other in pairs], ExecutionOrder())
    hits.sort(key=lambda hit: (hit.first_step, spread.sort_key(hit.signals.info)))
    cause = hits[0]
    yield Observation(
        hits=hits,
        title=f"{name_layers(hits)}: differs from run {baseline!r} from step {cause.first_step}",
        threshold={
            "difference_distance": options.difference_distance,
            "difference_zeros": options.difference_zeros,
        },
        figures={
            "baseline": baseline,
            **cause.figures,
            "first_steps": [hit.first_step for hit in hits],
            "distances": [hit.figures["distance"] for hit in hits],
        },
    )


def _difference_hit(one: Signals, other: Signals, options: RunDifferenceThresholds) -> Hit | None:
    windows = _common_windows(one.series, other.series)
    if windows is None:
        return None
    apart = _distances(*windows)
    # Half of a ReLU's values are zero anyhow: that all are moves little mass, but says much.
    zeros = np.abs(_zero_share(windows[0]) - _zero_share(windows[1]))
    state = (apart > options.difference_distance) | (zeros > options.difference_zeros)
    if not state[-1]:
        return None
    # The stretch that lasts to the end: runs that part for a while and meet again do not count.
    begin = int(np.flatnonzero(~state)[-1]) + 1 if not state.all() else 0
    steps = other.series.steps
    inside = (steps >= windows[0].steps[begin]) & (steps <= one.series.steps[-1])
    records = np.flatnonzero(inside)
    figures = {"distance": float(apart[begin:].max()), "zeros_apart": float(zeros[begin:].max())}
    return Hit(other, int(records[0]), int(records[-1]), figures)


def _common_windows(
    one: HistogramSeries, other: HistogramSeries
) -> tuple[HistogramSeries, HistogramSeries] | None:
    """Both runs pooled over windows of the steps they share; None if they cannot be compared."""
    first = max(int(one.steps[0]), int(other.steps[0]))
    last = min(int(one.steps[-1]), int(other.steps[-1]))
    if one.scheme != other.scheme or last <= first:
        return None
    edges = np.unique(first + window_starts(last + 1 - first, WINDOWS))
    own, its = (_pool_windows(series, edges, last) for series in (one, other))
    common = np.intersect1d(own.steps, its.steps)
    if common.size == 0:
        return None
    return own.take(np.isin(own.steps, common)), its.take(np.isin(its.steps, common))


def _zero_share(series: HistogramSeries) -> FloatArray:
    return series.zeros / np.maximum(series.finite, 1)


def _pool_windows(series: HistogramSeries, edges: IntVector, last: int) -> HistogramSeries:
    """Records pooled between neighbouring edges; the step of a window is its left edge."""
    inside = series.take((series.steps >= edges[0]) & (series.steps <= last))
    number = np.searchsorted(edges, inside.steps, side="right") - 1
    starts = np.flatnonzero(np.append(True, np.diff(number) > 0))[: len(inside)]
    pooled = inside.pool(starts)
    pooled.tallies.steps[:] = edges[number[starts]]
    return pooled


def _distances(one: HistogramSeries, other: HistogramSeries) -> FloatArray:
    """(W,) distances of windows with equal steps, on the axis of the scale of both together."""
    # Equal steps would be taken for rewritten records, so the second run's are moved away.
    shift = int(one.steps[-1]) + 1 - int(other.steps[0])
    moved = other.pool(np.arange(len(other)))
    moved.tallies.steps[:] += shift
    shapes = series_to_shapes(join_series([one, moved]))
    half = len(one)
    return shapes.distance(np.arange(half), np.arange(half, 2 * half))


RUN_DIFFERENCE: Final = ComparisonRule(
    kind="run_difference",
    severity="info",
    seen=(
        "The histograms of a layer, or its shares of exact zeros, begin to differ between two "
        "runs and differ until the end."
    ),
    source="SageMaker Debugger, SimilarAcrossRuns; distance: Wasserstein-1, asinh axis",
    thresholds=RunDifferenceThresholds,
    explains={},
    compare=compare_runs,
)
