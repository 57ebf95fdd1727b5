"""Reading through the data provider: only what is new is decoded, and only what fits is kept."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from tb_activation_hist.core.joining import join_series, sum_records
from tb_activation_hist.core.names import PLUGIN_NAME, LayerInfo
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.plugin import reading_turns, series_loader
from tb_activation_hist.plugin.data_provider import BLOCKS, HISTOGRAMS, SeriesKey
from tb_activation_hist.plugin.lru_cache import LruCache
from tb_activation_hist.plugin.reading_turns import Urgency
from tb_activation_hist.plugin.series_cache import FIRST_READ, SeriesCache
from tb_activation_hist.storage.codec import DECODED_TOGETHER, encode_block
from tests.plugin.fake_provider import FakeDataProvider
from tests.plugin.loading import CONV, KEY, assert_equal_records, load
from tests.plugin.logdirs import healthy_values, later
from tests.series import values_to_series


def test_only_new_blocks_are_decoded() -> None:
    series = values_to_series(healthy_values(100, 50))
    cache, data = SeriesCache(), FakeDataProvider()
    data.add_series("run", CONV, series.take(slice(0, 64)))
    first = load(cache, data)[KEY]
    assert cache.decoded == 2
    assert load(cache, data)[KEY] is first
    assert data.calls["read_tensors"] == 1
    data.add_series("run", CONV, series.take(slice(64, 100)), first=64)
    second = load(cache, data)[KEY]
    assert (cache.decoded, second.decoded) == (4, 2)
    assert_equal_records(second.series, series)
    assert second.revision != first.revision
    assert (second.missing, second.hint, second.warning) == (0, "", "")


def test_the_newest_block_is_read_alone_where_it_is_the_next() -> None:
    series = values_to_series(healthy_values(200, 50))
    cache, data = SeriesCache(), FakeDataProvider()
    data.add_series("run", CONV, series.take(slice(0, 64)))
    load(cache, data)
    data.add_series("run", CONV, series.take(slice(64, 96)), first=64)
    # Blocks that are no longer there are not missed, as nobody looks at them again.
    del data.datums(PLUGIN_NAME, "run", CONV.tag)[0]
    grown = load(cache, data)[KEY]
    assert (cache.decoded, grown.decoded, grown.missing) == (3, 1, 0)
    assert_equal_records(grown.series, series.take(slice(0, 96)))
    assert data.tensors_read == 2 + 1


def test_newest_blocks_of_several_series_are_decoded_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of two schemes, and one of them damaged. A block decoded alone takes twice as long."""
    linear = LinearBins(40, -2.0, 2.0)
    layers = [LayerInfo("one"), LayerInfo("two"), LayerInfo("three", scheme=linear)]
    layers += [LayerInfo("damaged")]
    all_series = [
        values_to_series(healthy_values(96, 50, seed=i), scheme=info.scheme)
        for i, info in enumerate(layers)
    ]
    cache, data = SeriesCache(), FakeDataProvider()
    for info, series in zip(layers, all_series, strict=True):
        data.add_series("run", info, series.take(slice(0, 64)))
    load(cache, data)
    calls = []
    decode = series_loader.decode_layers
    monkeypatch.setattr(
        series_loader, "decode_layers", lambda *given: calls.append(len(given[0])) or decode(*given)
    )
    for info, series in zip(layers, all_series, strict=True):
        part = series.take(slice(64, 96))
        raw = encode_block(part, 1, 64)
        data.add_block("run", info, raw[:-9] if info.layer == "damaged" else raw, part)
    grown = load(cache, data)
    assert calls == [3, 1]
    for info, series in zip(layers, all_series, strict=True):
        held = grown[KEY._replace(tag=info.tag)]
        assert held.series.layer == info.key
        whole = info.layer != "damaged"
        assert_equal_records(held.series, series if whole else series.take(slice(0, 64)))
        total = sum_records(held.series)
        np.testing.assert_array_equal(held.overview.bins, total.bins)
        np.testing.assert_array_equal(held.overview.bin_counts, total.bin_counts)
        assert (held.overview.n[0], held.overview.max[0]) == (total.n[0], total.max[0])
        assert held.usual_size == replace(held, known_sizes=None).usual_size > 0
        assert bool(held.warning) != whole


def test_gaps_are_not_looked_for_where_a_block_follows_and_none_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Looking takes a tenth of the time that an update of a long series takes."""
    looked = []
    find = series_loader.find_missing
    monkeypatch.setattr(
        series_loader, "find_missing", lambda *held: looked.append(1) or find(*held)
    )
    series = values_to_series(healthy_values(128, 50))
    cache, data = SeriesCache(), FakeDataProvider()
    data.add_series("run", CONV, series.take(slice(0, 64)))
    assert load(cache, data)[KEY].missing == 0
    for first in (64, 96):
        data.add_series("run", CONV, series.take(slice(first, first + 32)), first=first)
        assert load(cache, data)[KEY].missing == 0
    assert len(looked) == 1


@pytest.mark.parametrize(
    "wrong", ["a gap before it", "another session", "earlier steps", "damaged"]
)
def test_a_newest_block_that_does_not_follow_has_all_read(wrong: str) -> None:
    series = values_to_series(healthy_values(96, 50))
    cache, data = SeriesCache(), FakeDataProvider()
    data.add_series("run", CONV, series.take(slice(0, 32)))
    load(cache, data)
    newest = series.take(slice(64, 96))
    if wrong == "a gap before it":
        data.add_series("run", CONV, series.take(slice(32, 64)), first=32)
        data.add_series("run", CONV, newest, first=64)
        expected = series
    elif wrong == "another session":
        data.add_series("run", CONV, newest, session=2)
        expected = series.take(np.r_[0:32, 64:96])
    elif wrong == "earlier steps":
        again = later(series.take(slice(0, 32)), 16, 1000.0)
        data.add_series("run", CONV, again, first=32)
        expected = join_series([series.take(slice(0, 32)), again])
    else:
        data.add_block("run", CONV, encode_block(newest, 1, 32)[:-20], newest)
        expected = series.take(slice(0, 32))
    loaded = load(cache, data)[KEY]
    assert_equal_records(loaded.series, expected)
    assert loaded.missing == (32 if wrong == "damaged" else 0)


def test_equal_records_have_equal_revisions_in_whatever_order_they_came() -> None:
    series = values_to_series(healthy_values(96, 50))
    one, other = FakeDataProvider(), FakeDataProvider()
    one.add_series("run", CONV, series)
    other.add_series("run", CONV, series)
    other.datums(PLUGIN_NAME, "run", CONV.tag).reverse()
    a, b = load(SeriesCache(), one)[KEY], load(SeriesCache(), other)[KEY]
    assert a.revision == b.revision
    assert_equal_records(b.series, series)


def test_a_damaged_block_costs_its_own_records_only() -> None:
    series = values_to_series(healthy_values(96, 50))
    cache, data = SeriesCache(), FakeDataProvider()
    data.add_series("run", CONV, series.take(slice(0, 32)))
    middle = series.take(slice(32, 64))
    cut = encode_block(middle, 1, 32)[:-20]
    data.add_block("run", CONV, cut, middle)
    data.add_series("run", CONV, series.take(slice(64, 96)), first=64)
    data.add_block("run", CONV, b"", middle)
    loaded = load(cache, data)[KEY]
    assert loaded.series.steps.tolist() == [*range(32), *range(64, 96)]
    assert loaded.missing == 32
    assert "a block of the event file is damaged" in loaded.hint
    assert "is damaged (cut off?)" in loaded.warning
    assert "(1 more like it)" in loaded.warning
    assert cache.warnings == {KEY: loaded.warning}
    assert load(cache, data)[KEY] is loaded


def test_a_block_of_a_newer_version_asks_for_an_upgrade() -> None:
    series = values_to_series(healthy_values(32, 50))
    cache, data = SeriesCache(), FakeDataProvider()
    newer = bytearray(encode_block(series, 1, 0))
    newer[3] = 9
    data.add_block("run", CONV, bytes(newer), series)
    loaded = load(cache, data)[KEY]
    assert len(loaded.series) == 0
    assert "format version 9" in cache.warnings[KEY]
    assert "pip install -U" in cache.warnings[KEY]


def test_metadata_of_a_newer_version_leaves_only_that_tag_out() -> None:
    series = values_to_series(healthy_values(3, 50))
    cache, data = SeriesCache(), FakeDataProvider()
    data.add_series("run", CONV, series)
    data.add_bytes(
        "run", "activations/new", encode_block(series, 1, 0), b'{"version":2}', step=0, wall_time=1
    )
    assert load(cache, data).keys() == {KEY}
    other = KEY._replace(tag="activations/new")
    assert "format version 2" in cache.warnings[other]


def test_numbers_where_bytes_should_be_are_damage_not_a_crash() -> None:
    cache, data = SeriesCache(), FakeDataProvider()
    data.add_series("run", CONV, values_to_series(healthy_values(3, 50)))
    datums = data.datums(PLUGIN_NAME, "run", CONV.tag)
    datums.append(replace_datum(datums[0], np.arange(3.0)))
    datums.append(replace_datum(datums[0], np.array(1.5)))
    loaded = load(cache, data)[KEY]
    assert len(loaded.series) == 3
    assert "Not a block of histograms" in loaded.warning


def replace_datum(datum: object, array: np.ndarray) -> object:
    return type(datum)(step=datum.step, wall_time=datum.wall_time, numpy=array)


def test_reads_that_are_too_large_are_split() -> None:
    data, cache = FakeDataProvider(limit_tensors=1), SeriesCache()
    series = values_to_series(healthy_values(3, 50))
    for i in range(5):
        data.add_series("run", replace(CONV, layer=f"l{i}"), series)
    assert len(load(cache, data)) == 5
    data.limit_tensors = 0
    assert load(SeriesCache(), data) == {}


def test_many_small_series_come_in_few_reads() -> None:
    data, cache = FakeDataProvider(), SeriesCache()
    for i in range(40):
        data.add_series("run", replace(CONV, layer=f"l{i}"), values_to_series(healthy_values(2)))
    assert len(load(cache, data)) == 40
    assert data.calls["read_tensors"] <= 4


def test_each_run_is_read_once() -> None:
    data, cache = FakeDataProvider(), SeriesCache()
    for run in ("a", "b"):
        for layer in ("x", "y", "z"):
            data.add_series(run, LayerInfo(layer), values_to_series(healthy_values(2)))
    assert len(load(cache, data)) == 6
    assert data.calls["read_tensors"] == 2


def test_memory_is_bounded_and_nothing_is_lost_by_it() -> None:
    data = FakeDataProvider()
    series = values_to_series(healthy_values(40))
    for i in range(10):
        data.add_series("run", replace(CONV, layer=f"l{i}"), series)
    cache = SeriesCache(limit_bytes=3 * series.bin_counts.nbytes)
    for _ in range(2):
        found = load(cache, data)
        assert len(found) == 10
        assert_equal_records(found[KEY._replace(tag="activations/l0")].series, series)
        assert cache.held_bytes <= 3 * series.bin_counts.nbytes
    assert cache.decoded > 20


def test_a_background_reader_takes_no_room_from_others() -> None:
    data = FakeDataProvider()
    data.add_series("run", CONV, values_to_series(healthy_values(40)))
    cache = SeriesCache(limit_bytes=1)
    kept = load(cache, data)[KEY]
    data.add_series("run", replace(CONV, layer="l1"), values_to_series(healthy_values(40)))
    provider = data.bound()
    listings = provider.list_series(BLOCKS)
    assert len(dict(cache.load(provider, listings, Urgency.LATER))) == 2
    assert load(cache, data, KEY)[KEY] is kept


def test_others_pause_until_all_series_that_somebody_looks_at_were_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading_turns, "LONGEST_PAUSE_S", 20.0)
    data, cache = FakeDataProvider(), SeriesCache()
    for layer in ("l0", "l1"):
        data.add_series("run", replace(CONV, layer=layer), values_to_series(healthy_values(4)))
    provider = data.bound()
    looked_at = cache.load(provider, provider.list_series(BLOCKS))
    next(looked_at)
    thread = threading.Thread(target=cache.pause, args=[Urgency.LATER])
    thread.start()
    thread.join(0.1)
    assert thread.is_alive()
    assert len(list(looked_at)) == 1
    thread.join(10)
    assert not thread.is_alive()


def test_a_long_series_is_decoded_on_several_threads_in_its_order() -> None:
    blocks = 3 * DECODED_TOGETHER + 1
    series = values_to_series(healthy_values(32 * blocks, 20))
    data, cache = FakeDataProvider(), SeriesCache()
    data.add_series("run", CONV, series)
    assert_equal_records(load(cache, data)[KEY].series, series)
    assert cache.decoded == blocks


def test_what_nobody_waits_for_is_read_in_smaller_parts() -> None:
    data = FakeDataProvider()
    for i in range(FIRST_READ):
        data.add_series("run", replace(CONV, layer=f"l{i}"), values_to_series(healthy_values(40)))
    provider = data.bound()
    listings = provider.list_series(BLOCKS)
    reads = {}
    for urgency in Urgency:
        before = data.calls["read_tensors"]
        assert len(dict(SeriesCache().load(provider, listings, urgency))) == FIRST_READ
        reads[urgency] = data.calls["read_tensors"] - before
    assert reads[Urgency.LATER] > reads[Urgency.OVERVIEW] > reads[Urgency.LOOKED_AT]


def test_concurrent_readers_decode_each_block_once() -> None:
    data, cache = FakeDataProvider(), SeriesCache()
    for i in range(6):
        data.add_series("run", replace(CONV, layer=f"l{i}"), values_to_series(healthy_values(64)))
    results: list[dict] = []
    threads = [threading.Thread(target=lambda: results.append(load(cache, data))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(found) for found in results] == [6] * 8
    assert cache.decoded == 12


def test_foreign_histograms_are_read_as_a_series() -> None:
    data, cache = FakeDataProvider(), SeriesCache()
    data.add_histogram("run", "w", 5, [[0, 1, 3], [1, 2, 4]])
    data.add_histogram("run", "w", 1, [[0, 1, 1], [1, 2, 0]])
    loaded = load(cache, data)[SeriesKey("", HISTOGRAMS, "run", "w")]
    assert loaded.series.steps.tolist() == [1, 5]
    assert loaded.series.counts.tolist() == [[1, 0], [3, 4]]
    assert loaded.missing == 0


def test_lru_drops_what_was_used_longest_ago() -> None:
    lru: LruCache[str, int] = LruCache(10)
    lru.put("a", 1, 4)
    lru.put("b", 2, 4)
    assert lru.get("a") == 1
    lru.put("c", 3, 4)
    assert (lru.get("a"), lru.get("b"), lru.get("c")) == (1, None, 3)
    lru.put("a", 5, 6)
    assert (lru.get("a"), lru.held_bytes) == (5, 10)
    lru.put("huge", 6, 100)
    assert (lru.get("huge"), len(lru), lru.held_bytes) == (6, 1, 100)
    lru.put("d", 7, 1, evict=False)
    assert lru.get("d") is None
    with pytest.raises(TypeError):
        lru.put("d", 7, 1, False)
