"""Slices of a record are added up by number, and a series of them keeps its promises."""

from __future__ import annotations

import numpy as np
import pytest

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.slice_counts import SLICE_STATISTICS, join_slices
from tb_activation_hist.core.slice_series import concatenate_slices
from tests.slices import make_slices, values_to_slices

RANDOM = np.random.default_rng(0)


def test_parts_of_a_row_are_added_by_the_number_of_the_slice() -> None:
    one, other = RANDOM.normal(size=(9, 4)), RANDOM.normal(size=(5, 3))
    joined = join_slices([(1, values_to_slices(one)), (1, values_to_slices(other))], rows=3)
    assert joined.offsets.tolist() == [0, 0, 4, 4]
    padded = np.column_stack([other, np.full(5, np.nan)])
    expected = values_to_slices(np.concatenate([one, padded]))
    own = joined.of_row(1)
    assert own.totals[:3].tolist() == expected.totals[:3].tolist()
    assert own.totals[3].tolist() == [9, 0, 0]
    np.testing.assert_allclose(own.moments, expected.moments)


def test_rows_are_selected_in_any_order() -> None:
    parts = [(row, values_to_slices(RANDOM.normal(size=(3, 2 + row)))) for row in (0, 2)]
    slices = join_slices(parts, rows=3)
    chosen = slices.select([2, 1, 0])
    assert np.diff(chosen.offsets).tolist() == [4, 0, 2]
    np.testing.assert_array_equal(chosen.of_row(0).moments, slices.of_row(2).moments)
    assert [row for row, _ in slices.first(2).of_rows(2)] == [0]


def test_statistics_are_those_of_the_values() -> None:
    values = np.maximum(RANDOM.normal(size=(6, 50, 3)), 0)
    series = make_slices(list(values), exact=True)
    assert (len(series), series.slices) == (6, 3)
    np.testing.assert_allclose(series.mean, values.mean(1))
    np.testing.assert_allclose(series.std, values.std(1))
    np.testing.assert_allclose(series.zero_share, (values == 0).mean(1))
    np.testing.assert_allclose(series.abs_max, np.abs(values).max(1))
    np.testing.assert_allclose(series.rms, np.sqrt((values**2).mean(1)))
    assert "fc" in repr(series) and "3 slices" in repr(series)


def test_equal_values_have_a_std_of_0() -> None:
    assert make_slices([np.full((7, 2), 0.1)]).std.tolist() == [[0.0, 0.0]]


def test_without_finite_values_every_statistic_is_nan() -> None:
    series = make_slices([np.full((2, 1), np.nan)])
    for name in SLICE_STATISTICS:
        assert np.isnan(series.statistic(name)).all()


def test_an_unknown_statistic_is_refused() -> None:
    with pytest.raises(OptionError, match="zero_share, mean"):
        make_slices([np.ones((2, 1))]).statistic("median")  # type: ignore[arg-type]


def test_pooling_is_as_if_all_values_had_come_at_once() -> None:
    values = RANDOM.normal(size=(6, 20, 3))
    pooled = make_slices(list(values)).pool([0, 4])
    assert pooled.steps.tolist() == [4, 6]
    whole = make_slices([values[:4].reshape(-1, 3), values[4:].reshape(-1, 3)])
    np.testing.assert_allclose(pooled.std, whole.std)
    np.testing.assert_array_equal(pooled.min, whole.min)


def test_parts_with_fewer_slices_are_filled_up_without_values() -> None:
    joined = concatenate_slices([make_slices([np.ones((2, 3))]), make_slices([np.ones((2, 5))])])
    assert joined.n.tolist() == [[2, 2, 2, 0, 0], [2, 2, 2, 2, 2]]
    assert np.isnan(joined.mean[0, 3:]).all()


def test_the_data_frame_has_a_row_for_each_slice_with_values() -> None:
    joined = concatenate_slices([make_slices([np.ones((2, 1))]), make_slices([np.ones((2, 2))])])
    frame = joined.to_dataframe()
    assert frame["slice"].tolist() == [0, 0, 1]
    assert frame["n"].tolist() == [2, 2, 2]
    assert frame["mean"].tolist() == [1.0, 1.0, 1.0]
