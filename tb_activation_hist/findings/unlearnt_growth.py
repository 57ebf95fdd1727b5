"""Layers that grow while the logged loss rises above what it was at the beginning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.loss_history import LossHistory
from tb_activation_hist.core.setup_facts import LossGradients
from tb_activation_hist.findings.hits import Hit, begin_of, find_hits, group_episodes, name_layers
from tb_activation_hist.findings.loss_signals import LEARNT, find_main_loss
from tb_activation_hist.findings.number_format import format_factor
from tb_activation_hist.findings.rule import Observation
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.scale_history import usable_scales
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.thresholds import UNIT_FACTOR, Thresholds, threshold

FIRST_RECORDS: Final = 3
"""Records whose median is what a loss or a scale was at the beginning."""

LEAST_BEGIN: Final = 0.05
"""Scale at the beginning, relative to the median layer's, from which on growth is judged: what
starts next to 0, as adapters and the ends of residual branches do, has to grow."""

LOSS_RECORDS: Final = 8
SCALE_RECORDS: Final = 4
"""Records whose median is what it has become, so that one batch is no growth."""


@dataclass(frozen=True, kw_only=True)
class UnlearntGrowthThresholds(Thresholds):
    unlearnt_growth: float = threshold(
        16.0,
        UNIT_FACTOR,
        "Growth of a layer's scale relative to the first records, where the logged loss rises.",
        "bench/findings: 0 of 235 healthy trainings but for Q-learning, 43 of 215 faults",
    )
    unlearnt_loss: float = threshold(
        1.1, UNIT_FACTOR, "Loss of the last records, relative to that of the first, meanwhile."
    )


def find_unlearnt_growth(
    layers: RunSignals, options: UnlearntGrowthThresholds
) -> Iterator[Observation]:
    """Only of a training whose loss is known to be of targets that it does not make itself.

    Of several outputs the heads are left out: that of a value becomes as large as the returns are,
    with which its loss rises.
    """
    loss = find_main_loss(layers)
    looks = layers.facts.of(LossGradients)
    if loss is None or not looks or any(own.chosen for own in looks):
        return
    rise = _rise(loss)
    begins = [(signals, _begin_of(signals)) for signals in layers.main_outputs]
    usual = float(np.median([begin for _, begin in begins])) if begins else 0.0
    heads = layers.learners[-len(looks) :] if len(looks) > 1 else []
    known = [signals for signals, begin in begins if begin > LEAST_BEGIN * usual]
    hits = find_hits(
        [signals for signals in known if not any(signals is head for head in heads)],
        lambda signals: _growth_hit(signals, _at_steps(loss, rise, signals), options),
    )
    for group in group_episodes(hits):
        figures = group[0].figures
        yield Observation(
            hits=group,
            title=f"{name_layers(group)}: values grow from step {begin_of(group)} on, "
            f"{format_factor(figures['growth'])}-fold, while {loss.tag} rises to "
            f"{format_factor(figures['loss_growth'])} times what it was",
            threshold={
                "unlearnt_growth": options.unlearnt_growth,
                "unlearnt_loss": options.unlearnt_loss,
            },
            severity="warning",
        )


def _begin_of(signals: Signals) -> float:
    _, scale = usable_scales(signals)
    return float(np.median(scale[:FIRST_RECORDS])) if len(scale) else 0.0


def _growth_hit(
    signals: Signals, rises: FloatArray, options: UnlearntGrowthThresholds
) -> Hit | None:
    """rises: of the loss, at each record of the layer."""
    index, scale = usable_scales(signals)
    begin = _begin_of(signals)
    if not scale.max(initial=0.0) >= options.unlearnt_growth * begin:
        return None
    rise = rises[index]
    sizes = _last_medians(scale, SCALE_RECORDS)
    base = np.maximum(_sizes_at_lowest(sizes, rise), begin)
    growth = sizes / base
    state = np.flatnonzero((growth >= options.unlearnt_growth) & (rise >= options.unlearnt_loss))
    if not len(state):
        return None
    at_first = (scale < 2 * base) | ~(rise > 1)
    first = np.flatnonzero(at_first[: state[0]])
    figures = {
        "growth": float(growth[state].max()),
        "loss_growth": float(rise[state].max()),
        "rms": float(scale[state].max()),
        "rms_before": float(base[state[0]]),
    }
    return Hit(signals, int(index[first[-1] + 1 if len(first) else 0]), int(index[-1]), figures)


def _sizes_at_lowest(sizes: FloatArray, rise: FloatArray) -> FloatArray:
    """The size at the lowest loss up to each record, if something was learnt by then; 0 otherwise.

    A layer grows as the network learns. What it has become by then is no growth without learning,
    also where the loss shoots up later on.
    """
    known = np.where(np.isnan(rise), np.inf, rise)
    lowest = np.minimum.accumulate(known)
    at = np.maximum.accumulate(np.where(known == lowest, np.arange(len(known)), 0))
    return np.where(lowest <= LEARNT, sizes[at], 0.0)


def _rise(loss: LossHistory) -> FloatArray:
    """Each mean of the loss relative to the first; NaN before enough of it is known.

    And throughout, if it goes below 0, as that of a policy does: it has no size to rise from.
    """
    means = np.array(loss.means)
    if np.nanmin(means, initial=np.inf) < 0:
        return np.full(len(means), np.nan)
    begin = float(np.median(means[: max(FIRST_RECORDS // loss.window, 1)]))
    length = max(LOSS_RECORDS // loss.window, 2)
    rise = _last_medians(means, length) / begin if begin > 0 else np.full(len(means), np.nan)
    rise[: length - 1] = np.nan
    return rise


def _at_steps(loss: LossHistory, rise: FloatArray, signals: Signals) -> FloatArray:
    """The rise that was known at each record of a layer; NaN before the first."""
    at = np.searchsorted(loss.steps, signals.series.steps, side="right") - 1
    return np.where(at >= 0, rise[np.maximum(at, 0)], np.nan)


def _last_medians(values: FloatArray, length: int) -> FloatArray:
    """For each value, the median of so many up to it, or of all where there are fewer."""
    begin = [np.median(values[: at + 1]) for at in range(min(length - 1, len(values)))]
    if len(values) < length:
        return np.array(begin)
    windows = np.lib.stride_tricks.sliding_window_view(values, length)
    return np.concatenate([begin, np.median(windows, axis=1)])
