"""Runs the Triton kernel in its interpreter, or on a GPU, against numpy; a script for a subprocess.

Usage: python triton_rows.py DEVICE, with TRITON_INTERPRET=1 for the device "cpu".
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import torch

from tb_activation_hist.capture import count_torch, count_triton
from tb_activation_hist.capture.count import CountBuffer
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tests.unit.capture.counted import check_empty, check_row, expect

DTYPES = (torch.float32, torch.float16, torch.bfloat16, torch.float64)


def _cases() -> Iterator[torch.Tensor]:
    torch.manual_seed(0)
    normal = torch.randn(1_050)
    special = torch.tensor([0.0, -0.0, torch.nan, torch.inf, -torch.inf, 1e-40, -3e38, 1.0])
    for dtype in DTYPES:
        yield torch.cat([normal, normal.relu(), special]).to(dtype)
    yield torch.cat([normal] * 6)
    yield torch.tensor([1.5, -1.5]).repeat(1_100)
    yield torch.full((5,), torch.nan)
    yield torch.zeros(0)
    yield torch.randn(50, 3).t()
    yield torch.randn(5, 1).expand(5, 70)
    yield torch.randn(90)[::2]
    yield torch.tensor([1.7e308, -5e-324, 2.0**-127], dtype=torch.float64)
    yield torch.tensor([-1e-40, 1e-40, -0.0])


def check_float_bits(device: str) -> None:
    """Each case in a row of its own."""
    cases = list(_cases())
    buffer = CountBuffer(len(cases) + 1)
    storage = buffer.storage.to(device)
    on = torch.ones(1, dtype=torch.uint8, device=device)
    for row, values in enumerate(cases):
        given = values.to(device)
        count_triton.count(storage, row, buffer.rows, given, FLOAT_BITS.kernel, on)
        count_triton.count(storage, buffer.rows - 1, buffer.rows, given, FLOAT_BITS.kernel, 0 * on)
    buffer.storage.copy_(storage)
    host = buffer.to_host()
    for row, values in enumerate(cases):
        check_row(host, row, expect(values))
    check_empty(host, buffer.rows - 1)


def check_linear(device: str) -> None:
    """Counts equal to those of the torch kernel, which is compared with torch.histc elsewhere."""
    schemes = (LinearBins(40, 0, 10), LinearBins(7, -1.5, 2.3))
    for scheme in schemes:
        for dtype in (torch.float32, torch.float64):
            values = (torch.randn(2_500, dtype=dtype) * 4).clamp(min=-2)
            values[:500] = 0
            values[500:504] = torch.tensor([torch.nan, torch.inf, -torch.inf, 10.0])
            buffer, wanted = CountBuffer(1, scheme), CountBuffer(1, scheme)
            storage = buffer.storage.to(device)
            on = torch.ones(1, dtype=torch.uint8, device=device)
            count_triton.count(storage, 0, 1, values.to(device), scheme.kernel, on)
            buffer.storage.copy_(storage)
            row = wanted.counts[0], wanted.tallies[0], wanted.moments[0]
            count_torch.count(row, values, scheme)
            np.testing.assert_array_equal(buffer.counts.numpy(), wanted.counts.numpy())
            np.testing.assert_array_equal(buffer.tallies.numpy(), wanted.tallies.numpy())
            np.testing.assert_allclose(buffer.moments.numpy(), wanted.moments.numpy(), rtol=1e-12)


if __name__ == "__main__":
    check_float_bits(sys.argv[1])
    check_linear(sys.argv[1])
    print("all rows agree")
