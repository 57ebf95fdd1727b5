"""Whether a run of a report is identical with its baseline, count by count."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tb_activation_hist.core.comparison.series_difference import pair_records
from tb_activation_hist.core.comparison.spread import Spread
from tb_activation_hist.core.execution_order import ExecutionOrder
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.findings import RunLayers


class UnequalLayer(NamedTuple):
    """A layer with a record that is not the baseline's, and the first step of one."""

    info: LayerInfo
    step: int


class Identity(NamedTuple):
    """A run beside its baseline.

    common: how many layers have a step that both runs have. unequal: those of them with a record
    that differs there, in the order in which a difference spreads.
    """

    baseline: str
    common: int
    unequal: list[UnequalLayer]

    def __str__(self) -> str:
        if not self.common:
            return f"No layer shares a step with run {self.baseline!r}."
        if not self.unequal:
            return (
                f"Identical to run {self.baseline!r}: equal counts in all {self.common} common "
                "layers."
            )
        first = self.unequal[0]
        return (
            f"Not identical to run {self.baseline!r}: {len(self.unequal)} of {self.common} "
            f"common layers differ, {first.info.key} first, at step {first.step}. Run compare for "
            "details."
        )


def find_identity(
    name: str, baseline: RunLayers, run: RunLayers, order: ExecutionOrder
) -> Identity:
    """Compare every record that both runs have; order: in which the baseline's layers ran."""
    known = {info.tag: series for info, series in baseline.values()}
    common, unequal = 0, []
    for info, series in run.values():
        other = known.get(info.tag)
        if other is None or not len(np.intersect1d(other.steps, series.steps)):
            continue
        common += 1
        step = _first_unequal_step(other, series)
        if step is not None:
            unequal.append(UnequalLayer(info, step))
    spread = Spread([info for info, _ in run.values()], order)
    unequal.sort(key=lambda each: (each.step, spread.sort_key(each.info)))
    return Identity(name, common, unequal)


def _first_unequal_step(one: HistogramSeries, other: HistogramSeries) -> int | None:
    """The first common step at which records differ; None if none does."""
    if one.scheme != other.scheme:
        return int(np.intersect1d(one.steps, other.steps)[0])
    pairs = pair_records(one, other)
    differing = np.flatnonzero(pairs.unequal)
    return int(pairs.one.steps[differing[0]]) if len(differing) else None
