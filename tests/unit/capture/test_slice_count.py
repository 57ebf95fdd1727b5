"""Slices are counted exactly, whatever the layout, dtype and kernel."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from tb_activation_hist.capture import count_by_device, slice_count
from tb_activation_hist.capture.count import CountBuffer, count_
from tb_activation_hist.capture.count_by_device import StorageRow
from tb_activation_hist.capture.count_kernels import c_extension
from tb_activation_hist.capture.slice_buffer import SliceBuffer
from tb_activation_hist.capture.slice_count import (
    SliceRange,
    count_slices_,
    count_slices_with_torch,
    count_split_on_cpu,
)
from tb_activation_hist.capture.switch import Switch

DTYPES = (torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.float8_e4m3fn)
SHAPES = ((5,), (7, 33), (4, 6, 5, 3), (17, 64, 5, 5), (20, 600, 2, 2), (2, 5, 300), (2, 3, 40, 16))


def expect(values: torch.Tensor, dim: int) -> tuple[np.ndarray, np.ndarray]:
    rows = values.double().movedim(dim, 0).reshape(values.shape[dim], -1).numpy()
    finite = np.isfinite(rows)
    known = np.where(finite, rows, 0)
    totals = [np.full(len(rows), rows.shape[1]), (rows == 0).sum(1), (~finite).sum(1)]
    low = np.where(finite, rows, np.inf).min(1, initial=np.inf)
    high = np.where(finite, rows, -np.inf).max(1, initial=-np.inf)
    return np.stack(totals, 1), np.stack([low, high, known.sum(1), (known**2).sum(1)], 1)


def check(values: torch.Tensor, dim: int) -> None:
    totals, moments = expect(values, dim)
    for kernel in (slice_count._count_on_cpu, count_slices_with_torch):
        buffer = SliceBuffer(values.shape[dim] + 2)
        kernel(SliceRange(buffer.storage, buffer.capacity, 1), values, dim)
        found = buffer.to_host().wait()
        np.testing.assert_array_equal(found.totals[1:-1], totals)
        np.testing.assert_array_equal(found.moments[1:-1, :2], moments[:, :2])
        np.testing.assert_allclose(found.moments[1:-1, 2:], moments[:, 2:], rtol=1e-12, atol=1e-9)
        assert not found.totals[[0, -1]].any()


def spoil(values: torch.Tensor) -> torch.Tensor:
    flat = values.clone().flatten()
    if len(flat) > 3 and values.dtype is not torch.float8_e4m3fn:
        flat[0], flat[-1], flat[len(flat) // 2] = torch.nan, -torch.inf, torch.inf
    return flat.view(values.shape)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_all_layouts_are_counted_where_they_lie(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    for shape in SHAPES:
        plain = torch.randn(shape).relu().to(dtype)
        views = [plain, plain.transpose(0, -1), plain[..., 1:], plain.expand(2, *shape)]
        if len(shape) == 4:
            views.append(plain.float().to(memory_format=torch.channels_last).to(dtype))
        for values in (*views, spoil(plain)):
            for dim in range(values.dim()):
                check(values, dim)


def test_values_without_end_are_left_out_of_the_moments_only() -> None:
    check(torch.full((300, 7), torch.nan), 1)
    check(torch.full((7, 300), torch.inf), 0)
    check(torch.tensor([[1e-45, -1e-45, 3e38], [0.0, -0.0, -3e38]]), 0)


def test_nothing_is_counted_while_the_switch_is_off() -> None:
    buffer, values = SliceBuffer(4), torch.ones(3, 4)
    count_slices_(buffer, 0, 1, values, Switch(on=False))
    assert not buffer.to_host().wait().totals.any()
    count_slices_(buffer, 0, 1, values, Switch(on=True))
    assert buffer.to_host().wait().totals[:, 0].tolist() == [3] * 4
    assert not buffer.to_host().wait().totals.any()


def test_the_torch_kernel_reads_the_switch_on_the_device() -> None:
    buffer, values = SliceBuffer(4), torch.ones(3, 4)
    for on, n in ((0, 0), (1, 3)):
        into = SliceRange(buffer.storage, buffer.capacity, 0)
        count_slices_with_torch(into, values, 1, torch.tensor([on], dtype=torch.uint8))
        found = buffer.to_host().wait()
        assert found.totals[:, 0].tolist() == [n] * 4
        assert np.isfinite(found.moments[:, :2]).all() == bool(on)


def test_the_extension_refuses_what_it_cannot_read() -> None:
    module = c_extension()
    if module is None:
        pytest.skip("needs the C extension")
    for dtype, dim, shape in itertools.product((0, 9), (0, 5), ((2,), ())):
        if (dtype, dim, shape) == (0, 0, (2,)):
            continue
        with pytest.raises(ValueError, match=r"out of range|tuple"):
            module.count_slices(0, 0, 0, dtype, dim, shape, shape)


def test_slices_of_a_device_without_float64_are_counted_on_the_host(monkeypatch):
    monkeypatch.setattr("tb_activation_hist.capture.slice_buffer.has_float64", lambda _: False)
    buffer = SliceBuffer(4, "meta")
    assert buffer.on_host
    assert buffer.storage.device.type == "cpu"


TOGETHER = [
    (torch.Size([33, 24, 3, 3]), 1, torch.contiguous_format),
    (torch.Size([4, 16, 5, 5]), 1, torch.channels_last),
    (torch.Size([40, 64]), 1, torch.contiguous_format),
    (torch.Size([2, 20, 136]), -1, torch.contiguous_format),
    (torch.Size([17, 3, 4, 8]), 1, torch.contiguous_format),
    (torch.Size([5, 64]), 1, torch.contiguous_format),  # too few rows: two passes
    (torch.Size([64, 7]), 1, torch.contiguous_format),  # no lanes: two passes
]


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_bins_and_slices_in_one_pass_are_those_of_two(
    dtype: torch.dtype, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if c_extension() is None:
        pytest.skip("torch counts here, which has no such pass")
    monkeypatch.setattr(count_by_device, "VALUES_PER_THREAD", 200)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    torch.manual_seed(0)
    for shape, dim, layout in TOGETHER:
        plain = torch.randn(shape).relu().to(dtype)
        tiny = torch.randn(shape).to(dtype) * 1e-40
        for values in (plain, -plain, spoil(plain), tiny, torch.full(shape, -0.0, dtype=dtype)):
            check_together(values.contiguous(memory_format=layout), dim % len(shape))


def check_together(values: torch.Tensor, dim: int) -> None:
    bins, slices = CountBuffer(3), SliceBuffer(values.shape[dim] + 1)
    bins.switch.on = True
    count_(bins, 1, values)
    count_slices_(slices, 1, dim, values, bins.switch)
    into = StorageRow(bins.storage, 2, 3, bins.scheme)
    other = SliceBuffer(values.shape[dim] + 1)
    assert count_split_on_cpu(into, SliceRange(other.storage, other.capacity, 1), dim, values)
    counts = bins.to_host().wait()
    for expected, found in zip(counts.bins_of(1), counts.bins_of(2), strict=True):
        np.testing.assert_array_equal(found, expected)
    separate, together = (each.to_host().wait() for each in (slices, other))
    np.testing.assert_array_equal(counts.totals[2], counts.totals[1])
    np.testing.assert_array_equal(together.totals, separate.totals)
    for found, expected in (
        (counts.moments[2:], counts.moments[1:2]),
        (together.moments, separate.moments),
    ):
        np.testing.assert_array_equal(found[:, :2], expected[:, :2])
        np.testing.assert_allclose(found[:, 2:], expected[:, 2:], rtol=1e-12, atol=1e-9)
