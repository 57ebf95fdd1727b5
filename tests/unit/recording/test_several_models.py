"""Several models in one process: their layers' names never mix."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils.tensorboard import SummaryWriter

from tb_activation_hist.core.errors import ActivationHistWarning, OptionError
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tb_activation_hist.storage.run_histograms import read_run


def make_model():
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU())


def step(hist, *models):
    for model in models:
        model(torch.ones(5, 4))
    hist.step()


def test_one_logger_records_several_models_by_name():
    models, writer = {"G": make_model(), "D": make_model()}, MemoryWriter()
    with ActivationHistLogger(models, writer, kinds=("activations", "weights")) as hist:
        for _ in range(2):
            step(hist, models["G"], models["D"], models["D"])
    found = {key: series.n.tolist() for key, series in writer.histograms.items()}
    assert found == {
        "G.0": [40, 40],
        "G.1": [40, 40],
        "D.0": [80, 80],
        "D.1": [80, 80],
        "weights/G.0.weight": [32, 32],
        "weights/G.0.bias": [8, 8],
        "weights/D.0.weight": [32, 32],
        "weights/D.0.bias": [8, 8],
    }
    assert not any(name.startswith("_tb_") for name in models["G"][0].__dict__)


def test_a_layer_is_chosen_with_and_without_the_models_name():
    models = {"G": make_model(), "D": nn.Linear(4, 4)}
    for layers, names in (
        ("0", ["G.0"]),
        ("G.1", ["G.1"]),
        (["D", nn.ReLU], ["G.1", "D"]),
        (models["G"][0], ["G.0"]),
    ):
        with ActivationHistLogger(models, MemoryWriter(), layers=layers) as hist:
            assert hist.layers == names


def test_names_keep_two_loggers_apart(tmp_path):
    g, d = make_model(), make_model()
    with (
        ActivationHistLogger(g, tmp_path, name="G") as first,
        ActivationHistLogger(d, tmp_path, name="D") as second,
    ):
        step(first, g)
        step(second, d)
    assert {key: series.n.tolist() for key, series in read_run(str(tmp_path)).items()} == {
        name: [40] for name in ("G.0", "G.1", "D.0", "D.1")
    }


def as_text(path):
    return str(path)


def as_writer(path):
    return SummaryWriter(path)


@pytest.mark.parametrize("first", [as_text, as_writer])
@pytest.mark.parametrize("second", [as_text, as_writer])
def test_two_loggers_for_the_same_names_and_place_are_refused(tmp_path, first, second):
    with ActivationHistLogger(make_model(), first(tmp_path)) as hist:
        with pytest.raises(OptionError, match=r"layers 0, 1 into .*name='G'.*model=\{"):
            ActivationHistLogger(make_model(), second(tmp_path))
        assert hist.attached


def test_other_names_other_places_and_closed_loggers_are_no_obstacle(tmp_path):
    first = ActivationHistLogger(make_model(), tmp_path)
    for place, options in (
        (tmp_path / "other", {}),
        (MemoryWriter(), {}),
        (tmp_path, {"name": "D"}),
    ):
        ActivationHistLogger(make_model(), place, **options).close()
    first.close()
    ActivationHistLogger(make_model(), tmp_path).close()


def test_a_cell_run_again_with_a_new_model_takes_over(tmp_path):
    model = make_model()
    hist = ActivationHistLogger(model, tmp_path)
    step(hist, model)
    with pytest.warns(ActivationHistWarning, match=r"after 1 steps.*takes over.*name="):
        again = ActivationHistLogger(make_model(), tmp_path)
    assert hist.closed
    again.close()


def test_a_container_that_brings_the_others_weights_is_refused_too(tmp_path):
    options = {"kinds": "weights"}
    with ActivationHistLogger(nn.Sequential(make_model()), tmp_path, layers="0", **options):
        with pytest.raises(OptionError, match=r"layers 0\.0\.weight, 0\.0\.bias into"):
            ActivationHistLogger(nn.Sequential(make_model()), tmp_path, layers="0.0", **options)
        ActivationHistLogger(nn.Sequential(make_model()), tmp_path, layers="0.0").close()


def test_a_logger_that_is_attached_again_takes_over(tmp_path):
    models = [make_model(), make_model()]
    first = ActivationHistLogger(models[0], tmp_path)
    step(first, models[0])
    first.detach()
    second = ActivationHistLogger(models[1], tmp_path)
    step(second, models[1])
    with pytest.warns(ActivationHistWarning, match="takes over"):
        first.attach()
    assert second.closed
    first.close()


@pytest.mark.parametrize("kind", ["add_scalar", "add_histogram"])
@pytest.mark.parametrize("as_target", [as_text, as_writer])
def test_tags_that_hold_something_else_are_reported_at_construction(tmp_path, kind, as_target):
    with SummaryWriter(tmp_path) as writer:
        value = 1.0 if kind == "add_scalar" else torch.ones(3)
        getattr(writer, kind)("activations/0", value, 1)
        writer.add_scalar("loss", 1.0, 1)
        target = writer if as_target is as_writer else as_target(tmp_path)
        writer.flush()
        with pytest.warns(ActivationHistWarning, match=r"uses activations/0 for .*name=") as told:
            ActivationHistLogger(make_model(), target).close()
        assert told[0].filename == __file__
        ActivationHistLogger(make_model(), target, name="G").close()  # warnings are errors here


WRONG = [3, "resnet18", [make_model()], {}, {"G": "g"}, {1: make_model()}, None]


@pytest.mark.parametrize("given", WRONG, ids=repr)
def test_what_is_no_model_is_refused(given):
    with pytest.raises(OptionError, match=r"(?s)model must be .*Module, or a dict .*, but got "):
        ActivationHistLogger(given, MemoryWriter())


def test_a_class_is_told_to_be_made_a_model_first():
    with pytest.raises(OptionError, match=r"That is a class: .* first, Linear\(\.\.\.\)\."):
        ActivationHistLogger(nn.Linear, MemoryWriter())
