"""Networks that start with next to nothing: outputs, weights or the factors of norms near 0."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.core.setup_facts import ModuleSettings
from tb_activation_hist.findings.hits import first_record_hit, hit_from_step, name_layers
from tb_activation_hist.findings.layer_types import LEAST_DEPTH
from tb_activation_hist.findings.rule import Observation
from tb_activation_hist.findings.run_signals import RunSignals, module_name
from tb_activation_hist.findings.thresholds import UNIT_FACTOR, UNIT_RMS, Thresholds, threshold
from tb_activation_hist.findings.weights_at_start import (
    LOOKED_UP,
    factors_at_start,
    multipliers,
    weights_at_start,
)

TINY_SHARE: Final = 0.8
"""Part of a network's layers with tiny weights: single ones are initialised at 0 in health."""

LEAST_NORMS: Final = 2
"""Norms from which on their factors are judged together."""


@dataclass(frozen=True, kw_only=True)
class FaintStartThresholds(Thresholds):
    vanishing_start: float = threshold(
        0.01,
        UNIT_RMS,
        "Scale of the largest outputs of all layers with weights in the first record; at least "
        "0.1 in a healthy network.",
    )
    vanishing_weights: float = threshold(
        0.01,
        UNIT_FACTOR,
        "Root mean square of a layer's weights before the first step, times the root of its number "
        "of inputs: about 1 for usual initialisations, 0.1 at least in health.",
    )
    vanishing_factors: float = threshold(
        0.1,
        UNIT_FACTOR,
        "Median over the norms of the root mean square of their factors before the first step; "
        "0.96 at least in health, where not 0.",
    )
    vanishing_bound: float = threshold(
        0.005,
        UNIT_RMS,
        "Root mean square that an embedding can have at most by its `max_norm`.",
        "usual: a `max_norm` of 1, which is 0.03 for 1,024 numbers",
    )


def find_bound_tables(layers: RunSignals, options: FaintStartThresholds) -> Iterator[Observation]:
    """Embeddings that each forward pass shrinks to next to nothing."""
    for own in layers.facts.of(ModuleSettings):
        norm, names = own.settings.get("max_norm", math.inf), frozenset(own.layers)
        hits = [
            hit_from_step(s, own.since, {"bound": norm / math.sqrt(s.info.shape[-1])})
            for s in layers.outputs
            if module_name(s.info) in names and s.whole.any()
            if norm < options.vanishing_bound * math.sqrt(s.info.shape[-1])
        ]
        if hits:
            yield Observation(
                hits=hits,
                title=f"{name_layers(hits)}: max_norm={norm:g} bounds each embedding to a root "
                f"mean square of {hits[0].figures['bound']:.1g}",
                threshold={"vanishing_bound": options.vanishing_bound},
            )


def find_tiny_start(layers: RunSignals, options: FaintStartThresholds) -> Iterator[Observation]:
    """Not one layer with weights outputs values of usual size in the first record.

    Of tables alone nothing is said: those of users and items start at 0.01 by custom.
    """
    learners = [s for s in layers.learners if not s.info.type.startswith(LOOKED_UP)]
    scales = [s.first_rms for s in learners]
    if len(scales) < LEAST_DEPTH or not 0 < max(scales) < options.vanishing_start:
        return
    yield Observation(
        hits=[first_record_hit(s, {"rms": s.first_rms}) for s in learners],
        title=f"{learners[0].info.label} and {len(learners) - 1:,} more layers: values of at most "
        f"{max(scales):.1g} at the start, where about 1 is usual",
        threshold={"vanishing_start": options.vanishing_start},
    )


def find_tiny_weights(layers: RunSignals, options: FaintStartThresholds) -> Iterator[Observation]:
    """Nearly all layers start with weights far below 1 / sqrt(number of inputs)."""
    known = list(weights_at_start(layers))
    tiny = [each for each in known if each.gain < options.vanishing_weights]
    if len(known) < LEAST_DEPTH or len(tiny) < TINY_SHARE * len(multipliers(layers)):
        return
    most = max(each.gain for each in tiny)
    yield Observation(
        hits=[each.hit for each in tiny],
        title=f"{name_layers([each.hit for each in tiny])}: weights start at "
        f"{f'{most:.1g} of' if most else '0, not'} the usual size",
        threshold={"vanishing_weights": options.vanishing_weights},
        figures={"start_gain": tiny[0].gain},
    )


def find_faint_norms(layers: RunSignals, options: FaintStartThresholds) -> Iterator[Observation]:
    """Most norms start with factors next to 0, as an initialisation for convolutions gives them.

    Factors of exactly 0 are meant: so the last norms of residual branches start.
    """
    known = list(factors_at_start(layers))
    sizes = [each.size for each in known]
    median = float(np.median(sizes)) if len(sizes) >= LEAST_NORMS else 0.0
    if not 0 < median < options.vanishing_factors:
        return
    hits = [each.hit for each in known if each.size < options.vanishing_factors]
    yield Observation(
        hits=hits,
        title=f"{name_layers(hits)}: the factors of norms start at {median:.1g}, where 1 is usual",
        threshold={"vanishing_factors": options.vanishing_factors},
        figures={"start_factors": median},
    )
