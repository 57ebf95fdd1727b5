"""Heads, experts and channels that are there but contribute next to nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.core.slice_series import SliceSeries
from tb_activation_hist.findings.rule import Observation, RunRule
from tb_activation_hist.findings.signals import BoolArray, Signals
from tb_activation_hist.findings.thresholds import UNIT_FACTOR, UNIT_SHARE, Thresholds, threshold
from tb_activation_hist.findings.unit_signals import (
    SUM_TOLERANCE,
    UnitSignals,
    observe_units,
    split_layers,
)


@dataclass(frozen=True, kw_only=True)
class UnusedThresholds(Thresholds):
    unused_ratio: float = threshold(
        1000.0,
        UNIT_FACTOR,
        "Factor by which a unit's root mean square is below that of the layer's median unit.",
    )
    unused_load: float = threshold(
        0.05,
        UNIT_SHARE,
        "For probabilities (of a router): a unit's mean relative to its fair share, 1 / number of "
        "units.",
    )


def find_unused_units(
    layers: Sequence[Signals], options: UnusedThresholds
) -> Iterator[Observation]:
    for units in split_layers(layers):
        since = units.lasting(_is_unused(units, options))
        if (since < len(units.slices)).any():
            limits = {"ratio": options.unused_ratio, "load": options.unused_load}
            yield observe_units(units, since, "hardly used", limits)


def _is_unused(units: UnitSignals, options: UnusedThresholds) -> BoolArray:
    """(S, K); units that are dead have a finding of their own."""
    slices = units.slices
    faint = units.scale_ratio <= 1 / options.unused_ratio
    shares = _are_probabilities(slices)[:, None]
    with np.errstate(invalid="ignore"):
        idle = shares & (slices.mean * slices.slices <= options.unused_load)
    unused: BoolArray = (faint | idle) & ~units.zero
    return unused


def _are_probabilities(slices: SliceSeries) -> BoolArray:
    """(S,) whether the units' values lie between 0 and 1, and add up to 1 on average."""
    with np.errstate(invalid="ignore"):
        inside = (slices.min >= 0).all(axis=1) & (slices.max <= 1).all(axis=1)
        total = slices.mean.sum(axis=1)
        probable: BoolArray = inside & (np.abs(total - 1) <= SUM_TOLERANCE)
    return probable


UNUSED_UNITS: Final = RunRule(
    kind="unused_units",
    severity="warning",
    seen=(
        "Until the end of the run, units of a layer recorded with `split` output far smaller "
        "values than the layer's other units, or a router gives them almost no probability."
    ),
    source="Shazeer et al. 2017, Outrageously Large Neural Networks: load of experts",
    thresholds=UnusedThresholds,
    explains={},
    find=(find_unused_units,),
    online=None,
)
