"""The shortest way to count gives what the longer one gives, and leaves to it what it cannot."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from tb_activation_hist.capture.direct_count import DirectRow
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter

STEPS = 4

Gives = Callable[[int], object]


class Giver(nn.Module):
    """Gives something else in each step."""

    def __init__(self, gives: Gives) -> None:
        super().__init__()
        self.gives = gives
        self.step = 0

    def forward(self, _x: Tensor) -> object:
        self.step += 1
        return self.gives(self.step)


def record(gives: Gives, **options: object) -> list[list[object]]:
    """Steps, bins, counts and moments of all that was recorded."""
    writer = MemoryWriter()
    model = nn.Sequential(Giver(gives))
    with ActivationHistLogger(
        model, writer, overhead_budget=None, on_error="raise", model_inputs=False, **options
    ) as hist:
        for _ in range(STEPS):
            model(torch.zeros(1))
            hist.step()
    return [
        [tag, each.steps.tolist(), each.bins.tolist(), each.bin_counts.tolist(),
         each.n.tolist(), each.tallies.nans.tolist(), each.tallies.sum_sq.tolist()]
        for tag, each in writer.histograms.items()
    ]  # fmt: skip


def record_linear(step: Callable[[nn.Module], object]) -> list[int]:
    """How many outputs of a layer were counted in each step. step: what is done with the model."""
    model, writer = nn.Sequential(nn.Linear(4, 4)), MemoryWriter()
    with ActivationHistLogger(
        model, writer, overhead_budget=None, on_error="raise", model_inputs=False
    ) as hist:
        for _ in range(STEPS):
            step(model)
            hist.step()
    (series,) = writer.histograms.values()
    return series.n.tolist()


def values(step: int, *shape: int) -> Tensor:
    return torch.randn(shape or (3, 5), generator=torch.Generator().manual_seed(step))


GIVEN: dict[str, Gives] = {
    "dense": values,
    "large": lambda step: values(step, 300, 300),
    "other shapes": lambda step: values(step, step, 7),
    "empty": lambda step: values(step, 4, 0) if step % 2 else values(step),
    "other dtypes": lambda step: values(step).to(torch.float64 if step > 2 else torch.float32),
    "transposed": lambda step: values(step, 4, 6).T,
    "expanded": lambda step: values(step, 1, 6).expand(4, 6),
    "negated view": lambda step: torch.complex(values(step), values(step + 9)).conj().imag,
    "whole numbers now and then": lambda step: values(step) if step != 3 else torch.arange(4),
    "containers now and then": lambda step: values(step) if step != 3 else (values(step), None),
    "parameters": lambda step: nn.Parameter(values(step)),
    "sparse now and then": lambda step: values(step) if step != 3 else values(3).to_sparse(),
    "non-finite": lambda step: torch.where(values(step) > 0.5, torch.nan, values(step)),
    "nothing now and then": lambda step: values(step) if step != 3 else None,
}


@pytest.mark.parametrize("name", GIVEN)
def test_gives_what_the_longer_way_gives(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    short = record(GIVEN[name])
    monkeypatch.setattr(DirectRow, "count", lambda *_: False)
    assert short == record(GIVEN[name])
    assert short


def test_takes_ordinary_layers_from_the_second_step_on(monkeypatch: pytest.MonkeyPatch) -> None:
    taken, count = [], DirectRow.count
    monkeypatch.setattr(
        DirectRow, "count", lambda self, given: taken.append(count(self, given)) or taken[-1]
    )
    record(GIVEN["dense"])
    assert taken == [True] * (STEPS - 2)


def test_a_checkpoint_that_runs_again_is_not_counted_twice() -> None:
    def step(model: nn.Module) -> None:
        x = torch.randn(2, 4, requires_grad=True)
        checkpoint(model, x, use_reentrant=True).sum().backward()

    assert record_linear(step) == [8] * STEPS


def test_a_traced_or_transformed_pass_is_left_out() -> None:
    def step(model: nn.Module) -> None:
        model(torch.randn(2, 4))
        torch.jit.trace(model, torch.randn(2, 4), check_trace=False)
        torch.func.vmap(model)(torch.randn(3, 4))

    assert record_linear(step) == [8] * STEPS


def test_outputs_whose_memory_was_taken_away_are_passed_over() -> None:
    def gives(step: int) -> Tensor:
        values = torch.ones(3)
        if step == STEPS - 1:
            values.untyped_storage().resize_(0)
        return values

    ((_, steps, *_),) = record(gives)
    assert steps == [1, 2, STEPS]
