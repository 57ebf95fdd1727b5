"""Histograms of other tools: totals are kept, exact edges stay exact, nothing raises."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_activation_hist.grid import ZERO_EDGE
from tb_activation_hist.plugin.foreign import MAX_EDGES, normalise_buckets, tensors_to_series


def tensors(*records: object, steps: list[int] | None = None) -> list[SimpleNamespace]:
    numbers = steps or list(range(len(records)))
    return [
        SimpleNamespace(step=step, wall_time=100.0 + i, numpy=np.array(record, np.float64))
        for i, (step, record) in enumerate(zip(numbers, records, strict=True))
    ]


def test_both_loaders_views_of_one_old_histogram_mean_the_same() -> None:
    python = [[-2, -1, 2], [-1, 0, 3], [0, 3, 5]]
    rust = [[-2, -3, 0], [-3, -1, 2], [-1, 0, 3], [0, 1, 5], [1, 3, 0]]
    kept, lost = normalise_buckets(rust)
    assert kept.tolist() == [[-2, -1, 2], [-1, 0, 3], [0, 1, 5]]
    assert lost == 0
    series = tensors_to_series(tensors(python, rust), "w")
    assert series.n.tolist() == [10, 10]
    assert series.rebin([-3, 0, 3]).tolist() == [[5, 5], [5, 5]]


def test_steps_with_other_edges_come_to_common_ones_exactly() -> None:
    series = tensors_to_series(
        tensors([[0, 2, 8], [2, 4, 4]], [[1, 3, 6], [3, 5, 2]]),
        "w",
    )
    assert series.edges.tolist() == [0, 1, 2, 3, 4, 5]
    assert series.counts.tolist() == [[4, 4, 2, 2, 0], [0, 3, 3, 1, 1]]
    assert series.min.tolist() == [0, 1]
    assert series.max.tolist() == [4, 5]
    assert series.mean[0] == pytest.approx((1 * 8 + 3 * 4) / 12)


def test_many_edges_are_thinned_and_totals_stay() -> None:
    rng = np.random.default_rng(0)
    records = []
    for _ in range(100):
        edges = np.sort(rng.normal(0, 2, 31))
        counts = rng.integers(0, 10**6, 30)
        records.append(np.stack([edges[:-1], edges[1:], counts], axis=1))
    series = tensors_to_series(tensors(*records), "w")
    assert len(series.edges) <= MAX_EDGES
    assert series.n.tolist() == [int(record[:, 2].sum()) for record in records]
    np.testing.assert_array_equal(series.counts.sum(axis=1), series.n)


def test_a_single_value_has_a_bin_of_its_own() -> None:
    series = tensors_to_series(tensors([[3, 3, 0], [3, 3, 7]], [[0, 0, 5]]), "w")
    assert series.n.tolist() == [7, 5]
    low, high = series.lower.tolist(), series.upper.tolist()
    assert (low[0], high[0]) == (-ZERO_EDGE, ZERO_EDGE)
    assert low[1] <= 3 < high[1] < 3.2
    assert series.bin_counts.tolist() == [[0, 7], [5, 0]]


@pytest.mark.parametrize("empty", [np.zeros((0, 3)), np.zeros((4, 3)), np.zeros(0)])
def test_an_empty_histogram_is_an_empty_record(empty: np.ndarray) -> None:
    series = tensors_to_series(tensors(empty, [[0, 1, 2]]), "w")
    assert series.n.tolist() == [0, 2]
    assert len(tensors_to_series(tensors(empty), "w").edges) == 1


def test_edges_that_are_not_numbers_lose_no_count() -> None:
    nan, inf = np.nan, np.inf
    series = tensors_to_series(
        tensors([[nan, nan, 4], [0, 1, 2]], [[1, inf, 3], [-inf, 0, 1], [-inf, inf, 5]]), "w"
    )
    assert series.n.tolist() == [6, 9]
    assert series.nans.tolist() == [4, 5]
    np.testing.assert_array_equal(series.counts.sum(axis=1) + series.nans, series.n)
    assert np.isfinite(series.edges).all()


def test_of_equal_steps_the_latest_stays() -> None:
    series = tensors_to_series(tensors([[0, 1, 1]], [[0, 1, 2]], [[0, 1, 3]], steps=[7, 3, 7]), "w")
    assert series.steps.tolist() == [3, 7]
    assert series.n.tolist() == [2, 3]


edge = st.floats(allow_nan=True, allow_infinity=True)
bucket = st.tuples(edge, edge, st.floats(-1, 2**40) | st.just(np.nan))


@given(st.lists(st.lists(bucket, max_size=6), min_size=1, max_size=4))
def test_whatever_is_in_a_file_gives_a_consistent_series(records: list) -> None:
    series = tensors_to_series(tensors(*(np.reshape(r, (-1, 3)) for r in records)), "w")
    assert np.all(np.diff(series.edges) > 0)
    assert np.isfinite(series.edges).all()
    np.testing.assert_array_equal(series.counts.sum(axis=1) + series.nans, series.n)
    for record, n in zip(records, series.n.tolist(), strict=True):
        total = sum(c for _, _, c in record if np.isfinite(c) and c > 0)
        assert abs(n - total) <= 1
