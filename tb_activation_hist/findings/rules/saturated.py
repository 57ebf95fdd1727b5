"""Tanh- and sigmoid-like layers whose outputs lie at the ends of their range."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.findings.attention_scores import scores_at_start
from tb_activation_hist.findings.hits import (
    Hit,
    begin_of,
    find_hits,
    first_record_hit,
    group_hits,
    name_layers,
    sustained_hit,
)
from tb_activation_hist.findings.layer_types import BOUNDED, RECURRENT
from tb_activation_hist.findings.number_format import format_factor
from tb_activation_hist.findings.rule import Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.signals import Signals, train_activations
from tb_activation_hist.findings.thresholds import UNIT_RMS, UNIT_SHARE, Thresholds, threshold

END: Final = 1 / 32
"""Distance from the end of a range within which values are at the end; next to 1, the width of a
bin."""

TINY: Final = 1e-9

ONE: Final = 0.99
"""A softmax's value from which on it has chosen."""

SUM_TOLERANCE: Final = 0.05
"""How far the means of a softmax's rows, times their width, may be from 1."""

LEAST_WIDTH: Final = 4
"""Values of a softmax of which one is chosen."""

SOFTMAX_TYPES: Final = ("Softmax", "Dropout", "Identity")
"""Types whose outputs may be those of a softmax."""


@dataclass(frozen=True, kw_only=True)
class SaturatedThresholds(Thresholds):
    saturated_share: float = threshold(
        0.85,
        UNIT_SHARE,
        "Share of a bounded nonlinearity's finite values within 1/32 of either end of its range. "
        "A healthy first layer on pictures with a plain background reaches 0.8.",
        "TheDeepChecker: 0.85",
    )
    saturated_start_share: float = threshold(
        0.6, UNIT_SHARE, "The same for a layer that is saturated from the first record on."
    )
    saturated_softmax: float = threshold(
        0.5,
        UNIT_SHARE,
        "Share of a softmax's rows that have one value above 0.99 from the first record on.",
    )
    saturated_scores: float = threshold(
        10.0,
        UNIT_RMS,
        "Scale of queries times that of keys in the first record, which is the scale of "
        "attention's scores; at most 0.1 in 40 healthy trainings.",
    )


def find_saturated(
    layers: Sequence[Signals], options: SaturatedThresholds
) -> Iterator[Observation]:
    """All bounded layers but the last: an output's sigmoid may saturate."""
    bounded = [s for s in train_activations(layers)[:-1] if _range_of(s) is not None]
    for group in group_hits(find_hits(bounded, lambda signals: _saturated_hit(signals, options))):
        yield Observation(
            hits=group,
            title=f"{name_layers(group)}: {group[0].figures['end_share']:.0%} of the values at "
            f"the ends of its range from step {begin_of(group)}",
            threshold={
                "saturated_share": options.saturated_share,
                "saturated_start_share": options.saturated_start_share,
            },
        )


def find_saturated_softmax(
    layers: Sequence[Signals], options: SaturatedThresholds
) -> Iterator[Observation]:
    """Softmaxes, or dropout on their outputs, that choose one value from the first record on.

    A trained one may well be sure, and so may that of the last layer.
    """
    outputs = train_activations(layers)[:-1]
    hits = find_hits(outputs, lambda signals: _softmax_hit(signals, options))
    if hits:
        yield Observation(
            hits=hits,
            title=f"{name_layers(hits)}: {hits[0].figures['one_share']:.0%} of the softmax's rows "
            f"have all weight on one value from step {begin_of(hits)}",
            threshold={"saturated_softmax": options.saturated_softmax},
        )


def find_large_scores(layers: RunSignals, options: SaturatedThresholds) -> Iterator[Observation]:
    """Attention that begins with scores of which the largest takes all the weight."""
    large = [each for each in scores_at_start(layers) if each.rms > options.saturated_scores]
    if large:
        hits = [first_record_hit(each.queries, {"scores_rms": each.rms}) for each in large]
        yield Observation(
            hits=hits,
            title=f"{name_layers(hits)}: attention's scores have a root mean square of "
            f"{format_factor(large[0].rms)} at the start, so that a softmax gives all the weight "
            "to one value",
            threshold={"saturated_scores": options.saturated_scores},
        )


def _softmax_hit(signals: Signals, options: SaturatedThresholds) -> Hit | None:
    width = signals.info.shape[-1] if signals.info.shape else 0
    if signals.info.type not in SOFTMAX_TYPES or width < LEAST_WIDTH or not signals.whole.any():
        return None
    first = signals.first_whole
    adds_up = abs(float(signals.series.mean[first]) * width - 1) < SUM_TOLERANCE
    if not adds_up or not float(signals.series.min[first]) >= 0:
        return None
    ones = signals.series.rebin([ONE, np.inf])[:, 0] * width / np.maximum(signals.series.n, 1)
    hit = sustained_hit(signals, ones >= options.saturated_softmax, {"one_share": ones})
    return hit if hit and hit.first == first else None


def _saturated_hit(signals: Signals, options: SaturatedThresholds) -> Hit | None:
    low, high = _end_shares(signals)
    share = low + high
    figures = {"end_share": share}
    if np.isfinite(_range_of(signals) or ()).all():
        figures["one_end"] = np.maximum(low, high) / np.maximum(share, TINY)
    start = sustained_hit(signals, share >= options.saturated_start_share, figures)
    if start and start.first == signals.first_whole:
        return start
    return sustained_hit(signals, share >= options.saturated_share, figures)


def _range_of(signals: Signals) -> tuple[float, float] | None:
    """The least and the largest value that a layer can output; None if it has none."""
    if signals.info.type not in RECURRENT:
        return BOUNDED.get(signals.info.type)
    low, high = BOUNDED["Tanh"]
    known = signals.series.finite > 0
    inside = (signals.series.min[known] >= low).all() and (signals.series.max[known] <= high).all()
    return (low, high) if inside else None


def _end_shares(signals: Signals) -> tuple[FloatArray, FloatArray]:
    """(S,) shares of the finite values at the lower and at the upper end of the range."""
    low, high = _range_of(signals) or (-np.inf, np.inf)
    series = signals.series
    finite = np.where(series.finite > 0, series.finite, np.nan)
    middle = series.rebin([low + END, high - END])[:, 0] / finite
    above = series.rebin([high - END, np.inf])[:, 0] / finite
    return 1 - middle - above, above


SATURATED: Final = RunRule(
    kind="saturated",
    severity="warning",
    seen=(
        "Most outputs of a tanh- or sigmoid-like or recurrent layer lie at the ends of its range, "
        "a softmax gives all the weight to one value from the first record on, or attention's "
        "scores are that large at the start. The last layer of the network is not checked."
    ),
    source="Karpathy, makemore 3: |tanh| > 0.97; TheDeepChecker, saturation",
    thresholds=SaturatedThresholds,
    explains={},
    find=(find_saturated, find_saturated_softmax, find_large_scores),
    online=None,
)
