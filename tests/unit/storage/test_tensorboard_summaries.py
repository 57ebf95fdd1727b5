"""Points for TensorBoard's own dashboards."""

import numpy as np
import pytest

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.record_counts import counts_to_occupied
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.storage.tensorboard_summaries import (
    BUCKETS,
    Cadence,
    RecordSummary,
    group_layers,
    layout_summary,
    stock_tag,
)
from tests.records import FakeHost, make_layers, random_rows


def summarise(rows, scheme=FLOAT_BITS):
    host = FakeHost(rows, scheme)
    occupied = counts_to_occupied(scheme, host.counts)
    return RecordSummary(make_layers(len(rows), scheme), occupied, host.tallies, host.moments)


def normal_rows():
    random = np.random.default_rng(1)
    return [
        random.normal(0, 1, 20_000).astype(np.float32),
        np.maximum(random.normal(0, 3, 20_000), 0).astype(np.float32),
        random.normal(100, 0.1, 20_000).astype(np.float32),
        random.normal(0, 1e-6, 20_000).astype(np.float32),
    ]


@pytest.mark.parametrize("scheme", [FLOAT_BITS, LinearBins(2000, -20, 120)], ids=["bits", "linear"])
def test_statistics_are_those_of_the_values(scheme):
    rows = normal_rows()
    statistics = summarise(rows, scheme).statistics()
    np.testing.assert_allclose(statistics["mean"], [r.mean(dtype=float) for r in rows], atol=1e-9)
    np.testing.assert_allclose(statistics["std"], [r.std(dtype=float) for r in rows], rtol=1e-6)
    near = [np.mean(np.abs(r) <= 0.05) for r in rows]
    np.testing.assert_allclose(statistics["near_zero"], near, atol=0.02)
    high = [np.quantile(np.abs(r), 0.99) for r in rows[:3]]
    np.testing.assert_allclose(statistics["abs_p99"][:3], high, rtol=0.07)


def test_all_zeros_are_near_zero_and_nothing_finite_gives_nan():
    rows = [np.zeros(10, np.float32), np.full(10, np.nan, np.float32)]
    statistics = summarise(rows).statistics()
    assert statistics["near_zero"][0] == 1
    assert statistics["abs_p99"][0] == 0
    assert all(np.isnan(values[1]) for values in statistics.values())


def test_a_record_without_any_finite_value():
    summary = summarise([np.full(3, np.nan, np.float32), np.zeros(0, np.float32)])
    assert all(np.isnan(values).all() for values in summary.statistics().values())
    assert not summary.histograms()[:, :, 2].any()


def test_histograms_hold_all_finite_values_between_their_own_ends():
    rows = random_rows(3, 4)
    for values, buckets in zip(rows, summarise(rows).histograms(), strict=True):
        finite = values[np.isfinite(values)]
        assert buckets.shape == (BUCKETS, 3)
        assert buckets[:, 2].sum() == pytest.approx(finite.size)
        assert (buckets[:, 2] >= 0).all()
        assert (buckets[0, 0], buckets[-1, 1]) == (finite.min(), finite.max())
        np.testing.assert_array_equal(buckets[1:, 0], buckets[:-1, 1])


def test_histograms_are_close_to_numpys():
    # Not the third: its values lie in one bin, 4 wide at 100, which is all that is known of them.
    rows = [normal_rows()[index] for index in (0, 1, 3)]
    for values, buckets in zip(rows, summarise(rows).histograms(), strict=True):
        expected, _ = np.histogram(values, np.append(buckets[:, 0], buckets[-1, 1]))
        assert np.abs(np.cumsum(buckets[:, 2] - expected)).max() < 0.03 * values.size


def test_constant_and_empty_rows_follow_tensorboards_convention():
    rows = [np.full(9, 2.5, np.float32), np.zeros(0, np.float32)]
    constant, empty = summarise(rows).histograms()
    assert (constant[:, :2] == 2.5).all()
    np.testing.assert_array_equal(constant[:, 2], [0] * (BUCKETS - 1) + [9])
    assert not empty.any()


def test_cadence_is_even_then_thins_by_doubling():
    cadence = Cadence(8, stride=1)
    due = [index for index in range(33) if cadence.next()]
    assert due == [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32]


def test_cadence_starts_with_the_first_record_and_keeps_its_stride():
    cadence = Cadence(8, stride=2)
    assert [index for index in range(17) if cadence.next()] == [0, 2, 4, 6, 8, 12, 16]


def test_cadence_of_no_points():
    cadence = Cadence(0, stride=1)
    assert not any(cadence.next() for _ in range(10))


def test_layers_are_grouped_by_module_kind_and_phase():
    infos = [
        LayerInfo("fc", order=3),
        LayerInfo("layer1.conv", order=1),
        LayerInfo("layer1.relu", order=2),
        LayerInfo("layer1.conv", "gradients", order=1),
        LayerInfo("layer1.conv", phase="eval", order=1),
    ]
    groups = {title: [info.layer for info in group] for title, group in group_layers(infos).items()}
    assert groups == {
        "layer1": ["layer1.conv", "layer1.relu"],
        "model": ["fc"],
        "gradients/layer1": ["layer1.conv"],
        "eval/layer1": ["layer1.conv"],
    }


def test_layout_charts_every_layer_and_its_patterns_match_whole_tags():
    import re

    from tensorboard.plugins.custom_scalar.layout_pb2 import Layout

    infos = [LayerInfo("a.b"), LayerInfo("a.bc", order=1)]
    value = layout_summary(infos).value[0]
    layout = Layout.FromString(value.tensor.string_val[0])
    assert [category.title for category in layout.category] == ["All layers", "a"]
    margins = [c.margin for c in layout.category[1].chart if c.HasField("margin")]
    assert [m.series[0].value for m in margins] == [stock_tag("mean", info) for info in infos]
    lines = layout.category[0].chart[0].multiline.tag
    tags = [stock_tag("mean", info) for info in infos]
    assert [[bool(re.match(line, tag)) for tag in tags] for line in lines] == [
        [True, False],
        [False, True],
    ]
