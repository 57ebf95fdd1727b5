"""The count buffer: hand-over to the host, reuse of memory, occupied slots, several threads."""

from __future__ import annotations

import gc
import threading

import numpy as np
import pytest
import torch

from tb_activation_hist.capture import count_kernels, host_counts
from tb_activation_hist.capture.count import CountBuffer, HostCounts, Switch, count_
from tb_activation_hist.capture.host_counts import occupied_bins
from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.core.schemes.scheme import Scheme
from tests.records import random_rows, values_to_counts
from tests.unit.capture.counted import check_empty, check_row, expect


def _open_buffer(rows: int = 2, scheme: Scheme = FLOAT_BITS) -> CountBuffer:
    buffer = CountBuffer(rows, scheme)
    buffer.switch.on = True
    return buffer


def test_shapes_and_types() -> None:
    for scheme in (FLOAT_BITS, LinearBins(39, 0, 1)):
        buffer = CountBuffer(3, scheme)
        assert buffer.storage.numel() == 3 * (4 * scheme.slots + 72)
        for views in (buffer, buffer.to_host()):
            assert tuple(views.counts.shape) == (3, scheme.slots)
            assert tuple(views.totals.shape) == (3, 5)
            assert tuple(views.moments.shape) == (3, 4)
        host = buffer.to_host()
        assert (host.counts.dtype, host.totals.dtype) == (np.int32, np.int64)
        assert host.moments.dtype == np.float64


def test_needs_a_row() -> None:
    with pytest.raises(OptionError, match="rows=0"):
        CountBuffer(0)


def test_to_host_hands_over_and_starts_afresh() -> None:
    buffer = _open_buffer()
    first, second = torch.randn(50), torch.randn(70)
    count_(buffer, 0, first)
    before = buffer.to_host()
    count_(buffer, 1, second)
    after = buffer.to_host()
    check_row(before, 0, expect(first))
    check_empty(before, 1)
    check_empty(after, 0)
    check_row(after, 1, expect(second))


def test_reset_empties_all_rows() -> None:
    buffer = _open_buffer()
    count_(buffer, 0, torch.randn(50))
    count_(buffer, 1, torch.randn(50))
    buffer.reset_()
    host = buffer.to_host()
    check_empty(host, 0)
    check_empty(host, 1)


def test_views_show_what_is_being_counted() -> None:
    buffer = _open_buffer()
    count_(buffer, 1, torch.ones(4))
    assert buffer.counts[1, 127 * 16] == 4
    assert buffer.totals[1, 0] == 4
    assert buffer.moments[1].tolist() == [1, 1, 4, 4]


def test_memory_returns_once_the_last_array_is_gone() -> None:
    buffer = _open_buffer()
    count_(buffer, 0, torch.ones(9))
    host = buffer.to_host()
    counts = host.counts[:1]
    address = host.counts.ctypes.data
    del host
    gc.collect()
    assert buffer.to_host().counts.ctypes.data != address
    assert counts[0, 127 * 16] == 9  # still ours
    del counts
    gc.collect()
    addresses = set()
    for _ in range(4):
        host = buffer.to_host()
        check_empty(host, 0)
        addresses.add(host.counts.ctypes.data)
        del host
    assert address in addresses


def test_memory_is_bounded() -> None:
    buffer = _open_buffer()
    hosts = [buffer.to_host() for _ in range(20)]
    del hosts
    gc.collect()
    assert len(buffer._free._storages) <= host_counts.MAX_FREE


def test_arrays_outlive_the_buffer() -> None:
    buffer = _open_buffer()
    count_(buffer, 0, torch.ones(9))
    counts = buffer.to_host().counts
    del buffer
    gc.collect()
    assert counts[0, 127 * 16] == 9


def _random_host() -> HostCounts:
    buffer = _open_buffer(5)
    for row in (0, 2, 4):
        values = torch.randn(1_000) * 10 ** (3 * row - 6)
        values[:20] = torch.nan
        values[20:25] = 0
        values[25:27] = -0.0
        count_(buffer, row, values)
    buffer.counts[2, 4085] = 7  # what the torch kernel leaves of non-finite values
    buffer.counts[2, 8191] = 7
    return buffer.to_host()


@pytest.mark.parametrize("kernel", ["", "torch"])
def test_occupied_bins(kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    host = _random_host()
    _choose(kernel, monkeypatch)
    offsets, bins, counts = occupied_bins(host.counts, FLOAT_BITS)
    assert (offsets.dtype, bins.dtype, counts.dtype) == (np.int64,) * 3
    assert offsets.shape == (6,)
    for row in range(5):
        dense = host.counts[row].astype(np.int64)
        dense[4080:4096] = dense[8176:] = 0
        dense[0], dense[4096] = dense[0] + dense[4096], 0
        slots = np.flatnonzero(dense)
        order = np.argsort(FLOAT_BITS.slots_to_bins(slots))
        entries = slice(offsets[row], offsets[row + 1])
        np.testing.assert_array_equal(bins[entries], FLOAT_BITS.slots_to_bins(slots[order]))
        np.testing.assert_array_equal(counts[entries], dense[slots[order]])


@pytest.mark.parametrize("kernel", ["", "torch"])
def test_occupied_linear_bins(kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _choose(kernel, monkeypatch)
    scheme = LinearBins(5000, 0, 1)
    buffer = _open_buffer(2, scheme)
    count_(buffer, 1, torch.tensor([-1.0, 0.0, 0.81602, 1.0, 7.0]))
    offsets, bins, counts = occupied_bins(buffer.to_host().counts, scheme)
    assert offsets.tolist() == [0, 0, 5]
    assert bins.tolist() == scheme.slots_to_bins([0, 1, 4081, 5000, 5001]).tolist()
    assert counts.tolist() == [1] * 5
    assert occupied_bins(buffer.to_host().counts, scheme)[0].tolist() == [0, 0, 0]


def _choose(kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Search the rows with the C extension, or with numpy where another kernel is named."""
    extension = None if kernel else count_kernels.c_extension()
    monkeypatch.setattr(host_counts, "c_extension", lambda: extension)


@pytest.mark.parametrize("kernel", ["", "torch"])
@pytest.mark.parametrize("scheme", [FLOAT_BITS, LinearBins(40, -3, 3)], ids=["bits", "linear"])
def test_the_counts_of_a_record_are_those_of_the_values(
    scheme: Scheme, kernel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [*random_rows(0, 3), np.zeros(0, np.float32), np.full(9, -0.0, np.float32)]
    buffer = _open_buffer(len(rows), scheme)
    for row, values in enumerate(rows):
        count_(buffer, row, torch.from_numpy(values))
    _choose(kernel, monkeypatch)
    counts, expected = buffer.to_host().wait(), values_to_counts(rows, scheme)
    assert counts.scheme == scheme
    for name in ("offsets", "bins", "counts", "totals"):
        np.testing.assert_array_equal(getattr(counts, name), getattr(expected, name), name)
    np.testing.assert_array_equal(counts.moments[:, :2], expected.moments[:, :2])


def test_the_zero_bin_holds_both_zeros_and_what_is_smaller_than_the_grid() -> None:
    buffer = _open_buffer(1)
    count_(buffer, 0, torch.tensor([0.0, -0.0, 1e-44, -1e-44]))
    bins, counts = buffer.to_host().wait().bins_of(0)
    assert (bins.tolist(), counts.tolist()) == ([0], [4])


def test_the_counts_of_a_record_outlive_the_buffers_memory() -> None:
    buffer = _open_buffer(1)
    count_(buffer, 0, torch.ones(9))
    counts = buffer.to_host().wait()
    for _ in range(host_counts.MAX_FREE + 1):
        buffer.to_host()
    assert (counts.n.tolist(), counts.moments[0].tolist()) == ([9], [1, 1, 9, 9])


def test_two_switches_on_one_buffer() -> None:
    buffer = CountBuffer(2)
    train, eval_ = Switch(on=True), Switch()
    count_(buffer, 0, torch.ones(3), train)
    count_(buffer, 1, torch.ones(3), eval_)
    eval_.on = True
    assert train.tensor.item() == eval_.tensor.item() == 1
    count_(buffer, 1, torch.ones(2), eval_)
    assert buffer.totals[:, 0].tolist() == [3, 2]


@pytest.mark.parametrize("kernel", ["", "torch"])
def test_many_threads_count_into_one_row(kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if kernel:
        monkeypatch.setattr("tb_activation_hist.capture.count_by_device.c_extension", lambda: None)
    buffer = _open_buffer()
    values = [torch.randn(3_000) for _ in range(8)]

    def work(part: torch.Tensor) -> None:
        for _ in range(10):
            count_(buffer, 0, part)

    threads = [threading.Thread(target=work, args=(part,)) for part in values]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check_row(buffer.to_host(), 0, expect(torch.cat(values * 10)))


def test_counting_leaves_the_interpreter_free() -> None:
    """A spinning thread goes on while a large tensor is counted."""
    buffer = _open_buffer()
    values = torch.randn(1 << 22)
    ticks, done = 0, threading.Event()

    def count_all() -> None:
        for _ in range(5):
            count_(buffer, 0, values)
        done.set()

    thread = threading.Thread(target=count_all)
    thread.start()
    while not done.is_set():
        ticks += 1
    thread.join()
    assert ticks > 100
    assert buffer.totals[0, 0] == 5 << 22
