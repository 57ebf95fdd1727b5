"""Layers whose dtype is too narrow for their values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.core.number_formats import FORMAT_LIMITS
from tb_activation_hist.findings.hits import (
    Hit,
    begin_of,
    find_hits,
    group_hits,
    name_layers,
    sustained_hit,
    whole_run_hit,
)
from tb_activation_hist.findings.rule import Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals
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


HALF: Final = "float16"

LEAST_SHARE: Final = 0.5
"""Part of the layers in float16 that must show it."""

LEAST_ENDS: Final = 6
"""Smallest and largest gradients that must be known of a layer, together."""


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
            f"from step {begin_of(group)}",
            threshold={"low_precision_share": options.low_precision_share},
        )


def find_subnormal_gradients(
    layers: RunSignals, options: LowPrecisionThresholds
) -> Iterator[Observation]:
    """Gradients of weights that went through float16 and are all under its smallest normal number.

    Where nothing has been divided by a loss scale, they are whole multiples of its smallest number.
    """
    own = [s for s in layers.learners if s.info.dtype == HALF and layers.parameters_of(s.info)]
    hits = [whole_run_hit(s, figures) for s in own if (figures := _subnormal(s, layers))]
    if not own or len(hits) < LEAST_SHARE * len(own):
        return
    largest = max(hit.figures["largest_gradient"] for hit in hits)
    yield Observation(
        hits=hits,
        title=f"{name_layers(hits)}: gradients of at most {largest:.0e}, which float16 holds with "
        "few bits or rounds to 0",
        threshold={"low_precision_share": options.low_precision_share},
    )


def _subnormal(signals: Signals, layers: RunSignals) -> dict[str, float]:
    """What was measured where all known gradients of a layer's matrices are subnormal, else {}."""
    normal, smallest, _ = FLOAT_LIMITS[HALF]
    series = [
        p.gradients.signals.series
        for p in layers.parameters_of(signals.info)
        if p.is_matrix and p.gradients is not None and (p.gradients.rms > 0).any()
    ]
    ends = [np.concatenate([own.min, own.max]) for own in series]
    known = np.concatenate([each[np.isfinite(each)] for each in ends]) if ends else np.zeros(0)
    largest = float(np.median(np.abs(known))) if len(known) >= LEAST_ENDS else 0.0
    steps = known / smallest
    if not 0 < largest < normal or not (steps == np.round(steps)).all():
        return {}
    zeros = sum(int(own.zeros.sum()) for own in series)
    values = sum(int(own.n.sum()) for own in series)
    return {"largest_gradient": float(np.abs(known).max()), "zero_share": zeros / values}


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
    "the dtype's largest number; or the gradients of most weights of layers that compute in "
    "float16 are subnormal there, without a loss scale.",
    source="TorchLens and NaNsense: a tenth of the values subnormal",
    thresholds=LowPrecisionThresholds,
    explains={},
    find=(find_low_precision, find_subnormal_gradients),
    online=None,
)
