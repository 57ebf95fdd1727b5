"""Equal bins between two limits, counted as ``torch.histc`` counts. numpy only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.grid import FloatArray, IntArray
from tb_activation_hist.core.schemes.scheme import CompiledKernel, Scheme


@dataclass(frozen=True)
class LinearBins(Scheme):
    """``torch.histc``'s bins: `count` equal bins over [lo, hi], hi included in the last one.

    Unlike with ``torch.histc``, values outside are counted: bin -1 holds those below lo, bin
    `count` those above hi. ``LinearBins(40, 0, 10)`` are fastai's bins.
    """

    count: int
    lo: float
    hi: float

    def __post_init__(self) -> None:
        if not 1 <= self.count <= 8190:
            msg = f"LinearBins expects 1 to 8190 bins, but got count={self.count}."
            raise OptionError(msg)
        if not (np.isfinite(self.lo) and np.isfinite(self.hi) and self.lo < self.hi):
            msg = f"LinearBins expects finite lo < hi, but got lo={self.lo}, hi={self.hi}."
            raise OptionError(msg)
        width = (self.hi - self.lo) / self.count
        if not 4 * np.spacing(max(abs(self.lo), abs(self.hi))) < width < np.inf:
            msg = (
                f"LinearBins needs bins whose edges float64 can tell apart, but got {self.count} "
                f"bins from lo={self.lo} to hi={self.hi}. Use fewer bins or other limits."
            )
            raise OptionError(msg)

    @property
    def slots(self) -> int:
        """Columns of a count buffer: underflow, the bins, overflow."""
        return self.count + 2

    @property
    def kernel(self) -> CompiledKernel:
        """The kernel of equal bins."""
        return CompiledKernel(self.count, float(self.lo), float(self.hi))

    def slots_to_bins(self, slots: npt.ArrayLike) -> IntArray:
        """Bin numbers of slots."""
        return np.asarray(slots, dtype=np.int64) - 1

    def values_to_bins(self, values: npt.ArrayLike) -> IntArray:
        """Bin numbers of finite values, with ``torch.histc``'s arithmetic in float64."""
        value = np.asarray(values, dtype=np.float64)
        with np.errstate(over="ignore"):
            scaled = (value - self.lo) * (self.count / (self.hi - self.lo))
        bins = np.clip(np.floor(scaled), -1, self.count).astype(np.int64)
        inside = (value >= self.lo) & (value <= self.hi)
        outside = np.where(value < self.lo, -1, self.count)
        return np.where(inside, np.clip(bins, 0, self.count - 1), outside)

    def lower_edges(self, bins: npt.ArrayLike) -> FloatArray:
        """Left edge of each bin; -inf for the underflow bin."""
        number = np.asarray(bins, dtype=np.int64)
        return np.where(number < 0, -np.inf, self._edge(number))

    def upper_edges(self, bins: npt.ArrayLike) -> FloatArray:
        """Right edge of each bin; +inf for the overflow bin."""
        number = np.asarray(bins, dtype=np.int64)
        return np.where(number >= self.count, np.inf, self._edge(number + 1))

    def _edge(self, number: IntArray) -> FloatArray:
        share = number / self.count
        return self.lo * (1 - share) + self.hi * share

    def to_dict(self) -> dict[str, Any]:
        """The form in a tag's metadata."""
        return {"scheme": "linear", "count": self.count, "lo": self.lo, "hi": self.hi}

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> LinearBins:
        """Inverse of `to_dict`."""
        return cls(int(fields["count"]), float(fields["lo"]), float(fields["hi"]))
