"""Pictures: what is drawn, read back from the axes."""

import inspect

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import LogNorm

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.joining import join_series
from tb_activation_hist.core.plot_options import (
    DifferencePlotOptions,
    LayersPlotOptions,
    RunsPlotOptions,
    SeriesPlotOptions,
    SlicePlotOptions,
)
from tb_activation_hist.notebook.heatmap import series_to_heatmap, step_edges
from tb_activation_hist.notebook.plot import (
    plot_difference,
    plot_layers,
    plot_runs,
    plot_series,
    plot_slice,
    series_to_png,
)
from tb_activation_hist.notebook.value_axis import value_axis
from tb_activation_hist.notebook.value_range import automatic_range, common_range
from tb_activation_hist.storage.tensorboard_histograms import buckets_to_series
from tests.series import values_to_series


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def make_series(scale=1.0, records=20, layer="conv", odd=False):
    random = np.random.default_rng(0)
    values = [random.normal(0, scale, 2000) for _ in range(records)]
    if odd:
        values[3][:5] = np.nan
    return values_to_series(values, layer=layer)


def cells(ax):
    return ax.collections[0].get_array()


def test_a_panel_shows_the_counts_of_its_cells():
    series = make_series()
    ax = plot_series(series, lo=-2, hi=2, rows=16)
    expected = series.rebin(np.linspace(-2, 2, 17)).T
    np.testing.assert_allclose(cells(ax), expected)
    assert isinstance(ax.collections[0].norm, LogNorm)
    assert ax.collections[0].cmap.name == "viridis"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step", "value")
    assert ax.get_ylim() == (-2, 2)
    assert ax.figure.axes[1].get_ylabel() == "count"


def test_what_lies_outside_is_said():
    ax = plot_series(make_series(), lo=-1, hi=1)
    assert ax.get_title(loc="right") == "31.9% outside"
    assert not plot_series(make_series(), lo=-9, hi=9).get_title(loc="right")


def test_steps_with_non_finite_values_are_marked():
    ax = plot_series(make_series(odd=True))
    assert ax.lines[0].get_xdata().tolist() == [3]
    assert not plot_series(make_series()).lines


def lines_of(ax):
    return [line.get_ydata()[0] for line in ax.lines]


def test_a_number_format_has_lines_and_a_strip():
    series = make_series(2.0**-10, odd=True)
    ax = plot_series(series, scale="symlog", number_format="e4m3", format_scale=2.0**4)
    normal, zero = 15 * 2.0**-14, 2.0**-14
    # The first is the mark of the step with NaN.
    assert lines_of(ax)[1:] == [normal, -normal, zero, -zero]
    (strip,) = ax.child_axes
    lost = series.format_loss("e4m3", 2.0**4).lost
    np.testing.assert_array_equal(strip.patches[0].get_data().values, lost)
    assert strip.texts[0].get_text() == f"e4m3: at most {lost.max():.2%} lost"
    assert (ax.get_xlabel(), strip.get_xlabel()) == ("", "step")
    ax.figure.draw_without_rendering()
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["NaN or ±∞", "e4m3: subnormal", "e4m3: 0"]


def test_grids_and_runs_have_strips_too():
    layers = {"one": make_series(), "two": make_series(3.0)}
    for axes in (
        plot_layers(layers, number_format="bf16"),
        plot_runs({"a": layers, "b": {"two": make_series()}}, number_format="bf16"),
    ):
        drawn = [ax for ax in axes.ravel() if ax.child_axes]
        assert len(drawn) == axes.size - (axes.ndim - 1)
        words = {ax.child_axes[0].texts[0].get_text() for ax in drawn}
        assert words == {"bf16: at most 0.00% lost"}


def test_a_strip_says_where_nothing_can_be_reported():
    foreign = buckets_to_series([1], [1.0], [np.array([[0.0, 1.0, 3.0]])], "fc")
    (strip,) = plot_series(foreign, number_format="fp16").child_axes
    assert strip.texts[0].get_text() == "fp16: unknown"
    with pytest.raises(OptionError, match="no number format 'fp4'"):
        plot_series(make_series(), number_format="fp4")


def test_a_grid_has_a_panel_for_each_layer():
    layers = {name: make_series() for name in "abcd"}
    axes = plot_layers(layers, columns=3)
    assert [ax.get_title(loc="left") for ax in axes] == list("abcd")


def test_runs_side_by_side_share_value_axis_and_colours():
    runs = {
        "slow": {"a": make_series(1), "b": make_series(1)},
        "fast": {"a": make_series(50, records=9)},
    }
    axes = plot_runs(runs, scale="symlog")
    assert axes.shape == (2, 2)
    assert axes[0, 0].get_ylim() == axes[0, 1].get_ylim()
    assert axes[0, 0].get_yscale() == "symlog"
    assert axes[0, 0].collections[0].norm is axes[0, 1].collections[0].norm
    assert [ax.get_title() for ax in axes[0]] == ["slow", "fast"]
    assert [ax.get_ylabel() for ax in axes[:, 0]] == ["a", "b"]
    assert axes[1, 1].texts[0].get_text() == "not recorded"


def test_a_difference_is_of_shares_over_common_steps():
    one, other = make_series(1, records=10), make_series(1, records=20)
    ax = plot_difference(one, other, lo=-3, hi=3, rows=8)
    assert cells(ax).shape == (8, 10)
    np.testing.assert_allclose(cells(ax), 0, atol=1e-9)
    wider = plot_difference(make_series(1), make_series(2), lo=-1, hi=1, rows=1)
    assert (cells(wider) > 20).all()


def test_a_difference_without_common_steps():
    other = values_to_series([np.ones(3)], steps=[99])
    with pytest.raises(OptionError, match="none in common"):
        plot_difference(make_series(), other)


def test_a_slice_takes_the_nearest_step():
    ax = plot_slice({"a": make_series(), "b": make_series(2)}, step=7)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["a, step 7", "b, step 7"]
    last = plot_slice(make_series(), lo=-9, hi=9)
    assert last.patches[0].get_data().values.sum() == pytest.approx(1)
    assert last.get_legend().get_texts()[0].get_text() == "conv, step 19"


def test_notebooks_get_a_picture():
    series = make_series()
    assert series_to_png(series).startswith(b"\x89PNG")
    assert series._repr_png_().startswith(b"\x89PNG")
    assert "20 records, 40,000 values" in series._repr_html_()
    assert not plt.get_fignums()


@pytest.mark.parametrize("values", [[], [np.zeros(0)], [np.zeros(5)], [np.full(5, np.nan)]])
def test_odd_series_can_be_drawn(values):
    series = make_series().take(slice(0, 0)) if not values else values_to_series(values)
    ax = plot_series(series)
    assert ax.get_ylim()[0] < ax.get_ylim()[1]


def test_nothing_to_draw_is_said():
    with pytest.raises(OptionError, match="no layers to draw"):
        plot_layers({})


def test_the_range_leaves_out_half_a_thousandth_at_each_end_and_has_room():
    values = np.concatenate([np.random.default_rng(0).normal(0, 1, 100_000), [1e30, -1e30]])
    low, high = automatic_range([values_to_series([values])])
    room = 0.02 * 2 * 3.29
    assert low == pytest.approx(-3.29 - room, abs=0.2)
    assert high == pytest.approx(3.29 + room, abs=0.2)


def test_neither_a_run_nor_its_end_flattens_the_others():
    calm, explosion = make_series(1), make_series(1, records=8)
    for size in (1e9, 1e30):
        end = values_to_series(
            [np.random.default_rng(1).normal(0, size, 2000)] * 4, steps=range(8, 12)
        )
        low, high = automatic_range([calm, join_series([explosion, end]), make_series(size)])
        assert -9 < low < -3 < 3 < high < 9


def test_sizes_of_an_explosion_do_not_count():
    common = common_range([make_series(1), make_series(1e12)])
    assert common is not None
    assert max(common.sizes) < 10
    assert common_range([values_to_series([np.full(5, np.nan)])]) is None


def test_a_symlog_axis_shows_a_small_run_beside_a_large_one():
    axis = value_axis([make_series(1), make_series(1e6)], scale="symlog")
    inside = ((axis.edges > -3) & (axis.edges < 3)).sum()
    assert inside >= 6
    assert (np.diff(axis.edges) > 0).all()


@pytest.mark.parametrize(
    ("options", "said"),
    [({"scale": "log"}, "'linear' or 'symlog'"), ({"lo": 2, "hi": 1}, "larger")],
)
def test_wrong_axes_are_refused(options, said):
    with pytest.raises(OptionError, match=said):
        value_axis([make_series()], **options)


def test_long_series_are_pooled_without_loss():
    series = make_series(records=50)
    heatmap = series_to_heatmap(series, value_axis([series], lo=-99, hi=99), max_columns=20)
    assert heatmap.counts.shape[1] == 17
    assert heatmap.counts.sum() == 50 * 2000
    assert heatmap.outside == 0


def test_step_edges():
    assert step_edges(np.array([1.0, 2.0, 4.0])).tolist() == [0.5, 1.5, 3, 5]
    assert step_edges(np.array([7.0])).tolist() == [6.5, 7.5]


@pytest.mark.parametrize(
    ("plot", "options"),
    [
        (plot_series, SeriesPlotOptions),
        (plot_difference, DifferencePlotOptions),
        (plot_slice, SlicePlotOptions),
        (plot_layers, LayersPlotOptions),
        (plot_runs, RunsPlotOptions),
    ],
)
def test_type_checkers_know_what_may_be_given(plot, options):
    parameters = inspect.signature(plot).parameters.values()
    named = {each.name: each.annotation for each in parameters if each.kind is each.KEYWORD_ONLY}
    typed = {name: given.__forward_arg__ for name, given in options.__annotations__.items()}
    assert typed == named
    assert options.__required_keys__ == frozenset()
