"""Errors of what draws: they name what was given, what is there and what to write."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pytest
import torch
from torch import nn

from tb_activation_hist import (
    OptionError,
    probe_module,
    read_histograms,
)
from tb_activation_hist.core.nearest import no_such
from tests.unit.cli.runs import write_bad_and_good
from tests.unit.recording.logged_training import make_model


@pytest.fixture(autouse=True)
def no_figures() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture
def logdir(tmp_path: Path) -> str:
    return write_bad_and_good(tmp_path)


READ: dict[str, Callable[[Any], Any]] = {
    "plot": lambda probe: probe.plot(),
    "color_dim": lambda probe: probe.color_dim(0),
    "layer_stats": lambda probe: probe.layer_stats("0"),
    "hist": lambda probe: probe.hist(0),
    "plot_layer_stats": lambda probe: probe.plot_layer_stats(0),
}


@pytest.mark.parametrize("name", READ)
def test_before_a_training_there_is_nothing_to_draw(name: str) -> None:
    probe = probe_module(make_model())
    with pytest.raises(OptionError, match="nothing has been recorded yet"):
        READ[name](probe)
    probe.close()


@pytest.mark.parametrize("name", READ)
def test_before_a_fit_with_a_directory_as_well(name: str, tmp_path: Path) -> None:
    fastai = pytest.importorskip("tb_activation_hist.fastai", reason="fastai is an extra")
    callback = fastai.ActivationHistCallback(tmp_path / "none")
    with pytest.raises(OptionError, match=r"nothing has been recorded yet \(train first\)"):
        READ[name](callback)


def record(probe: Any, model: nn.Module, steps: int = 3) -> None:
    for _ in range(steps):
        model(torch.randn(5, 4)).sum().backward()
        probe.step()


def test_a_layer_that_was_not_recorded_names_those_that_were() -> None:
    model = make_model()
    with probe_module(model) as probe:
        record(probe, model)
        message = "^layer must be a name or a number from 0 to 2, but got 99.$"
        with pytest.raises(IndexError, match=message):
            probe.color_dim(99)
        with pytest.raises(KeyError, match=r"There is no layer 'conv'\. Layers: '0', '1', '2'\."):
            probe.color_dim("conv")
        assert probe.color_dim(-1) is not None


def test_a_callback_draws_as_a_probe_does(tmp_path: Path) -> None:
    pytest.importorskip("fastai", reason="fastai is an extra")
    from fastai.callback.progress import ProgressCallback
    from fastai.data.core import DataLoaders
    from fastai.learner import Learner

    from tb_activation_hist.fastai import ActivationHistCallback

    data = [(torch.randn(4), torch.tensor(0)) for _ in range(8)]
    loader = torch.utils.data.DataLoader(data, batch_size=4)
    loaders, callback = DataLoaders(loader, loader), ActivationHistCallback(tmp_path)
    learn = Learner(loaders, make_model(), loss_func=nn.CrossEntropyLoss(), cbs=callback)
    learn.remove_cb(ProgressCallback)
    with learn.no_logging():
        learn.fit(1)
    titles = [ax.get_title(loc="left") for ax in learn.activation_hist.plot()]
    assert titles == ["0", "1", "2"]


def test_the_only_layer_of_a_probe_need_not_be_named() -> None:
    model = make_model()
    with probe_module(model, model[0]) as probe:
        record(probe, model)
        for read in ("plot", "color_dim", "layer_stats", "hist", "plot_layer_stats"):
            assert getattr(probe, read)() is not None
        assert probe.series().layer == "0"
    with probe_module(model) as probe:
        record(probe, model)
        message = "layer must be given, because there are 3: '0', '1', '2'."
        with pytest.raises(OptionError, match=f"^{re.escape(message)}$"):
            probe.color_dim()


def test_plot_names_the_nearest_layers(logdir: str) -> None:
    runs = read_histograms(logdir)
    near = "There is no layer 'block.relo'. Nearest: 'block.relu'."
    for histograms in (runs, runs["good"]):
        with pytest.raises(KeyError, match=near):
            histograms.plot(["block.relo"])
        with pytest.raises(KeyError, match=near):
            histograms.plot("block.relo")
    assert len(runs["good"].plot("block.relu")) == 1
    assert runs.plot("block.relu").shape == (1, 2)


def test_what_is_not_near_is_not_called_near(logdir: str) -> None:
    with pytest.raises(KeyError, match=r"There is no run 'nope'\. Runs: 'bad', 'good'\."):
        read_histograms(logdir)["nope"]
    assert no_such("layer", "x", [f"layer{i}" for i in range(12)]).endswith("'layer9' and 2 more.")


def test_a_slice_outside_of_the_recorded_steps(logdir: str) -> None:
    series = read_histograms(logdir)["good"]["block.relu"]
    first, last = series.steps[[0, -1]]
    message = f"^step must be within the recorded steps {first} to {last}, but got 999.$"
    with pytest.raises(OptionError, match=message):
        series.plot_slice(999)
    assert series.plot_slice(int(last)) is not None


@pytest.mark.parametrize("edges", [5, [1], [], [1, 0], [0, float("nan")], [[0, 1]]], ids=str)
def test_edges_that_make_no_bins(edges: Any, logdir: str) -> None:
    message = f"rebin expects two or more ascending edges without NaN, but got {edges!r}."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_histograms(logdir)["good"]["block.relu"].rebin(edges)
