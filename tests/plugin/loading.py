"""Series of a data provider, as the plugin's cache reads them."""

from __future__ import annotations

import numpy as np

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.plugin.data_provider import BLOCKS, HISTOGRAMS, SeriesKey
from tb_activation_hist.plugin.series_cache import SeriesCache
from tb_activation_hist.plugin.series_loader import LoadedSeries
from tests.plugin.fake_provider import FakeDataProvider

CONV = LayerInfo("conv1")


KEY = SeriesKey("", BLOCKS, "run", CONV.tag)


def load(
    cache: SeriesCache, data: FakeDataProvider, *keys: SeriesKey
) -> dict[SeriesKey, LoadedSeries]:
    provider = data.bound()
    listings = {**provider.list_series(BLOCKS), **provider.list_series(HISTOGRAMS)}
    return dict(cache.load(provider, {key: listings[key] for key in keys or listings}))


def assert_equal_records(held: HistogramSeries, expected: HistogramSeries) -> None:
    np.testing.assert_array_equal(held.steps, expected.steps)
    np.testing.assert_array_equal(held.wall_times, expected.wall_times)
    np.testing.assert_array_equal(held.n, expected.n)
    np.testing.assert_array_equal(held.edges, expected.edges)
    np.testing.assert_array_equal(held.counts, expected.counts)
