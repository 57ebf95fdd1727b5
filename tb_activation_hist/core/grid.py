"""Value <-> bin: the bin schemes and their edges. numpy only.

A scheme has two numberings. *Slots* are the columns of a count buffer, chosen to be cheap while
counting. *Bins* are signed numbers that ascend with the value; everything stored or shown uses
them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.errors import FormatError, OptionError

FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]

MANTISSA_BITS: Final = 4
"""Kept mantissa bits: bins are 1/16 of an octave wide, at most 6.25 % of their lower edge."""

SHIFT: Final = 23 - MANTISSA_BITS
NEGATIVE: Final = 1 << (31 - SHIFT)
"""First slot of the negative values (4096)."""

OUTERMOST: Final = (255 << MANTISSA_BITS) - 1
"""Largest finite bin number (4079); its outer edge is 2**128."""

ZERO_EDGE: Final = 2.0**-130
"""Half the width of the zero bin."""


@dataclass(frozen=True)
class FloatBits:
    """The default scheme: a float32's sign, exponent and top mantissa bits are its slot.

    Bin 0 is (-2**-130, 2**-130) and holds both zeros. Bin b > 0 is [edge(b), edge(b + 1)), bin
    -b its mirror image: bins are closed at the end nearer to zero. float64 values are truncated
    to this grid; finite ones beyond 2**128 lie in the outermost bins.
    """

    @property
    def slots(self) -> int:
        """Columns of a count buffer: 8192."""
        return 2 * NEGATIVE

    def slots_to_bins(self, slots: npt.ArrayLike) -> IntArray:
        """Bin numbers of finite slots."""
        slot = np.asarray(slots, dtype=np.int64)
        return np.where(slot < NEGATIVE, slot, NEGATIVE - slot)

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


def _lower_edges() -> FloatArray:
    """Left edges of all bins; the right one of bin b is that of bin -b, mirrored."""
    number = np.arange(1, OUTERMOST + 2)
    exponent, mantissa = number >> MANTISSA_BITS, number & 15
    normal = np.ldexp(1 + mantissa / 16, exponent - 127)
    above = np.where(exponent > 0, normal, np.ldexp(mantissa / 16, -126))
    return np.concatenate([-above[::-1], above[:-1]])


LOWER_EDGES: Final = _lower_edges()
"""From bin -OUTERMOST on; a table, since every tile asks for some hundred of them."""


@dataclass(frozen=True)
class LinearBins:
    """``torch.histc``'s bins: `count` equal bins over [lo, hi], hi included in the last one.

    Unlike ``torch.histc``, values outside are counted: bin -1 holds what lies below lo, bin
    `count` what lies above hi. The blog post's picture is ``LinearBins(40, 0, 10)``.
    """

    count: int
    lo: float
    hi: float

    def __post_init__(self) -> None:
        if not 1 <= self.count <= 8190:
            msg = f"LinearBins takes 1 to 8190 bins, but got count={self.count}."
            raise OptionError(msg)
        if not (np.isfinite(self.lo) and np.isfinite(self.hi) and self.lo < self.hi):
            msg = f"LinearBins takes finite lo < hi, but got lo={self.lo}, hi={self.hi}."
            raise OptionError(msg)

    @property
    def slots(self) -> int:
        """Columns of a count buffer: underflow, the bins, overflow."""
        return self.count + 2

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


@dataclass(frozen=True)
class ExplicitBins:
    """Bins between given edges: what histograms of other tools are brought to.

    edges: at least two, finite, strictly ascending. Bin b is [edges[b], edges[b + 1]), the last one
    closed; like `LinearBins`, bin -1 lies below and bin ``len(edges) - 1`` above.
    """

    edges: tuple[float, ...]

    def __post_init__(self) -> None:
        edges = np.asarray(self.edges, dtype=np.float64)
        if edges.size < 2 or not np.all(np.isfinite(edges)) or np.any(np.diff(edges) <= 0):
            msg = f"ExplicitBins takes 2 or more finite ascending edges, but got {self.edges!r}."
            raise OptionError(msg)

    @property
    def slots(self) -> int:
        """Columns of a count buffer: underflow, the bins, overflow."""
        return len(self.edges) + 1

    def slots_to_bins(self, slots: npt.ArrayLike) -> IntArray:
        """Bin numbers of slots."""
        return np.asarray(slots, dtype=np.int64) - 1

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
        """The form in which pages and files get it."""
        return {"scheme": "explicit", "edges": list(self.edges)}


Scheme: TypeAlias = FloatBits | LinearBins
"""What can be counted into and stored."""

AnyScheme: TypeAlias = FloatBits | LinearBins | ExplicitBins
"""What a series can have; explicit edges only where another tool wrote it."""

FLOAT_BITS: Final = FloatBits()
"""The default scheme."""


def dict_to_scheme(fields: dict[str, Any]) -> Scheme:
    """Inverse of ``Scheme.to_dict``; FormatError for a scheme this version does not know."""
    match fields:
        case {"scheme": "float_bits", "mantissa_bits": 4}:
            return FloatBits()
        case {"scheme": "linear", "count": count, "lo": lo, "hi": hi}:
            return LinearBins(int(count), float(lo), float(hi))
    msg = f"Unknown bin scheme {fields!r}: written by a newer tb_activation_hist? Upgrade it."
    raise FormatError(msg)
