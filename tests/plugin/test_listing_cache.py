"""Listings that are kept for a moment."""

from __future__ import annotations

import time
from typing import Any

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.plugin.data_provider import BLOCKS, HISTOGRAMS, SeriesKey
from tb_activation_hist.plugin.listing_cache import OPENING_S, RECENT_S, ListingCache
from tests.plugin.fake_provider import FakeDataProvider
from tests.plugin.logdirs import drifting_series

SERIES = drifting_series(4)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def key(tag: str, source: str = BLOCKS) -> SeriesKey:
    return SeriesKey("", source, "run", tag)


def test_a_listing_serves_for_a_moment_and_is_made_anew_when_told_to() -> None:
    data, clock = FakeDataProvider(), Clock()
    listings = ListingCache(clock)
    data.add_series("run", LayerInfo("a"), SERIES)
    assert set(listings.list_all(data.bound(), anew=False).blocks) == {key("activations/a")}
    data.add_series("run", LayerInfo("b"), SERIES)
    clock.now += RECENT_S - 0.1
    assert key("activations/b") not in listings.list_all(data.bound(), anew=False).blocks
    assert key("activations/b") in listings.list_all(data.bound(), anew=True).blocks
    data.add_series("run", LayerInfo("c"), SERIES)
    clock.now += OPENING_S + 0.1
    assert key("activations/c") in listings.list_all(data.bound(), anew=False).blocks


def test_an_old_listing_opens_the_page_while_a_new_one_is_made() -> None:
    data, clock = FakeDataProvider(), Clock()
    listings = ListingCache(clock)
    data.add_series("run", LayerInfo("a"), SERIES)
    first = listings.list_all(data.bound(), anew=False)
    data.add_series("run", LayerInfo("b"), SERIES)
    clock.now += OPENING_S - 0.1
    assert listings.list_all(data.bound(), anew=False) is first
    deadline = time.monotonic() + 60
    while len(listings.list_all(data.bound(), anew=False).blocks) == 1:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_some_series_come_from_a_recent_listing_or_from_tensorboard() -> None:
    data, clock = FakeDataProvider(), Clock()
    listings = ListingCache(clock)
    data.add_series("run", LayerInfo("a"), SERIES)
    data.add_histogram("run", "w", 1, [[0, 1, 1]])
    wanted = [key("activations/a"), key("w", HISTOGRAMS)]
    assert set(listings.list_some(data.bound(), wanted)) == set(wanted)
    listings.list_all(data.bound(), anew=True)
    asked = data.calls["list_tensors"]
    assert set(listings.list_some(data.bound(), wanted)) == set(wanted)
    assert data.calls["list_tensors"] == asked
    data.add_series("run", LayerInfo("new"), SERIES)
    newer = [*wanted, key("activations/new"), key("activations/never")]
    assert set(listings.list_some(data.bound(), newer)) == set(newer[:-1])


def test_series_of_a_recent_listing_keep_the_order_in_which_they_are_asked_for() -> None:
    data = FakeDataProvider()
    listings = ListingCache(Clock())
    names = [f"layer{at}" for at in range(40)]
    for name in names:
        data.add_series("run", LayerInfo(name), SERIES)
    listings.list_all(data.bound(), anew=True)
    wanted = [key(f"activations/{name}") for name in reversed(names)]
    assert list(listings.list_some(data.bound(), wanted)) == wanted


def test_experiments_have_listings_of_their_own() -> None:
    data, listings = FakeDataProvider(), ListingCache(Clock())
    listings.list_all(data.bound("one"), anew=False)
    data.add_series("run", LayerInfo("a"), SERIES)
    assert len(listings.list_all(data.bound("two"), anew=False).blocks) == 1


def test_a_listing_that_began_earlier_and_comes_later_is_not_kept() -> None:
    clock = Clock()
    listings = ListingCache(clock)
    newer = []

    class Slow(FakeDataProvider):
        """While the first listing is made, another one is begun and comes."""

        def list_runs(self, context: Any, *, experiment_id: str) -> list[Any]:
            if self.calls["list_runs"] == 0:
                self.calls["list_runs"] += 1
                clock.now += 1
                newer.append(listings.list_all(self.bound(), anew=True))
            return super().list_runs(context, experiment_id=experiment_id)

    data = Slow()
    data.add_series("run", LayerInfo("a"), SERIES)
    assert listings.list_all(data.bound(), anew=True) is not newer[0]
    assert listings.list_all(data.bound(), anew=False) is newer[0]
