"""Rows of slots to occupied bins, along both ways."""

import numpy as np
import pytest

from tb_activation_hist.core.record_counts import counts_to_occupied, slots_to_occupied
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tests.records import FakeHost, random_rows


def finite_slots(counts):
    present = counts != 0
    present[:, 4080:4096] = present[:, 8176:] = False
    rows, slots = np.nonzero(present)
    offsets = np.searchsorted(rows, np.arange(len(counts) + 1))
    return offsets, slots, counts[rows, slots]


def test_float_bits_bins_and_counts_are_those_of_the_values():
    rows = random_rows(0, 4)
    occupied = counts_to_occupied(FLOAT_BITS, FakeHost(rows).counts)
    for number, values in enumerate(rows):
        finite = values[np.isfinite(values)]
        bins, counts = np.unique(FLOAT_BITS.values_to_bins(finite), return_counts=True)
        np.testing.assert_array_equal(occupied.row(number), (bins, counts))


@pytest.mark.parametrize("seed", range(5))
def test_both_ways_agree(seed):
    rows = random_rows(seed, 3)
    rows.insert(1, np.zeros(0, np.float32))
    rows.append(np.full(9, -0.0, np.float32))
    counts = FakeHost(rows).counts
    dense = counts_to_occupied(FLOAT_BITS, counts)
    sparse = slots_to_occupied(FLOAT_BITS, *finite_slots(counts))
    np.testing.assert_array_equal(sparse.offsets, dense.offsets)
    np.testing.assert_array_equal(sparse.bins, dense.bins)
    np.testing.assert_array_equal(sparse.counts, dense.counts)


def test_zero_bin_holds_both_zeros_and_what_is_smaller_than_the_grid():
    values = np.array([0.0, -0.0, 1e-44, -1e-44], np.float32)
    occupied = counts_to_occupied(FLOAT_BITS, FakeHost([values]).counts)
    np.testing.assert_array_equal(occupied.row(0), ([0], [4]))


def test_linear_bins_keep_under_and_overflow():
    scheme = LinearBins(4, 0, 1)
    values = np.array([-5, 0, 0.3, 1, 2, 3], np.float32)
    occupied = counts_to_occupied(scheme, FakeHost([values], scheme).counts)
    np.testing.assert_array_equal(occupied.row(0), ([-1, 0, 1, 3, 4], [1, 1, 1, 1, 2]))


def test_first_rows():
    occupied = counts_to_occupied(FLOAT_BITS, FakeHost(random_rows(0, 4)).counts)
    first = occupied.first(2)
    assert len(first) == 2
    np.testing.assert_array_equal(first.row(1), occupied.row(1))
    assert len(first.bins) == first.offsets[-1]
