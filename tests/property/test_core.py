"""What must hold for any values: bins contain them, bytes give them back, mass is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tb_activation_hist.core.joining import join_series, sum_records
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.storage.codec import decode_block, encode_block
from tests.series import values_to_series

Values = npt.NDArray[Any]

float32s = hnp.arrays(np.float32, st.integers(0, 60), elements=st.floats(width=32))
float64s = hnp.arrays(np.float64, st.integers(1, 60), elements=st.floats(allow_nan=False))
records = st.lists(float32s, min_size=1, max_size=5)
schemes = st.sampled_from([FLOAT_BITS, LinearBins(40, 0, 10), LinearBins(7, -3.5, 1e6)])
edge_lists = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20, unique=True).map(sorted)


@given(float64s, schemes)
def test_a_value_lies_in_its_bin(values: Values, scheme: Any) -> None:
    value = values[np.isfinite(values) & (np.abs(values) < 2.0**128)]
    bins = scheme.values_to_bins(value)
    # An edge between linear bins is rounded, so a value may touch it from either side.
    slack = 1e-9 * (1 + np.abs(value)) if isinstance(scheme, LinearBins) else 0
    assert np.all(scheme.lower_edges(bins) <= value + slack)
    assert np.all(value - slack <= scheme.upper_edges(bins))


@given(float64s)
def test_bins_ascend_with_the_value(values: Values) -> None:
    value = np.sort(values[np.isfinite(values)])
    assert np.all(np.diff(FLOAT_BITS.values_to_bins(value)) >= 0)


@given(records, schemes)
def test_every_value_is_counted_once(values: list[Values], scheme: Any) -> None:
    series = values_to_series(values, scheme=scheme)
    finite = series.counts.sum(1)
    assert (finite + series.nans + series.pos_infs + series.neg_infs == series.n).all()
    assert series.n.tolist() == [len(v) for v in values]


@given(records, st.integers(0, 2**32 - 1), st.integers(0, 2**63))
def test_blocks_give_back_what_went_in(values: list[Values], session: int, ordinal: int) -> None:
    series = values_to_series(values)
    block = decode_block(encode_block(series, session, ordinal))
    np.testing.assert_array_equal(block.series.counts, series.counts)
    np.testing.assert_array_equal(block.series.edges, series.edges)
    np.testing.assert_array_equal(block.series.tallies.sum_sq, series.tallies.sum_sq)
    assert (block.session, block.ordinal) == (session, ordinal)


@given(records, edge_lists)
def test_rebinning_keeps_mass(values: list[Values], inner: list[float]) -> None:
    series = values_to_series(values)
    edges = np.concatenate([[-(2.0**129)], inner, [2.0**129]])
    np.testing.assert_allclose(series.rebin(edges).sum(1), series.finite, rtol=1e-12)
    assert (series.rebin(inner) >= 0).all()


@given(records)
def test_summing_records_is_joining_their_values(values: list[Values]) -> None:
    total = sum_records(values_to_series(values))
    want = values_to_series([np.concatenate(values)])
    np.testing.assert_array_equal(total.bins, want.bins)
    np.testing.assert_array_equal(total.bin_counts, want.bin_counts)
    np.testing.assert_array_equal(total.n, want.n)


@given(records)
def test_joining_a_series_with_itself_changes_nothing(values: list[Values]) -> None:
    series = values_to_series(values)
    joined = join_series([series, series])
    np.testing.assert_array_equal(joined.counts, series.counts)
    np.testing.assert_array_equal(joined.steps, series.steps)


@given(records, st.lists(st.floats(0, 1), min_size=1, max_size=5).map(sorted))
def test_quantiles_ascend_inside_the_extent(values: list[Values], shares: list[float]) -> None:
    series = values_to_series(values)
    got = series.quantile(shares)[series.finite > 0]
    assert (np.diff(got, axis=1) >= -1e-12 * np.abs(got[:, 1:])).all()
    assert (got >= series.min[series.finite > 0, None]).all()
    assert (got <= series.max[series.finite > 0, None]).all()
