"""Steps, times, totals and moments of a series' records. numpy only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.grid import FloatArray, IntArray


@dataclass(frozen=True)
class Tallies:
    """Steps, times, totals and moments of S records; every array has shape (S,).

    steps, n, zeros, nans, pos_infs, neg_infs: int64. wall_times: float64, seconds since 1970.
    min, max, sum, sum_sq: float64, over the finite values; min > max where there are none.
    """

    steps: IntArray
    wall_times: FloatArray
    n: IntArray
    zeros: IntArray
    nans: IntArray
    pos_infs: IntArray
    neg_infs: IntArray
    min: FloatArray
    max: FloatArray
    sum: FloatArray
    sum_sq: FloatArray

    def take(self, index: Any) -> Tallies:
        """The records at an index array, slice or mask."""
        return Tallies(*(getattr(self, name)[index] for name in FIELDS))

    def pool(self, starts: IntArray) -> Tallies:
        """Merge the records from each start to the next; a merged step and time is the last."""
        last = np.append(starts[1:], len(self.steps)) - 1

        def added(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
            return np.add.reduceat(values, starts)

        return Tallies(
            steps=self.steps[last],
            wall_times=self.wall_times[last],
            n=added(self.n),
            zeros=added(self.zeros),
            nans=added(self.nans),
            pos_infs=added(self.pos_infs),
            neg_infs=added(self.neg_infs),
            min=np.minimum.reduceat(self.min, starts),
            max=np.maximum.reduceat(self.max, starts),
            sum=added(self.sum),
            sum_sq=added(self.sum_sq),
        )


def join_tallies(parts: Sequence[Tallies]) -> Tallies:
    """Records of several parts, one after another."""
    columns = ([getattr(part, name) for part in parts] for name in FIELDS)
    return Tallies(*map(np.concatenate, columns))


FIELDS: Final = tuple(field.name for field in fields(Tallies))
