"""What is not recorded although it was asked for: layers, tensors and optimizer states."""

from __future__ import annotations

import re
import warnings

import pytest
import torch
from torch import nn

from tb_activation_hist import record
from tb_activation_hist.core.errors import ActivationHistWarning
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tests.unit.recording.logged_training import make_model


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
    [([0], "It is in eval mode: record it"), ([0, 1], "All are in eval mode: record them")],
)
def test_one_and_several_resting_layers(resting, text):
    model = make_model()
    for place in resting:
        model[place].eval()
    with ActivationHistLogger(model, MemoryWriter()) as hist:
        model(torch.ones(5, 4))
        with pytest.warns(ActivationHistWarning, match=text):
            hist.step()


def run(model, hist, x):
    with hist:
        for _ in range(2):
            model(x)
            hist.step()


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


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_layers_without_a_number_that_can_be_counted_are_reported_once(device):
    class Waves(nn.Module):
        def forward(self, x):
            return torch.fft.fft(x)

    model = nn.Sequential(Waves())
    with ActivationHistLogger(model, MemoryWriter()) as hist:
        model(torch.ones(2, 4, device=device))
        with pytest.warns(ActivationHistWarning, match="nothing was counted"):
            hist.step()
        model(torch.ones(2, 4, device=device))
        hist.step()
