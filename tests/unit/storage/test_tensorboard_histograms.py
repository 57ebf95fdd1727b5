"""Histograms of other tools on one set of edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.tensorboard.summary import histogram

from tb_activation_hist.core.grid import ZERO_EDGE
from tb_activation_hist.storage.tensorboard_histograms import (
    MAX_EDGES,
    buckets_to_series,
    legacy_to_buckets,
)


def tensorboard_buckets(values, number=30):
    counts, edges = np.histogram(values, number)
    return np.column_stack([edges[:-1], edges[1:], counts])


def test_totals_stay_exact_and_shape_is_kept():
    random = np.random.default_rng(0)
    values = [random.normal(step / 50, 1 + step / 100, 997) for step in range(200)]
    series = buckets_to_series(range(200), range(200), [tensorboard_buckets(v) for v in values])
    assert len(series.edges) <= MAX_EDGES
    assert (series.counts.sum(1) == 997).all()
    assert (series.n == 997).all()
    medians = [np.median(each) for each in values]
    np.testing.assert_allclose(series.quantile(0.5), medians, atol=0.2)


def test_counts_beyond_float32_stay_exact():
    series = buckets_to_series([1], [0.0], [[[0, 1, 2.0**40 + 1], [1, 2, 3]]])
    assert series.counts.tolist() == [[2**40 + 1, 3]]


def test_equal_edges_of_all_steps_are_kept_as_they_are():
    buckets = [[[0, 1, 5], [1, 2, 0], [2, 4, 7]]] * 3
    series = buckets_to_series([1, 2, 3], [0, 1, 2], buckets)
    assert series.edges.tolist() == [0, 1, 2, 4]
    assert series.counts.tolist() == [[5, 0, 7]] * 3


def test_inverted_and_zero_width_buckets_of_the_fast_loader():
    # One file as TensorBoard's fast loader gives it; its first bucket tells the minimum.
    fast = [[-2, -3, 0], [-3, -1, 2], [-1, 0, 3], [0, 1, 5], [1, 3, 0]]
    series = buckets_to_series([1], [0], [fast])
    assert series.edges.tolist() == [-2, -1, 0, 1]
    assert series.counts.tolist() == [[2, 3, 5]]


@pytest.mark.parametrize("value", [0.0, 2.5, -1e-20])
def test_a_constant_lies_in_a_bin_that_holds_it(value):
    buckets = [[value, value, 0]] * 29 + [[value, value, 9]]
    series = buckets_to_series([1, 2], [0, 1], [buckets, buckets])
    assert series.counts.tolist() == [[9], [9]]
    assert series.edges[0] <= value < series.edges[1]
    assert (series.min[0], series.max[0], series.mean[0]) == (value, value, value)


def test_a_constant_among_others():
    series = buckets_to_series([1, 2], [0, 1], [[[0, 1, 4], [1, 2, 4]], [[2, 2, 9]]])
    assert series.counts.sum(1).tolist() == [8, 9]
    assert series.counts[1].tolist() == [0, 0, 9]


def test_empty_histograms():
    series = buckets_to_series([1, 2], [0, 1], [np.zeros((30, 3)), np.zeros((0, 3))])
    assert series.n.tolist() == [0, 0]
    assert np.isnan(series.mean).all()


def test_steps_are_sorted_and_the_latest_of_equal_ones_counts():
    buckets = [[[0, 1, n]] for n in (1, 2, 3, 4)]
    series = buckets_to_series([5, 1, 5, 3], [10, 11, 12, 13], buckets)
    assert series.steps.tolist() == [1, 3, 5]
    assert series.n.tolist() == [2, 4, 3]


def test_legacy_histograms_of_torch():
    values = np.random.default_rng(0).normal(3, 2, 5000)
    histo = histogram("x", values, "auto").value[0].histo
    buckets, exact = legacy_to_buckets(histo)
    series = buckets_to_series([1], [0], [buckets], moments=[exact])
    assert series.n[0] == 5000
    assert series.mean[0] == pytest.approx(values.mean())
    assert series.std[0] == pytest.approx(values.std())
    assert (series.min[0], series.max[0]) == (values.min(), values.max())
    edges = np.linspace(-3, 9, 13)
    expected, _ = np.histogram(values, edges)
    np.testing.assert_allclose(series.rebin(edges)[0], expected, atol=60)


def test_steps_with_other_edges_come_to_common_ones_exactly():
    series = buckets_to_series([0, 1], [0, 1], [[[0, 2, 8], [2, 4, 4]], [[1, 3, 6], [3, 5, 2]]])
    assert series.edges.tolist() == [0, 1, 2, 3, 4, 5]
    assert series.counts.tolist() == [[4, 4, 2, 2, 0], [0, 3, 3, 1, 1]]
    assert (series.min.tolist(), series.max.tolist()) == ([0, 1], [4, 5])


def test_zero_alone_lies_in_the_zero_bin():
    series = buckets_to_series([0, 1], [0, 1], [[[0, 0, 5]], [[3, 3, 7]]])
    assert (series.lower[0], series.upper[0]) == (-ZERO_EDGE, ZERO_EDGE)
    assert series.lower[1] <= 3 < series.upper[1] < 3.2
    assert series.bin_counts.tolist() == [[5, 0], [0, 7]]


def test_edges_that_are_not_numbers_lose_no_count():
    nan, inf = np.nan, np.inf
    odd = [[1, inf, 3], [-inf, 0, 1], [-inf, inf, 5]]
    series = buckets_to_series([0, 1], [0, 1], [[[nan, nan, 4], [0, 1, 2]], odd])
    assert (series.n.tolist(), series.nans.tolist()) == ([6, 9], [4, 5])
    np.testing.assert_array_equal(series.counts.sum(axis=1) + series.nans, series.n)
    assert np.isfinite(series.edges).all()


edge = st.floats(allow_nan=True, allow_infinity=True)
bucket = st.tuples(edge, edge, st.floats(-1, 2**40) | st.just(np.nan))


@settings(max_examples=50)
@given(st.lists(st.lists(bucket, max_size=6), min_size=1, max_size=4))
def test_whatever_is_in_a_file_gives_a_consistent_series(records):
    steps = range(len(records))
    series = buckets_to_series(steps, steps, [np.reshape(r, (-1, 3)) for r in records])
    assert np.all(np.diff(series.edges) > 0)
    assert np.isfinite(series.edges).all()
    np.testing.assert_array_equal(series.counts.sum(axis=1) + series.nans, series.n)
    for record, n in zip(records, series.n.tolist(), strict=True):
        total = sum(c for _, _, c in record if np.isfinite(c) and c > 0)
        assert abs(n - total) <= 1
