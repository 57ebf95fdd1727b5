"""What a notebook shows of a log directory: pictures, tables and data frames at every level."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

from tb_activation_hist import OptionError, read_histograms
from tb_activation_hist.storage.logdir_histograms import LogdirHistograms
from tests.unit.cli.runs import RECORDS, collapsed_layers, healthy_layers, write_run

mpl.use("Agg")
LINEAR, RELU = "block.linear", "block.relu"


@pytest.fixture
def runs(tmp_path: Path) -> LogdirHistograms:
    write_run(tmp_path / "good", healthy_layers())
    write_run(tmp_path / "b<a>d", collapsed_layers())
    return read_histograms(tmp_path)


@pytest.fixture(autouse=True)
def _close_figures():
    from matplotlib import pyplot as plt

    yield
    plt.close("all")


def test_one_layer_is_a_panel(runs: LogdirHistograms) -> None:
    ax = runs["good"][LINEAR].plot(scale="symlog", title="here")
    assert ax.get_title(loc="left") == "here"
    assert ax.get_yscale() == "symlog"
    lo, hi = ax.get_xlim()
    assert (round(lo), round(hi)) == (0, RECORDS) or (lo, hi) == (0.5, RECORDS + 0.5)


def test_a_run_is_a_grid_of_its_layers(runs: LogdirHistograms) -> None:
    axes = runs["good"].plot()
    assert [ax.get_title(loc="left") for ax in axes] == [LINEAR, RELU]
    assert len(runs["good"].plot([RELU])) == 1


def test_runs_stand_side_by_side(runs: LogdirHistograms) -> None:
    axes = runs.plot([RELU])
    assert axes.shape == (1, 2)
    assert [ax.get_title() for ax in axes[0]] == list(runs)
    assert axes[0, 0].get_ylim() == axes[0, 1].get_ylim()


def test_a_difference_and_a_slice(runs: LogdirHistograms) -> None:
    one, other = runs["good"][RELU], runs["b<a>d"][RELU]
    mesh = one.plot_difference(other).collections[0].get_array()
    assert np.any(mesh > 0)
    assert np.any(mesh < 0)
    (text,) = one.plot_slice(10).get_legend().get_texts()
    assert text.get_text() == f"{RELU}, step 10"


def test_an_unknown_layer_names_the_nearest(runs: LogdirHistograms) -> None:
    with pytest.raises(KeyError, match=RELU):
        runs["good"].plot(["block.rely"])
    with pytest.raises(OptionError, match="no layers to draw"):
        runs.plot([])


def test_data_frames_of_runs_and_layers(runs: LogdirHistograms) -> None:
    table = runs.to_dataframe()
    assert list(table.columns[:3]) == ["run", "layer", "step"]
    assert len(table) == 4 * RECORDS
    own = table[(table.run == "good") & (table.layer == LINEAR)]
    assert own["std"].to_numpy() == pytest.approx(runs["good"][LINEAR].std)
    counts = runs["good"].to_dataframe(counts=True)
    total = counts.groupby(["layer", "step"])["count"].sum()
    assert total[(RELU, 1)] == runs["good"][RELU].n[0]


def test_tables_of_what_there_is(runs: LogdirHistograms) -> None:
    assert "<td>b&lt;a&gt;d</td><td>2</td>" in runs._repr_html_()
    assert f"<td>{RELU}</td><td>ReLU</td>" in runs["good"]._repr_html_()
    series = runs["good"][RELU]
    assert series._repr_png_().startswith(b"\x89PNG")
    assert f"{RECORDS} records" in series._repr_html_()
