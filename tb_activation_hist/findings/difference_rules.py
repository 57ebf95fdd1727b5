"""Where two runs part: layers whose values come to lie apart for the rest of the run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.joining import join_series
from tb_activation_hist.findings.distance import (
    IntVector,
    series_to_shapes,
    window_starts,
)
from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.grouping import Hit, hit_layers, name_layers
from tb_activation_hist.findings.options import FindingOptions
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.texts import ADVICE, SOURCES

WINDOWS = 32
"""Windows into which the steps common to two runs are cut."""


def find_run_difference(
    baseline: str, run: str, pairs: Sequence[tuple[Signals, Signals]], options: FindingOptions
) -> list[Finding]:
    """At most one finding: the layers in which `run` parts from `baseline`, the first one first.

    pairs: one layer in the baseline and in the run, each. Of the figures, `first_steps` and
    `distances` are parallel to the finding's layers.
    """
    hits = [hit for one, other in pairs if (hit := _difference_hit(one, other, options))]
    if not hits:
        return []
    hits.sort(key=lambda hit: (hit.first_step, hit.order))
    cause = hits[0]
    return [
        Finding(
            kind="run_difference",
            run=run,
            **hit_layers(hits),
            first_step=cause.first_step,
            last_step=max(hit.last_step for hit in hits),
            severity="info",
            title=f"{name_layers(hits)}: apart from run {baseline!r} from step {cause.first_step}",
            advice=ADVICE["run_difference"],
            figures={
                "baseline": baseline,
                **cause.figures,
                "first_steps": [hit.first_step for hit in hits],
                "distances": [hit.figures["distance"] for hit in hits],
            },
            threshold={
                "difference_distance": options.difference_distance,
                "difference_zeros": options.difference_zeros,
            },
            source=SOURCES["run_difference"],
        )
    ]


def _difference_hit(one: Signals, other: Signals, options: FindingOptions) -> Hit | None:
    first = max(int(one.series.steps[0]), int(other.series.steps[0]))
    last = min(int(one.series.steps[-1]), int(other.series.steps[-1]))
    if one.series.scheme != other.series.scheme or last <= first:
        return None
    edges = np.unique(first + window_starts(last + 1 - first, WINDOWS))
    parts = [_windows(signals.series, edges, last) for signals in (one, other)]
    common = np.intersect1d(parts[0].steps, parts[1].steps)
    if common.size == 0:
        return None
    own, its = (part.take(np.isin(part.steps, common)) for part in parts)
    apart = _distances(own, its)
    # Half of a ReLU's values are zero anyhow: that all are moves little mass, but says much.
    zeros = np.abs(_zero_share(own) - _zero_share(its))
    state = (apart > options.difference_distance) | (zeros > options.difference_zeros)
    if not state[-1]:
        return None
    # The stretch that lasts to the end: runs that part for a while and meet again do not count.
    begin = int(np.flatnonzero(~state)[-1]) + 1 if not state.all() else 0
    steps = other.series.steps
    records = np.flatnonzero((steps >= common[begin]) & (steps <= last))
    figures = {"distance": float(apart[begin:].max()), "zeros_apart": float(zeros[begin:].max())}
    return Hit(other, int(records[0]), int(records[-1]), figures)


def _zero_share(series: HistogramSeries) -> FloatArray:
    return series.zeros / np.maximum(series.finite, 1)


def _windows(series: HistogramSeries, edges: IntVector, last: int) -> HistogramSeries:
    """Records pooled between neighbouring edges; a window's step is its edge."""
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
