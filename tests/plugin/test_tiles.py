"""Tiles against sums made value by value."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tb_activation_hist.core.grid import ZERO_EDGE
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.joining import sum_records
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.plugin.data_provider import Stamp
from tb_activation_hist.plugin.schema import TileRequest
from tb_activation_hist.plugin.series_loader import LoadedSeries, empty_series
from tb_activation_hist.plugin.tile_layout import TILE_ARRAYS
from tb_activation_hist.plugin.tiles import Span, Tile, choose_span, make_tile, merge_starts
from tests.plugin.logdirs import broken_values, collapsing_values, healthy_values
from tests.series import values_to_series


def tile_of(series: HistogramSeries, **asked: object) -> tuple[dict, dict[str, np.ndarray]]:
    tile: Tile = make_tile(
        LoadedSeries(Stamp(0, 0.0), series, sum_records(series), "r"),
        TileRequest("a", "b", **asked),
    )
    assert list(tile.arrays) == [spec.name for spec in TILE_ARRAYS]
    return tile.head, dict(tile.arrays)


def test_every_count_is_the_number_of_values_in_its_bin() -> None:
    values = broken_values(23, 300)
    series = values_to_series(values)
    head, arrays = tile_of(series, columns=6, rows=32)
    assert (head["level"], head["columns"]) == (2, 6)
    for column in range(6):
        pool = np.concatenate(values[4 * column : 4 * column + 4]).astype(np.float64)
        finite = pool[np.isfinite(pool)]
        bins = FLOAT_BITS.values_to_bins(finite)
        lower = FLOAT_BITS.lower_edges(bins)
        for low, high, count in zip(
            arrays["lower"], arrays["upper"], arrays["counts"][:, column], strict=True
        ):
            assert count == np.sum((lower >= low) & (lower < high))
        assert arrays["n"][column] == pool.size
        assert arrays["nans"][column] == np.isnan(pool).sum()
        assert arrays["pos_infs"][column] == np.isposinf(pool).sum()
        assert arrays["neg_infs"][column] == np.isneginf(pool).sum()
        assert arrays["mean"][column] == pytest.approx(finite.mean(), rel=1e-12)
        assert arrays["std"][column] == pytest.approx(finite.std(), rel=1e-9)
        assert (arrays["min"][column], arrays["max"][column]) == (finite.min(), finite.max())
    assert arrays["records"].tolist() == [4, 4, 4, 4, 4, 3]
    assert arrays["last_step"].tolist() == [3, 7, 11, 15, 19, 22]
    assert arrays["last_wall_time"][-1] == 1.7e9 + 22


@settings(max_examples=60, deadline=None)
@given(
    records=st.integers(1, 40),
    columns=st.integers(1, 50),
    rows=st.sampled_from([0, 8, 100, 4096]),
    unit=st.none() | st.integers(-20, 5),
    lo=st.integers(-5, 90),
    width=st.integers(0, 90),
)
def test_mass_is_conserved_whatever_is_asked(
    records: int, columns: int, rows: int, unit: int | None, lo: int, width: int
) -> None:
    series = values_to_series(
        broken_values(records, 60, seed=records), steps=[2 * i for i in range(records)]
    )
    asked = {"columns": columns, "rows": rows, "unit": unit, "steps": (lo, lo + width)}
    head, arrays = tile_of(series, **asked)
    assert head["columns"] <= columns
    outside = arrays["nans"] + arrays["pos_infs"] + arrays["neg_infs"]
    np.testing.assert_array_equal(arrays["counts"].sum(axis=0) + outside, arrays["n"])
    hit = (series.steps >= lo) & (series.steps <= lo + width)
    first, last = head["first_column"], head["first_column"] + head["columns"]
    held = np.arange(records) >> head["level"]
    covered = (held >= first) & (held < last)
    assert not np.any(hit & ~covered)
    assert arrays["n"].sum() == series.n[covered].sum()
    assert np.all(arrays["lower"][1:] >= arrays["upper"][:-1])
    assert np.all(arrays["counts"].sum(axis=1) > 0)
    if head["columns"]:
        level = head["level"]
        finer = level - 1
        numbers = np.flatnonzero(hit)
        assert level == 0 or (numbers[-1] >> finer) - (numbers[0] >> finer) + 1 > columns


def test_level_is_the_smallest_that_fits() -> None:
    steps = np.arange(1000)
    assert choose_span(steps, None, 1000) == Span(0, 0, 1000)
    assert choose_span(steps, None, 999) == Span(1, 0, 500)
    assert choose_span(steps, None, 1) == Span(10, 0, 1)
    assert choose_span(steps, (100, 103), 4) == Span(0, 100, 104)
    # On fixed boundaries four neighbours may need three columns of two.
    assert choose_span(steps, (101, 104), 3) == Span(1, 50, 53)
    assert choose_span(steps * 10, (11, 19), 4) == Span(0, 2, 2)
    assert choose_span(steps[:0], None, 4) == Span(0, 0, 0)


def test_merged_bins_lie_inside_one_unit_and_the_zero_bin_stays_alone() -> None:
    series = values_to_series([np.concatenate([*healthy_values(3), np.zeros(9, np.float32)])])
    head, arrays = tile_of(series, rows=64)
    size = 2.0 ** head["unit"]
    central = head["range"][1] - head["range"][0]
    assert size <= central / 64 < 2 * size
    stored = set(zip(series.lower.tolist(), series.upper.tolist(), strict=True))
    zero = 0
    for low, high in zip(arrays["lower"].tolist(), arrays["upper"].tolist(), strict=True):
        zero += low < 0 < high <= ZERO_EDGE
        cell = math.floor(low / size)
        assert (low, high) in stored or (cell * size <= low and high <= (cell + 1) * size)
    assert zero == 1
    assert len(arrays["lower"]) < len(series.lower) / 3


def test_neighbours_in_one_cell_are_always_merged() -> None:
    bins = np.arange(1900, 2080)
    lower, upper = FLOAT_BITS.lower_edges(bins), FLOAT_BITS.upper_edges(bins)
    starts = merge_starts(lower, upper, -2)
    cell = np.floor(lower[starts] / 0.25)
    narrow = upper[starts] - lower[starts] < 0.25
    assert len(np.unique(cell[narrow])) == narrow.sum()


def test_no_merging_gives_the_stored_bins() -> None:
    series = values_to_series(healthy_values(4))
    head, arrays = tile_of(series, rows=0)
    assert head["unit"] is None
    np.testing.assert_array_equal(arrays["counts"], series.bin_counts.T)
    np.testing.assert_array_equal(arrays["lower"], series.lower)
    np.testing.assert_array_equal(arrays["upper"], series.upper)


def test_a_collapsed_layer_has_a_unit_from_its_extent() -> None:
    values = np.concatenate([np.zeros(100_000), np.linspace(-3, 5, 9)]).astype(np.float32)
    head, _ = tile_of(values_to_series([values]), rows=16)
    assert head["range"] == (0.0, 0.0)
    assert (head["extent"], head["unit"]) == ((-3.0, 5.0), -1)
    head, arrays = tile_of(values_to_series([np.zeros(100)]))
    assert (head["unit"], head["extent"], head["bins"]) == (None, (0.0, 0.0), 1)
    assert arrays["zeros"].tolist() == [100]


def test_a_record_without_finite_values_has_neither_range_nor_moments() -> None:
    head, arrays = tile_of(values_to_series([np.full(5, np.nan), np.full(2, np.inf)]))
    assert (head["range"], head["extent"], head["bins"]) == (None, None, 0)
    assert np.isnan(arrays["mean"]).all()
    assert np.isnan(arrays["max"]).all()
    assert arrays["counts"].shape == (0, 2)


def test_since_gives_the_end_of_the_same_tile() -> None:
    series = values_to_series(collapsing_values(70, 100))
    head, whole = tile_of(series, columns=20, rows=32)
    end_head, end = tile_of(series, columns=20, rows=32, since=61)
    assert head["level"] == end_head["level"] == 2
    assert (end_head["first_column"], end_head["columns"]) == (15, 3)
    same = {"unit", "range", "extent", "bins", "records", "first_step", "last_step"}
    assert {k: head[k] for k in same} == {k: end_head[k] for k in same}
    np.testing.assert_array_equal(end["counts"], whole["counts"][:, 15:])
    np.testing.assert_array_equal(end["n"], whole["n"][15:])
    head, arrays = tile_of(series, since=70)
    assert head["columns"] == 0
    assert arrays["counts"].shape == (head["bins"], 0)


def test_since_gives_all_columns_where_they_pool_more_than_before() -> None:
    series = values_to_series(collapsing_values(90, 100))
    before, _ = tile_of(series.take(slice(75)), columns=20, rows=32)
    assert before["level"] == 2
    head, arrays = tile_of(series, columns=20, unit=before["unit"], since=72)
    assert (head["level"], head["first_column"], head["columns"]) == (3, 0, 12)
    _, whole = tile_of(series, columns=20, unit=before["unit"])
    np.testing.assert_array_equal(arrays["counts"], whole["counts"])


def test_pooled_counts_beyond_32_bits_stay_exact() -> None:
    series = values_to_series([np.array([0.5, 0.5, -1.0])] * 2)
    counts = series.bin_counts.astype(np.uint32) * np.uint32(2**31 - 1)
    for name in ("n", "sum", "sum_sq"):
        getattr(series.tallies, name)[:] = getattr(series.tallies, name) * (2**31 - 1)
    big = HistogramSeries(series.tallies, series.bins, counts)
    head, arrays = tile_of(big, columns=1)
    assert head["dtypes"]["count"] == "uint64"
    assert arrays["counts"].tolist() == [[2 * (2**31 - 1)], [4 * (2**31 - 1)]]
    assert arrays["counts"].dtype == arrays["n"].dtype == np.dtype("<u8")


@pytest.mark.parametrize(("step", "size"), [(2**31 - 1, 4), (2**31, 8), (2**60, 8), (-5, 4)])
def test_steps_are_as_wide_as_they_need(step: int, size: int) -> None:
    head, arrays = tile_of(values_to_series([np.ones(3)], steps=[step]))
    assert head["dtypes"]["step"] == arrays["first_step"].dtype == f"int{8 * size}"
    assert arrays["last_step"].tolist() == [step]


def test_an_empty_series_gives_an_empty_tile() -> None:
    head, arrays = tile_of(empty_series(FLOAT_BITS, "x"))
    assert (head["records"], head["columns"], head["bins"], head["unit"]) == (0, 0, 0, None)
    assert all(array.size == 0 for array in arrays.values())


def test_linear_bins_have_finite_edges_and_keep_what_lies_outside() -> None:
    values = np.array([-5.0, -1.0, 0.1, 9.9, 10.0, 12.5, 300.0])
    series = values_to_series([values], scheme=LinearBins(40, 0, 10))
    head, arrays = tile_of(series, rows=0)
    assert arrays["lower"][0] == -5.0
    assert arrays["upper"][-1] == 300.0
    assert arrays["counts"].sum() == 7
    assert head["extent"] == (-5.0, 300.0)


def test_the_usual_size_and_the_range_do_not_depend_on_the_pooling() -> None:
    """They decide which kind of value axis a layer has."""
    rng = np.random.default_rng(0)
    series = values_to_series([rng.normal(0, 10 if i % 4 == 3 else 0.1, 500) for i in range(64)])
    heads = [tile_of(series, columns=columns)[0] for columns in (64, 16, 4)]
    assert [head["level"] for head in heads] == [0, 2, 4]
    assert {head["usual"] for head in heads} == {heads[0]["usual"]}
    assert {head["range"] for head in heads} == {heads[0]["range"]}
    assert 0.2 < heads[0]["usual"] < 0.5
    part, _ = tile_of(series, steps=(3, 3))
    assert part["usual"] == heads[0]["usual"]


def test_the_usual_size_is_0_where_nothing_has_any() -> None:
    assert tile_of(values_to_series([np.zeros(3), np.full(2, np.nan)]))[0]["usual"] == 0
