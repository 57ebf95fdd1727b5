"""The counts of a record: rows, their choice, and their sum."""

import numpy as np
import pytest

from tb_activation_hist.core.record_counts import join_counts
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tests.records import random_rows, values_to_counts

EMPTY = np.zeros(0, np.float32)


def assert_same(found, expected):
    assert found.scheme == expected.scheme
    for name in ("offsets", "bins", "counts", "totals"):
        got, wanted = getattr(found, name), getattr(expected, name)
        assert got.dtype == np.int64
        np.testing.assert_array_equal(got, wanted, err_msg=name)
    np.testing.assert_array_equal(found.moments[:, :2], expected.moments[:, :2])
    np.testing.assert_allclose(found.moments[:, 3], expected.moments[:, 3], rtol=1e-12)
    sums = found.moments[:, 2] - expected.moments[:, 2]
    assert (np.abs(sums) <= 1e-12 * np.sqrt(expected.moments[:, 3] * expected.n)).all()


def test_rows_and_what_is_known_of_them():
    rows = [*random_rows(0, 2), EMPTY]
    counts = values_to_counts(rows)
    assert len(counts) == 3
    assert counts.n.tolist() == [509, 509, 0]
    assert counts.finite.tolist() == [506, 506, 0]
    for number, values in enumerate(rows):
        finite = FLOAT_BITS.values_to_bins(values[np.isfinite(values)])
        bins, found = np.unique(finite, return_counts=True)
        np.testing.assert_array_equal(counts.bins_of(number), (bins, found))
        assert (counts.entry_rows == number).sum() == len(bins)
    assert counts.wait() is counts


def test_first_rows_are_views():
    rows = random_rows(0, 4)
    counts = values_to_counts(rows)
    first = counts.first(2)
    assert_same(first, values_to_counts(rows[:2]))
    assert first.bins.base is counts.bins


@pytest.mark.parametrize("chosen", [[2, 0], [1], [1, 1, 3], [0, 1, 2, 3], []])
def test_selected_rows(chosen):
    rows = [*random_rows(1, 2), EMPTY, random_rows(2, 3)[2]]
    selected = values_to_counts(rows).select(chosen)
    assert len(selected) == len(chosen)
    if chosen:
        assert_same(selected, values_to_counts([rows[row] for row in chosen]))


@pytest.mark.parametrize("scheme", [FLOAT_BITS, LinearBins(8, -2, 2)], ids=["bits", "linear"])
def test_the_sum_of_parts_is_that_of_all_values(scheme):
    first, second = random_rows(3, 3), random_rows(4, 2)
    parts = [
        ((0, 2, 3), values_to_counts(first, scheme)),
        ((2, 1), values_to_counts(second, scheme)),
    ]
    whole = [first[0], second[1], np.concatenate([first[1], second[0]]), first[2]]
    assert_same(join_counts(scheme, parts), values_to_counts(whole, scheme))


def test_rows_beyond_the_targets_are_left_out():
    rows = random_rows(5, 3)
    one = join_counts(FLOAT_BITS, [((0, 1), values_to_counts(rows))])
    assert_same(one, values_to_counts(rows[:2]))
    swapped = join_counts(FLOAT_BITS, [((1, 0), values_to_counts(rows))])
    assert_same(swapped, values_to_counts([rows[1], rows[0]]))


@pytest.mark.parametrize("scheme", [FLOAT_BITS, LinearBins(8, -2, 2)], ids=["bits", "linear"])
def test_parts_that_follow_each_other_are_put_together(scheme, monkeypatch):
    first, second = [*random_rows(7, 2), EMPTY], random_rows(8, 2)
    parts = [
        ((0, 1, 2), values_to_counts([*first, second[0]], scheme)),
        ((), values_to_counts(second, scheme)),
        ((3, 4), values_to_counts(second, scheme)),
    ]
    monkeypatch.delattr("tb_activation_hist.core.record_counts._join_entries")  # which sorts all
    assert_same(join_counts(scheme, parts), values_to_counts([*first, *second], scheme))


def test_no_parts_have_no_rows():
    assert len(join_counts(FLOAT_BITS, [])) == 0


def test_a_single_part_in_place_is_not_copied():
    counts = values_to_counts(random_rows(6, 2))
    assert join_counts(FLOAT_BITS, [((0, 1), counts)]).bins.base is counts.bins


def test_no_parts_at_all():
    none = join_counts(FLOAT_BITS, [])
    assert len(none) == 0
    assert (none.totals.shape, none.moments.shape) == ((0, 5), (0, 4))
    assert none.offsets.tolist() == [0]


def test_counts_beyond_32_bits_are_added():
    rows = [np.full(3, 1.5, np.float32)]
    many = values_to_counts(rows)
    many.counts[:] = 2**40
    joined = join_counts(FLOAT_BITS, [((1,), many), ((1,), many)])
    assert joined.counts.tolist() == [2**41]
    assert joined.offsets.tolist() == [0, 0, 1]
