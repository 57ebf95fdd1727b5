"""Bins between given edges, which histograms of other tools have. numpy only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.grid import FloatArray, IntArray
from tb_activation_hist.core.schemes.scheme import AnyScheme


@dataclass(frozen=True)
class ExplicitBins(AnyScheme):
    """Bins between given edges: the scheme of histograms that other tools wrote.

    edges: at least two, finite, strictly ascending. Bin b is [edges[b], edges[b + 1]), the last one
    closed; like `LinearBins`, bin -1 lies below and bin ``len(edges) - 1`` above.
    """

    edges: tuple[float, ...]

    def __post_init__(self) -> None:
        edges = np.asarray(self.edges, dtype=np.float64)
        if edges.size < 2 or not np.all(np.isfinite(edges)) or np.any(np.diff(edges) <= 0):
            msg = f"ExplicitBins expects 2 or more finite ascending edges, but got {self.edges!r}."
            raise OptionError(msg)

    @property
    def zeros_known(self) -> bool:
        """False: other tools count a zero only in its bin."""
        return False

    def values_to_bins(self, values: npt.ArrayLike) -> IntArray:
        """Bin numbers of finite values."""
        value = np.asarray(values, dtype=np.float64)
        bins = np.searchsorted(self.edges, value, side="right").astype(np.int64) - 1
        return np.where(value == self.edges[-1], len(self.edges) - 2, bins)

    def lower_edges(self, bins: npt.ArrayLike) -> FloatArray:
        """Left edge of each bin; -inf for the underflow bin."""
        return np.array([-np.inf, *self.edges])[np.asarray(bins, dtype=np.int64) + 1]

    def upper_edges(self, bins: npt.ArrayLike) -> FloatArray:
        """Right edge of each bin; +inf for the overflow bin."""
        return np.array([*self.edges, np.inf])[np.asarray(bins, dtype=np.int64) + 1]

    def to_dict(self) -> dict[str, Any]:
        """JSON values, as the page and exported files get them."""
        return {"scheme": "explicit", "edges": list(self.edges)}
