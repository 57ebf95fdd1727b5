"""Weights that start too large, or grow as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.findings.hits import name_layers
from tb_activation_hist.findings.input_signals import sized_inputs
from tb_activation_hist.findings.layer_types import LEAST_DEPTH
from tb_activation_hist.findings.number_format import format_factor
from tb_activation_hist.findings.rule import Observation
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.straight_updates import STRAIGHT_CHANGE, find_outward
from tb_activation_hist.findings.thresholds import UNIT_FACTOR, Thresholds, threshold
from tb_activation_hist.findings.weight_trends import find_growth, find_weight_trend
from tb_activation_hist.findings.weights_at_start import weights_at_start

GROWTH_STEPS: Final = 512
"""Steps within which weights must grow: over a long training those of healthy networks do too."""

SOON_STEPS: Final = 16
"""Steps within which less growth is too much."""

SMALL_INPUT: Final = 0.1
"""Root mean square of inputs below which the weights that they meet must become large, such as the
shares that words have in a document."""

MOST_LAYERS: Final = 0.5
"""Part of a network's layers that must start with large weights."""


@dataclass(frozen=True, kw_only=True)
class WeightGrowthThresholds(Thresholds):
    exploding_first_weights: float = threshold(
        2.5,
        UNIT_FACTOR,
        "Root mean square of the weights of half of the layers before the first step, times the "
        "root of their number of inputs.",
        "He et al. 2015: sqrt(2); in health at most 1.5",
    )
    exploding_weights: float = threshold(
        6.0,
        UNIT_FACTOR,
        "Growth of the weights of the median matrix within 512 steps; at most 3 in health.",
    )
    exploding_weights_soon: float = threshold(
        4.0,
        UNIT_FACTOR,
        "The same within 16 steps; at most 2.3 in 363 healthy trainings.",
    )


def find_large_weights(
    layers: RunSignals, options: WeightGrowthThresholds
) -> Iterator[Observation]:
    """Most layers start with weights far above 1 / sqrt(number of inputs), as from N(0, 1)."""
    known = list(weights_at_start(layers))
    large = [each for each in known if each.gain > options.exploding_first_weights]
    if len(known) < LEAST_DEPTH or len(large) < MOST_LAYERS * len(known):
        return
    gain = float(np.median([each.gain for each in large]))
    hits = [each.hit for each in large]
    yield Observation(
        hits=hits,
        title=f"{name_layers(hits)}: weights start {format_factor(gain)} times as large as "
        "1 / sqrt(number of inputs)",
        threshold={"first_weights": options.exploding_first_weights},
        severity="warning",
        figures={"start_gain": gain},
    )


def find_growing_weights(
    layers: RunSignals, options: WeightGrowthThresholds
) -> Iterator[Observation]:
    """Weights that grow as a whole within some hundred steps, be outputs normalised or not.

    Or, in the first steps, because each update leads straight away from 0. Where inputs are far
    below unit scale, weights have to grow by as much.
    """
    trend = find_weight_trend(layers)
    if trend is None or any(s.first_rms < SMALL_INPUT for s in sized_inputs(layers)):
        return
    limits = (
        (options.exploding_weights_soon, SOON_STEPS),
        (options.exploding_weights, GROWTH_STEPS),
    )
    spans = [(limit, find_growth(trend, limit, steps)) for limit, steps in limits]
    spans.append((STRAIGHT_CHANGE["outward"], find_outward(layers, trend)))
    limit, span = next((each for each in spans if each[1] is not None), (0.0, None))
    if span is None:
        return
    base, end = span
    first, most = trend.departure(end, base), base + int(np.argmax(trend.scale[base:]))
    if trend.scale[most] <= trend.scale[:base].max(initial=0.0):  # back to what they had been
        return
    growth = float(trend.scale[most] / trend.scale[base])
    hits = trend.hits(first, {"growth": growth, "largest_step": int(trend.steps[most])})
    if hits:
        yield Observation(
            hits=hits,
            title=f"{name_layers(hits)}: weights grow from step {first} on, "
            f"{format_factor(growth)}-fold by step {int(trend.steps[most])}",
            threshold={"weights": limit},
            severity="warning",
        )
