"""Statistics and equal-width histograms of a record."""

import numpy as np
import pytest

from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.storage.record_statistics import (
    BUCKETS,
    record_histograms,
    record_statistics,
)
from tests.records import random_rows, values_to_counts


def normal_rows():
    random = np.random.default_rng(1)
    return [
        random.normal(0, 1, 20_000).astype(np.float32),
        np.maximum(random.normal(0, 3, 20_000), 0).astype(np.float32),
        random.normal(100, 0.1, 20_000).astype(np.float32),
        random.normal(0, 1e-6, 20_000).astype(np.float32),
    ]


@pytest.mark.parametrize("scheme", [FLOAT_BITS, LinearBins(2000, -20, 120)], ids=["bits", "linear"])
def test_statistics_are_those_of_the_values(scheme):
    rows = normal_rows()
    statistics = record_statistics(values_to_counts(rows, scheme))
    np.testing.assert_allclose(statistics["mean"], [r.mean(dtype=float) for r in rows], atol=1e-9)
    np.testing.assert_allclose(statistics["std"], [r.std(dtype=float) for r in rows], rtol=1e-6)
    near = [np.mean(np.abs(r) <= 0.05) for r in rows]
    np.testing.assert_allclose(statistics["near_zero"], near, atol=0.02)
    high = [np.quantile(np.abs(r), 0.99) for r in rows[:3]]
    np.testing.assert_allclose(statistics["abs_p99"][:3], high, rtol=0.07)


def test_all_zeros_are_near_zero_and_nothing_finite_gives_nan():
    rows = [np.zeros(10, np.float32), np.full(10, np.nan, np.float32)]
    statistics = record_statistics(values_to_counts(rows))
    assert statistics["near_zero"][0] == 1
    assert statistics["abs_p99"][0] == 0
    assert all(np.isnan(values[1]) for values in statistics.values())


def test_a_record_without_any_finite_value():
    counts = values_to_counts([np.full(3, np.nan, np.float32), np.zeros(0, np.float32)])
    assert all(np.isnan(values).all() for values in record_statistics(counts).values())
    assert not record_histograms(counts)[:, :, 2].any()


def test_histograms_hold_all_finite_values_between_their_own_ends():
    rows = random_rows(3, 4)
    for values, buckets in zip(rows, record_histograms(values_to_counts(rows)), strict=True):
        finite = values[np.isfinite(values)]
        assert buckets.shape == (BUCKETS, 3)
        assert buckets[:, 2].sum() == pytest.approx(finite.size)
        assert (buckets[:, 2] >= 0).all()
        assert (buckets[0, 0], buckets[-1, 1]) == (finite.min(), finite.max())
        np.testing.assert_array_equal(buckets[1:, 0], buckets[:-1, 1])


def test_histograms_are_close_to_numpys():
    # Not the third: its values lie in one bin, 4 wide at 100, which is all that is known of them.
    rows = [normal_rows()[index] for index in (0, 1, 3)]
    for values, buckets in zip(rows, record_histograms(values_to_counts(rows)), strict=True):
        expected, _ = np.histogram(values, np.append(buckets[:, 0], buckets[-1, 1]))
        assert np.abs(np.cumsum(buckets[:, 2] - expected)).max() < 0.03 * values.size


def test_constant_and_empty_rows_follow_tensorboards_convention():
    rows = [np.full(9, 2.5, np.float32), np.zeros(0, np.float32)]
    constant, empty = record_histograms(values_to_counts(rows))
    assert (constant[:, :2] == 2.5).all()
    np.testing.assert_array_equal(constant[:, 2], [0] * (BUCKETS - 1) + [9])
    assert not empty.any()
