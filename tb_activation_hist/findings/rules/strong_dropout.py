"""Dropout that leaves next to nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.findings.hits import Hit, name_layers, sustained_hit
from tb_activation_hist.findings.rule import Begins, Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.thresholds import UNIT_SHARE, Thresholds, threshold

NEAR: Final = 4
"""Layers in front of a Dropout layer among which the one that feeds it is looked for."""


@dataclass(frozen=True, kw_only=True)
class StrongDropoutThresholds(Thresholds):
    dropped_share: float = threshold(
        0.93,
        UNIT_SHARE,
        "Share of the values other than 0 reaching a Dropout layer that it sets to 0.",
    )


def find_strong_dropout(
    layers: RunSignals, options: StrongDropoutThresholds
) -> Iterator[Observation]:
    outputs = layers.outputs
    hits = [
        hit
        for place, own in enumerate(outputs)
        if own.info.type.startswith("Dropout") and own.whole.any()
        if (hit := _dropout_hit(outputs[max(place - NEAR, 0) : place], own, options))
    ]
    if hits:
        yield Observation(
            hits=hits,
            title=f"{name_layers(hits)}: Dropout sets {hits[0].figures['dropped_share']:.0%} of "
            f"the values to 0 from step {hits[0].first_step}",
            threshold={"dropped_share": options.dropped_share},
        )


def _dropout_hit(
    before: Sequence[Signals], own: Signals, options: StrongDropoutThresholds
) -> Hit | None:
    """before: the layers in front of it; the nearest with outputs of its size feeds it."""
    fed = [one for one in before if _may_feed(one, own)]
    if not fed:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        dropped = 1 - (1 - own.zero_share) / (1 - fed[-1].zero_share)
    state = dropped >= options.dropped_share
    return sustained_hit(own, state, {"dropped_share": dropped})


def _may_feed(one: Signals, own: Signals) -> bool:
    same_steps = np.array_equal(one.series.steps, own.series.steps)
    return one.info.shape == own.info.shape and same_steps


STRONG_DROPOUT: Final = RunRule(
    kind="strong_dropout",
    severity="warning",
    seen="A Dropout layer sets nearly all values that reach it to 0.",
    source="the share of zeros before and after the layer",
    thresholds=StrongDropoutThresholds,
    explains={
        "spike_and_crash": Begins.WITH_OR_AFTER,
        "collapsed": Begins.WITH_OR_AFTER,
        "mostly_zero": Begins.WITH_OR_AFTER,
    },
    find=(find_strong_dropout,),
    online=None,
)
