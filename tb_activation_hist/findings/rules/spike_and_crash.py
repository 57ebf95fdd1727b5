"""Layers whose scale rises and crashes again and again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.findings.hits import Hit, begin_of, find_hits, group_episodes, name_layers
from tb_activation_hist.findings.layer_types import drops
from tb_activation_hist.findings.rule import Begins, Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.scale_history import HISTORY_SHARE, usable_scales
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.thresholds import UNIT_FACTOR, Thresholds, threshold

DEEPEST_CRASH: Final = 2.0**-20
"""Scales are compared down to this share of the run's largest."""

LEAST_VALUES: Final = 16
"""Values of a record: the scale of fewer ones swings with the batch."""


@dataclass(frozen=True, kw_only=True)
class SpikeThresholds(Thresholds):
    spike_octaves: float = threshold(
        2.0, "octaves", "Rise and following fall of a layer's scale that count as one cycle."
    )
    spike_cycles: int = threshold(
        3,
        "cycles",
        "Number of cycles in a run from which there is a finding.",
        "fastai book: repeated waves",
    )
    spike_height: float = threshold(
        2.0,
        UNIT_FACTOR,
        "Peak, relative to the layer's scale at the start, that so many cycles must reach: else "
        "they are an info, as a scale that falls and comes back, or jumps once, does no harm.",
        "bench/findings: 0.9 in healthy trainings, 4.8 and more in those that diverge",
    )


def find_spikes(layers: RunSignals, options: SpikeThresholds) -> Iterator[Observation]:
    outputs = [s for s in layers.main_outputs if not drops(s.info)]
    hits = find_hits(outputs, lambda signals: _spike_hit(signals, options))
    for group in group_episodes(hits):
        yield Observation(
            hits=group,
            title=f"{name_layers(group)}: scale spikes and crashes "
            f"{group[0].figures['cycles']} times from step {begin_of(group)}",
            threshold={
                "octaves": options.spike_octaves,
                "cycles": options.spike_cycles,
                "height": options.spike_height,
            },
            severity=None if _is_high(group, options) else "info",
        )


def _is_high(group: Sequence[Hit], options: SpikeThresholds) -> bool:
    """Whether a layer rises above what it was at the start, again and again."""
    return any(hit.figures["height"] >= options.spike_height for hit in group)


def _spike_hit(signals: Signals, options: SpikeThresholds) -> Hit | None:
    index, scale = usable_scales(signals)
    if not np.any(scale > 0) or np.median(signals.series.n[index]) < LEAST_VALUES:
        return None
    # A record of zeros alone is a crash, but not one of a thousand octaves.
    size = np.log2(np.maximum(scale, scale.max() * DEEPEST_CRASH))
    if np.ptp(size) < options.spike_octaves:
        return None
    spikes = list(_cycles(size, options.spike_octaves))
    if len(spikes) < options.spike_cycles:
        return None
    height = max(float(size[peak] - size[valley]) for valley, peak, _ in spikes)
    peaks = sorted(float(scale[peak]) for _, peak, _ in spikes)
    # An output layer may begin at 0.
    start = max(min(float(scale[0]), float(signals.early_rms)), peaks[-1] * DEEPEST_CRASH)
    figures = {
        "cycles": len(spikes),
        "largest_factor": 2.0**height,
        "height": peaks[-options.spike_cycles] / start,
    }
    first, last = _begin_of_trouble(size, *spikes[0]), spikes[-1][2]
    return Hit(signals, int(index[first]), int(index[last]), figures)


def _begin_of_trouble(size: FloatArray, valley: int, peak: int, crash: int) -> int:
    """The record at which a cycle's trouble begins: its peak, where the rise to it was quick.

    Scales also grow slowly in health, as logits do; then it is the last record before the fall.
    """
    if peak - valley <= HISTORY_SHARE * len(size):
        return peak
    return peak + int(np.flatnonzero(size[peak:crash] >= size[peak] - 1)[-1])


def _cycles(size: FloatArray, octaves: float) -> Iterator[tuple[int, int, int]]:
    """Valley, peak and crash of each rise by this many octaves that such a fall follows."""
    valley = peak = 0
    risen = False
    for at, value in enumerate(size.tolist()):
        if not risen:
            valley = at if value < size[valley] else valley
            if value >= size[valley] + octaves:
                risen, peak = True, at
        else:
            peak = at if value > size[peak] else peak
            if value <= size[peak] - octaves:
                yield valley, peak, at
                risen, valley = False, at


SPIKE_AND_CRASH: Final = RunRule(
    kind="spike_and_crash",
    severity="warning",
    seen="The scale of a layer's outputs rises and falls again, several times.",
    source="fastai book, chapter 13: repeated rise and crash of the activations",
    thresholds=SpikeThresholds,
    explains={"sudden_change": Begins.WITH_OR_AFTER},
    find=(find_spikes,),
    online=None,
)
