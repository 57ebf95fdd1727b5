"""Weights that are set back before each step, as their sums and those of their updates show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.parameter_sizes import ParameterHistory
from tb_activation_hist.findings.hits import Hit, name_layers, whole_run_hit
from tb_activation_hist.findings.rule import Observation
from tb_activation_hist.findings.run_signals import RunSignals, module_name
from tb_activation_hist.findings.still_weights import Cause
from tb_activation_hist.findings.thresholds import Thresholds

LEAST_RECORDS: Final = 5
"""Records of weights and updates of one step by which it is judged."""

EXACT: Final = 0.01
"""Part of the sum of a step's updates by which the weights before each step may differ: in every
training that keeps what it learns, they differ by many times that sum."""

SEEN: Final = 1e-5
"""Sum of the updates, per value and relative to the weights, from which on the rounding of float32
does not hide it."""


def find_set_back_by_sum(layers: RunSignals, _options: Thresholds) -> Iterator[Observation]:
    """Weights that begin each step with the same values, though each step has changed them.

    Their sum after a step less that of its updates is the sum before it. Torch does not count what
    writes to ``weight.data``, and counts are kept of two parameters alone.
    """
    names = {name.rpartition(".")[0] for name, own in layers.sizes.items() if _begins_anew(own)}
    hits = _hits_of(names, layers)
    if hits:
        yield Observation(
            hits=hits,
            title=f"{name_layers(hits)}: what is learnt is lost, since before each step something "
            "sets the weights back to the same values",
            threshold={"same_begin": LEAST_RECORDS},
            figures={"cause": Cause.SET_BACK.value},
        )


def _begins_anew(own: ParameterHistory) -> bool:
    matrix = sum(size > 1 for size in own.info.shape) > 1
    if own.trainable is not True or not matrix or own.info.dtype != "float32":
        return False
    weights, updates = own.weights, own.updates
    steps = np.intersect1d(weights.steps, updates.steps)
    if len(steps) < LEAST_RECORDS:
        return False
    after = weights.take(np.searchsorted(weights.steps, steps))
    made = updates.take(np.searchsorted(updates.steps, steps))
    alike = np.array_equal(after.n, made.n) and not (
        after.non_finite.any() or made.non_finite.any()
    )
    if not alike or not (after.rms > 0).all():
        return False
    size = float(after.rms[0]) * float(after.n[0])
    sums: FloatArray = made.sum * after.rms
    usual = float(np.median(np.abs(sums)))
    return usual > SEEN * size and bool(np.ptp(after.sum - sums) <= EXACT * usual)


def _hits_of(names: set[str], layers: RunSignals) -> list[Hit]:
    return [whole_run_hit(s, {}) for s in layers.owners_of_weights if module_name(s.info) in names]
