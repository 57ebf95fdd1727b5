"""The default scheme: a float32's own leading bits are its slot. numpy only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.grid import FloatArray, IntArray
from tb_activation_hist.core.schemes.scheme import FLOAT_BITS_KERNEL, CompiledKernel, Scheme

MANTISSA_BITS: Final = 4
"""Kept mantissa bits: bins are 1/16 of an octave wide, at most 6.25 % of their lower edge."""

SHIFT: Final = 23 - MANTISSA_BITS
NEGATIVE: Final = 1 << (31 - SHIFT)
"""First slot of the negative values (4096)."""

OUTERMOST: Final = (255 << MANTISSA_BITS) - 1
"""Largest finite bin number (4079); its outer edge is 2**128."""


@dataclass(frozen=True)
class FloatBits(Scheme):
    """The default scheme: a float32's sign, exponent and top mantissa bits are its slot.

    Bin 0 is (-2**-130, 2**-130) and holds both zeros. Bin b > 0 is [edge(b), edge(b + 1)), bin
    -b its mirror image: bins are closed at the end nearer to zero. float64 values are truncated
    to this grid; finite ones beyond 2**128 lie in the outermost bins.
    """

    @property
    def slots(self) -> int:
        """Columns of a count buffer: 8192."""
        return 2 * NEGATIVE

    @property
    def kernel(self) -> CompiledKernel:
        """The kernel that takes the slot from the value's bits."""
        return FLOAT_BITS_KERNEL

    @property
    def closed_towards_zero(self) -> bool:
        """True: -1.0 lies in the bin that ends at -1.0."""
        return True

    def slots_to_bins(self, slots: npt.ArrayLike) -> IntArray:
        """Bin numbers of finite slots."""
        slot = np.asarray(slots, dtype=np.int64)
        return np.where(slot < NEGATIVE, slot, NEGATIVE - slot)

    def order_slots(
        self, offsets: IntArray, slots: npt.NDArray[Any], counts: IntArray
    ) -> tuple[IntArray, IntArray, IntArray]:
        """See `Scheme.order_slots`; the two slots of zero become one bin."""
        rows = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        negative = np.bincount(rows[slots >= NEGATIVE], minlength=len(offsets) - 1)[rows]
        # A row's negative slots come last and ascend in magnitude: they go first, turned round.
        position = np.arange(len(slots)) - offsets[:-1][rows]
        source = np.where(
            position < negative,
            offsets[1:][rows] - 1 - position,
            offsets[:-1][rows] + position - negative,
        )
        bins, counts = self.slots_to_bins(slots)[source], counts[source]
        twice = np.flatnonzero((bins[:-1] == 0) & (bins[1:] == 0) & (rows[:-1] == rows[1:]))
        if len(twice) == 0:
            return offsets, bins, counts
        counts[twice + 1] += counts[twice]
        found = np.bincount(rows[twice], minlength=len(offsets) - 1)
        removed = np.concatenate([[0], np.cumsum(found)])
        return offsets - removed, np.delete(bins, twice), np.delete(counts, twice)

    def rank_magnitudes(self, bins: IntArray) -> IntArray:
        """See `Scheme.rank_magnitudes`."""
        return np.abs(bins)

    def values_to_bins(self, values: npt.ArrayLike) -> IntArray:
        """Bin numbers of finite values; float64 input is truncated, not rounded."""
        value = np.asarray(values, dtype=np.float64)
        size = np.minimum(np.abs(value), 2.0**128)
        mantissa, exponent = np.frexp(size)
        # frexp gives [0.5, 1) * 2**e; the float32 exponent field is e - 1 + 127.
        normal = (exponent + 126) * 16 + np.floor((mantissa * 2 - 1) * 16)
        subnormal = np.floor(np.minimum(size, 1.0) * 2.0**130)
        magnitude = np.where(size < 2.0**-126, subnormal, normal)
        bins = np.minimum(magnitude, OUTERMOST).astype(np.int64)
        return np.where(value < 0, -bins, bins)

    def lower_edges(self, bins: npt.ArrayLike) -> FloatArray:
        """Left edge of each bin."""
        return LOWER_EDGES.take(np.asarray(bins, dtype=np.int64) + OUTERMOST, mode="clip")

    def upper_edges(self, bins: npt.ArrayLike) -> FloatArray:
        """Right edge of each bin."""
        return -LOWER_EDGES.take(OUTERMOST - np.asarray(bins, dtype=np.int64), mode="clip")

    def to_dict(self) -> dict[str, Any]:
        """The form in a tag's metadata."""
        return {"scheme": "float_bits", "mantissa_bits": MANTISSA_BITS}

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> FloatBits:
        """Inverse of `to_dict`; ValueError for another number of mantissa bits."""
        if fields["mantissa_bits"] != MANTISSA_BITS:
            msg = f"FloatBits has {MANTISSA_BITS} mantissa bits, not {fields['mantissa_bits']}."
            raise ValueError(msg)
        return cls()


FLOAT_BITS: Final = FloatBits()


def _lower_edges() -> FloatArray:
    """Left edges of all bins; the right one of bin b is that of bin -b, mirrored."""
    number = np.arange(1, OUTERMOST + 2)
    exponent, mantissa = number >> MANTISSA_BITS, number & 15
    normal = np.ldexp(1 + mantissa / 16, exponent - 127)
    above = np.where(exponent > 0, normal, np.ldexp(mantissa / 16, -126))
    return np.concatenate([-above[::-1], above[:-1]])


LOWER_EDGES: Final = _lower_edges()
"""From bin -OUTERMOST on; a table, since every tile asks for some hundred of them."""
