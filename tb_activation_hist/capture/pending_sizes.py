"""The sizes of all parameters in one record, from samples that may still be on their way."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from tb_activation_hist.capture.parameter_samples import NamedSamples, sample_sums
from tb_activation_hist.capture.weight_memory import WeightMemory
from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.parameter_sizes import (
    NOT_MEASURED,
    SIZED_KINDS,
    UNKNOWN,
    ParameterInfo,
    SizeRecord,
)

WEIGHTS, GRADIENTS, UPDATES = range(len(SIZED_KINDS))


class PendingSizes:
    """The samples of one record, which may still be on their way to the host."""

    def __init__(
        self,
        infos: tuple[ParameterInfo, ...],
        facts: tuple[Any, Any, Any],
        memory: WeightMemory,
    ) -> None:
        self.step = 0
        self.wall_time = time.time()
        self.weights: Sequence[NamedSamples] = ()
        self.before: Sequence[NamedSamples] = ()
        """The weights before the optimizer's step."""
        self.gradients: Sequence[NamedSamples] = ()
        """A later one of the same parameter counts."""
        self.missing: frozenset[str] = frozenset()
        """Parameters without a gradient although an optimizer stepped."""
        self.sums: dict[str, Any] = {}
        self.whole: list[bool] = []
        self._infos = infos
        self._facts = facts
        self._memory = memory

    def wait(self) -> SizeRecord:
        """Block until all have arrived; once, on the thread that stores."""
        names = [info.name for info in self._infos]
        rows = {name: row for row, name in enumerate(names)}
        shape = len(SIZED_KINDS), len(names)
        totals = np.zeros((*shape, 3), np.int64)
        totals[..., 0] = NOT_MEASURED
        moments = np.zeros((*shape, 4))
        moments[..., 0], moments[..., 1] = np.inf, -np.inf
        same = np.full(shape, UNKNOWN, np.int8)
        weights = _read(self.weights)
        before = _read(self.before)
        found = {
            WEIGHTS: weights,
            GRADIENTS: _read(self.gradients),
            UPDATES: {
                name: _relative(old, weights[name])
                for name, old in before.items()
                if name in weights and len(old) == len(weights[name])
            },
        }
        for kind, samples in found.items():
            known = {name: values for name, values in samples.items() if name in rows}
            if known:
                own = [rows[name] for name in known]
                totals[kind, own], moments[kind, own] = sample_sums(list(known.values()))
        totals[GRADIENTS, [rows[name] for name in self.missing if name in rows]] = 0
        flags = self._memory.compare(
            weights,
            dict(zip(names, self.whole, strict=True)),
            {name: float(value) for name, value in self.sums.items()},
        )
        same[WEIGHTS] = [flags.get(name, UNKNOWN) for name in names]
        return SizeRecord(
            self.step, self.wall_time, self._infos, totals, moments, same, *self._facts
        )


def _read(parts: Sequence[NamedSamples]) -> dict[str, FloatArray]:
    found: dict[str, FloatArray] = {}
    for each in parts:
        found.update(each.read())
    return found


def _relative(before: FloatArray, after: FloatArray) -> FloatArray:
    """The change, divided by the root mean square of the weights."""
    with np.errstate(all="ignore"):
        size = np.sqrt(max(np.mean(before**2), np.mean(after**2)))
        change: FloatArray = (after - before) / max(size, np.finfo(np.float32).tiny)
    return change
