"""Whether two runs are identical: equal counts of every layer at every step that both have."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.joining import align_bins
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.findings.diagnose import RunLayers
from tb_activation_hist.findings.spread import spread_key

_COMPARED: Final = ("n", "zeros", "nans", "pos_infs", "neg_infs")


class UnequalLayer(NamedTuple):
    """A layer whose counts are not those of the baseline, and the first step at which."""

    info: LayerInfo
    step: int


class RunComparison(NamedTuple):
    """A run beside its baseline.

    common: layers with a step that both runs have. unequal: those of them whose counts differ, the
    first to differ first.
    """

    common: int
    unequal: list[UnequalLayer]


def compare_counts(baseline: RunLayers, run: RunLayers) -> RunComparison:
    """Hold every count of a run against that of its baseline."""
    known = {info.tag: series for info, series in baseline.values()}
    common, unequal = 0, []
    for info, series in run.values():
        pair = _common_records(known[info.tag], series) if info.tag in known else None
        if pair is None:
            continue
        common += 1
        step = first_unequal_step(*pair)
        if step is not None:
            unequal.append(UnequalLayer(info, step))
    return RunComparison(common, sorted(unequal, key=lambda u: (u.step, spread_key(u.info))))


def _common_records(
    one: HistogramSeries, other: HistogramSeries
) -> tuple[HistogramSeries, HistogramSeries] | None:
    """Both series at the steps that both have; None where there is none."""
    _, mine, theirs = np.intersect1d(one.steps, other.steps, return_indices=True)
    return (one.take(mine), other.take(theirs)) if len(mine) else None


def first_unequal_step(one: HistogramSeries, other: HistogramSeries) -> int | None:
    """The first step at which the counts of two series with equal steps differ; None: at none."""
    if one.scheme != other.scheme:
        return int(one.steps[0])
    _, (mine, theirs) = align_bins([one, other])
    differs = (mine != theirs).any(axis=1)
    for name in _COMPARED:
        differs |= getattr(one, name) != getattr(other, name)
    return int(one.steps[differs.argmax()]) if differs.any() else None
