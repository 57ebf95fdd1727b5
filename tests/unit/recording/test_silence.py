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

from tb_activation_hist.core.errors import ActivationHistWarning
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tests.unit.recording.logged_training import make_model


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


class TwoHeads(nn.Module):
    """Another head for each of two tasks; `late` runs from the second turn on."""

    def __init__(self):
        super().__init__()
        self.body, self.early, self.late = nn.Linear(4, 8), nn.Linear(8, 2), nn.Linear(8, 2)

    def forward(self, x, late):
        return (self.late if late else self.early)(self.body(x))


@pytest.mark.parametrize("cleared", [False, True])
def test_the_head_of_a_task_that_has_its_turn_later_is_no_trouble(cleared):
    model = TwoHeads()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with ActivationHistLogger(model, MemoryWriter()) as hist:
            for step in range(20):
                optimizer.zero_grad()
                model(torch.randn(5, 4), late=step >= 10).square().sum().backward()
                optimizer.step()
                if cleared:
                    optimizer.zero_grad()
                hist.step()
    assert [str(each.message) for each in told] == []


class UsesWeights(nn.Module):
    """Computes with a layer's weights and never calls it."""

    def __init__(self):
        super().__init__()
        self.body, self.inner = nn.Linear(4, 8), nn.Linear(8, 2)

    def forward(self, x):
        return nn.functional.linear(self.body(x), self.inner.weight)


def test_a_layer_whose_weights_are_used_without_calling_it_is_reported_at_once():
    (told,) = use(UsesWeights(), {}, trains_with_an_optimizer, steps=True)
    assert "1 of 2 layers did not run in the first step" in told
    assert "A parent module may use a layer's weights" in told


class Attends(nn.Module):
    """Its attention uses ``out_proj`` and never calls it."""

    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(4, 2)

    def forward(self, x):
        return self.attention(x, x, x)[0]


def test_the_projection_of_an_attention_is_no_trouble():
    assert use(Attends(), {}, trains_with_an_optimizer, steps=True) == []


def test_a_penalty_on_all_weights_does_not_use_a_head_that_has_its_turn_later():
    model = TwoHeads()
    optimizer = torch.optim.Adam(model.parameters())

    def act(_):
        optimizer.zero_grad(set_to_none=False)
        penalty = sum(each.square().sum() for each in model.parameters())
        (model(torch.randn(5, 4), late=False).sum() + 0.01 * penalty).backward()
        optimizer.step()

    assert use(model, {}, act, steps=True) == []


def test_gradients_that_were_set_to_0_do_not_use_a_head_that_has_its_turn_later():
    model = TwoHeads()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(torch.ones(5, 4), late=True).sum().backward()

    def act(_):
        optimizer.zero_grad(set_to_none=False)
        model(torch.ones(5, 4), late=False).sum().backward()
        optimizer.step()

    assert use(model, {}, act, steps=True) == []
