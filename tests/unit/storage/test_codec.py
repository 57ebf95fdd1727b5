"""Blocks survive the round trip, and damage is reported as such."""

from __future__ import annotations

import re
import tracemalloc
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tb_activation_hist.core.errors import FormatError
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.storage import codec, deflate
from tb_activation_hist.storage.byte_planes import gather_numbers
from tb_activation_hist.storage.codec import (
    DECODED_TOGETHER,
    HEADER,
    BlockSpan,
    decode_block,
    decode_blocks,
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
    counts = np.array([[largest, 0], [1, 2]], dtype=np.uint64)
    tallies = replace(series.tallies, n=counts.sum(axis=1).astype(np.int64))
    wide = HistogramSeries(tallies, series.bins, counts)
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


def broken(**changes: object) -> bytes:
    """A block whose checksum is right, though one of its arrays is not."""
    series = values_to_series([RNG.normal(0, 1, 100), RNG.normal(0, 1, 100)])
    bins = changes.pop("bins", series.bins)
    counts = changes.pop("bin_counts", series.bin_counts)
    tallies = replace(series.tallies, **changes)
    return encode_block(HistogramSeries(tallies, bins, counts), 0, 0)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"min": np.array([np.nan, 0.0])}, "smallest value"),
        ({"max": np.array([np.inf, np.inf])}, "smallest value"),
        ({"n": np.array([99, 100])}, "do not add up"),
        ({"nans": np.array([-1, 0])}, "out of range"),
        ({"zeros": np.array([101, 0])}, "do not add up"),
        ({"steps": np.array([1, 1])}, "steps do not ascend"),
        ({"wall_times": np.array([np.nan, 0.0])}, "time that is not finite"),
    ],
    ids=str,
)
def test_a_block_that_breaks_what_a_series_promises_is_refused(
    changes: dict[str, object], why: str
) -> None:
    with pytest.raises(FormatError, match=why):
        decode_block(broken(**changes))


def test_bins_that_do_not_ascend_or_that_no_scheme_has_are_refused() -> None:
    series = values_to_series([RNG.normal(0, 1, 100)])
    for bins in (series.bins[::-1], series.bins * 0, series.bins + 5000):
        data = encode_block(HistogramSeries(series.tallies, bins, series.bin_counts), 0, 0)
        with pytest.raises(FormatError, match="bins do not ascend"):
            decode_block(data)


def test_counts_of_nothing_are_refused() -> None:
    series = values_to_series([np.ones(5)])
    with pytest.raises(FormatError, match="do not add up"):
        decode_block(encode_block(replace(series, bin_counts=series.bin_counts * 0), 0, 0))


@pytest.mark.parametrize(("at", "value"), [(8, 0), (8, 3), (8, 8), (9, 0), (9, 3), (4, 0), (4, 33)])
def test_sizes_that_no_writer_writes_are_refused(at: int, value: int) -> None:
    data = bytearray(encode_block(values_to_series([np.ones(2)]), 0, 0))
    data[at] = value
    with pytest.raises(FormatError, match="damaged"):
        decode_block(bytes(data))


def test_a_bomb_is_not_inflated() -> None:
    data = encode_block(values_to_series([np.ones(2)]), 0, 0)
    bomb = data[: HEADER.size] + zlib.compress(bytes(50 * 2**20))
    tracemalloc.start()
    with pytest.raises(FormatError, match="damaged"):
        decode_block(bomb)
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_blocks_decoded_together_are_those_decoded_alone() -> None:
    """Of several forms in turns: records, widths of the counts, no finite values, damage."""
    values = [RNG.normal(0, 1 + i % 7, 300 + 90_000 * (i % 3 == 0)) for i in range(3 * 40)]
    values[7 * 3] = np.full(5, np.nan)
    parts = [values_to_series(values[3 * i : 3 * i + 1 + i % 3]) for i in range(40)]
    data = [encode_block(part, i, 32 * i) for i, part in enumerate(parts)]
    data[5] = data[5][:-1]
    data[11] = broken(n=np.array([99, 100]))
    together = decode_blocks(data)
    for i, (each, block) in enumerate(zip(data, together, strict=True)):
        if isinstance(block, FormatError):
            with pytest.raises(FormatError, match=re.escape(str(block))):
                decode_block(each)
            continue
        assert_same(block.series, decode_block(each).series)
        assert (block.session, block.ordinal) == (i, 32 * i)
    assert [i for i, block in enumerate(together) if isinstance(block, FormatError)] == [5, 11]


def test_blocks_of_one_form_share_the_calls_of_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that make one call for each block wait for each other's interpreter."""
    blocks = 3 * DECODED_TOGETHER
    values = [RNG.permutation(np.arange(1.0, 60.0)) for _ in range(2 * blocks)]
    data = [
        encode_block(values_to_series(values[i : i + 2]), 0, i) for i in range(0, 2 * blocks, 2)
    ]
    calls = []

    def widen(*args: Any) -> Any:
        calls.append(args)
        return gather_numbers(*args)

    monkeypatch.setattr(codec, "gather_numbers", widen)
    assert len(decode_blocks(data)) == blocks
    assert len(calls) == 2 * 3, "the bins and the counts of each group of blocks"


def test_a_sum_of_counts_that_wraps_is_refused() -> None:
    series = values_to_series([np.array([1.0, 2.0, 4.0])])
    counts = np.array([[2**63, 2**63, 3]], np.uint64)
    data = encode_block(replace(series, bin_counts=counts), 0, 0)
    with pytest.raises(FormatError, match="out of range"):
        decode_block(data)


def test_without_zlib_ng_the_same_is_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode_block(values_to_series([RNG.normal(0, 1, 100)]), 0, 0)
    want = decode_block(data).series
    monkeypatch.setattr(deflate, "inflating", zlib)
    assert_same(decode_block(data).series, want)
    for length in range(HEADER.size, len(data)):
        with pytest.raises(FormatError):
            decode_block(data[:length])
