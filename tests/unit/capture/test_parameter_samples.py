"""Samples of parameters: which values they hold, and that they stay when the parameter changes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tb_activation_hist.capture.parameter_samples import (
    RUN_LENGTH,
    RUNS,
    SAMPLE,
    gather,
    take_sample,
)

LAYOUTS = [
    torch.arange(7.0),
    torch.arange(float(SAMPLE)).reshape(64, 64),
    torch.arange(SAMPLE + 40.0),  # its runs touch, so that they are no copy by themselves
    torch.arange(100_000.0),
    torch.arange(120.0).reshape(10, 12).T,
    torch.arange(240_000.0).reshape(400, 600).T,
    torch.arange(2 * 64 * 64 * 9.0).reshape(2, 64, 64, 9).to(memory_format=torch.channels_last),
    torch.arange(50_000.0)[1000:],
    torch.arange(50_000.0)[::3],
]


def in_memory(values: Tensor) -> Tensor:
    """All values in the order in which a sample takes them."""
    if values.dim() == 4:
        return values.permute(0, 2, 3, 1).reshape(-1)
    return values.reshape(-1)


@pytest.mark.parametrize("values", LAYOUTS, ids=lambda each: str(tuple(each.shape)))
def test_a_sample_has_runs_at_equal_distances_and_stays_as_it_was(values: Tensor) -> None:
    values = torch.nn.Parameter(values.clone(memory_format=torch.preserve_format))
    flat = in_memory(values.detach()).clone()
    expected = flat
    if len(flat) > SAMPLE:
        stride = (len(flat) - RUN_LENGTH) // (RUNS - 1)
        expected = torch.cat([flat[i * stride : i * stride + RUN_LENGTH] for i in range(RUNS)])
    assert torch.equal(take_sample(values), expected)
    (kept,) = gather([("a", values)])
    with torch.no_grad():
        values.zero_()
    assert kept.read()["a"].tolist() == expected.tolist()
