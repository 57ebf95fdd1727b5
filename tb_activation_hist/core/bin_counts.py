"""Histograms that somebody else has counted, and the bins in which they can be stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.grid import FloatArray, IntArray
from tb_activation_hist.core.record_counts import RecordCounts
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.core.schemes.scheme import Scheme

EDGE_TOLERANCE: Final = 1e-3
"""How far an edge may differ from one of equal bins, in bin widths: edges may be float32."""


@dataclass(frozen=True, eq=False)
class BinCounts:
    """A histogram that is already counted: ``BinCounts(*np.histogram(values, 64))``.

    counts: (B,) whole numbers from 0 up, the number of values in each bin.
    edges: (B + 1,) ascending; bin b is [edges[b], edges[b + 1]). The first may be -inf and the last
    inf, for values outside all other bins.
    zeros: how many of these values are exactly 0. nans, pos_infs, neg_infs: values in no bin.
    min, max, sum, sum_sq: of the values in the bins, if known. None is estimated: extremes as the
    outermost edges of occupied bins, sums as if each value were in the middle of its bin.

    Adding counts or edges of another form raises OptionError.
    """

    counts: npt.ArrayLike
    edges: npt.ArrayLike
    zeros: int = 0
    nans: int = 0
    pos_infs: int = 0
    neg_infs: int = 0
    min: float | None = None
    max: float | None = None
    sum: float | None = None
    sum_sq: float | None = None


def find_scheme(given: BinCounts) -> Scheme:
    """The bins in which these counts can be stored as they are: equal ones, or the grid's.

    OptionError where there are none.
    """
    edges, counts = _check(given)
    finite = edges[np.isfinite(edges)]
    bins = len(finite) - 1
    if 1 <= bins <= 8190:
        equal = np.linspace(finite[0], finite[-1], bins + 1)
        if np.all(np.abs(finite - equal) <= EDGE_TOLERANCE * (equal[1] - equal[0])):
            return LinearBins(bins, float(finite[0]), float(finite[-1]))
    if _fit(edges, counts, FLOAT_BITS):
        return FLOAT_BITS
    msg = (
        "BinCounts accepts at most 8190 bins of equal width, or bins that each lie within one "
        f"bin of FloatBits, but got {len(edges) - 1} other bins from {edges[0]:g} to "
        f"{edges[-1]:g}. Count with np.histogram(values, bins=64, range=(lo, hi)), or pass the "
        "values themselves."
    )
    raise OptionError(msg)


def bin_counts_to_record(given: BinCounts, scheme: Scheme) -> RecordCounts:
    """One row of counts in these bins; OptionError where the counts do not fit them."""
    edges, counts = _check(given)
    if not _fit(edges, counts, scheme):
        msg = (
            f"The layer is recorded with bins={scheme}, and the given {len(counts)} bins from "
            f"{edges[0]:g} to {edges[-1]:g} do not each lie within one of them. Pass all counts "
            "of a layer with the same edges, and log counts and values under different names."
        )
        raise OptionError(msg)
    used = counts > 0
    bins, place = np.unique(scheme.values_to_bins(_middles(edges))[used], return_inverse=True)
    found = np.zeros(len(bins), np.int64)
    np.add.at(found, place, counts[used])
    outside = _whole("nans, pos_infs, neg_infs", [given.nans, given.pos_infs, given.neg_infs])
    zeros = _whole("zeros", [given.zeros])[0]
    if zeros > found.sum():
        msg = f"BinCounts has zeros={zeros}, but only {found.sum()} values in its bins."
        raise OptionError(msg)
    totals = np.array([[found.sum() + outside.sum(), zeros, *outside]], np.int64)
    offsets = np.array([0, len(bins)], np.int64)
    return RecordCounts(scheme, offsets, bins, found, totals, _moments(given, edges, counts)[None])


def _check(given: BinCounts) -> tuple[FloatArray, IntArray]:
    counts = _whole("counts", given.counts)
    edges = np.asarray(given.edges, np.float64)
    if edges.shape != (len(counts) + 1,) or len(counts) == 0 or not np.all(edges[1:] > edges[:-1]):
        msg = (
            f"BinCounts expects (B,) counts and (B + 1,) ascending edges, but got {len(counts)} "
            f"counts and edges of shape {edges.shape}. Pass both as np.histogram returns them."
        )
        raise OptionError(msg)
    return edges, counts


def _whole(name: str, given: npt.ArrayLike | Sequence[Any]) -> IntArray:
    """(N,) whole numbers from 0 up; also those that stand in floats."""
    numbers = np.asarray(given)
    real = numbers.dtype.kind in "iuf" and numbers.ndim == 1
    if not real or not np.all((numbers >= 0) & (numbers == np.floor(numbers)) & (numbers < 2**62)):
        msg = (
            f"BinCounts takes whole numbers from 0 up as {name}, in one dimension, but got "
            f"{given!r:.80}. Give counts, not densities or weights."
        )
        raise OptionError(msg)
    return numbers.astype(np.int64)


def _fit(edges: FloatArray, counts: IntArray, scheme: Scheme) -> bool:
    """Whether each bin that holds a count lies within one bin of the scheme."""
    bins = scheme.values_to_bins(_middles(edges))
    lower, upper = scheme.lower_edges(bins), scheme.upper_edges(bins)
    with np.errstate(over="ignore"):
        width = upper - lower
    spare = np.where(np.isfinite(width), EDGE_TOLERANCE * width, 0)
    within = (edges[:-1] >= lower - spare) & (edges[1:] <= upper + spare)
    return bool(np.all(within | (counts == 0)))


def _middles(edges: FloatArray) -> FloatArray:
    """(B,) a finite value within each bin, in its middle where it has one."""
    lower, upper = edges[:-1], edges[1:]
    middles = lower / 2 + upper / 2
    # Beyond the last finite edge: the next number, which no other bin holds.
    middles = np.where(np.isneginf(lower), np.nextafter(upper, -np.inf), middles)
    return np.where(np.isposinf(upper), np.nextafter(lower, np.inf), middles)


def _moments(given: BinCounts, edges: FloatArray, counts: IntArray) -> FloatArray:
    used = np.flatnonzero(counts)
    if len(used) == 0:
        return np.array([np.inf, -np.inf, 0.0, 0.0])
    middles = _middles(edges)
    lowest, highest = edges[used[0]], edges[used[-1] + 1]
    estimates = (
        lowest if np.isfinite(lowest) else middles[used[0]],
        highest if np.isfinite(highest) else middles[used[-1]],
        np.sum(counts * middles),
        np.sum(counts * np.square(middles)),
    )
    known = given.min, given.max, given.sum, given.sum_sq
    return np.array(
        [new if own is None else float(own) for own, new in zip(known, estimates, strict=True)]
    )
