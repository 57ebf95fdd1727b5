"""The protocol of a bin scheme. numpy only.

A scheme has two numberings. *Slots* are the columns of a count buffer, chosen to be cheap while
counting. *Bins* are signed numbers that ascend with the value; everything stored or shown uses
them.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.grid import FloatArray, IntArray


class AnyScheme(Protocol):
    """The bins of a series, whichever tool wrote it. Schemes are immutable and hashable."""

    def __hash__(self) -> int:
        return hash(str(self.to_dict()))

    @property
    def closed_towards_zero(self) -> bool:
        """Whether a bin holds its end nearer to zero; by default it holds its lower end."""
        return False

    @property
    def zeros_known(self) -> bool:
        """Whether series with these bins also count their zeros by themselves."""
        return True

    def values_to_bins(self, values: npt.ArrayLike) -> IntArray:
        """Bin numbers of finite values."""
        ...

    def lower_edges(self, bins: npt.ArrayLike) -> FloatArray:
        """Left edge of each bin; -inf where a bin has none."""
        ...

    def upper_edges(self, bins: npt.ArrayLike) -> FloatArray:
        """Right edge of each bin; +inf where a bin has none."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """The form in a tag's metadata and on the page: JSON values, the name under "scheme"."""
        ...


class CompiledKernel(NamedTuple):
    """The parameters with which the C and the Triton kernel count into a scheme.

    bins: 0 for a float's leading bits, else how many equal bins lie over [lo, hi].
    """

    bins: int
    lo: float
    hi: float


FLOAT_BITS_KERNEL = CompiledKernel(0, 0.0, 0.0)
"""Slot = the top 13 bits of a float32; non-finite values are counted too, in slots of their own."""


class Scheme(AnyScheme, Protocol):
    """A scheme that values are counted into, and that files hold.

    Add one: write its class, derived from this protocol, in a file of this folder, and name it in
    ``registry.SCHEMES``. It needs at most 32,768 slots, and bin numbers that fit in an int16.
    """

    @property
    def slots(self) -> int:
        """Columns of a count buffer."""
        ...

    @property
    def kernel(self) -> CompiledKernel | None:
        """The compiled kernel that counts it; None: torch operations search the lower edges."""
        return None

    def slots_to_bins(self, slots: npt.ArrayLike) -> IntArray:
        """Bin numbers of slots; without a kernel of its own, a scheme's bins ascend by slot."""
        ...

    def order_slots(
        self, offsets: IntArray, slots: npt.NDArray[Any], counts: IntArray
    ) -> tuple[IntArray, IntArray, IntArray]:
        """Offsets, bins and counts of rows of occupied slots; bins ascend within each row.

        Row r is ``slots[offsets[r]:offsets[r + 1]]``, ascending, with as many counts.
        """
        return offsets, self.slots_to_bins(slots), counts

    def rank_magnitudes(self, bins: IntArray) -> IntArray:
        """Whole numbers below 2**32 that ascend with the size of the values in each bin."""
        outer = np.maximum(np.abs(self.lower_edges(bins)), np.abs(self.upper_edges(bins)))
        return np.unique(outer, return_inverse=True)[1].astype(np.int64)

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Scheme:
        """Inverse of `to_dict`; a KeyError, TypeError or ValueError where that is not possible."""
        ...
