"""Patterns of weights as they are before the first step, from their measured sizes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from tb_activation_hist.findings.hits import Hit, first_record_hit
from tb_activation_hist.findings.layer_types import PLAIN, normalises
from tb_activation_hist.findings.parameter_signals import ParameterSignals
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.signals import Signals

LOOKED_UP: Final = "Embedding"
"""Prefix of types whose rows are looked up, so that their size has nothing to do with a width."""


class StartWeights(NamedTuple):
    """The weight matrix of a layer as it was recorded first.

    hit: in the first record of its layer. gain: root mean square times the root of the number of
    inputs, about 1 for usual initialisations. spread: standard deviation beside the root mean
    square; 0 without any value other than 0.
    """

    hit: Hit
    gain: float
    spread: float


def multipliers(run: RunSignals) -> list[Signals]:
    """Layers of known types that multiply all of their inputs, whatever the shape of their weights,
    and frozen ones too."""
    known = [s for s in run.learners if s.info.type.startswith(PLAIN)]
    return [s for s in known if not s.info.type.startswith(LOOKED_UP)]


def weights_at_start(run: RunSignals) -> Iterator[StartWeights]:
    """Those of layers of known types that are to be trained and ran."""
    for signals in multipliers(run):
        own = [p for p in run.parameters_of(signals.info) if p.is_matrix and p.records > 0]
        if own and own[0].name not in run.facts.frozen:
            yield _measure(first_record_hit(signals, {}), own[0])


def _measure(hit: Hit, parameter: ParameterSignals) -> StartWeights:
    assert parameter.weights is not None
    series, shape = parameter.weights.signals.series, parameter.info.shape
    rms = float(parameter.weights.rms[0])
    spread = float(np.nan_to_num(series.std[0])) / rms if rms > 0 else 0.0
    return StartWeights(hit, rms * float(np.sqrt(np.prod(shape[1:]))), spread)


class StartFactors(NamedTuple):
    """The factors of a norm as they were recorded first. size: their root mean square."""

    hit: Hit
    size: float


def factors_at_start(run: RunSignals) -> Iterator[StartFactors]:
    """Those of norms that are to be trained and ran."""
    for signals in run.outputs:
        if not (normalises(signals.info) and signals.whole.any()):
            continue
        for parameter in run.parameters_of(signals.info):
            own = parameter.weights if parameter.name.endswith(".weight") else None
            if own is not None and parameter.records and parameter.name not in run.facts.frozen:
                yield StartFactors(first_record_hit(signals, {}), float(own.rms[0]))
