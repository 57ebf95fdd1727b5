"""Whether weights are bit for bit what they were at the record before."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.parameter_sizes import CHANGED, SAME, UNKNOWN


class WeightMemory:
    """What the weights were at the record before, to see whether they are the same.

    Lives on the thread that stores. still: parameters whose samples stood still, of which the next
    record takes a checksum of all values.
    """

    def __init__(self) -> None:
        self.still: frozenset[str] | None = None
        self._samples: dict[str, FloatArray] = {}
        self._sums: dict[str, float] = {}

    def compare(
        self,
        samples: Mapping[str, FloatArray],
        whole: Mapping[str, bool],
        sums: Mapping[str, float],
    ) -> dict[str, int]:
        """A flag for each parameter. whole: whether its sample has all values."""
        flags = {}
        still = []
        for name, values in samples.items():
            before = self._samples.get(name)
            moved = before is not None and not _equal_bits(values, before)
            if moved:
                flags[name] = CHANGED
            elif whole[name]:
                flags[name] = UNKNOWN if before is None else SAME
            else:
                still.append(name)
                flags[name] = self._compare_sums(name, sums)
        self.still = frozenset(still)
        self._samples, self._sums = dict(samples), dict(sums)
        return flags

    def _compare_sums(self, name: str, sums: Mapping[str, float]) -> int:
        if name not in sums or name not in self._sums:
            return UNKNOWN
        return SAME if sums[name] == self._sums[name] else CHANGED


def _equal_bits(one: FloatArray, other: FloatArray) -> bool:
    return np.array_equal(one.view(np.int64), other.view(np.int64))
