"""Nothing is recorded: one warning says why and what to do, at the user's own line."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, vmap

from tb_activation_hist import record
from tb_activation_hist.core.errors import ActivationHistWarning
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter


def make_model():
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))


def test_steps_that_never_end_are_reported_at_close():
    model = make_model()
    hist = ActivationHistLogger(model, MemoryWriter())
    model(torch.ones(5, 4))
    with pytest.warns(
        ActivationHistWarning, match=r"no step ended.* call the logger's step\(\)"
    ) as w:
        hist.close()
    line = inspect.currentframe().f_lineno - 1
    assert [(each.filename, each.lineno) for each in w] == [(__file__, line)]


def test_detached_in_between_it_is_reported_all_the_same():
    model = make_model()
    hist = ActivationHistLogger(model, MemoryWriter())
    model(torch.ones(5, 4))
    hist.detach()
    with pytest.warns(ActivationHistWarning, match="no step ended"):
        hist.close()


def test_no_word_after_an_error_nor_for_a_logger_that_was_not_used():
    ActivationHistLogger(make_model(), MemoryWriter()).close()
    model = nn.Sequential(nn.Linear(4, 8), nn.Linear(4, 2))
    with pytest.raises(RuntimeError, match="shapes"), ActivationHistLogger(model, MemoryWriter()):
        model(torch.ones(5, 4))


def test_an_evaluation_without_steps_is_a_record():
    model, writer = make_model().eval(), MemoryWriter()
    with ActivationHistLogger(model, writer, phases=("eval",)):
        model(torch.ones(5, 4))
    assert writer.histograms["eval/0"].n.tolist() == [40]


def test_only_functional_calls_are_reported():
    model = make_model()
    parameters = {name: p.detach() for name, p in model.named_parameters()}

    def loss(weights, x):
        return functional_call(model, weights, (x,)).sum()

    with ActivationHistLogger(model, MemoryWriter()) as hist:
        vmap(grad(loss), (None, 0))(parameters, torch.ones(5, 4))
        with pytest.warns(ActivationHistWarning, match=r"0, 1, 2 ran only .*torch\.no_grad") as w:
            hist.step()
        assert w[0].filename == __file__


def use(model, options, act, *, steps):
    """Three rounds of a training; the warnings of ours, each at a line of this file."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with ActivationHistLogger(model, MemoryWriter(), **options) as hist:
            for _ in range(3):
                act(model)
                if steps:
                    hist.step()
    ours = [each for each in told if each.category is ActivationHistWarning]
    assert all(each.filename == __file__ for each in ours)
    return [str(each.message) for each in ours]


def forward(model):
    model(torch.ones(5, 4))


def calls_a_copy(_model):
    make_model()(torch.ones(5, 4))


def calls_forward_only(model):
    model.forward(torch.ones(5, 4))


def trains_by_hand(model):
    model(torch.ones(5, 4)).sum().backward()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.sub_(parameter.grad)


def trains_with_an_optimizer(model):
    model(torch.ones(5, 4)).sum().backward()
    torch.optim.SGD(model.parameters(), lr=0.1).step()


def without_a_graph(model):
    with torch.no_grad():
        model(torch.ones(5, 4))


ONE_WARNING = {
    "a copy is trained": ({}, calls_a_copy, r"0, 1, 2\. The training does not call this model"),
    "forward() alone": (
        {"layers": ""},
        calls_forward_only,
        r"only its forward\(\),.*Give the logger",
    ),
    "no evaluation": (
        {"phases": "eval"},
        forward,
        r"only forward passes in eval mode.*call the model",
    ),
    "no optimizer": (
        {"kinds": ("updates", "weight_gradients", "activations")},
        trains_by_hand,
        r"^Nothing was recorded of weight_gradients and updates: .*watch_steps\(\)",
    ),
    "no optimizer, whose state is asked for": (
        {"kinds": "optimizer_state"},
        trains_by_hand,
        r"^Nothing was recorded of optimizer_state: .*watch_steps\(\)",
    ),
    "no backward pass": (
        {"kinds": "gradients"},
        without_a_graph,
        "^Nothing .* gradients: no backward",
    ),
}


@pytest.mark.parametrize(("options", "act", "text"), ONE_WARNING.values(), ids=ONE_WARNING)
def test_whatever_the_cause_of_silence_one_warning_names_the_remedy(options, act, text):
    given = {**options, "layers": "Sequential"} if "layers" in options else options
    (told,) = use(make_model(), given, act, steps=True)
    assert re.search(text, told), told


@pytest.mark.parametrize(
    ("kinds", "act"),
    [
        ("activations", forward),
        ("weights", forward),
        ("updates", trains_with_an_optimizer),
        (("weights", "weight_gradients", "gradients"), trains_with_an_optimizer),
    ],
)
def test_no_step_is_reported_once_with_every_kind(kinds, act):
    (told,) = use(make_model(), {"kinds": kinds}, act, steps=False)
    assert "no step ended" in told


def test_an_optimizer_that_never_steps_is_reported_once():
    model = make_model()
    given = torch.optim.SGD(model.parameters(), lr=0.1)
    (told,) = use(model, {"optimizer": given}, trains_with_an_optimizer, steps=False)
    assert "no step ended" in told


def test_a_model_that_was_compiled_too_early_is_reported_once():
    torch._dynamo.reset()
    model = make_model()
    compiled = torch.compile(model, backend="eager")
    compiled(torch.ones(5, 4))
    for given in (model, compiled):
        (told,) = use(given, {}, lambda _: compiled(torch.ones(5, 4)), steps=True)
        assert "create" in told
        assert "torch.compiler.reset()" in told
    torch._dynamo.reset()


def test_a_logger_that_is_dropped_or_never_closed_tells_that_no_step_ended(tmp_path):
    model = make_model()
    hist = ActivationHistLogger(model, MemoryWriter())
    forward(model)
    with pytest.warns(ActivationHistWarning, match="no step ended") as told:
        del hist
    assert [each.filename for each in told] == [__file__]
    script = tmp_path / "training.py"
    script.write_text(
        "import torch\nfrom tb_activation_hist import ActivationHistLogger\n"
        "model = torch.nn.Linear(4, 2)\n"
        "hist = ActivationHistLogger(model, 'run')\n"
        "model(torch.ones(5, 4))\n"
    )
    run = subprocess.run(
        [sys.executable, script.name],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stderr.count("ActivationHistWarning") == 1
    assert "training.py:4: ActivationHistWarning: The model ran, but no step ended" in run.stderr


def test_a_layer_that_gives_no_numbers_is_not_silent():
    class Ids(nn.Module):
        def forward(self, x):
            return x.long()

    model = nn.Sequential(Ids(), nn.Embedding(3, 2))
    with warnings.catch_warnings(), ActivationHistLogger(model, MemoryWriter()) as hist:
        warnings.simplefilter("error")
        model(torch.ones(2))
        hist.step()


def test_a_model_without_layers_is_reported_at_once():
    with pytest.warns(ActivationHistWarning, match="has no layers") as caught:
        ActivationHistLogger(nn.ModuleList(), MemoryWriter()).close()
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("resting", "text"),
    [([0], "0 is in eval mode: record it"), ([0, 1], "0, 1 are in eval mode: record them")],
)
def test_one_and_several_resting_layers(resting, text):
    model = make_model()
    for place in resting:
        model[place].eval()
    with ActivationHistLogger(model, MemoryWriter()) as hist:
        model(torch.ones(5, 4))
        with pytest.warns(ActivationHistWarning, match=text):
            hist.step()


class Critic(nn.Module):
    """Its activation is called twice in each forward pass."""

    def __init__(self):
        super().__init__()
        self.act, self.last = nn.Tanh(), nn.Linear(4, 4)

    def forward(self, x):
        return self.act(self.last(self.act(x)))


def calls(**options):
    model, writer = Critic(), MemoryWriter()
    hist = ActivationHistLogger(model, writer, per_call=True, **options)
    return model, writer, hist


def test_calls_are_counted_over_the_forward_passes_of_a_step_in_the_order_they_ran():
    model, writer, hist = calls()
    for _ in range(2):
        for size in (1, 2, 3):
            model(torch.ones(size, 4))
        hist.step()
    hist.close()
    found = {key: series.n.tolist() for key, series in writer.histograms.items()}
    assert list(found.items()) == [
        ("act:0", [4, 4]),
        ("last:0", [4, 4]),
        ("act:1", [4, 4]),
        ("act:2", [8, 8]),
        ("last:1", [8, 8]),
        ("act:3", [8, 8]),
        ("act:4", [12, 12]),
        ("last:2", [12, 12]),
        ("act:5", [12, 12]),
    ]


@pytest.mark.parametrize("named", [False, True])
def test_an_evaluation_has_the_calls_of_one_forward_pass(named):
    model, writer = Critic(), MemoryWriter()
    given = {"D": model} if named else model
    options = {"phases": ("train", "eval"), "per_call": True}
    with ActivationHistLogger(given, writer, **options) as hist:
        model(torch.ones(1, 4))
        hist.step()
        model.eval()
        for _ in range(3):
            model(torch.ones(2, 4))
    prefix = "eval/D." if named else "eval/"
    found = {key: int(each.n[0]) for key, each in writer.histograms.items() if "eval" in key}
    assert found == {f"{prefix}{name}": 24 for name in ("act:0", "last:0", "act:1")}


class Doubled(torch.Tensor):
    """Stands for twice the values that it keeps, and computes by itself."""

    @staticmethod
    def __new__(cls, values):
        made = torch.Tensor._make_wrapper_subclass(cls, values.shape, dtype=values.dtype)
        made.values_kept = values
        return made

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        plain = [2 * each.values_kept if isinstance(each, Doubled) else each for each in args]
        return func(*plain, **(kwargs or {}))


class WithScores(nn.Module):
    def forward(self, x):
        record(self, scores=x)
        return x


def run(model, hist, x):
    with hist:
        for _ in range(2):
            model(x)
            hist.step()


def test_a_tensor_with_arithmetic_of_its_own_is_named():
    model = nn.Sequential(WithScores(), nn.Identity())
    hist = ActivationHistLogger(model, MemoryWriter(), on_error="raise")
    with pytest.warns(ActivationHistWarning) as caught:
        run(model, hist, Doubled(torch.ones(3)))
    told = " ".join(str(each.message) for each in caught)
    reason = "hides its values in a Doubled, a tensor with arithmetic of its own: give the plain"
    assert f"record: 'scores' {reason}" in told
    assert f"1 {reason}" in told


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"layers": ["0", "*/scorse"]}, r"layers: '\*/scorse' matches nothing .* '0/scores'"),
        ({"layers": ["0", re.compile("/scorse")]}, "layers: '/scorse' matches nothing"),
        ({"split": {"*/scorse": 0}}, r"split: '\*/scorse' matches nothing"),
        ({"split": {"*.weight": 0}}, r"split: '\*.weight' matches nothing"),
    ],
)
def test_a_pattern_that_named_nothing_in_the_first_step_is_reported(options, told):
    model = nn.Sequential(WithScores(), nn.Linear(4, 2))
    hist = ActivationHistLogger(model, MemoryWriter(), **options)
    with pytest.warns(ActivationHistWarning, match=told) as caught:
        run(model, hist, torch.ones(3, 4))
    assert len(caught) == 1


@pytest.mark.parametrize("per_call", [False, True])
def test_patterns_that_name_something_are_not_reported(per_call):
    shared = WithScores()
    model = nn.Sequential(shared, shared, nn.Linear(4, 2))
    writer = MemoryWriter()
    options = {"layers": ["1/scores", "2"], "split": {"0/scores": -1, nn.Linear: 1}}
    with warnings.catch_warnings():
        warnings.simplefilter("error", ActivationHistWarning)
        hist = ActivationHistLogger(model, writer, per_call=per_call, **options)
        run(model, hist, torch.ones(3, 4))
    scores = next(each for name, each in writer.histograms.items() if name.endswith("/scores"))
    assert scores.slices.n.tolist() == 2 * [[3 if per_call else 6] * 4]


@pytest.mark.parametrize("optimizer_type", [torch.optim.SGD, torch.optim.LBFGS])
def test_an_optimizer_that_keeps_nothing_is_named(optimizer_type):
    model = make_model()
    optimizer = optimizer_type(model.parameters(), lr=0.1)

    def compute():
        optimizer.zero_grad()
        loss = model(torch.ones(5, 4)).square().mean()
        loss.backward()
        return loss

    hist = ActivationHistLogger(model, MemoryWriter(), kinds=("activations", "optimizer_state"))
    optimizer.step(compute)
    hist.step()
    with pytest.warns(ActivationHistWarning, match="optimizer_state: the optimizer keeps no"):
        hist.close()
