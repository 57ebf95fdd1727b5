"""Blocks survive the round trip, and damage is reported as such."""

from __future__ import annotations

import numpy as np
import pytest

from tb_activation_hist.core.errors import FormatError
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.storage.codec import (
    HEADER,
    BlockSpan,
    decode_block,
    encode_block,
    peek_span,
)
from tests.series import values_to_series

RNG = np.random.default_rng(0)


def assert_same(got: HistogramSeries, want: HistogramSeries) -> None:
    for name in vars(want.tallies):
        np.testing.assert_array_equal(getattr(got.tallies, name), getattr(want.tallies, name))
    np.testing.assert_array_equal(got.bins, want.bins)
    np.testing.assert_array_equal(got.bin_counts, want.bin_counts)


@pytest.mark.parametrize("records", [1, 2, 32])
def test_round_trip(records: int) -> None:
    series = values_to_series([RNG.normal(0, 1 + i, 1000) for i in range(records)])
    block = decode_block(encode_block(series, session=7, ordinal=64))
    assert_same(block.series, series)
    assert (block.session, block.ordinal) == (7, 64)


def test_round_trip_of_a_record_without_finite_values() -> None:
    series = values_to_series([np.array([np.nan, np.inf, -np.inf]), np.array([])])
    decoded = decode_block(encode_block(series, 0, 0)).series
    assert_same(decoded, series)
    assert np.isnan(decoded.mean).all()


@pytest.mark.parametrize("largest", [127, 128, 32_768, 2**31, 2**32 - 1, 2**32, 2**40])
def test_counts_of_every_width(largest: int) -> None:
    series = values_to_series([np.zeros(3), np.ones(2)])
    wide = HistogramSeries(
        series.tallies, series.bins, np.array([[largest, 0], [1, 2]], dtype=np.uint64)
    )
    decoded = decode_block(encode_block(wide, 0, 0)).series
    np.testing.assert_array_equal(decoded.bin_counts, wide.bin_counts)


def test_every_cut_is_reported() -> None:
    data = encode_block(values_to_series([RNG.normal(0, 1, 100)]), 0, 0)
    for length in range(len(data)):
        with pytest.raises(FormatError):
            decode_block(data[:length])


def test_a_newer_version_asks_for_an_upgrade() -> None:
    data = bytearray(encode_block(values_to_series([np.ones(2)]), 0, 0))
    data[3] = 9
    with pytest.raises(FormatError, match=r"version 9.*pip install -U"):
        decode_block(bytes(data))


def test_foreign_bytes_are_refused() -> None:
    with pytest.raises(FormatError, match="Not a block"):
        decode_block(b"\x89PNG" * HEADER.size)


def test_a_span_is_read_without_decoding() -> None:
    data = encode_block(values_to_series([np.ones(2), np.ones(2)]), 7, 64)
    assert peek_span(data[: HEADER.size] + b"damaged") == BlockSpan(7, 64, 2)
    assert peek_span(data[:10]) is None
    assert peek_span(b"\x89PNG" * HEADER.size) is None
