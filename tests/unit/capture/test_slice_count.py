"""Slices are counted exactly, whatever the layout, dtype and kernel."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from tb_activation_hist.capture import slice_count
from tb_activation_hist.capture.count_kernels import c_extension
from tb_activation_hist.capture.slice_buffer import SliceBuffer
from tb_activation_hist.capture.slice_count import (
    SliceRange,
    count_slices_,
    count_slices_with_torch,
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
        found = buffer.to_host().wait(buffer.capacity)
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
    assert not buffer.to_host().wait(buffer.capacity).totals.any()
    count_slices_(buffer, 0, 1, values, Switch(on=True))
    assert buffer.to_host().wait(buffer.capacity).totals[:, 0].tolist() == [3] * 4
    assert not buffer.to_host().wait(buffer.capacity).totals.any()


def test_the_torch_kernel_reads_the_switch_on_the_device() -> None:
    buffer, values = SliceBuffer(4), torch.ones(3, 4)
    for on, n in ((0, 0), (1, 3)):
        into = SliceRange(buffer.storage, buffer.capacity, 0)
        count_slices_with_torch(into, values, 1, torch.tensor([on], dtype=torch.uint8))
        found = buffer.to_host().wait(buffer.capacity)
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
