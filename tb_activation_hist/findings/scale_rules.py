"""How the scale of a layer's values goes over time: exploding, vanishing, spikes and crashes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.findings.distance import IntVector
from tb_activation_hist.findings.factor import factor
from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.grouping import Hit, group_episodes, hits_to_finding, name_layers
from tb_activation_hist.findings.options import FindingOptions
from tb_activation_hist.findings.signals import (
    Signals,
    first_long_stretch,
    sustained_records,
    train_activations,
)

HISTORY_SHARE = 0.05
"""Share of a run that must lie before a change of scale can be told."""

BULK = 0.9
"""Quantile of |x| that grows when a layer explodes, but not when one of its units does."""

DEEPEST_CRASH = 2.0**-20
"""Scales are compared down to this share of the run's largest."""


def find_exploding(run: str, layers: Sequence[Signals], options: FindingOptions) -> list[Finding]:
    """Layers whose scale grows far beyond their own, and beyond what is usable."""
    hits = [_exploding_hit(signals, options) for signals in train_activations(layers)]
    return [
        hits_to_finding(
            "exploding",
            run,
            group,
            severity="error",
            title=f"{name_layers(group)}: values grow {factor(group[0].figures['growth'])} times "
            f"larger from step {group[0].first_step}",
            threshold={"growth": options.exploding_growth, "level": options.exploding_level},
        )
        for group in group_episodes([hit for hit in hits if hit])
    ]


def _exploding_hit(signals: Signals, options: FindingOptions) -> Hit | None:
    index, scale = _usable(signals)
    if scale.size < 2:
        return None
    usual = np.nanmin(_earlier_scales(scale), axis=1)
    state = (scale > options.exploding_growth * usual) & (scale > options.exploding_level)
    # Values that leave the range of floats soon after leave few records behind, so two do.
    stretch = first_long_stretch(state, 2)
    if stretch is None:
        return None
    if not _bulk_grows(signals, index, stretch, options):
        return None
    first = _departure(scale, stretch[0])
    growth = float(scale[stretch[0] : stretch[1] + 1].max() / usual[stretch[0]])
    figures = {"growth": growth, "rms": float(scale[stretch[0] :].max())}
    figures["rms_before"] = float(usual[stretch[0]])
    return Hit(signals, int(index[first]), int(index[stretch[1]]), figures)


def _bulk_grows(
    signals: Signals, index: IntVector, stretch: tuple[int, int], options: FindingOptions
) -> bool:
    """Whether the larger values grow as a whole, and not a few outliers alone."""
    size = signals.magnitude_quantiles(BULK)[index]
    before = float(np.median(size[: max(stretch[0], 1)]))
    return float(size[stretch[0] : stretch[1] + 1].max()) > before * options.exploding_growth / 10


def find_vanishing(run: str, layers: Sequence[Signals], options: FindingOptions) -> list[Finding]:
    """Layers whose scale falls far below what it was, and stays there."""
    hits = [_vanishing_hit(signals, options) for signals in train_activations(layers)]
    return [
        hits_to_finding(
            "vanishing",
            run,
            group,
            severity="warning",
            title=f"{name_layers(group)}: values shrink {factor(group[0].figures['decay'])} times "
            f"from step {group[0].first_step}",
            threshold={"vanishing_decay": options.vanishing_decay},
        )
        for group in group_episodes([hit for hit in hits if hit])
    ]


def _vanishing_hit(signals: Signals, options: FindingOptions) -> Hit | None:
    index, scale = _usable(signals)
    if scale.size < 2:
        return None
    usual = np.nanmax(_earlier_scales(scale), axis=1)
    # What is exactly zero has collapsed, which is another finding.
    state = (scale * options.vanishing_decay < usual) & (scale > 0)
    stretch = first_long_stretch(state, sustained_records(len(state), options))
    if stretch is None:
        return None
    at_home = np.flatnonzero(scale[: stretch[0]] > usual[stretch[0]] / 2)
    first = int(at_home[-1]) + 1 if at_home.size else 0
    lowest = float(scale[stretch[0] : stretch[1] + 1].min())
    figures = {"decay": float(usual[stretch[0]]) / lowest, "rms": lowest}
    figures["rms_before"] = float(usual[stretch[0]])
    return Hit(signals, int(index[first]), int(index[stretch[1]]), figures)


def find_spikes(run: str, layers: Sequence[Signals], options: FindingOptions) -> list[Finding]:
    """Layers whose scale rises and crashes again and again."""
    hits = [_spike_hit(signals, options) for signals in train_activations(layers)]
    return [
        hits_to_finding(
            "spike_and_crash",
            run,
            group,
            severity="warning",
            title=f"{name_layers(group)}: scale spikes and crashes "
            f"{group[0].figures['cycles']} times from step {group[0].first_step}",
            threshold={"octaves": options.spike_octaves, "cycles": options.spike_cycles},
        )
        for group in group_episodes([hit for hit in hits if hit])
    ]


def _spike_hit(signals: Signals, options: FindingOptions) -> Hit | None:
    index, scale = _usable(signals)
    if not np.any(scale > 0):
        return None
    # A record of zeros alone is a crash, but not one of a thousand octaves.
    size = np.log2(np.maximum(scale, scale.max() * DEEPEST_CRASH))
    if size.size < 2 or np.ptp(size) < options.spike_octaves:
        return None
    spikes = list(_cycles(size, options.spike_octaves))
    if len(spikes) < options.spike_cycles:
        return None
    height = max(float(size[peak] - size[valley]) for valley, peak, _ in spikes)
    figures = {"cycles": len(spikes), "largest_factor": 2.0**height}
    return Hit(signals, int(index[_trouble(size, *spikes[0])]), int(index[spikes[-1][2]]), figures)


def _trouble(size: FloatArray, valley: int, peak: int, crash: int) -> int:
    """The record at which a cycle's trouble begins: its peak, where the rise to it was quick.

    Scales also grow slowly in health, as logits do; then it is the last record before the fall.
    """
    if peak - valley <= HISTORY_SHARE * len(size):
        return peak
    return peak + int(np.flatnonzero(size[peak:crash] >= size[peak] - 1)[-1])


def _cycles(size: FloatArray, octaves: float) -> Iterator[tuple[int, int, int]]:
    """Valley, peak and crash of each rise by so many octaves that is followed by such a fall."""
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


def _usable(signals: Signals) -> tuple[IntVector, FloatArray]:
    """Indices and scales of the records that can be compared."""
    index = np.flatnonzero(signals.whole & np.isfinite(signals.rms))
    return index, signals.rms[index]


def _earlier_scales(scale: FloatArray) -> FloatArray:
    """(S,) for each record, the scales of the windows before it: (S, W) medians, NaN ahead.

    In the first window that is the run's first record alone.
    """
    windows = int(1 / HISTORY_SHARE)
    starts = np.unique(np.linspace(0, len(scale), windows, endpoint=False).astype(np.int64))
    ends = np.append(starts[1:], len(scale))
    medians = [float(np.median(scale[a:b])) for a, b in zip(starts, ends, strict=True)]
    number = np.searchsorted(starts, np.arange(len(scale)), side="right") - 1
    known = np.append(scale[0], medians)
    return np.where(np.arange(len(known)) <= number[:, None], known, np.nan)


def _departure(scale: FloatArray, at: int) -> int:
    """The record from which on the scale grew to where it is at `at`.

    It is the first one after the last that was within a factor of 2 of what it had been shortly
    before: in the window of records that ends one window earlier.
    """
    window = max(int(HISTORY_SHARE * len(scale)), 1)
    before = scale[max(at - 2 * window, 0) : max(at - window, 1)]
    factor = scale / max(float(np.median(before)), np.finfo(np.float64).tiny)
    near = np.flatnonzero(factor[:at] < 2)
    return int(near[-1]) + 1 if near.size else 0
