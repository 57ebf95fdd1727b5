"""torch.compile(mode="reduce-overhead") on the CPU, where it is inductor without CUDA graphs."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tests.unit.scripts.witness import Witness, assert_recorded

pytestmark = pytest.mark.usefixtures("fresh_compiler")

KINDS = ("activations", "weights", "weight_gradients", "updates")


def test_a_compiled_training_is_exact_with_every_kind_that_a_graph_allows() -> None:
    """The plain twin is trained beside it with the compiled model's weights of the moment."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    twin = copy.deepcopy(model)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    calls, parameters = Witness(twin), Witness(model, KINDS[1:], [optimizer])
    compiled = torch.compile(model, mode="reduce-overhead")
    writer = MemoryWriter()
    with ActivationHistLogger(compiled, writer, kinds=KINDS, every=2, on_error="raise") as hist:
        for _ in range(5):
            twin.load_state_dict(model.state_dict())
            x = torch.randn(5, 4)
            twin(x)
            compiled(x).square().mean().backward()
            optimizer.step()
            optimizer.zero_grad()
            for witness in (calls, parameters):
                witness.end_step()
            hist.step()
    both = [a | b for a, b in zip(calls.seen, parameters.seen, strict=True)]
    assert_recorded(writer.histograms, both, only=(1, 2, 4))
