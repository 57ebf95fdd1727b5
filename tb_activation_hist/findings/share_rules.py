"""Values where they tell nothing: at zero, at an end of a range, out of a dtype's reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.findings.factor import factor
from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.grouping import Hit, group_hits, hits_to_finding, name_layers
from tb_activation_hist.findings.layer_types import BOUNDED, may_put_out_zeros
from tb_activation_hist.findings.options import FindingOptions
from tb_activation_hist.findings.signals import (
    BoolArray,
    Signals,
    sustained_stretch,
    train_activations,
)

END_SHARE: Final = 1 / 64
"""Part of a bounded range that is one of its ends; of a width of 2 that is 1/32, a bin's edge."""

FLOAT_LIMITS: Final = {
    "float16": (2.0**-14, 2.0**-24, 65504.0),
    "bfloat16": (2.0**-126, 2.0**-133, 3.3895e38),
    "float8_e4m3fn": (2.0**-6, 2.0**-9, 448.0),
    "float8_e4m3fnuz": (2.0**-7, 2.0**-10, 240.0),
    "float8_e5m2": (2.0**-14, 2.0**-16, 57344.0),
    "float8_e5m2fnuz": (2.0**-15, 2.0**-17, 57344.0),
}
"""Smallest normal number, smallest number above 0, largest number of each low-precision dtype."""


def find_mostly_zero(run: str, layers: Sequence[Signals], options: FindingOptions) -> list[Finding]:
    """ReLU-like layers, and blocks that end in one, nearly all zero but not collapsed."""
    hits = []
    for signals in train_activations(layers):
        if may_put_out_zeros(signals.info):
            state = signals.zero_share >= options.mostly_zero_share
            hit = _share_hit(signals, state, {"zero_share": signals.zero_share})
            if hit and not sustained_stretch(
                signals, signals.idle_share >= options.collapsed_share
            ):
                hits.append(hit)
    return [
        hits_to_finding(
            "mostly_zero",
            run,
            group,
            severity="warning",
            title=f"{name_layers(group)}: {group[0].figures['zero_share']:.0%} zeros from step "
            f"{group[0].first_step}",
            threshold={"mostly_zero_share": options.mostly_zero_share},
        )
        for group in group_hits(hits)
    ]


def find_saturated(run: str, layers: Sequence[Signals], options: FindingOptions) -> list[Finding]:
    """Tanh and sigmoid layers whose values lie at the ends; an output's sigmoid is left out."""
    outputs = train_activations(layers)
    hits = []
    for signals in outputs[:-1]:
        if signals.info.type in BOUNDED:
            hit = _saturated_hit(signals, options)
            hits += [hit] if hit else []
    return [
        hits_to_finding(
            "saturated",
            run,
            group,
            severity="warning",
            title=f"{name_layers(group)}: {group[0].figures['end_share']:.0%} of the values at "
            f"the ends of its range from step {group[0].first_step}",
            threshold={
                "saturated_share": options.saturated_share,
                "saturated_start_share": options.saturated_start_share,
            },
        )
        for group in group_hits(hits)
    ]


def _saturated_hit(signals: Signals, options: FindingOptions) -> Hit | None:
    share = _end_share(signals)
    start = _share_hit(signals, share >= options.saturated_start_share, {"end_share": share})
    if start and start.first == int(np.argmax(signals.whole)):
        return start
    return _share_hit(signals, share >= options.saturated_share, {"end_share": share})


def _end_share(signals: Signals) -> FloatArray:
    """Share of the finite values in the outermost parts of the range."""
    low, high = BOUNDED[signals.info.type]
    margin = END_SHARE * (high - low)
    middle = signals.series.rebin([low + margin, high - margin])[:, 0]
    finite = np.maximum(signals.series.finite, 1)
    return np.where(signals.series.finite > 0, 1 - middle / finite, np.nan)


def find_low_precision(
    run: str, layers: Sequence[Signals], options: FindingOptions
) -> list[Finding]:
    """Layers whose dtype is too narrow: many subnormal values, or some near the largest."""
    hits = [_precision_hit(signals, options) for signals in layers]
    return [
        hits_to_finding(
            "low_precision",
            run,
            group,
            severity="warning",
            title=f"{name_layers(group)}: {group[0].figures['share_at_limit']:.0%} of the values "
            f"other than 0 at the limits of {group[0].signals.info.dtype} "
            f"from step {group[0].first_step}",
            threshold={"low_precision_share": options.low_precision_share},
        )
        for group in group_hits([hit for hit in hits if hit])
    ]


def _precision_hit(signals: Signals, options: FindingOptions) -> Hit | None:
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
    return _share_hit(signals, share >= options.low_precision_share, figures)


def find_outlier_features(
    run: str, layers: Sequence[Signals], options: FindingOptions
) -> list[Finding]:
    """Layers in which a few values are enormous beside all others."""
    hits = []
    for signals in train_activations(layers):
        largest = np.maximum(np.abs(signals.series.min), np.abs(signals.series.max))
        median = signals.magnitude_quantiles(0.5)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(median > 0, largest / median, np.nan)
        state = (ratio >= options.outlier_ratio) & (largest >= options.outlier_level)
        hit = _share_hit(signals, state, {"ratio": ratio, "largest": largest})
        hits += [hit] if hit else []
    return [
        hits_to_finding(
            "outlier_features",
            run,
            group,
            severity="info",
            title=f"{name_layers(group)}: largest value "
            f"{factor(group[0].figures['ratio'])} times the median from step {group[0].first_step}",
            threshold={"ratio": options.outlier_ratio, "level": options.outlier_level},
        )
        for group in group_hits(hits)
    ]


def _share_hit(signals: Signals, state: BoolArray, figures: Mapping[str, Any]) -> Hit | None:
    """A hit where a state lasts; its figures are means over the time it does."""
    stretch = sustained_stretch(signals, state)
    if stretch is None:
        return None
    first, last = stretch
    means = {name: float(np.nanmean(each[first : last + 1])) for name, each in figures.items()}
    return Hit(signals, first, last, means)
