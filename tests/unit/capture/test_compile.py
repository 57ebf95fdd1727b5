"""torch.compile: no graph break, one graph whatever the cadence, exact counts."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch._dynamo.testing import CompileCounterWithBackend
from torch.utils.checkpoint import checkpoint

from tb_activation_hist.core.errors import ActivationHistWarning
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tests.models import Tap, assert_counted

pytestmark = pytest.mark.usefixtures("fresh_compiler")


class Model(nn.Module):
    """A shared activation and a container output."""

    def __init__(self):
        super().__init__()
        self.linear, self.act, self.pair = nn.Linear(4, 8), nn.ReLU(), Pair()

    def forward(self, x):
        return self.pair(self.act(self.act(self.linear(x)) - 0.5))["low"]


class Pair(nn.Module):
    def forward(self, x):
        return {"low": x, "ids": x.int(), "high": (x + 1,)}


def run(model, x, hist, steps=1):
    for _ in range(steps):
        model(x).square().sum().backward()
        hist.step()


@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
def test_one_graph_for_every_cadence_and_exact_counts(backend):
    torch.manual_seed(0)
    model, writer = Model(), MemoryWriter()
    inputs = [torch.randn(3, 4) for _ in range(7)]
    expected = []
    tap = Tap(plain := Model())
    plain.load_state_dict(model.state_dict())
    for x in inputs:
        plain(x)
        expected.append(tap.take())
    counter = CompileCounterWithBackend(backend)
    compiled = torch.compile(model, backend=counter, fullgraph=True)
    with ActivationHistLogger(compiled, writer, every=3, on_error="raise") as hist:
        for x in inputs:
            run(compiled, x, hist)
    assert counter.frame_count == 1
    recorded = writer.histograms
    assert set(recorded) == {"linear", "act", "pair/low", "pair/high/0"}
    for key, series in recorded.items():
        assert series.steps.tolist() == [1, 3, 6]
        if backend == "aot_eager":
            assert_counted(series, [expected[step - 1][key] for step in (1, 3, 6)])
        assert series.n.tolist() == [expected[step - 1][key].size for step in (1, 3, 6)]


def test_accumulated_steps_of_a_graph_are_drained_before_an_int32_overflows(monkeypatch):
    monkeypatch.setattr("tb_activation_hist.capture.rows.DRAIN_AT", 100)
    model, writer = nn.Sequential(nn.Linear(4, 8)), MemoryWriter()
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    options = {"every": 20, "accumulate": True, "on_error": "raise"}
    with ActivationHistLogger(compiled, writer, **options) as hist:
        run(compiled, torch.ones(3, 4), hist, steps=20)
    assert writer.histograms["0"].n.tolist() == [24, 19 * 24]


def test_evaluation_has_its_own_graph_and_its_own_rows():
    model, writer = Model(), MemoryWriter()
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    with ActivationHistLogger(compiled, writer, phases=("train", "eval"), on_error="raise") as hist:
        for _ in range(2):
            run(compiled, torch.ones(3, 4), hist)
            model.eval()
            compiled(torch.ones(2, 4))
            model.train()
    recorded = writer.histograms
    assert recorded["linear"].n.tolist() == [24, 24]
    assert recorded["eval/linear"].n.tolist() == [16, 16]


def test_attaching_after_the_first_call_is_reported_with_the_remedy():
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
    compiled = torch.compile(model, backend="aot_eager")
    compiled(torch.ones(3, 4))
    hist = ActivationHistLogger(compiled, MemoryWriter())
    with pytest.warns(ActivationHistWarning, match=r"create the logger before .*reset\(\)") as told:
        run(compiled, torch.ones(3, 4), hist, steps=3)
    assert len(told) == 1
    hist.close()


def test_after_a_reset_the_late_hooks_run():
    model, writer = nn.Sequential(nn.Linear(4, 8), nn.ReLU()), MemoryWriter()
    compiled = torch.compile(model, backend="aot_eager")
    compiled(torch.ones(3, 4))
    torch._dynamo.reset()
    with ActivationHistLogger(compiled, writer, on_error="raise") as hist:
        run(compiled, torch.ones(3, 4), hist)
    assert writer.histograms["0"].n.tolist() == [24]


def test_other_batch_sizes_make_no_more_graphs_than_without_us():
    counts = []
    for attach in (False, True):
        torch._dynamo.reset()
        model, counter = Model(), CompileCounterWithBackend("aot_eager")
        compiled = torch.compile(model, backend=counter, fullgraph=True)
        hist = ActivationHistLogger(compiled, MemoryWriter(), on_error="raise") if attach else None
        for size in (2, 3, 4, 5):
            compiled(torch.ones(size, 4)).sum().backward()
            if hist is not None:
                hist.step()
        counts.append(counter.frame_count)
    assert counts[0] == counts[1]


@pytest.mark.parametrize("kinds", [("activations", "gradients"), ("gradients",)])
@pytest.mark.parametrize("backend", ["eager", "aot_eager", "inductor"])
def test_gradients_of_outputs_in_a_graph_are_those_of_eager_calls(backend, kinds):
    torch.manual_seed(0)
    model, found = Model(), []
    inputs = [torch.randn(3, 4) for _ in range(5)]
    for called in (model, torch.compile(model, backend=backend, fullgraph=True)):
        writer = MemoryWriter()
        with ActivationHistLogger(model, writer, kinds=kinds, every=2, on_error="raise") as hist:
            for x in inputs:
                run(called, x, hist)
        found.append(writer.histograms)
    eager, graph = found
    assert set(eager) == set(graph) >= {"gradients/linear", "gradients/act", "gradients/pair/low"}
    for key, series in eager.items():
        assert graph[key].steps.tolist() == series.steps.tolist() == [1, 2, 4]
        assert graph[key].n.tolist() == series.n.tolist()
        assert graph[key].mean.tolist() == pytest.approx(series.mean.tolist(), rel=1e-5)


def test_gradients_that_flow_on_are_as_without_us():
    """Zeros keep their sign, and NaN and infinities stay what they are."""
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
    gradient = torch.tensor([[0.0, -0.0], [torch.inf, 1.0], [torch.nan, -torch.inf]])
    x = torch.randn(3, 4, requires_grad=True)
    found = []
    for attach in (False, True):
        torch._dynamo.reset()
        compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
        hist = ActivationHistLogger(model, MemoryWriter(), kinds=["gradients"]) if attach else None
        found.append(torch.autograd.grad(compiled(x), [x, *model.parameters()], gradient))
        if hist is not None:
            hist.step()
            hist.close()
    for without, beside in zip(*found, strict=True):
        assert torch.equal(without.view(torch.int32), beside.view(torch.int32))


def test_calls_of_a_graph_are_not_counted_apart_which_is_reported_once():
    model = Model()
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    hist = ActivationHistLogger(compiled, MemoryWriter(), per_call=True)
    with pytest.warns(ActivationHistWarning, match=r"Inside torch\.compile, per_call") as told:
        run(compiled, torch.ones(3, 4), hist, steps=2)
    assert len(told) == 1
    hist.close()


def test_after_close_a_compiled_model_still_runs():
    model = nn.Sequential(nn.Linear(4, 8))
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    with ActivationHistLogger(compiled, MemoryWriter(), on_error="raise") as hist:
        run(compiled, torch.ones(3, 4), hist)
    assert compiled(torch.ones(3, 4)).shape == (3, 8)


class Recomputing(nn.Module):
    """Checkpoints its body inside of the compiled region."""

    def __init__(self):
        super().__init__()
        self.stem, self.head = nn.Linear(4, 4), nn.Linear(4, 2)
        self.body = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))

    def forward(self, x):
        return self.head(checkpoint(self.body, self.stem(x), use_reentrant=False))


@pytest.mark.parametrize("backend", ["eager", "aot_eager", "inductor"])
def test_checkpoints_inside_of_the_compiled_region_count_once(backend):
    torch.manual_seed(0)
    model, writer, expected = Recomputing(), MemoryWriter(), []
    tap = Tap(plain := Recomputing())
    plain.load_state_dict(model.state_dict())
    inputs = [torch.randn(3, 4) for _ in range(4)]
    for x in inputs:
        plain(x)
        expected.append(tap.take())
    counter = CompileCounterWithBackend(backend)
    compiled = torch.compile(model, backend=counter, fullgraph=True)
    with ActivationHistLogger(compiled, writer, every=2, on_error="raise") as hist:
        for x in inputs:
            run(compiled, x, hist)
    assert counter.frame_count == 1
    recorded = writer.histograms
    assert set(recorded) == set(expected[0]) == {"stem", "body.0", "body.1", "body.2", "head"}
    for key, series in recorded.items():
        assert series.steps.tolist() == [1, 2, 4]
        if backend == "inductor":  # whose products may differ in their last bit
            assert series.n.tolist() == [expected[step - 1][key].size for step in (1, 2, 4)]
        else:
            assert_counted(series, [expected[step - 1][key] for step in (1, 2, 4)])


CADENCES = {
    "every": {"every": 4},
    "thinned": {"thin_after": 2},
    "schedule": {"schedule": lambda step: step in (2, 3, 9)},
    "accumulated": {"every": 3, "accumulate": True},
    "budget": {"overhead_budget": 0.5},
}


@pytest.mark.filterwarnings("ignore:Recording every step would take more")
@pytest.mark.parametrize("cadence", CADENCES)
def test_no_cadence_makes_a_second_graph(cadence):
    model, writer = Model(), MemoryWriter()
    counter = CompileCounterWithBackend("aot_eager")
    compiled = torch.compile(model, backend=counter, fullgraph=True)
    with (
        torch._dynamo.config.patch(error_on_recompile=True),
        ActivationHistLogger(compiled, writer, on_error="raise", **CADENCES[cadence]) as hist,
    ):
        run(compiled, torch.ones(3, 4), hist, steps=12)
    assert counter.frame_count == 1
    assert len(writer.histograms["linear"]) > 1
    if cadence == "thinned":
        assert 2 < len(writer.histograms["linear"]) < 12


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear, self.act = nn.Linear(4, 4), nn.ReLU()

    def forward(self, x):
        return x + self.act(self.linear(x))


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
def test_many_blocks_compiled_one_by_one_stay_compiled():
    """torch.compile gives up at 8 graphs of one function, with fullgraph=True by an error."""
    model, writer = nn.Sequential(*(Residual() for _ in range(12))), MemoryWriter()
    counter = CompileCounterWithBackend("aot_eager")
    for block in model:
        block.compile(backend=counter, fullgraph=True)
    with torch._dynamo.config.patch(recompile_limit=8, accumulated_recompile_limit=256):
        with ActivationHistLogger(model, writer, every=2, on_error="raise") as hist:
            run(model, torch.ones(3, 4), hist, steps=4)
        model(torch.ones(3, 4))
    assert counter.frame_count < 2 * 12
    recorded = writer.histograms
    assert len(recorded) == 24
    for series in recorded.values():
        assert series.steps.tolist() == [1, 2, 4]
        assert series.n.tolist() == [12, 12, 12]


@pytest.mark.parametrize(
    "compile_model",
    [
        lambda model: torch.compile(model, backend="aot_eager"),
        lambda model: torch.compile(model, backend="aot_eager", fullgraph=True),
        lambda model: model.compile(backend="aot_eager") or model,
        lambda model: model.linear.compile(backend="aot_eager") or model,
    ],
    ids=["compile", "fullgraph", "in place", "block"],
)
def test_a_compiler_that_takes_is_exporting_for_true_still_records(compile_model, monkeypatch):
    """Torch 2.7 to 2.11 recorded nothing, whichever way the model was compiled."""
    model, writer = Residual(), MemoryWriter()
    called = compile_model(model)
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: True)
    with ActivationHistLogger(model, writer, on_error="raise") as hist:
        run(called, torch.ones(3, 4), hist, steps=2)
    assert {key: series.n.tolist() for key, series in writer.histograms.items()} == {
        "linear": [12, 12],
        "act": [12, 12],
    }


def test_what_graphs_hold_of_ours_is_constant_for_every_torch():
    """Up to 2.6 a number on a hook is no constant; 2.4 looks into no dataclass with slots."""
    model = nn.Sequential(nn.Linear(4, 8))
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    with ActivationHistLogger(compiled, MemoryWriter(), on_error="raise") as hist:
        run(compiled, torch.ones(3, 4), hist)
        (hook,) = model[0]._forward_hooks.values()
        inputs = vars(hook.state.graph_inputs)
    assert isinstance(hook.key, str)
    assert [type(each).__name__ for each in inputs.values()] == ["CountBuffer", "Switch", "Switch"]
    assert not any(hasattr(type(each), "__slots__") for each in inputs.values())


@pytest.mark.parametrize("in_place", [False, True])
def test_a_layer_that_is_replaced_after_compiling_is_recorded_on(in_place):
    """A model that is compiled in place runs no hook of ours before its graph is made anew."""
    model, writer = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)), MemoryWriter()
    called = model
    if in_place:
        model.compile(backend="eager")
    else:
        called = torch.compile(model, backend="eager")
    with ActivationHistLogger(called, writer, on_error="raise") as hist:
        run(called, torch.ones(5, 4), hist, 2)
        model[2] = nn.Linear(8, 3)
        with pytest.warns(ActivationHistWarning, match="replaced 2"):
            run(called, torch.ones(5, 4), hist, 3)
    assert writer.histograms["0"].n.tolist() == [40] * 5
    series = writer.histograms["2"]
    steps = [1, 2, 4, 5] if in_place else [1, 2, 3, 4, 5]
    assert series.steps.tolist() == steps
    assert series.n.tolist() == [10 if step < 3 else 15 for step in steps]
