"""Series of trainings that resumed, began again or ran twice at one time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.joining import join_series
from tb_activation_hist.core.names import PLUGIN_NAME, RUN_INFO_TAG, LayerInfo
from tb_activation_hist.plugin.series_cache import SeriesCache
from tests.plugin.fake_provider import FakeDataProvider
from tests.plugin.loading import CONV, KEY, assert_equal_records, load
from tests.plugin.logdirs import healthy_values, later
from tests.series import values_to_series


def test_after_a_resume_the_later_records_win() -> None:
    series = values_to_series(healthy_values(64, 50))
    again = later(values_to_series(healthy_values(40, 50, seed=5)), 40, 1000.0)
    cache, data = SeriesCache(), FakeDataProvider()
    data.add_series("run", CONV, series)
    load(cache, data)
    data.add_series("run", CONV, again, session=2)
    loaded = load(cache, data)[KEY]
    held = loaded.series
    assert held.steps.tolist() == list(range(80))
    assert_equal_records(held, join_series([series, again]))
    np.testing.assert_array_equal(held.mean[40:], again.mean)
    assert loaded.missing == 0


def test_an_abandoned_tail_is_left_out_and_reported_once_a_run() -> None:
    series = values_to_series(healthy_values(100, 50))
    cache, data = SeriesCache(), FakeDataProvider()
    other = LayerInfo("conv2", order=1)
    for info in (CONV, other):
        data.add_series("run", info, series)
    load(cache, data)
    assert cache.warnings == {}
    again = later(series, 40, 1000.0)
    for end in (20, 40, 60):
        for info in (CONV, other):
            fresh = again.take(slice(end - 20, end))
            data.add_series("run", info, fresh, session=2, first=end - 20)
        held = load(cache, data)[KEY].series
        assert_equal_records(
            held, join_series([series.take(slice(0, 40)), again.take(slice(0, end))])
        )
    (told,) = cache.warnings.items()
    assert told[0] == KEY._replace(tag=RUN_INFO_TAG)
    assert "started again at step 40" in told[1]


def test_two_processes_that_write_at_one_time_are_reported() -> None:
    series = values_to_series(healthy_values(96, 50))
    cache, data = SeriesCache(), FakeDataProvider()
    one, two = series.take(slice(0, 64)), later(series, 0, 40.0)
    data.add_series("run", CONV, one)
    load(cache, data)
    data.add_series("run", CONV, two.take(slice(0, 32)), session=2)
    assert_equal_records(load(cache, data)[KEY].series, join_series([one, two.take(slice(0, 32))]))
    data.add_series("run", CONV, two.take(slice(32, 48)), session=2, first=32)
    assert_equal_records(load(cache, data)[KEY].series, join_series([one, two.take(slice(0, 48))]))
    assert "Two loggers wrote this run" in cache.warnings[KEY._replace(tag=RUN_INFO_TAG)]


def test_a_session_that_goes_on_behind_a_later_one_gets_its_records_back() -> None:
    series = values_to_series(healthy_values(96, 50))
    cache, data = SeriesCache(), FakeDataProvider()
    data.add_series("run", CONV, series.take(slice(0, 64)))
    data.add_series("run", CONV, later(series.take(slice(0, 8)), 30, 70.0), session=2)
    assert load(cache, data)[KEY].series.steps.tolist() == list(range(38))
    data.add_series("run", CONV, later(series.take(slice(64, 96)), 0, 50.0), first=64)
    assert load(cache, data)[KEY].series.steps.tolist() == list(range(96))


def test_blocks_that_tensorboard_drops_take_their_records_away() -> None:
    series = values_to_series(healthy_values(160, 50))
    cache, data = SeriesCache(), FakeDataProvider()
    data.add_series("run", CONV, series.take(slice(0, 96)))
    load(cache, data)
    datums = data.datums(PLUGIN_NAME, "run", CONV.tag)
    del datums[1]
    data.add_series("run", CONV, series.take(slice(96, 160)), first=96)
    loaded = load(cache, data)[KEY]
    expected = series.take(np.r_[0:32, 64:160])
    np.testing.assert_array_equal(loaded.series.steps, expected.steps)
    assert loaded.missing == 32
    assert "dropped 32 of 160 records" in loaded.hint
    assert "--samples_per_plugin=activation_hist=0" in loaded.hint


@pytest.mark.parametrize("stride", [1, 10])
@pytest.mark.parametrize("back_to", [64, 40, 0])
def test_a_tail_that_the_fast_loader_dropped_is_reported_as_abandoned(
    stride: int, back_to: int
) -> None:
    """That loader drops what was written from a block's step on, when steps go back to it."""
    cache, data = SeriesCache(), FakeDataProvider()
    series = stretch(values_to_series(healthy_values(130, 50)), stride)
    data.add_series("run", CONV, series.take(slice(0, 100)))
    load(cache, data)
    datums = data.datums(PLUGIN_NAME, "run", CONV.tag)
    again = later(series, back_to * stride, 1000.0).take(slice(0, 20))
    datums[:] = [datum for datum in datums if datum.step < again.steps[0]]
    for start in (0, 10):
        data.add_series("run", CONV, again.take(slice(start, start + 10)), first=100 + start)
        loaded = load(cache, data)[KEY]
        assert_equal_records(
            loaded.series,
            join_series([series.take(slice(0, back_to)), again.take(slice(0, start + 10))]),
        )
        assert (loaded.missing, loaded.hint) == (0, "")
        told = cache.warnings[KEY._replace(tag=RUN_INFO_TAG)]
        assert f"started again at step {again.steps[0]}," in told


@pytest.mark.parametrize("stride", [1, 10])
def test_a_sampled_gap_is_not_reported_as_abandoned(stride: int) -> None:
    series = stretch(values_to_series(healthy_values(160, 50)), stride)
    cache, data = SeriesCache(), FakeDataProvider()
    data.add_series("run", CONV, series)
    datums = data.datums(PLUGIN_NAME, "run", CONV.tag)
    del datums[2], datums[0]
    loaded = load(cache, data)[KEY]
    assert loaded.missing == 64
    assert "dropped 64 of 160 records" in loaded.hint
    assert cache.warnings == {}


def stretch(series: HistogramSeries, stride: int) -> HistogramSeries:
    """The same records at every so many steps."""
    return replace(series, tallies=replace(series.tallies, steps=series.steps * stride))
