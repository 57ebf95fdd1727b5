"""The size of updates as a logarithm: in the reader, in data frames, in the notebook."""

from __future__ import annotations

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
import torch
from torch import nn

from tb_activation_hist import ActivationHistLogger, OptionError, read_histograms
from tb_activation_hist.notebook.update_ratios import plot_update_ratios

mpl.use("Agg")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run's directory, and by parameter the ratio of each step, computed apart."""
    torch.manual_seed(0)
    logdir = tmp_path_factory.mktemp("run")
    model = nn.Sequential(nn.Linear(8, 16), nn.LayerNorm(16), nn.Linear(16, 1))
    model[2].bias.requires_grad_(False)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    seen: dict[str, list[float]] = {}
    with ActivationHistLogger(model, logdir, kinds=("activations", "updates")) as hist:
        for _ in range(4):
            optimizer.zero_grad()
            model(torch.randn(5, 8)).square().sum().backward()
            before = {name: p.detach().double().clone() for name, p in model.named_parameters()}
            optimizer.step()
            hist.step()
            for name, p in model.named_parameters():
                after, old = p.detach().double(), before[name]
                size = max(old.square().mean(), after.square().mean()).sqrt()
                ratio = (after - old).square().mean().sqrt() / size
                seen.setdefault(name, []).append(float(ratio.log10()))
    return logdir, seen


def test_the_ratio_is_that_of_root_mean_squares(trained):
    run = read_histograms(trained[0])["."]
    for name in ("0.weight", "0.bias", "1.weight", "2.weight"):
        found = run[f"updates/{name}"].update_ratio
        np.testing.assert_allclose(found, trained[1][name], atol=1e-3)


def test_data_frames_of_updates_alone_have_the_column(trained):
    pytest.importorskip("pandas", reason="an extra")
    run = read_histograms(trained[0])["."]
    assert "update_ratio" not in run["0"].to_dataframe()
    own = run["updates/0.weight"].to_dataframe()
    np.testing.assert_array_equal(own["update_ratio"], run["updates/0.weight"].update_ratio)
    table = run.to_dataframe()
    assert (
        table["update_ratio"].notna().tolist() == table["layer"].str.startswith("updates").tolist()
    )


def test_the_picture_has_a_line_for_each_parameter_and_one_at_minus_three(trained):
    run = read_histograms(trained[0])["."]
    ax = run.plot_update_ratios(["0.weight", "updates/2.weight"])
    assert [line.get_label() for line in ax.lines] == ["0.weight", "2.weight", "usual: −3"]
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), run["updates/0.weight"].update_ratio)
    assert set(ax.lines[2].get_ydata()) == {-3.0}
    assert len(run.plot_update_ratios().lines) == 1 + sum(key.startswith("updates") for key in run)
    with pytest.raises(KeyError, match="updates/9"):
        run.plot_update_ratios("9.weight")
    mpl.pyplot.close("all")


def test_of_many_lines_the_outermost_are_named(trained):
    series = read_histograms(trained[0])["."]["updates/0.weight"]
    scales = {f"updates/{each}": 2.0**each for each in range(24)}
    updates = {name: scale_series(series, scale) for name, scale in scales.items()}
    legend = plot_update_ratios(updates).get_legend()
    named = [each.get_text() for each in legend.get_texts()]
    assert named == [*map(str, [23, 22, 21, 20, 19, 18, 5, 4, 3, 2, 1, 0]), "usual: −3"]
    assert "of 24 at the end" in legend.get_title().get_text()
    mpl.pyplot.close("all")


def scale_series(series, scale):
    """The same updates, so many times as large."""
    tallies = replace(series.tallies, sum_sq=series.tallies.sum_sq * scale**2)
    return replace(series, tallies=tallies)


def test_a_run_without_updates_says_how_to_record_them(tmp_path):
    model = nn.Linear(2, 2)
    with ActivationHistLogger(model, tmp_path) as hist:
        model(torch.ones(1, 2))
        hist.step()
    with pytest.raises(OptionError, match=r"Record them with kinds=\['updates'\]"):
        read_histograms(tmp_path)["."].plot_update_ratios()


def test_nothing_changed_is_minus_infinity():
    from tb_activation_hist.core.update_ratio import log10_rms

    np.testing.assert_array_equal(log10_rms([2, 0, 4], [0.0, 0.0, 4.0]), [-np.inf, np.nan, 0.0])
