"""The kind `inputs`: what goes into each recorded module."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tests.models import ZOO, Checkpointed, assert_counted, tensor_to_values
from tests.recorded import SmallGPT


def watch_inputs(model: nn.Module) -> dict[str, list[np.ndarray]]:
    """Copies of the one tensor that goes into each leaf, before the leaf runs."""
    seen: dict[str, list[np.ndarray]] = defaultdict(list)

    def keep(name: str) -> Any:
        def see(_module: nn.Module, args: Any) -> None:
            if len(args) == 1 and isinstance(args[0], Tensor) and args[0].is_floating_point():
                seen[f"inputs/{name}"].append(tensor_to_values(args[0]))

        return see

    for name, module in model.named_modules():
        if not list(module.children()):
            module.register_forward_pre_hook(keep(name or type(module).__name__))
    return seen


@pytest.mark.parametrize("name", ["shared", "branches", "in place", "broken", "mixed", "half way"])
def test_inputs_are_those_that_a_hook_before_the_module_sees(name):
    torch.manual_seed(0)
    model, x = ZOO[name]()
    seen, writer = watch_inputs(model), MemoryWriter()
    hist = ActivationHistLogger(model, writer, kinds=("inputs", "activations"), on_error="raise")
    model(x)
    hist._hooks.end_record = lambda: None  # some of the zoo have silent layers
    hist.step()
    hist.close()
    found = {key: s for key, s in writer.histograms.items() if key.startswith("inputs/")}
    assert set(found) == set(seen)
    for key, series in found.items():
        assert_counted(series, [np.concatenate(seen[key])])


class TwoInputs(nn.Module):
    def forward(self, x: Tensor, other: Any = None, *, mask: Tensor | None = None) -> Tensor:
        return x


def test_several_inputs_are_named_by_position_and_keyword():
    model, writer = nn.ModuleDict({"a": TwoInputs()}), MemoryWriter()
    x = torch.ones(3)
    with ActivationHistLogger(model, writer, layers="a", kinds="inputs", on_error="raise") as hist:
        model["a"](x, mask=None)
        hist.step()
        model["a"](x, (x, x.int()), mask=torch.ones(2))
        hist.step()
        model["a"](x=x)
        hist.step()
    assert {key: series.steps.tolist() for key, series in writer.histograms.items()} == {
        "inputs/a": [1, 3],
        "inputs/a/0": [2],
        "inputs/a/1/0": [2],
        "inputs/a/mask": [2],
    }


@pytest.mark.parametrize("reentrant", [False, True])
def test_a_checkpoint_that_runs_its_part_again_counts_once(reentrant):
    model, writer = Checkpointed(reentrant), MemoryWriter()
    with ActivationHistLogger(model, writer, kinds="inputs", on_error="raise") as hist:
        model(torch.ones(3, 4, requires_grad=True)).sum().backward()
        hist.step()
    assert {series.n.tolist()[0] for series in writer.histograms.values()} == {12}


def test_inputs_in_a_compiled_graph_and_in_the_order_of_execution():
    torch._dynamo.reset()
    model, writers = SmallGPT(), [MemoryWriter(), MemoryWriter()]
    ids = torch.randint(0, 11, (2, 3))
    with ActivationHistLogger(model, writers[0], kinds="inputs", on_error="raise") as hist:
        model(ids)
        order = hist._state.call_order.take().names
        hist.step()
    assert order[:2] == ("blocks.0.norm", "blocks.0.attn.qkv")
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    with ActivationHistLogger(compiled, writers[1], kinds="inputs", on_error="raise") as hist:
        compiled(ids)
        hist.step()
    eager, traced = (writer.histograms for writer in writers)
    assert set(eager) == set(traced)
    for key, series in traced.items():
        assert series.mean[0] == pytest.approx(eager[key].mean[0], abs=1e-6)
    torch._dynamo.reset()
