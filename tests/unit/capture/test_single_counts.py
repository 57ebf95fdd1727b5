"""Counting without float64, as on MPS: equal to the CPU's kernel, and without a wait or a copy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from tb_activation_hist.capture import count
from tb_activation_hist.capture.count import CountBuffer
from tb_activation_hist.capture.single_counts import SingleCounts
from tb_activation_hist.core.errors import ActivationHistWarning
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tests.unit.capture.counted import expect


class LikeMps(TorchDispatchMode):
    """Refuses what MPS lacks or what would copy values: float64, and reading from the device."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        found = function(*args, **(kwargs or {}))
        for each in tree_leaves((args, found)):
            if isinstance(each, torch.Tensor):
                assert each.dtype != torch.float64, function
        assert "local_scalar" not in str(function), function
        assert "nonzero" not in str(function), function
        return found


torch.manual_seed(0)
NORMAL = torch.randn(5_000)
CASES = {
    "random": NORMAL,
    "relu": NORMAL.relu(),
    "zero": torch.zeros(300),
    "special": torch.tensor([0.0, -0.0, torch.nan, torch.inf, -torch.inf, 1.0, -2.5]),
    "nothing finite": torch.full((5,), torch.nan),
    "huge": torch.tensor([3e38, -3e38, 1.0]),
    "tiny": torch.tensor([1e-38, -1e-38, 2e-38]),
    "half": NORMAL.half(),
    "bfloat": NORMAL.bfloat16(),
    "transposed": torch.randn(50, 30).t(),
    "expanded": torch.randn(5, 1).expand(5, 70),
    "strided": torch.randn(90)[::2],
    "empty": torch.zeros(0),
}


@pytest.mark.parametrize("name", CASES)
def test_a_row_is_that_of_the_values(name):
    values, buffer = CASES[name], CountBuffer(3)
    single = SingleCounts(3, FLOAT_BITS)
    with LikeMps():
        single.count(1, values)
        single.count(1, values)
    single.pour(buffer.counts, buffer.totals, buffer.moments)
    host, wanted = buffer.to_host(), expect(torch.cat([values.flatten(), values.flatten()]))
    counts = host.counts[1].astype(np.int64)
    counts[4080:4096] = counts[8176:] = 0
    np.testing.assert_array_equal(counts, wanted.counts)
    assert host.totals[1].tolist() == wanted.totals
    assert host.moments[1, :2].tolist() == wanted.moments[:2]
    size = np.abs(values[values.isfinite()].double().numpy()).sum() * 2
    assert abs(host.moments[1, 2] - wanted.moments[2]) <= 1e-6 * size
    np.testing.assert_allclose(host.moments[1, 3], wanted.moments[3], rtol=1e-5)
    assert not host.totals[0].any()
    assert not host.counts[2].any()


def test_linear_bins_are_those_of_the_cpu():
    scheme = LinearBins(40, 0, 10)
    buffer, other, single = CountBuffer(1, scheme), CountBuffer(1, scheme), SingleCounts(1, scheme)
    with LikeMps():
        single.count(0, 4 * NORMAL)
    single.pour(buffer.counts, buffer.totals, buffer.moments)
    other.switch.on = True
    count.count_(other, 0, 4 * NORMAL)
    assert torch.equal(buffer.counts, other.counts)
    assert torch.equal(buffer.totals, other.totals)


def test_no_operation_asks_what_the_values_are():
    """Meta tensors have none: anything that waits for the device fails on them."""
    SingleCounts(1, FLOAT_BITS).count(0, torch.randn(3, 1000, device="meta"))


def count_as_mps(buffer, values):
    """As `count_` does for values on MPS; they lie on the CPU here."""
    count._count_elsewhere(buffer, buffer.switch, 0, values)


def test_a_buffer_for_mps_takes_its_counts_from_the_device_once_a_record():
    buffer = CountBuffer(1, device="mps")
    for part in NORMAL.split(1000):
        count_as_mps(buffer, part)
    assert not buffer.totals.any(), "all still on the device"
    host = buffer.to_host()
    assert host.totals[0].tolist() == expect(NORMAL).totals
    count_as_mps(buffer, NORMAL[:7])
    assert buffer.to_host().totals[0, 0] == 7


def test_where_an_operation_is_missing_the_values_are_counted_on_the_host(monkeypatch):
    def lacks(*_):
        raise NotImplementedError("aten::index_add_ is not implemented for MPS")

    monkeypatch.setattr(SingleCounts, "count", lacks)
    buffer = CountBuffer(1, device="mps")
    with pytest.warns(ActivationHistWarning, match=r"index_add_.*counted there") as told:
        count_as_mps(buffer, NORMAL)
    count_as_mps(buffer, NORMAL)
    assert len(told) == 1
    assert buffer.to_host().totals[0, 0] == 2 * NORMAL.numel()
