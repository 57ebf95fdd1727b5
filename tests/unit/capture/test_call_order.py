"""The order in which layers run, as the run's information tells it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tb_activation_hist import (
    ActivationHistLogger,
    ActivationHistWarning,
    MemoryWriter,
    read_histograms,
)
from tb_activation_hist.core.execution_order import ExecutionOrder, info_to_execution_order


class Block(nn.Module):
    """Registers its layers in another order than it calls them, and one of them twice."""

    def __init__(self) -> None:
        super().__init__()
        self.second, self.first = nn.Linear(4, 4), nn.Linear(4, 4)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.relu(self.second(self.relu(self.first(x))))
        assert isinstance(hidden, Tensor)
        return hidden


CALLS = ["first", "relu", "second", "relu"]


def called(order: ExecutionOrder) -> list[str]:
    return [order.names[call] for call in order.calls]


def train(model: nn.Module, writer: MemoryWriter, forwards: int = 1, **options: object) -> None:
    with ActivationHistLogger(model, writer, on_error="raise", **options) as logger:  # type: ignore[arg-type]
        for _ in range(2):
            for _ in range(forwards):
                model(torch.ones(2, 4)).sum().backward()
            logger.step()


def test_calls_are_noted_in_turn_and_micro_batches_once() -> None:
    for forwards in (1, 3):
        writer = MemoryWriter()
        train(Block(), writer, forwards)
        assert writer.execution_order.names == ("first", "relu", "second")
        assert called(writer.execution_order) == CALLS


def test_a_loop_over_a_layer_is_noted_once() -> None:
    class Loop(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            for _ in range(50):
                x = self.cell(x)
            return x

    writer = MemoryWriter()
    train(Loop(), writer)
    assert called(writer.execution_order) == ["cell"]


def test_each_call_has_its_place_with_per_call() -> None:
    writer = MemoryWriter()
    train(Block(), writer, per_call=True)
    assert called(writer.execution_order) == ["first:0", "relu:0", "second:0", "relu:1"]


def test_a_compiled_graph_notes_the_same() -> None:
    torch._dynamo.reset()
    writer = MemoryWriter()
    train(torch.compile(Block(), backend="eager"), writer)  # type: ignore[arg-type]
    assert called(writer.execution_order) == CALLS


def test_evaluation_and_later_layers_follow() -> None:
    class Grows(Block):
        def __init__(self) -> None:
            super().__init__()
            self.extra: nn.Module | None = None

        def forward(self, x: Tensor) -> Tensor:
            x = super().forward(x)
            return x if self.extra is None else self.extra(x)  # type: ignore[no-any-return]

    model, writer = Grows(), MemoryWriter()
    phases = ("train", "eval")
    changed = pytest.warns(ActivationHistWarning, match="added extra")
    with changed, ActivationHistLogger(model, writer, phases=phases, layers="*") as logger:
        for step in range(3):
            model.train()(torch.ones(2, 4))
            model.eval()(torch.ones(2, 4))
            logger.step()
            if step == 0:
                model.extra = nn.Identity()
    names = writer.execution_order.names
    assert names[:5] == ("first", "relu", "second", "Grows", "extra")
    assert names[5:] == tuple(f"eval/{name}" for name in names[:5])


def test_the_order_is_stored_with_the_run(tmp_path: Path) -> None:
    with ActivationHistLogger(model := Block(), tmp_path) as logger:
        model(torch.ones(2, 4)).sum().backward()
        logger.step()
    order = read_histograms(tmp_path)["."].execution_order
    assert called(order) == CALLS


def test_calls_are_stored_only_where_they_say_more() -> None:
    order = ExecutionOrder(("a", "b"), (0, 1))
    assert order.to_info() == {"execution_order": ["a", "b"]}
    assert info_to_execution_order(order.to_info()) == order
    several = ExecutionOrder(("a", "b"), (0, 1, 0))
    assert info_to_execution_order(several.to_info()) == several


def test_what_does_not_fit_together_is_left_out() -> None:
    info = {"execution_order": ["a", "a", "b"], "execution_calls": [0, 7, -1, 1]}
    assert info_to_execution_order(info) == ExecutionOrder(("a", "b"), (0, 1))
    for wrong in ({}, {"execution_order": 3}, {"execution_order": ["a", 3]}):
        assert not info_to_execution_order(wrong)
