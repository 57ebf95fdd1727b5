"""Runs the Triton kernels in their interpreter, or on a GPU, against numpy; for a subprocess.

Usage: python triton_rows.py DEVICE [WAY], with TRITON_INTERPRET=1 for the device "cpu".
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import torch

from tb_activation_hist.capture import count_torch, count_triton
from tb_activation_hist.capture.count import CountBuffer
from tb_activation_hist.capture.slice_buffer import SliceBuffer
from tb_activation_hist.capture.slice_count import SliceRange
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tests.unit.capture.counted import check_device_row, check_empty

DTYPES = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
SPECIAL = torch.tensor([0.0, -0.0, torch.nan, torch.inf, -torch.inf, 1e-40, -3e38, 1.0])


def _shapes_of_data(n: int) -> Iterator[torch.Tensor]:
    """Each kind of data that the kernel must take, float64."""
    normal = torch.randn(n, dtype=torch.float64)
    yield normal
    yield normal.relu()
    yield torch.zeros(n)
    yield torch.full((n,), 0.1)
    yield torch.tensor([1.5, -0.25]).repeat(n // 2)
    yield (4 * normal).exp()
    yield torch.cat([normal[1:], torch.tensor([3e4])])
    yield torch.where(normal > 1, torch.nan, normal)
    yield torch.cat([normal[: n - 8], SPECIAL])


def _cases() -> Iterator[torch.Tensor]:
    torch.manual_seed(0)
    for dtype in DTYPES:
        for values in _shapes_of_data(2_500):
            yield values.to(dtype)
    yield from _sizes()
    yield from _layouts()
    yield torch.cat([torch.randn(9_000), 1e30 * torch.randn(9_000), SPECIAL])  # squares overflow
    yield torch.cat([1e-20 * torch.randn(8_200), 1e-41 * torch.randn(900)])  # ... and vanish
    yield torch.full((5,), torch.nan)
    yield torch.tensor([1.7e308, -5e-324, 2.0**-127], dtype=torch.float64)
    yield torch.tensor([-1e-40, 1e-40, -0.0])
    for dtype in count_triton.CODES:
        every = torch.arange(256, dtype=torch.uint8).repeat(70).view(dtype)
        yield every
        yield every[:100:3]


def _sizes() -> Iterator[torch.Tensor]:
    for dtype in (torch.float32, torch.bfloat16):
        tile = count_triton.TILES[dtype].values
        for size in (0, 1, tile, 3 * tile - 1):  # 2 programs: one takes two tiles
            yield torch.randn(size).to(dtype)
        yield torch.cat([torch.randn(3 * tile), torch.tensor([torch.nan, -torch.inf])]).to(dtype)


def _layouts() -> Iterator[torch.Tensor]:
    yield torch.randn(50, 3).t()
    yield torch.randn(5, 1).expand(5, 70)
    yield torch.randn(90)[::2]
    yield torch.randn(40, 30, 5)[:, 3:20]
    yield torch.randn(7, 6, 5, 8)[1::2, ::2, ::3, ::2]
    yield torch.randn(7, 6, 5, 4, 3)[1::2, ::2, ::3, 1:3, ::2]  # five dimensions: copied
    yield torch.randn(9_000, 3, dtype=torch.bfloat16)[:, :2]
    yield torch.randn(2_000).unfold(0, 7, 3)  # overlapping


def _with_its_strides(values: torch.Tensor, device: str) -> torch.Tensor:
    memory = torch.empty(0, dtype=values.dtype).set_(values.untyped_storage())
    return memory.to(device).as_strided(values.shape, values.stride(), values.storage_offset())


def check_float_bits(device: str, way: count_triton.Way) -> None:
    """Each case in a row of its own; what is counted while the switch is off, nowhere."""
    cases = list(_cases())
    buffer = CountBuffer(len(cases) + 1)
    storage = buffer.storage.to(device)
    on = torch.ones(1, dtype=torch.uint8, device=device)
    last, kernel = buffer.rows - 1, FLOAT_BITS.kernel
    for row, values in enumerate(cases):
        given = _with_its_strides(values, device)
        count_triton.launch(storage, row, buffer.rows, given, kernel, on, way)
    count_triton.launch(storage, last, buffer.rows, cases[0].to(device), kernel, 0 * on, way)
    buffer.storage.copy_(storage)
    host = buffer.to_host()
    for row, values in enumerate(cases):
        error = 1e-12 if values.dtype == torch.float64 else count_triton.MOMENT_ERROR
        check_device_row(host, row, values, error)
    check_empty(host, last)


def check_linear(device: str, way: count_triton.Way) -> None:
    """Counts equal to those of the torch kernel, which is compared with torch.histc elsewhere."""
    for scheme in (LinearBins(40, 0, 10), LinearBins(7, -1.5, 2.3), LinearBins(8_190, -4, 4)):
        for dtype in (torch.float32, torch.float64):
            values = (torch.randn(9_500, dtype=dtype) * 4).clamp(min=-2)
            values[:500] = 0
            values[500:504] = torch.tensor([torch.nan, torch.inf, -torch.inf, 10.0])
            buffer, wanted = CountBuffer(1, scheme), CountBuffer(1, scheme)
            storage = buffer.storage.to(device)
            on = torch.ones(1, dtype=torch.uint8, device=device)
            count_triton.launch(storage, 0, 1, values.to(device), scheme.kernel, on, way)
            buffer.storage.copy_(storage)
            row = wanted.counts[0], wanted.totals[0], wanted.moments[0]
            count_torch.count(row, values, scheme)
            np.testing.assert_array_equal(buffer.counts.numpy(), wanted.counts.numpy())
            np.testing.assert_array_equal(buffer.totals.numpy(), wanted.totals.numpy())
            np.testing.assert_allclose(buffer.moments.numpy(), wanted.moments.numpy(), rtol=1e-5)


def check_slices(device: str) -> None:
    """Totals and moments of every slice, in the middle of a buffer, against numpy."""
    grid = torch.randn(70, 130)
    grid[:8, 3] = SPECIAL
    grid[20] = 1e30 * grid[20]
    grid[21] = 0
    cases = [
        (grid, 0),
        (grid, 1),
        (grid.double(), 1),
        (grid.bfloat16().view(7, 10, 130)[:, 2:9], 2),
        (torch.randn(6, 5, 4, 3).permute(0, 3, 1, 2), 1),
        (torch.randn(40).expand(3, 40), 1),
        (torch.randn(9), 0),
        (torch.randn(2, 300).half(), 0),
    ]
    for values, dim in cases:
        slices = values.shape[dim]
        buffer = SliceBuffer(slices + 5)
        storage = buffer.storage.to(device)
        on = torch.ones(1, dtype=torch.uint8, device=device)
        for switch in (0 * on, on):
            into = SliceRange(storage, slices + 5, 3)
            count_triton.count_slices(into, _with_its_strides(values, device), dim, switch)
        buffer.storage.copy_(storage)
        host = buffer.to_host().wait()
        assert not host.totals[:3].any()
        assert not host.totals[slices + 3 :].any()
        for at in range(slices):
            _check_slice(host.totals[at + 3], host.moments[at + 3], values.select(dim, at))


def _check_slice(totals: np.ndarray, moments: np.ndarray, values: torch.Tensor) -> None:
    exact = values.double().numpy().ravel()
    finite = exact[np.isfinite(exact)]
    assert totals.tolist() == [exact.size, (exact == 0).sum(), exact.size - finite.size]
    least, most = finite.min(initial=np.inf), finite.max(initial=-np.inf)
    assert moments[:2].tolist() == [least, most]
    error = 1e-12 if values.dtype == torch.float64 else count_triton.MOMENT_ERROR
    assert abs(moments[2] - finite.sum()) <= error * np.abs(finite).sum()
    np.testing.assert_allclose(moments[3], (finite**2).sum(), rtol=error)


if __name__ == "__main__":
    device, way = (*sys.argv[1:], count_triton.way())[:2]
    check_float_bits(device, way)
    check_linear(device, way)
    check_slices(device)
    print("all rows agree")
