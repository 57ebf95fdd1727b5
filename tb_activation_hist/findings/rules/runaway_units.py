"""Units that grew far beyond the others of their layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.findings.number_format import format_factor
from tb_activation_hist.findings.rule import Begins, Observation, RunRule
from tb_activation_hist.findings.signals import EARLY_RECORDS, Signals
from tb_activation_hist.findings.thresholds import UNIT_FACTOR, Thresholds, threshold
from tb_activation_hist.findings.unit_signals import early_median, observe_units, split_layers


@dataclass(frozen=True, kw_only=True)
class RunawayThresholds(Thresholds):
    runaway_ratio: float = threshold(
        50.0, UNIT_FACTOR, "A unit's root mean square relative to that of the layer's median unit."
    )
    runaway_growth: float = threshold(
        10.0, UNIT_FACTOR, "Growth of that ratio since the first records."
    )


def find_runaway_units(
    layers: Sequence[Signals], options: RunawayThresholds
) -> Iterator[Observation]:
    for units in split_layers(layers):
        ratio = units.scale_ratio
        early = early_median(ratio, options, EARLY_RECORDS)
        with np.errstate(all="ignore"):
            grown = ratio >= np.maximum(options.runaway_ratio, options.runaway_growth * early)
        since = units.lasting(grown)
        found = since < len(ratio)
        if found.any():
            largest = float(np.nanmax(ratio[since[found].min() :, found]))
            limits = {"ratio": options.runaway_ratio, "growth": options.runaway_growth}
            state = f"ran away, up to {format_factor(largest)} times the median unit,"
            yield observe_units(units, since, state, limits, {"ratio": largest})


RUNAWAY_UNITS: Final = RunRule(
    kind="runaway_units",
    severity="warning",
    seen=(
        "Units of a layer recorded with `split` grow far beyond the layer's median unit and stay "
        "there until the end of the run."
    ),
    source="Sun et al. 2024, Massive Activations in Large Language Models; bench/findings",
    thresholds=RunawayThresholds,
    explains={"outlier_features": Begins.WITH},
    find=(find_runaway_units,),
    online=None,
)
