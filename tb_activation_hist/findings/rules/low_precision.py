"""Layers whose dtype is too narrow for their values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.core.number_formats import FORMAT_LIMITS
from tb_activation_hist.findings.hits import Hit, find_hits, group_hits, name_layers, sustained_hit
from tb_activation_hist.findings.rule import Observation, RunRule
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.thresholds import UNIT_SHARE, Thresholds, threshold

FLOAT_LIMITS: Final = {
    **{
        limits.dtype: (limits.smallest_normal, limits.smallest, limits.largest)
        for limits in FORMAT_LIMITS.values()
    },
    "float8_e4m3fnuz": (2.0**-7, 2.0**-10, 240.0),
    "float8_e5m2fnuz": (2.0**-15, 2.0**-17, 57344.0),
}
"""Smallest normal number, smallest number above 0, largest number of each low-precision dtype."""


@dataclass(frozen=True, kw_only=True)
class LowPrecisionThresholds(Thresholds):
    low_precision_share: float = threshold(
        0.1,
        UNIT_SHARE,
        "Share of the values other than 0 that are below the dtype's smallest normal number or "
        "above half its largest.",
        "TorchLens and NaNsense: 0.1",
    )


def find_low_precision(
    layers: Sequence[Signals], options: LowPrecisionThresholds
) -> Iterator[Observation]:
    for group in group_hits(find_hits(layers, lambda signals: _precision_hit(signals, options))):
        yield Observation(
            hits=group,
            title=f"{name_layers(group)}: {group[0].figures['share_at_limit']:.0%} of the values "
            f"other than 0 at the limits of {group[0].signals.info.dtype} "
            f"from step {group[0].first_step}",
            threshold={"low_precision_share": options.low_precision_share},
        )


def _precision_hit(signals: Signals, options: LowPrecisionThresholds) -> Hit | None:
    limits = FLOAT_LIMITS.get(signals.info.dtype)
    if limits is None:
        return None
    normal, smallest, largest = limits
    series, sizes = signals.series, signals.magnitudes
    if np.any((sizes > 0) & (sizes < smallest) & series.bin_counts.any(axis=0)):
        # Smaller than the dtype can hold: divided by a loss scale since, so nothing is known.
        return None
    counts = series.bin_counts.astype(np.int64)
    subnormal = counts[:, (sizes > 0) & (sizes <= normal)].sum(axis=1)
    near_end = counts[:, sizes > largest / 2].sum(axis=1)
    others = counts[:, sizes > 0].sum(axis=1)
    share = (subnormal + near_end) / np.maximum(others, 1)
    figures = {"share_at_limit": share, "subnormal": subnormal, "near_largest": near_end}
    return sustained_hit(signals, share >= options.low_precision_share, figures)


LOW_PRECISION: Final = RunRule(
    kind="low_precision",
    severity="warning",
    seen="Many values other than 0 of a float16, bfloat16 or float8 series are subnormal or near "
    "the dtype's largest number.",
    advice=(
        "Usual causes: gradients too small for fp16 without loss scaling, or activations that "
        "are not normalised. Use a GradScaler or bf16, or keep this layer in float32."
    ),
    source="TorchLens and NaNsense: a tenth of the values subnormal",
    thresholds=LowPrecisionThresholds,
    explains={},
    find=(find_low_precision,),
    online=None,
)
