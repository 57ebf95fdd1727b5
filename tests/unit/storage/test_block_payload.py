"""The C extension lays out blocks byte for byte as numpy does."""

from __future__ import annotations

import struct
from dataclasses import replace

import numpy as np
import pytest

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.record_counts import RecordCounts
from tb_activation_hist.storage import blocks
from tb_activation_hist.storage.block_payload import load_payload
from tb_activation_hist.storage.blocks import BlockBuilder
from tests.records import random_rows, values_to_counts

pytestmark = pytest.mark.skipif(load_payload() is None, reason="not compiled")

EMPTY = np.zeros(0, np.float32)


def take(records: list[RecordCounts], row: int) -> bytes:
    builder = BlockBuilder(LayerInfo("conv"), session=7)
    for number, counts in enumerate(records):
        builder.add(number * number - 3, 1.7e9 + number / 3, counts, row)
    return builder.take()


def scaled(counts: RecordCounts, factor: int) -> RecordCounts:
    return replace(counts, counts=counts.counts * factor, totals=counts.totals * factor)


RECORDS: dict[str, list[RecordCounts]] = {
    "one": [values_to_counts(random_rows(0, 3))],
    "many": [values_to_counts(random_rows(seed, 3)) for seed in range(32)],
    "the same again": [values_to_counts(random_rows(0, 3))] * 5,
    "empty ones between": [
        values_to_counts([EMPTY] * 3 if seed % 2 else random_rows(seed, 3)) for seed in range(5)
    ],
    "empty ones alone": [values_to_counts([EMPTY] * 3)] * 2,
    "two bytes": [scaled(values_to_counts(random_rows(seed, 3)), 100) for seed in range(3)],
    "four bytes": [scaled(values_to_counts(random_rows(seed, 3)), 10**7) for seed in range(3)],
    "eight bytes": [scaled(values_to_counts(random_rows(seed, 3)), 10**10) for seed in range(3)],
    "jumps of 32 bits": [
        scaled(values_to_counts(random_rows(0, 3)), factor) for factor in (10**7, 1, 10**7)
    ],
    "jumps of 64 bits": [
        scaled(values_to_counts(random_rows(0, 3)), factor) for factor in (10**16, 1, 10**16)
    ],
    "arrays of other kinds": [
        replace(each, counts=each.counts.astype(np.int32), totals=np.asfortranarray(each.totals))
        for each in [values_to_counts(random_rows(seed, 3)) for seed in range(3)]
    ],
}


@pytest.mark.parametrize("row", [0, 2])
@pytest.mark.parametrize("name", RECORDS)
def test_gives_the_bytes_that_numpy_gives(
    name: str, row: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = take(RECORDS[name], row)
    monkeypatch.setattr(blocks, "load_payload", lambda: None)
    assert found == take(RECORDS[name], row)


@pytest.mark.parametrize(
    ("bins", "message"),
    [
        ([3, 1, 2], "do not ascend"),
        ([0, 1 << 20], "span too much"),
        ([-(1 << 62), 1 << 62], "span"),
    ],
)
def test_bins_that_no_block_holds_are_refused(bins: list[int], message: str) -> None:
    lay_out = load_payload()
    assert lay_out is not None
    arrays = [np.array(bins), np.ones(len(bins), np.int64), np.zeros(5, np.int64), np.zeros(4)]
    at = [each.ctypes.data for each in arrays]
    record = struct.pack("=qdqqqqq", 1, 0.0, *at[:2], len(bins), *at[2:])
    with pytest.raises(ValueError, match=message):
        lay_out(record)


@pytest.mark.parametrize("given", [b"", b"too short", bytes(56 * 256)])
def test_what_are_no_records_is_refused(given: bytes) -> None:
    lay_out = load_payload()
    assert lay_out is not None
    with pytest.raises(ValueError, match="not 1 to 255 records"):
        lay_out(given)
