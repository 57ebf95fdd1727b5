"""`tb_activation_hist.record` inside compiled graphs."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._dynamo.testing import CompileCounterWithBackend

from tb_activation_hist import record
from tb_activation_hist.core.errors import ActivationHistWarning
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tests.models import assert_counted, tensor_to_values
from tests.recorded import (
    BOTH,
    NAMES,
    SmallGPT,
    assert_close_counts,
    expected,
    run_once,
)

pytestmark = pytest.mark.usefixtures("fresh_compiler")


def test_a_compiled_graph_has_one_op_for_each_tensor_and_no_break():
    model, writer = SmallGPT(), MemoryWriter()
    ids = torch.randint(0, 11, (3, 5))
    wanted = expected(model, ids)
    counter = CompileCounterWithBackend("aot_eager")
    compiled = torch.compile(model, backend=counter, fullgraph=True)
    with ActivationHistLogger(compiled, writer, layers=["*/*"], every=2, on_error="raise") as hist:
        for _ in range(4):
            run_once(compiled, ids)
            hist.step()
    assert counter.frame_count == 1
    ops = [node for node in counter.graphs[0].graph.nodes if "count_" in str(node.target)]
    assert len(ops) == len(NAMES)
    assert set(writer.histograms) == set(NAMES)
    for name, series in writer.histograms.items():
        assert series.steps.tolist() == [1, 2, 4]
        assert_close_counts(series, wanted[name] * 3)


# A reentrant checkpoint breaks the graph, and inductor gets the pieces that it gets without one.
@pytest.mark.parametrize(
    ("reentrant", "backend"),
    [
        *itertools.product((None, False), ("eager", "aot_eager", "inductor")),
        *((True, backend) for backend in ("eager", "aot_eager")),
    ],
)
def test_gradients_in_a_compiled_graph_are_exact_at_every_cadence(backend, reentrant):
    model, writer = SmallGPT(reentrant), MemoryWriter()
    ids = torch.randint(0, 11, (3, 5))
    wanted = expected(model, ids)
    counter = CompileCounterWithBackend(backend)
    compiled = torch.compile(model, backend=counter, fullgraph=reentrant is not True)
    options: Any = {"layers": ["*/*"], "kinds": BOTH, "every": 2, "on_error": "raise"}
    with warnings.catch_warnings():
        warnings.simplefilter("error", ActivationHistWarning)
        with ActivationHistLogger(compiled, writer, **options) as hist:
            for _ in range(4):
                run_once(compiled, ids)
                hist.step()
    if reentrant is not True:
        assert counter.frame_count == 1
    assert set(writer.histograms) == {*NAMES, *(f"gradients/{name}" for name in NAMES)}
    for name, series in writer.histograms.items():
        assert series.steps.tolist() == [1, 2, 4]
        assert_close_counts(series, wanted[name] * 3)


@pytest.mark.parametrize("backend", [None, "eager", "aot_eager"])
def test_the_gradient_of_a_parameter_counts_once_a_backward_pass(backend):
    """A leaf outlives the forward pass, and so would a hook that each pass puts on it."""
    model, writer = Gated(), MemoryWriter()
    called: Any = torch.compile(model, backend=backend, fullgraph=True) if backend else model
    gradients = []
    with ActivationHistLogger(model, writer, kinds=BOTH, on_error="raise") as hist:
        for step in range(4):
            model.gate.grad = None
            called(torch.full((2, 4), 1.0 + step)).square().sum().backward()
            gradients.append(tensor_to_values(model.gate.grad))
            hist.step()
    assert_counted(writer.histograms["gradients/Gated/gate"], gradients)


class Gated(nn.Module):
    """Records a parameter of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.gate = nn.Linear(4, 4), nn.Parameter(torch.randn(4))

    def forward(self, x: Tensor) -> Tensor:
        record(self, gate=self.gate)
        return self.inner(x) * self.gate


def test_scaled_gradients_and_slices_of_a_graph_are_those_of_eager_calls():
    found = []
    for compiled in (False, True):
        torch.manual_seed(3)
        model, writer = SmallGPT(), MemoryWriter()
        called: Any = torch.compile(model, backend="aot_eager") if compiled else model
        scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
        options: Any = {"kinds": BOTH, "scaler": scaler, "split": {"*/scores": 1}}
        with ActivationHistLogger(model, writer, on_error="raise", **options) as hist:
            for size in (2, 3, 2):
                ids = torch.arange(size * 5).reshape(size, 5) % 11
                scaler.scale(called(ids).square().mean()).backward()
                hist.step()
        found.append(writer.histograms)
    eager, graph = found
    assert set(eager) == set(graph)
    for key, series in eager.items():
        assert series.counts.tolist() == graph[key].counts.tolist(), key
    name = "gradients/blocks.1.attn/scores"
    assert eager[name].slices.n.tolist() == graph[name].slices.n.tolist()
    assert eager[name].slices.max.tolist() == graph[name].slices.max.tolist()


def test_without_a_logger_a_compiled_model_has_no_op_of_ours():
    model, counter = SmallGPT(), CompileCounterWithBackend("eager")
    torch.compile(model, backend=counter, fullgraph=True)(torch.zeros(1, 3, dtype=torch.int64))
    assert not [node for node in counter.graphs[0].graph.nodes if "count_" in str(node.target)]
