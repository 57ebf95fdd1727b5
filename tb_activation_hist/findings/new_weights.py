"""Whether weights are as a network is made, before any training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from tb_activation_hist.findings.parameter_signals import ParameterSignals

UNIFORM: Final = 3**0.5
"""Largest value of a uniform distribution about 0, relative to its root mean square."""

NEAR_UNIFORM: Final = 0.03
LEAST_VALUES: Final = 64

ALIKE_SIZES: Final = 0.03
LEAST_ALIKE: Final = 4
"""Deviation of the sizes of new weights that all have one standard deviation, as transformers'
models make them, and the matrices from which that can be said."""


def are_uniform(parameters: Sequence[ParameterSignals]) -> bool:
    """Whether most weights were uniformly distributed at first, as torch's layers make them."""
    return 2 * sum(map(_is_uniform, parameters)) > len(parameters)


def are_of_one_size(parameters: Sequence[ParameterSignals]) -> bool:
    """Whether most weights had the same root mean square at first; trained ones differ."""
    known = [p.weights.rms for p in parameters if p.weights is not None and len(p.weights.rms)]
    first = np.array([float(rms[0]) for rms in known])
    if len(first) < LEAST_ALIKE:
        return False
    middle = float(np.median(first))
    return 2 * int((abs(first - middle) <= ALIKE_SIZES * middle).sum()) > len(parameters)


def _is_uniform(parameter: ParameterSignals) -> bool:
    if parameter.weights is None or not len(parameter.weights.rms):
        return False
    series, rms = parameter.weights.signals.series, float(parameter.weights.rms[0])
    largest = UNIFORM * rms
    ends = (-float(series.min[0]), float(series.max[0]))
    enough = int(series.n[0]) >= LEAST_VALUES
    return enough and rms > 0 and all(abs(e - largest) <= NEAR_UNIFORM * largest for e in ends)
