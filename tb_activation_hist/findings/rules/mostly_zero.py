"""ReLU-like layers whose outputs are nearly all zero."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.findings.hits import (
    Hit,
    begin_of,
    find_hits,
    group_hits,
    name_layers,
    sustained_hit,
)
from tb_activation_hist.findings.layer_types import may_put_out_zeros
from tb_activation_hist.findings.rule import Begins, Observation, RunRule
from tb_activation_hist.findings.rules.collapsed import has_collapsed
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.signals import Signals, sustained_stretch
from tb_activation_hist.findings.thresholds import UNIT_SHARE, CollapsedThresholds, threshold


@dataclass(frozen=True, kw_only=True)
class MostlyZeroThresholds(CollapsedThresholds):
    mostly_zero_share: float = threshold(
        0.93,
        UNIT_SHARE,
        "Share of a ReLU's finite values that are exactly zero; about half is normal.",
        "NeuroScope calls a unit dead from 0.9 up; raised with bench/findings",
    )


def find_mostly_zero(layers: RunSignals, options: MostlyZeroThresholds) -> Iterator[Observation]:
    """ReLU-like layers, and blocks that may end in one, that are nearly all zero.

    Not spikes, of which few are usual: neurons that never spike have collapsed.
    """
    candidates = [s for s in layers.main_outputs if may_put_out_zeros(s.info) and not _spikes(s)]
    for group in group_hits(find_hits(candidates, lambda signals: _zero_hit(signals, options))):
        yield Observation(
            hits=group,
            title=f"{name_layers(group)}: {group[0].figures['zero_share']:.0%} zeros from step "
            f"{begin_of(group)}",
            threshold={"mostly_zero_share": options.mostly_zero_share},
        )


def _spikes(signals: Signals) -> bool:
    """Whether all values are 0 or 1, as those of a spiking neuron are."""
    series = signals.series
    ones = series.finite - series.zeros
    sums = (series.tallies.sum, series.tallies.sum_sq)
    return bool(ones.any()) and all(np.array_equal(own, ones) for own in sums)


def _zero_hit(signals: Signals, options: MostlyZeroThresholds) -> Hit | None:
    state = signals.zero_share >= options.mostly_zero_share
    hit = sustained_hit(signals, state, {"zero_share": signals.zero_share})
    if hit and sustained_stretch(signals, has_collapsed(signals.idle_share, options)):
        return None
    return hit


MOSTLY_ZERO: Final = RunRule(
    kind="mostly_zero",
    severity="warning",
    seen="Nearly all outputs of a ReLU-like layer, or of a block that may end in one, are exactly "
    "zero, and the layer has not collapsed.",
    source="NeuroScope and SageMaker Debugger, DeadRelu, on the whole layer",
    thresholds=MostlyZeroThresholds,
    explains={"sudden_change": Begins.WITH},
    find=(find_mostly_zero,),
    online=None,
)
