"""Small trainings whose arithmetic is exact on every device, and what must be recorded of them.

Weights and inputs are small whole numbers, so no order of additions, fused kernel or tensor core
changes a value: what a compiled model computes on a GPU equals what a plain twin computes there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from tb_activation_hist.core.histogram import HistogramSeries
from tests.series import values_to_series
from tests.unit.scripts.witness import Step


def make_model(device: str, blocks: int = 2) -> nn.Sequential:
    """Linear layers and ReLUs with small whole weights."""
    layers = [
        layer for _ in range(blocks) for layer in (nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 8))
    ]
    model = nn.Sequential(*layers).to(device)
    set_whole_weights(model, 0)
    return model


def set_whole_weights(model: nn.Module, step: int) -> None:
    """Other small whole numbers for each step, as if an optimizer had been at work."""
    generator = torch.Generator().manual_seed(step)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randint(-1, 2, parameter.shape, generator=generator))


def make_batch(device: str, step: int, size: int = 32) -> Tensor:
    generator = torch.Generator().manual_seed(1000 + step)
    return torch.randint(-2, 3, (size, 8), generator=generator).float().to(device)


def assert_exact(
    recorded: Mapping[str, HistogramSeries], seen: list[Step], only: Iterable[int] | None = None
) -> None:
    """The same series and steps as were seen; bins, counts, tallies, range exactly.

    Mean and std to 1e-5 of the values' size: a GPU adds a block in float32. seen: of step 1, 2 ...
    only: the steps that were to be recorded, by default all.
    """
    steps = sorted(only) if only is not None else list(range(1, len(seen) + 1))
    keys = {key for step in steps for key, values in seen[step - 1].items() if values.size}
    assert set(recorded) == keys, set(recorded) ^ keys
    for key in sorted(keys):
        own = {step: seen[step - 1][key] for step in steps if key in seen[step - 1]}
        assert recorded[key].steps.tolist() == list(own), key
        assert_series(recorded[key], list(own.values()), key)


def assert_series(series: HistogramSeries, records: list[np.ndarray], key: str) -> None:
    """One record for each array."""
    wanted = values_to_series(records, steps=list(series.steps), scheme=series.scheme)
    for name in ("n", "zeros", "nans", "pos_infs", "neg_infs", "min", "max", "bins", "bin_counts"):
        got = getattr(series, name)
        np.testing.assert_array_equal(got, getattr(wanted, name), err_msg=f"{key}: {name}")
    size = np.sqrt(wanted.mean**2 + wanted.std**2).max(initial=1e-30)
    for name in ("mean", "std"):
        got = getattr(series, name)
        np.testing.assert_allclose(
            got, getattr(wanted, name), rtol=1e-5, atol=1e-5 * size, err_msg=f"{key}: {name}"
        )
