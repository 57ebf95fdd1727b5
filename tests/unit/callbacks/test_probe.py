"""`probe_module` on Learners and plain modules."""

import re
from html import unescape

import matplotlib.pyplot as plt
import pytest
import torch
from torch import nn

from tb_activation_hist import LinearBins, probe_module, read_histograms
from tb_activation_hist.core.errors import LayerSelectionError, OptionError
from tests.plugin.test_sharing import Parts


def make_model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Sequential(nn.Linear(4, 8), nn.ReLU()), nn.Linear(8, 2))


def train(model, steps, probe=None):
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    for _ in range(steps):
        loss = model(torch.randn(16, 4)).square().mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if probe is not None:
            probe.step(loss=loss)


def hooks(model):
    return sum(len(module._forward_hooks) for module in model.modules())


def test_a_plain_module_in_memory():
    model = make_model()
    probe = probe_module(model, model[0])
    train(model, 40, probe)
    assert list(probe.histograms) == ["0"]
    assert probe.histograms["0"].steps.tolist() == list(range(1, 41))
    assert (probe.histograms["0"].n == 16 * 8).all()
    probe.close()
    assert hooks(model) == 0
    train(model, 2)
    assert len(probe.histograms["0"]) == 40


def test_with_a_logdir_the_run_is_written_too(tmp_path):
    model = make_model()
    with probe_module(model, "0.*", logdir=tmp_path, bins=LinearBins(40, 0, 10)) as probe:
        train(model, 3, probe)
        assert list(probe.histograms) == ["0.0", "0.1"]
    run = read_histograms(tmp_path)["."]
    assert list(run) == ["0.0", "0.1"]
    assert run["0.1"].scheme == LinearBins(40, 0, 10)
    assert hooks(model) == 0


def test_the_picture_has_a_panel_for_each_layer_with_axes_and_colour_bar():
    model = make_model()
    probe = probe_module(model)
    train(model, 5, probe)
    axes = probe.plot()
    assert [ax.get_title(loc="left") for ax in axes] == ["0.0", "0.1", "1"]
    assert all(ax.get_xlabel() == "step" and ax.get_ylabel() == "value" for ax in axes)
    assert sum(ax.get_ylabel() == "count" for ax in axes[0].figure.axes) == 3
    plt.close("all")


def test_layer_stats_and_their_picture():
    model = make_model()
    probe = probe_module(model, "0.1")
    train(model, 5, probe)
    stats = probe.layer_stats(0)
    assert stats.near_zero.shape == (5,)
    axes = probe.plot_layer_stats("0.1")
    assert axes[2].get_title() == "share with |x| ≤ 0.05"
    assert probe.color_dim(0).get_xlabel() == "step"
    plt.close("all")


def test_repr_says_where_and_how_much_is_recorded(tmp_path):
    model = make_model()
    probe = probe_module(model, model[0], every=3)
    train(model, 7, probe)
    assert repr(probe) == "ModelProbe(in memory, 1 layer, 3 steps recorded, open)"
    probe.close()
    assert repr(probe) == "ModelProbe(in memory, 1 layer, 3 steps recorded, closed)"
    with probe_module(model, "0.*", logdir=tmp_path) as probe:
        train(model, 1, probe)
        assert repr(probe) == f"ModelProbe({str(tmp_path)!r}, 2 layers, 1 step recorded, open)"


def test_names_that_match_nothing_and_what_is_no_model():
    with pytest.raises(LayerSelectionError, match="nothing"):
        probe_module(make_model(), "nothing")
    with pytest.raises(OptionError, match=r"Learner or a torch\.nn\.Module"):
        probe_module("model")


def test_a_learners_following_fits(tmp_path):
    pytest.importorskip("fastai", reason="fastai is an extra")
    from fastai.callback.progress import ProgressCallback
    from fastai.data.core import DataLoaders
    from fastai.learner import Learner

    data = [(torch.randn(4), torch.tensor(0)) for _ in range(32)]
    loader = torch.utils.data.DataLoader(data, batch_size=16)
    learn = Learner(DataLoaders(loader, loader), make_model(), loss_func=nn.CrossEntropyLoss())
    learn.remove_cb(ProgressCallback)
    with learn.no_logging():
        learn.fit(1)
        probe = probe_module(learn, learn.model[0], logdir=tmp_path)
        assert repr(probe).endswith(", 0 layers, 0 steps recorded, open)")
        learn.fit(2)
        assert repr(probe).endswith(", 1 layer, 4 steps recorded, open)")
        assert probe.histograms["0"].steps.tolist() == [1, 2, 3, 4]
        probe.close()
        assert repr(probe).endswith(", 1 layer, 4 steps recorded, closed)")
        learn.fit(1)
    assert len(probe.histograms["0"]) == 4
    assert hooks(learn.model) == 0
    with pytest.raises(LayerSelectionError):
        probe_module(learn, "nothing")


def test_a_probe_shows_its_page_in_a_cell_over_a_picture():
    model = make_model()
    probe = probe_module(model, model[0])
    assert "Nothing was recorded yet" in probe._repr_html_()
    with pytest.raises(OptionError, match="Nothing was recorded yet"):
        probe.interactive()
    train(model, 40, probe)
    html = probe._repr_html_()
    assert len(html) < 500_000
    assert html.count("<iframe") == 1 and 'sandbox="allow-scripts allow-downloads"' in html
    assert 'alt="heatmap"' in html
    (page,) = re.findall(r'srcdoc="([^"]*)"', html)
    answers = Parts(unescape(page)).answers
    assert [run["name"] for run in answers["index"]["runs"]] == ["probe"]
    assert [each["layer"] for each in answers["index"]["series"]] == ["0"]
    assert [scalar["tag"] for scalar in answers["scalars"]] == ["loss"]
    head, arrays = Parts(unescape(page)).tile("probe", "activations/0")
    assert head["columns"] == 40 and arrays["n"][0].tolist() == [16 * 8] * 40
    probe.close()
    small = probe.interactive(columns=8, height_px=300)._repr_html_()
    assert "min-height:300px" in small
    with pytest.raises(OptionError, match="height_px must be a whole number from 100"):
        probe.interactive(height_px=3)
    with pytest.raises(OptionError, match=r"do not fit into 0\.1 MB"):
        probe.interactive(size_mb=0.1)


def test_a_probe_with_a_logdir_shows_its_run_in_a_cell(tmp_path):
    model = make_model()
    with probe_module(model, "0.*", logdir=tmp_path) as probe:
        train(model, 3, probe)
        html = probe.interactive(layers="0.1")._repr_html_()
    (page,) = re.findall(r'srcdoc="([^"]*)"', html)
    answers = Parts(unescape(page)).answers
    assert [each["layer"] for each in answers["index"]["series"]] == ["0.1"]
