"""Every way to name layers."""

from __future__ import annotations

import re
import warnings

import pytest
import torch
from torch import nn
from torch.nn.parallel import DataParallel
from torch.nn.utils import parametrizations

from tb_activation_hist.capture.select import select_layers, unwrap
from tb_activation_hist.core.errors import LayerSelectionError


def make():
    model = nn.Sequential()
    model.conv1 = nn.Conv2d(1, 2, 3)
    for number in range(1, 5):
        stage = nn.Sequential(nn.Conv2d(2, 2, 3), nn.ReLU())
        setattr(model, f"layer{number}", stage)
    model.fc = nn.Linear(2, 2)
    return model


def names(selection, model=None):
    return [layer.name for layer in select_layers(make() if model is None else model, selection)]


STAGES = ["layer1", "layer2", "layer3", "layer4"]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (["conv1", "layer[1-4]"], ["conv1", *STAGES]),
        ("layer[1-4]", STAGES),
        ("layer1", ["layer1"]),
        ("layer1*", ["layer1", "layer1.0", "layer1.1"]),
        (["fc", "conv1"], ["conv1", "fc"]),
        (re.compile(r"^layer\d$"), STAGES),
        (nn.ReLU, [f"{stage}.1" for stage in STAGES]),
        ([nn.Linear, "layer2.0"], ["layer2.0", "fc"]),
        (lambda name, module: name.startswith("layer1."), ["layer1.0", "layer1.1"]),
        (lambda module: isinstance(module, nn.Linear), ["fc"]),
        (("conv1",), ["conv1"]),
    ],
)
def test_selection(selection, expected):
    assert names(selection) == expected


def test_none_takes_all_leaf_modules_with_and_without_parameters():
    expected = ["conv1", *(f"{s}.{i}" for s in STAGES for i in (0, 1)), "fc"]
    assert names(None) == expected


def test_module_objects():
    model = make()
    assert names(model.layer3, model) == ["layer3"]
    assert names([model.fc, model.conv1], model) == ["conv1", "fc"]
    assert names(DataParallel(model.layer2), model) == ["layer2"]


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ("layr1", r"'layr1' matches no module .* Nearest names: layer1"),
        ("layer[5-9]", r"'layer\[5-9\]' matches no module .* Nearest names: "),
        (["conv1", "zz"], r"'zz' matches no module .* Its layers: conv1, layer1\.0"),
        (re.compile("nowhere"), "'nowhere' matches no module"),
        (nn.LSTM, "LSTM.* matches no module"),
        (nn.Linear(1, 1), "matches no module"),
        ([], r"layers must be None, a name, .* but got \[\]"),
        (3, "layers must be None, .* but got 3"),
        ([3], "An entry of layers must be .* but got 3"),
    ],
)
def test_nothing_matched_says_what_there_is(selection, message):
    with pytest.raises(LayerSelectionError, match=message) as caught:
        names(selection)
    assert isinstance(caught.value, ValueError)


def test_a_shared_module_is_one_layer_and_answers_to_all_its_names():
    model = nn.Module()
    model.first = nn.Sequential(nn.Linear(1, 1))
    model.second = model.first
    assert names(None, model) == ["first.0"]
    assert names("second.0", model) == names("second.*", model) == ["first.0"]


def test_wrappers_leave_no_trace_in_names():
    model = make()
    wrapped = torch.compile(DataParallel(model))
    assert unwrap(wrapped) is model
    assert names(None, wrapped) == names(None, model)
    model.layer1 = torch.compile(model.layer1)
    assert names("layer1.*", model) == ["layer1.0", "layer1.1"]


def test_containers_without_a_forward_and_parametrizations_are_no_layers():
    model = nn.Sequential(parametrizations.weight_norm(nn.Linear(2, 2)))
    model.empty = nn.ModuleList()
    assert names("*", model)[:2] == ["Sequential", "0"]
    assert names(None, model) == ["0"], "the layer itself is recorded like any other"


def test_a_model_that_is_one_leaf_goes_by_its_type():
    assert names(None, nn.Linear(1, 1)) == ["Linear"]


def test_fabrics_wrapper_leaves_no_trace_in_names():
    from lightning.fabric import Fabric

    fabric = Fabric(accelerator="cpu", devices=1)
    model = fabric.setup_module(nn.Sequential(nn.Linear(2, 2), nn.ReLU()))
    assert [layer.name for layer in select_layers(model)] == ["0", "1"]


def test_layers_in_quantisation_aware_training_are_the_real_ones():
    from torch.ao import quantization

    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2)).train()
    model.qconfig = quantization.get_default_qat_qconfig("x86")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        quantization.prepare_qat(model, inplace=True)
    assert [layer.name for layer in select_layers(model)] == ["0", "1", "2", "3"]
