"""A model that changes while it is recorded: the names go on with the modules it has now."""

from __future__ import annotations

import gc
import warnings
import weakref

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from tb_activation_hist.core.errors import ActivationHistWarning
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.logdir_histograms import read_run
from tb_activation_hist.storage.writer import MemoryWriter

ALL = ("activations", "gradients", "weights", "weight_gradients", "updates")


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Linear(4, 8), nn.Linear(8, 2)

    def forward(self, x):
        return self.head(self.body(x))


class Training:
    def __init__(self, model=None, target=None, **options):
        self.model, self.writer = model or Net(), target or MemoryWriter()
        options = {"kinds": ALL, "on_error": "raise", **options}
        self.hist = ActivationHistLogger(self.model, self.writer, **options)

    def steps(self, count):
        for _ in range(count):
            optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1)
            self.model(torch.ones(5, 4)).sum().backward()
            optimizer.step()
            optimizer.zero_grad()
            self.hist.step()

    def recorded(self):
        self.hist.close()
        return {key: series.n.tolist() for key, series in self.writer.histograms.items()}


def test_a_replaced_layer_goes_on_under_its_name():
    training = Training()
    training.steps(2)
    orphan = weakref.ref(training.model.head)
    training.model.head = nn.Linear(8, 3)
    with pytest.warns(ActivationHistWarning, match="end of step 3: replaced head"):
        training.steps(2)
    gc.collect()
    assert orphan() is None
    training.model.head = nn.Linear(8, 2)
    training.steps(2)
    recorded = training.recorded()
    # The change is noticed at the end of steps 3 and 5; their weights are the new module's.
    assert recorded["head"] == [10, 10, 15, 10]
    assert training.writer.histograms["head"].steps.tolist() == [1, 2, 4, 6]
    assert recorded["weights/head.weight"] == [16, 16, 24, 24, 16, 16]
    assert recorded["body"] == [40] * 6


def test_between_two_fits_nothing_is_missed(tmp_path):
    training = Training(target=str(tmp_path))
    training.steps(1)
    training.hist.detach()
    training.model.head = nn.Linear(8, 3)
    with pytest.warns(ActivationHistWarning, match="replaced head"):
        training.hist.attach()
    training.steps(1)
    training.hist.close()
    run = read_run(str(tmp_path))
    assert run["head"].n.tolist() == [10, 15]
    assert run["weights/head.weight"].n.tolist() == [16, 24]
    assert run.info["changes"] == ["step 2: replaced head"]


def test_layers_come_and_go_and_containers_take_a_leafs_place():
    training = Training(kinds=("activations",))
    training.steps(1)
    training.model.head = nn.Sequential(nn.Linear(8, 3), nn.ReLU())
    with pytest.warns(ActivationHistWarning, match=r"replaced head; added head\.0, head\.1"):
        training.steps(1)
    training.steps(1)
    training.model.head = nn.Identity()
    training.steps(2)
    assert training.hist.layers == ["body", "head"]
    recorded = training.recorded()
    assert recorded["head"] == [10, 15, 40]
    assert recorded["head.0"] == recorded["head.1"] == [15]


@pytest.mark.parametrize("choose", [lambda m: m.head, lambda m: [m.head], lambda m: "head"])
def test_a_chosen_layer_is_its_name(choose):
    model = Net()
    training = Training(model, layers=choose(model), kinds=("activations",))
    training.steps(1)
    model.head = nn.Linear(8, 3)
    with pytest.warns(ActivationHistWarning, match="replaced head"):
        training.steps(2)
    assert training.recorded() == {"head": [10, 15]}


def test_a_layer_that_is_gone_for_good_is_let_go():
    training = Training(layers="head", kinds=("activations",))
    training.steps(1)
    del training.model.head
    training.model.forward = lambda x: training.model.body(x)
    with pytest.warns(ActivationHistWarning, match="removed head"):
        training.steps(2)
    assert training.hist.layers == []


def test_modules_that_are_made_in_the_first_forward_pass_are_no_change():
    class Lazy(Net):
        def forward(self, x):
            if not hasattr(self, "late"):
                self.late = nn.ReLU()
            return self.late(super().forward(x))

    training = Training(Lazy(), kinds=("activations",))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        training.steps(3)
    assert training.recorded()["late"][-2:] == [10, 10]


def test_pruned_weights_go_on_under_their_name():
    training = Training()
    training.steps(1)
    prune.l1_unstructured(training.model.head, "weight", 0.5)
    training.steps(1)
    prune.remove(training.model.head, "weight")
    training.steps(1)
    recorded = training.recorded()
    for kind in ("weights", "weight_gradients", "updates"):
        assert recorded[f"{kind}/head.weight"] == [16] * 3
    assert training.writer.histograms["weights/head.weight"].zeros.tolist()[1] >= 8
    assert not [key for key in recorded if "_orig" in key]


def test_merged_weights_go_on_under_their_name():
    training = Training()
    training.steps(1)
    training.model.head.weight = nn.Parameter(training.model.head.weight * 2)
    training.model.head.lora_A = nn.Parameter(torch.ones(1, 8))
    training.steps(1)
    del training.model.head.lora_A
    training.steps(1)
    assert training.recorded()["weights/head.weight"] == [16] * 3


@pytest.mark.parametrize("normalise", ["weight_norm", "spectral_norm"])
def test_parameters_of_old_normalisations_are_recorded_from_the_next_step(normalise):
    training = Training()
    training.steps(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        getattr(nn.utils, normalise)(training.model.head)
    training.steps(2)
    recorded = training.recorded()
    names = ["weight_g", "weight_v"] if normalise == "weight_norm" else ["weight"]
    for name in names:
        assert recorded[f"weights/head.{name}"][-2:] == recorded[f"updates/head.{name}"][-2:]
        assert recorded[f"weights/head.{name}"][-1] in (2, 16)
