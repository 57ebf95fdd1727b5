"""A model that changes while it is recorded: the names go on with the modules it has now."""

from __future__ import annotations

import gc
import warnings
import weakref

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune
from torch.nn.utils.parametrize import remove_parametrizations

from tb_activation_hist.core.errors import ActivationHistWarning
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tb_activation_hist.storage.run_histograms import read_run

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
    assert recorded["head"] == recorded["gradients/head"] == [10, 10, 15, 15, 10, 10]
    for kind in ("weights", "weight_gradients", "updates"):
        assert recorded[f"{kind}/head.weight"] == [16, 16, 24, 24, 16, 16]
    assert recorded["body"] == [40] * 6


def test_a_replacement_behind_torchs_back_is_noticed_too():
    training = Training(kinds=("activations", "updates"), every=3)
    training.steps(3)
    training.model._modules["head"] = nn.Linear(8, 3)
    with pytest.warns(ActivationHistWarning, match="end of step 4: replaced head"):
        training.steps(3)
    training.model._modules["head"] = nn.Linear(8, 2)
    training.steps(3)
    recorded = training.recorded()
    assert recorded["head"] == [10, 10, 15, 10]
    assert recorded["updates/head.weight"] == [16, 16, 24, 16]


class CallsItsParts(Net):
    """Like a LightningModule, whose own forward pass a training does not call."""

    def __call__(self, x):
        return self.forward(x)


def test_where_the_model_is_not_called_all_but_the_first_layer_are_noticed_in_the_step():
    training = Training(CallsItsParts(), kinds=("activations",))
    training.steps(1)
    training.model.head = nn.Linear(8, 3)
    with pytest.warns(ActivationHistWarning, match="end of step 2: replaced head"):
        training.steps(1)
    training.model.body = nn.Linear(4, 8)
    training.steps(2)
    training.recorded()
    steps = {key: series.steps.tolist() for key, series in training.writer.histograms.items()}
    assert steps == {"body": [1, 2, 4], "head": [1, 2, 3, 4]}


def test_an_evaluation_after_a_change_has_the_new_layers():
    training = Training(kinds=("activations",), phases=("train", "eval"))
    training.steps(1)
    training.model.head = nn.Linear(8, 3)
    training.model.eval()
    with pytest.warns(ActivationHistWarning, match="replaced head"):
        training.model(torch.ones(5, 4))
    assert training.recorded()["eval/head"] == [15]


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
    assert recorded["head"] == [10, 15, 15, 40, 40]
    assert recorded["head.0"] == recorded["head.1"] == [15, 15]


@pytest.mark.parametrize("choose", [lambda m: m.head, lambda m: [m.head], lambda m: "head"])
def test_a_chosen_layer_is_its_name(choose):
    model = Net()
    training = Training(model, layers=choose(model), kinds=("activations",))
    training.steps(1)
    model.head = nn.Linear(8, 3)
    with pytest.warns(ActivationHistWarning, match="replaced head"):
        training.steps(2)
    assert training.recorded() == {"head": [10, 15, 15]}


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


def old(name):
    """Torch's older way to normalise weights, on and off."""

    def switch_on(layer):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            getattr(nn.utils, name)(layer)

    return switch_on, getattr(nn.utils, f"remove_{name}")


def new(name):
    """Torch's newer way."""
    return getattr(parametrizations, name), lambda layer: remove_parametrizations(layer, "weight")


def pruned():
    def switch_on(layer):
        prune.l1_unstructured(layer, "weight", 0.5)

    return switch_on, lambda layer: prune.remove(layer, "weight")


SPLIT = {"weight": [1, 2, 5, 6], "weight_g": [3, 4], "weight_v": [3, 4]}
SAME = {"weight": [1, 2, 3, 4, 5, 6]}


@pytest.mark.parametrize(
    ("ways", "steps"),
    [
        (old("weight_norm"), SPLIT),
        (new("weight_norm"), SPLIT),
        (old("spectral_norm"), SAME),
        (new("spectral_norm"), SAME),
        (pruned(), SAME),
    ],
    ids=["weight_norm", "new weight_norm", "spectral_norm", "new spectral_norm", "pruning"],
)
def test_a_layer_whose_parameters_change_goes_on_and_the_run_notes_it(tmp_path, ways, steps):
    switch_on, switch_off = ways
    training = Training(target=str(tmp_path))
    for change in (None, switch_on, switch_off):
        if change is not None:
            change(training.model.head)
        training.steps(2)  # warnings are errors here
    training.hist.close()
    run = read_run(str(tmp_path))
    assert run.info["changes"] == [f"step {n}: changed parameters of head" for n in (3, 5)]
    assert run["head"].n.tolist() == run["gradients/head"].n.tolist() == [10] * 6
    for kind in ("weights", "weight_gradients", "updates"):
        found = {key: s for key, s in run.items() if key.startswith(f"{kind}/head.weight")}
        assert {key.rpartition(".")[2]: s.steps.tolist() for key, s in found.items()} == steps
        for key, series in found.items():
            assert set(series.n.tolist()) == {2 if key.endswith("_g") else 16}


def test_a_layer_that_is_normalised_from_the_beginning_has_the_same_names():
    model = Net()
    parametrizations.weight_norm(model.head)
    parametrizations.orthogonal(model.body, orthogonal_map="householder")
    with ActivationHistLogger(model, MemoryWriter(), kinds="weights") as hist:
        hist.step()
        found = sorted(hist.writer.histograms)
    assert found == [
        *("weights/body.bias", "weights/body.weight"),
        *("weights/head.bias", "weights/head.weight_g", "weights/head.weight_v"),
    ]
