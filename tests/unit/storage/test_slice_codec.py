"""Blocks of slices survive the round trip as far as they promise, and damage is reported."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from tb_activation_hist.core.errors import FormatError
from tb_activation_hist.core.slice_series import FIELDS, SliceSeries, SliceTallies
from tb_activation_hist.storage.slice_codec import (
    HEADER,
    MAX_CELLS,
    decode_slices,
    encode_slices,
    read_precision,
)
from tests.slices import make_slices

RANDOM = np.random.default_rng(0)
ODD = np.array([0.0, -0.0, 1e-320, 3e38, -1e30, np.nan, np.inf, -np.inf])


def decode(series: SliceSeries) -> SliceSeries:
    return decode_slices(encode_slices(series, 1, 0), series.layer, series.dimension).series


@pytest.mark.parametrize("records", [1, 2, 32])
def test_exact_slices_come_back_as_they_were(records: int) -> None:
    values = [
        np.append(RANDOM.normal(0, 1 + i, (30, 8)), ODD[None], axis=0) for i in range(records)
    ]
    series = make_slices(values, exact=True)
    block = decode_slices(encode_slices(series, 7, 64), "fc", -1)
    assert (block.session, block.ordinal, block.series.exact) == (7, 64, True)
    assert (block.series.layer, block.series.dimension) == ("fc", -1)
    for name in FIELDS:
        np.testing.assert_array_equal(
            getattr(block.series.tallies, name), getattr(series.tallies, name)
        )


@pytest.mark.parametrize(("scale", "error"), [(1.0, 0.0443), (1e-30, 0.0443), (1e30, 0.0443)])
def test_counts_are_exact_and_figures_are_rounded_as_promised(scale: float, error: float) -> None:
    location = RANDOM.normal(size=20) * scale
    values = [RANDOM.normal(0, scale, (200, 20)) + location for _ in range(32)]
    values = [np.where(table < -scale, 0.0, table) for table in values]
    series = make_slices(values)
    read = decode(series)
    for name in ("n", "zeros", "non_finite", "steps", "wall_times"):
        np.testing.assert_array_equal(getattr(read, name), getattr(series, name))
    for name in ("min", "max", "std"):
        got, want = read.statistic(name), series.statistic(name)  # type: ignore[arg-type]
        np.testing.assert_allclose(got, want, rtol=error)
    assert np.all(np.abs(read.mean - series.mean) <= 1.05 / 32 * series.std)
    assert not read.exact


def test_constant_zero_and_empty_slices_stay_what_they_are() -> None:
    table = np.array([[0.0, 0.25, np.nan], [0.0, 0.25, np.nan]])
    read = decode(make_slices([table, table]))
    assert read.std[0].tolist()[:2] == [0.0, 0.0]
    assert (read.min[0, 1], read.max[0, 1], read.mean[0, 1]) == (0.25, 0.25, 0.25)
    assert (read.zeros[0, 0], read.finite[0, 2], read.non_finite[0, 2]) == (2, 0, 2)
    assert np.isnan(read.mean[0, 2])


def test_64_experts_in_48_layers_take_less_than_5_kb_a_record() -> None:
    """512 tokens of a router; other sizes of batches in docs/decisions/split-rows.md."""
    scale = np.exp(RANDOM.normal(0, 0.5, 64))
    series = make_slices([RANDOM.normal(0, 1, (512, 64)) * scale for _ in range(32)])
    around = 120  # the event about a block: tag, step, time, checksums
    assert 48 * (len(encode_slices(series, 1, 0)) + around) / 32 < 5_000


def test_4096_channels_take_less_than_40_kb_unpacked_and_half_of_it_stored() -> None:
    values = [np.maximum(RANDOM.normal(0, 1, (64, 4096)), 0) for _ in range(4)]
    data = encode_slices(make_slices(values), 1, 0)
    unpacked = len(zlib.decompress(data[HEADER.size :])) / 4
    assert unpacked < 40_000
    assert len(data) / 4 < unpacked / 2


def test_every_cut_is_reported() -> None:
    data = encode_slices(make_slices([RANDOM.normal(0, 1, (10, 5))] * 3), 0, 0)
    for length in range(0, len(data), 3):
        with pytest.raises(FormatError):
            decode_slices(data[:length])


@pytest.mark.parametrize(
    ("offset", "value"), [(3, 2), (4, 0), (4, 33), (6, 2), (7, 0), (24, 0x33), (27, 0x0F)]
)
def test_a_wrong_header_is_refused(offset: int, value: int) -> None:
    data = bytearray(encode_slices(make_slices([np.ones((3, 2))]), 0, 0))
    data[offset] = value
    with pytest.raises(FormatError):
        decode_slices(bytes(data))


def test_what_would_take_too_much_memory_is_refused_unread() -> None:
    data = bytearray(encode_slices(make_slices([np.ones((3, 2))]), 0, 0))
    data[8:12] = (MAX_CELLS + 1).to_bytes(4, "little")
    with pytest.raises(FormatError, match="damaged"):
        decode_slices(bytes(data))


def draw_normal(rng, values):
    return rng.standard_normal((32, 64, values)) * rng.uniform(0.5, 2, (1, 64, 1))


def draw_probabilities(rng, values):
    """Of a router."""
    chances = np.exp(rng.standard_normal((32, 64, values)))
    return chances / chances.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("draw", "values", "coarsest"),
    [
        (draw_normal, 64, 4),
        (draw_normal, 1024, 8),
        (draw_probabilities, 256, 4),
        (draw_probabilities, 1024, 4),
    ],
)
def test_figures_are_stored_no_finer_than_chance_leaves_them(draw, values, coarsest):
    """64 experts in 48 layers may take 5 kB a record; they took 6.1 kB with 256 tokens."""
    x = draw(np.random.default_rng(0), values)
    zeros = np.zeros((32, 64), np.int64)
    tallies = SliceTallies(
        np.arange(32), np.arange(32.0), np.full((32, 64), values), zeros, zeros,
        x.min(2), x.max(2), x.sum(2), (x * x).sum(2),
    )  # fmt: skip
    data = encode_slices(SliceSeries(tallies), 1, 0)
    assert read_precision(data) == coarsest
    assert 48 * len(data) / 32 <= 5000
    series = decode_slices(data).series
    error = 2 ** (0.5 / coarsest) - 1 + 1e-9
    assert np.abs(series.std / x.std(2) - 1).max() <= error
    assert (np.abs(series.mean - x.mean(2)) <= 1.1 * x.std(2) / (4 * coarsest)).all()
