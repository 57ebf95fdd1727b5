"""The series against numpy on the values it was made of."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tb_activation_hist.core.grid import NEAR_ZERO
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.joining import append_series, join_series, sum_records
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.notebook.activation_stats import LayerStats
from tests.series import values_to_series

RNG = np.random.default_rng(0)
VALUES = [RNG.normal(i, 1 + i, 5000) for i in range(6)]


def assert_adds_up(series: HistogramSeries) -> None:
    total = series.counts.sum(1) + series.nans + series.pos_infs + series.neg_infs
    np.testing.assert_array_equal(total, series.n)
    assert np.all(np.diff(series.edges) > 0)
    assert series.counts.shape == (len(series), len(series.edges) - 1)


def test_counts_equal_numpy_on_the_series_own_edges() -> None:
    series = values_to_series(VALUES)
    assert_adds_up(series)
    for row, values in zip(series.counts, VALUES, strict=True):
        np.testing.assert_array_equal(row, np.histogram(values, series.edges)[0])


def test_values_on_the_edges_are_counted_like_numpy() -> None:
    steps = np.array([-4.0, -3.75, -1.0, -0.5, -(2.0**-130), 0.0, 2.0**-130, 0.5, 1.0, 3.75, 4.0])
    series = values_to_series([np.tanh(np.linspace(-40, 40, 999)), steps])
    for row, values in zip(series.counts, [np.tanh(np.linspace(-40, 40, 999)), steps], strict=True):
        np.testing.assert_array_equal(row, np.histogram(values, series.edges)[0])


def test_edges_reach_float64_values_beyond_float32() -> None:
    values = np.array([-1e300, -1.0, 2.0, 1e200])
    series = values_to_series([values])
    assert (series.edges[0], series.edges[-1]) == (-1e300, 1e200)
    np.testing.assert_array_equal(series.counts[0], np.histogram(values, series.edges)[0])


def test_moments_are_exact() -> None:
    series = values_to_series(VALUES)
    np.testing.assert_allclose(series.mean, [v.mean() for v in VALUES], rtol=1e-13)
    np.testing.assert_allclose(series.std, [v.std() for v in VALUES], rtol=1e-12)
    np.testing.assert_array_equal(series.min, [v.min() for v in VALUES])
    np.testing.assert_array_equal(series.max, [v.max() for v in VALUES])


def test_non_finite_values_and_zeros_are_apart() -> None:
    values = np.array([0.0, -0.0, 1, np.nan, np.inf, np.inf, -np.inf, -1e-45])
    series = values_to_series([values])
    assert_adds_up(series)
    assert [series.zeros[0], series.nans[0], series.pos_infs[0], series.neg_infs[0]] == [2, 1, 2, 1]
    zero_bin = np.searchsorted(series.edges, 0.0) - 1
    assert series.counts[0, zero_bin] == 3


def test_an_empty_record() -> None:
    series = values_to_series([np.array([])])
    assert_adds_up(series)
    assert np.isnan([series.mean[0], series.min[0], series.quantile(0.5)[0]]).all()
    assert series.rebin([0, 1]).tolist() == [[0.0]]


def test_linear_series_keeps_what_lies_outside() -> None:
    values = np.array([-3.0, 0.1, 5, 10, 11, 12])
    series = values_to_series([values], scheme=LinearBins(40, 0, 10))
    assert_adds_up(series)
    assert np.isfinite(series.edges).all()
    assert (series.edges[0], series.edges[-1]) == (-3.0, 12.0)


@pytest.mark.parametrize("q", [0.0, 0.01, 0.25, 0.5, 0.9, 0.999, 1.0])
def test_quantiles_are_within_a_bin(q: float) -> None:
    got = values_to_series(VALUES).quantile(q)
    want = np.array([np.quantile(v, q) for v in VALUES])
    assert np.all(np.abs(got - want) <= np.abs(want) / 16 + 1e-3)


def test_quantile_of_a_collapsed_layer_is_zero() -> None:
    series = values_to_series([np.zeros(10), np.r_[np.zeros(9), 5.0]])
    assert series.quantile([0.05, 0.5]).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_quantile_refuses_percent() -> None:
    with pytest.raises(ValueError, match="0 to 1"):
        values_to_series(VALUES).quantile(50)


def test_share_near_zero_has_two_sides() -> None:
    values = np.array([-0.01, 0.0, 0.01, 1.0])
    assert values_to_series([values]).share_near_zero(0.05)[0] == 0.75


def test_pool_is_the_series_of_the_joined_values() -> None:
    pooled = values_to_series(VALUES).pool([0, 4])
    want = values_to_series([np.concatenate(VALUES[:4]), np.concatenate(VALUES[4:])])
    np.testing.assert_array_equal(pooled.counts, want.counts)
    np.testing.assert_array_equal(pooled.n, want.n)
    np.testing.assert_allclose(pooled.mean, want.mean)
    assert pooled.steps.tolist() == [3, 5]


def test_join_sorts_and_the_later_write_wins() -> None:
    first = values_to_series(VALUES[:3], steps=[0, 1, 2])
    again = values_to_series([VALUES[5], VALUES[4]], steps=[2, 1])
    later = HistogramSeries(
        again.take([1]).tallies, again.bins, again.take([1]).bin_counts, again.scheme
    )
    later.tallies.wall_times[:] += 100
    joined = join_series([later, first])
    assert joined.steps.tolist() == [0, 1, 2]
    np.testing.assert_allclose(joined.mean, [VALUES[0].mean(), VALUES[1].mean(), VALUES[5].mean()])


def test_dataframe() -> None:
    pytest.importorskip("pandas")
    series = values_to_series(VALUES)
    table = series.to_dataframe()
    assert len(table) == 6
    np.testing.assert_array_equal(table["n"], series.n)
    long = series.to_dataframe(counts=True)
    np.testing.assert_array_equal(long.groupby("step")["count"].sum(), series.n)


@pytest.mark.parametrize("edges", [[2, 1], [0, np.nan], [0, 2, 1]])
def test_rebin_refuses_edges_that_do_not_ascend(edges: list[float]) -> None:
    series = values_to_series([np.array([0.5, 1.5])])
    with pytest.raises(ValueError, match="ascending edges"):
        series.rebin(edges)


def test_appending_equals_joining_and_leaves_the_series_as_it_was() -> None:
    values = [RNG.normal(0, 1 + i / 10, 400) for i in range(40)]
    whole = values_to_series(values)
    grown = join_series([whole.take(slice(0, 20)), whole.take(slice(20, 21))])
    seen = [(grown, grown.bin_counts.copy())]
    for start in range(21, 40, 3):
        grown = append_series(grown, whole.take(slice(start, start + 3)))
        seen.append((grown, grown.bin_counts.copy()))
    np.testing.assert_array_equal(grown.bin_counts, whole.take(slice(0, len(grown))).bin_counts)
    np.testing.assert_array_equal(grown.tallies.sum, whole.tallies.sum[: len(grown)])
    for series, counts in seen:
        np.testing.assert_array_equal(series.bin_counts, counts)


def test_appending_records_with_other_bins_widens_all() -> None:
    low, high = values_to_series([[1.0, 2.0]]), values_to_series([[-500.0, 7.0]])
    both = append_series(low, later_steps(high))
    np.testing.assert_array_equal(both.bin_counts, [[0, 1, 1, 0], [1, 0, 0, 1]])


def later_steps(series: HistogramSeries) -> HistogramSeries:
    return replace(series, tallies=replace(series.tallies, steps=series.steps + 1))


def test_the_sum_of_records_has_all_their_values() -> None:
    series = values_to_series(VALUES)
    total = sum_records(series)
    np.testing.assert_array_equal(total.bin_counts[0], series.bin_counts.sum(0))
    assert (total.n[0], total.min[0]) == (30_000, min(map(np.min, VALUES)))
    assert sum_records(series.take(slice(0, 0))).n[0] == 0


def test_the_page_calls_the_same_values_near_zero() -> None:
    sources = Path(__file__).resolve().parents[3] / "frontend" / "src"
    (file,) = sources.rglob("near_zero.ts")
    (value,) = re.findall(r"NEAR_ZERO = ([\d.]+);", file.read_text(encoding="utf-8"))
    assert float(value) == NEAR_ZERO


def test_the_values_of_a_notebook_cell_fit_on_one_line() -> None:
    series = values_to_series([np.arange(9.0), np.arange(9.0)], steps=(3, 8))
    assert repr(series) == f"HistogramSeries('', 2 records, steps 3 to 8, {len(series.bins)} bins)"
    assert repr(series.take(slice(0))).startswith("HistogramSeries('', 0 records, ")
    stats = LayerStats(series.mean, series.std, np.array([np.nan, np.nan]))
    assert repr(stats) == "LayerStats(2 records, mean 4 to 4, std 2.58 to 2.58, near_zero none)"
