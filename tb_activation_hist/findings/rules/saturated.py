"""Tanh- and sigmoid-like layers whose outputs lie at the ends of their range."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.findings.hits import Hit, find_hits, group_hits, name_layers, sustained_hit
from tb_activation_hist.findings.layer_types import BOUNDED
from tb_activation_hist.findings.rule import Observation, RunRule
from tb_activation_hist.findings.signals import Signals, train_activations
from tb_activation_hist.findings.thresholds import UNIT_SHARE, Thresholds, threshold

END_SHARE: Final = 1 / 64
"""Part of a bounded range that is one of its ends; of a width of 2 that is 1/32, a bin's edge."""


@dataclass(frozen=True, kw_only=True)
class SaturatedThresholds(Thresholds):
    saturated_share: float = threshold(
        0.85,
        UNIT_SHARE,
        "Part of a bounded nonlinearity's finite values in the outermost 1/64 of its range at "
        "either end. A first layer on pictures with a plain background reaches 0.8 in health.",
        "TheDeepChecker: 0.85",
    )
    saturated_start_share: float = threshold(
        0.6, UNIT_SHARE, "The same, for a layer that is saturated from the first record on."
    )


def find_saturated(
    layers: Sequence[Signals], options: SaturatedThresholds
) -> Iterator[Observation]:
    """All bounded layers but the last: an output's sigmoid may saturate."""
    bounded = [s for s in train_activations(layers)[:-1] if s.info.type in BOUNDED]
    for group in group_hits(find_hits(bounded, lambda signals: _saturated_hit(signals, options))):
        yield Observation(
            hits=group,
            title=f"{name_layers(group)}: {group[0].figures['end_share']:.0%} of the values at "
            f"the ends of its range from step {group[0].first_step}",
            threshold={
                "saturated_share": options.saturated_share,
                "saturated_start_share": options.saturated_start_share,
            },
        )


def _saturated_hit(signals: Signals, options: SaturatedThresholds) -> Hit | None:
    share = _end_share(signals)
    start = sustained_hit(signals, share >= options.saturated_start_share, {"end_share": share})
    if start and start.first == int(np.argmax(signals.whole)):
        return start
    return sustained_hit(signals, share >= options.saturated_share, {"end_share": share})


def _end_share(signals: Signals) -> FloatArray:
    """(S,) share of the finite values in the outermost parts of the range."""
    low, high = BOUNDED[signals.info.type]
    margin = END_SHARE * (high - low)
    middle = signals.series.rebin([low + margin, high - margin])[:, 0]
    finite = np.maximum(signals.series.finite, 1)
    return np.where(signals.series.finite > 0, 1 - middle / finite, np.nan)


SATURATED: Final = RunRule(
    kind="saturated",
    severity="warning",
    seen="Most outputs of a tanh- or sigmoid-like layer lie at the ends of its range. The last "
    "layer of the network is left out.",
    advice="Usual causes: weights that start or grew too large, inputs that are not normalised. At "
    "the ends of its range a tanh or sigmoid passes hardly any gradient. Scale the initialisation "
    "down, normalise before it, or use a nonlinearity without ends.",
    source="Karpathy, makemore 3: |tanh| > 0.97; TheDeepChecker, saturation",
    thresholds=SaturatedThresholds,
    explains={},
    find=(find_saturated,),
    online=None,
)
