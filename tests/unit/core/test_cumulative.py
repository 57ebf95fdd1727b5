"""Values below an edge, and quantiles, against numpy on the values themselves."""

from __future__ import annotations

import numpy as np
import pytest

from tb_activation_hist.core.cumulative import (
    column_quantiles,
    locate_quantiles,
    quantiles,
    rebin,
    share_below,
    zero_bin_to_point,
)
from tb_activation_hist.core.grid import ZERO_EDGE
from tb_activation_hist.core.schemes.float_bits import FloatBits

GRID = FloatBits()
HUGE = np.finfo(np.float64).max


def test_rebin_recovers_the_blog_post_bins() -> None:
    values = np.maximum(np.random.default_rng(1).normal(0, 2, 1_000_000), 0)
    bins, counts = np.unique(GRID.values_to_bins(values), return_counts=True)
    edges = np.linspace(0, 10, 41)
    got = rebin(GRID.lower_edges(bins), GRID.upper_edges(bins), counts[None], edges)[0]
    want = np.histogram(values, edges)[0]
    assert np.abs(got - want).sum() / 2 / len(values) < 0.0013
    assert got[0] > 500_000, "the zeros belong to the bin that begins at 0"


def test_rebin_splits_by_overlap_and_keeps_gaps_empty() -> None:
    got = rebin([0.0, 4.0], [2.0, 5.0], [[8, 1]], [0.0, 0.5, 2.0, 3.0, 4.5, 9.0])
    np.testing.assert_allclose(got, [[2.0, 6.0, 0.0, 0.5, 0.5]])


def test_rebin_of_nothing() -> None:
    assert rebin([], [], np.zeros((3, 0)), [0.0, 1.0]).tolist() == [[0.0]] * 3


@pytest.mark.parametrize(
    ("lower", "upper", "edge", "share"),
    [
        (1.0, 3.0, 0.5, 0),
        (1.0, 3.0, 1.0, 0),
        (1.0, 3.0, 1.5, 0.25),
        (1.0, 3.0, 3.0, 1),
        (1.0, 3.0, np.inf, 1),
        (-HUGE, HUGE, 0.0, 0.5),
        (0.0, 2.0**-1074, 2.0**-1074, 1),
    ],
)
def test_the_share_of_a_bin_below_an_edge(
    lower: float, upper: float, edge: float, share: float
) -> None:
    assert share_below(np.array(lower), np.array(upper), np.array(edge)) == share


def test_a_bin_without_width_lies_below_larger_edges_only() -> None:
    edges = np.array([1.0, 2.0, np.nextafter(2.0, 3.0)])
    assert share_below(np.array(2.0), np.array(2.0), edges).tolist() == [0, 0, 1]


def test_only_the_zero_bin_is_a_point() -> None:
    lower = np.array([-ZERO_EDGE, -2 * ZERO_EDGE, ZERO_EDGE])
    upper = np.array([ZERO_EDGE, 2 * ZERO_EDGE, 2 * ZERO_EDGE])
    assert zero_bin_to_point(lower, upper).tolist() == [0, -2 * ZERO_EDGE, ZERO_EDGE]


def test_a_quantile_lies_in_the_bin_of_its_value() -> None:
    random = np.random.default_rng(3)
    rows = [random.integers(0, 12, size) for size in (1, 2, 7, 100, 1001)]
    table = [np.unique(row, return_counts=True) for row in rows]
    offsets = np.cumsum([0, *(len(found) for found, _ in table)])
    values, counts = (np.concatenate(column) for column in zip(*table, strict=True))
    shares = np.array([0.0, 0.05, 0.5, 0.99, 1.0])
    places = locate_quantiles(counts, offsets, shares)
    for row, bins in zip(rows, places.bins, strict=True):
        want = np.quantile(row, shares, method="inverted_cdf")
        assert values[bins].tolist() == want.tolist()
    assert ((places.parts >= 0) & (places.parts <= 1)).all()


def test_a_row_without_a_count_has_no_quantile() -> None:
    places = locate_quantiles(np.array([3, 1]), np.array([0, 0, 2, 2]), 0.5)
    assert np.isnan(places.parts[:, 0]).tolist() == [True, False, True]
    got = quantiles(np.array([1.0]), np.array([2.0]), np.array([[0], [4]]), [0.5, 1])
    np.testing.assert_array_equal(got, [[np.nan, np.nan], [1.5, 2.0]])
    assert np.isnan(quantiles(np.zeros(0), np.zeros(0), np.zeros((2, 0)), [0.5])).all()
    assert quantiles(np.zeros(1), np.ones(1), np.zeros((0, 1)), [0.5]).shape == (0, 1)


def test_columns_are_taken_in_the_given_order(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = np.random.default_rng(5).integers(0, 9, (7, 11))
    order = np.random.default_rng(6).permutation(11)
    whole = column_quantiles(counts[:, order], [0.25, 0.75])
    monkeypatch.setattr("tb_activation_hist.core.cumulative.CUMULATED_AT_ONCE", 3)
    pieces = column_quantiles(counts, [0.25, 0.75], order)
    np.testing.assert_array_equal(pieces.bins, whole.bins)
    np.testing.assert_array_equal(pieces.parts, whole.parts)
