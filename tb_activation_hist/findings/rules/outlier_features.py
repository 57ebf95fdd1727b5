"""Layers in which a few values are enormous beside all others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from tb_activation_hist.findings.layer_types import drops, has_tail
from tb_activation_hist.findings.number_format import format_factor
from tb_activation_hist.findings.rule import Observation, RunRule
from tb_activation_hist.findings.signals import Signals, train_activations
from tb_activation_hist.findings.thresholds import UNIT_FACTOR, Thresholds, threshold

MASSIVE_ACTIVATIONS: Final = "Sun et al. 2024, Massive Activations in Large Language Models"


@dataclass(frozen=True, kw_only=True)
class OutlierThresholds(Thresholds):
    outlier_ratio: float = threshold(
        1000.0,
        UNIT_FACTOR,
        "Largest |x| of a record relative to its median |x|.",
        MASSIVE_ACTIVATIONS,
    )
    outlier_level: float = threshold(
        100.0, "|x|", "Lower limit of the largest |x|.", MASSIVE_ACTIVATIONS
    )


def find_outlier_features(
    layers: Sequence[Signals], options: OutlierThresholds
) -> Iterator[Observation]:
    outputs = [s for s in train_activations(layers) if not has_tail(s.info) and not drops(s.info)]
    hits = find_hits(outputs, lambda signals: _outlier_hit(signals, options))
    for group in group_hits(hits):
        yield Observation(
            hits=group,
            title=f"{name_layers(group)}: largest value "
            f"{format_factor(group[0].figures['ratio'])} times the median "
            f"from step {begin_of(group)}",
            threshold={"ratio": options.outlier_ratio, "level": options.outlier_level},
        )


def _outlier_hit(signals: Signals, options: OutlierThresholds) -> Hit | None:
    largest = np.maximum(np.abs(signals.series.min), np.abs(signals.series.max))
    high = largest >= options.outlier_level
    # Medians take longer than all other rules together; most layers need none.
    if not high.any():
        return None
    median = signals.magnitude_quantiles(0.5)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(median > 0, largest / median, np.nan)
    state = (ratio >= options.outlier_ratio) & high
    return sustained_hit(signals, state, {"ratio": ratio, "largest": largest})


OUTLIER_FEATURES: Final = RunRule(
    kind="outlier_features",
    severity="info",
    seen=(
        "The largest output of a layer is enormous compared with the median size of its outputs. "
        "Layers whose median is in a tail near zero (GELU, SiLU, max pooling) are not checked."
    ),
    source=MASSIVE_ACTIVATIONS,
    thresholds=OutlierThresholds,
    explains={},
    find=(),
    slow=(find_outlier_features,),
    online=None,
)
