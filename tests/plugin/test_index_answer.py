"""The index: from listings alone, in the order that it is shown."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tb_activation_hist.core.names import RUN_INFO_TAG, LayerInfo
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.plugin.data_provider import BLOCKS, DataProvider, SeriesKey
from tb_activation_hist.plugin.index_answer import IndexAnswers, natural_key
from tb_activation_hist.plugin.listing_cache import ListingCache
from tests.plugin.fake_provider import FakeDataProvider
from tests.plugin.logdirs import healthy_values
from tests.series import values_to_series

SERIES = values_to_series(healthy_values(40, 20))


def build(builder: IndexAnswers, data: FakeDataProvider, known: str = "none yet") -> dict:
    return json.loads(builder.answer(data.bound(), {}, known))


def test_a_replaced_run_makes_another_index_even_at_the_same_step_and_time() -> None:
    data, builder = FakeDataProvider(), IndexAnswers(ListingCache())
    for layer in ("a", "b"):
        data.add_series("run", LayerInfo(layer), SERIES)
    indices = [
        json.loads(builder.answer(DataProvider(data, None, "", {"run": times}.get), {}, "none"))
        for times in (0, 0, 2)
    ]
    assert [index["replaced"] for index in indices] == [0, 0, 2]
    first, same, other = (index["revision"] for index in indices)
    assert first == same != other


def test_series_stand_in_model_order_and_runs_in_natural_order() -> None:
    data = FakeDataProvider()
    data.add_series("run10", LayerInfo("b", order=0), SERIES)
    data.add_series("run2", LayerInfo("b", order=5, type="Linear", shape=(2, 3)), SERIES)
    data.add_series("run2", LayerInfo("a", order=9, scheme=LinearBins(4, 0, 1)), SERIES)
    data.add_series("run2", LayerInfo("b", kind="gradients"), SERIES)
    data.add_series("run2", LayerInfo("b", phase="eval"), SERIES)
    data.add_histogram("other", "weights/w10", 7, [[0, 1, 1]])
    data.add_histogram("run2", "weights/w9", 3, [[0, 1, 1]])
    data.add_histogram("run2", "activation_hist/histogram/b", 3, [[0, 1, 1]])
    data.add_scalar("run2", "loss", {0: 1.0})
    data.add_scalar("run2", "activation_hist/mean/b", {0: 1.0})
    data.add_scalar("scalars only", "loss", {0: 1.0})
    index = build(IndexAnswers(ListingCache()), data)
    assert [run["name"] for run in index["runs"]] == ["other", "run2", "run10"]
    assert index["runs"][1] == {
        "name": "run2",
        "start_time": 1.5,
        "info": {},
        "scalars": ["loss"],
    }
    assert [entry["tag"] for entry in index["series"]] == [
        "activations/b",
        "activations/a",
        "gradients/b",
        "eval/activations/b",
        "weights/w9",
        "weights/w10",
    ]
    assert index["series"][0] == {
        "tag": "activations/b",
        "layer": "b",
        "kind": "activations",
        "phase": "train",
        "order": 5,
        "type": "Linear",
        "source": "blocks",
        "bins": {"scheme": "float_bits", "mantissa_bits": 4},
        "runs": [1, 2],
        "shapes": [[2, 3], []],
        "dtypes": ["float32", "float32"],
        "steps": [32, 32],
        "times": [float(SERIES.wall_times[39])] * 2,
    }
    assert index["series"][1]["bins"] == {"scheme": "linear", "count": 4, "lo": 0, "hi": 1}
    assert index["series"][5] == {
        "tag": "weights/w10",
        "layer": "weights/w10",
        "kind": "histograms",
        "phase": "train",
        "order": 1,
        "type": "",
        "source": "histograms",
        "bins": {"scheme": "explicit"},
        "runs": [0],
        "shapes": [[]],
        "dtypes": [""],
        "steps": [7],
        "times": [1000000007.0],
    }
    assert data.calls["read_tensors"] == 0


def test_the_revision_changes_with_every_kind_of_news_and_only_then() -> None:
    data, builder = FakeDataProvider(), IndexAnswers(ListingCache())
    data.add_series("run", LayerInfo("a"), SERIES)
    seen = [build(builder, data)["revision"]]
    assert build(builder, data, seen[0]) == {"version": 1, "revision": seen[0], "unchanged": True}
    assert build(builder, data, "another")["revision"] == seen[0]

    def changed() -> bool:
        builder._last[""].scalars_due = 0.0
        seen.append(build(builder, data)["revision"])
        return seen[-1] not in seen[:-1]

    data.add_series("run", LayerInfo("a"), SERIES, session=2)
    assert not changed(), "nothing is newer by step or time"
    part = SERIES.take(slice(39, 40))
    data.add_block("run", LayerInfo("a"), b"", replace(part, tallies=part.tallies))
    assert changed()
    data.add_series("run", LayerInfo("b"), SERIES)
    assert changed()
    data.add_series("run2", LayerInfo("b"), SERIES)
    assert changed()
    data.add_histogram("run2", "w", 1, [[0, 1, 1]])
    assert changed()
    data.add_scalar("run2", "loss", {0: 1.0})
    assert changed()
    data.add_info("run2", b'{"version":1}')
    assert changed()
    assert not changed()
    warnings = {SeriesKey("", BLOCKS, "run", "activations/a"): "A block is damaged."}
    index = json.loads(builder.answer(data.bound(), warnings, None))
    assert index["revision"] != seen[-1]
    assert index["warnings"] == ["Run 'run', 'activations/a': A block is damaged."]
    of_run = {SeriesKey("", BLOCKS, "run", RUN_INFO_TAG): "Two processes wrote this run."}
    index = json.loads(builder.answer(data.bound(), of_run, None))
    assert index["warnings"] == ["Run 'run': Two processes wrote this run."]
    elsewhere = {SeriesKey("other", BLOCKS, "run", "activations/a"): "A block is damaged."}
    assert json.loads(builder.answer(data.bound(), elsewhere, None))["warnings"] == []


def test_run_information_is_the_latest_and_never_breaks_the_index() -> None:
    data, builder = FakeDataProvider(), IndexAnswers(ListingCache())
    data.add_info("a", b'{"cadence":"old"}', wall_time=5.0)
    data.add_info("a", b'{"cadence":"new","skipped":NaN}', wall_time=7.0)
    data.add_info("b", b"{cut off")
    data.add_info("c", b"[1]")
    data.add_info("d", b"\xff\xfe")
    infos = [run["info"] for run in build(builder, data)["runs"]]
    assert infos == [{"cadence": "new", "skipped": None}, {}, {}, {}]
    assert data.calls["read_tensors"] == 1
    data.add_info("b", b'{"cadence":"x"}', wall_time=9.0)
    assert build(builder, data)["runs"][1]["info"] == {"cadence": "x"}
    assert data.calls["read_tensors"] == 2


def test_tags_of_a_newer_version_are_warned_of_once_a_run() -> None:
    data = FakeDataProvider()
    data.add_series("run", LayerInfo("good"), SERIES)
    for i in range(3):
        data.add_bytes("run", f"activations/{i}", b"", b'{"version":2}', step=0, wall_time=1)
    data.add_bytes("run", "activations/bad", b"", b"{", step=0, wall_time=1)
    index = build(IndexAnswers(ListingCache()), data)
    assert [entry["layer"] for entry in index["series"]] == ["good"]
    assert len(index["warnings"]) == 2
    assert any("3 tags: The tag metadata has format version 2" in w for w in index["warnings"])
    assert any("1 tag: The metadata" in w and "damaged" in w for w in index["warnings"])


def test_experiments_are_kept_apart() -> None:
    data, builder = FakeDataProvider(), IndexAnswers(ListingCache())
    data.add_info("a", b"{}")
    one = json.loads(builder.answer(data.bound("one"), {}, None))
    again = json.loads(builder.answer(data.bound("two"), {}, one["revision"]))
    assert "unchanged" not in again


def test_scalars_are_not_listed_at_every_request() -> None:
    data, builder = FakeDataProvider(), IndexAnswers(ListingCache())
    data.add_series("run", LayerInfo("a"), SERIES)
    build(builder, data)
    builder._last[""].scalars_due += 60
    build(builder, data)
    assert data.calls["list_scalars"] == 1


@pytest.mark.parametrize(
    ("resting", "reason"), [(["a", "b"], "all are in eval mode"), ([], "does not call this model")]
)
def test_a_run_of_which_no_layer_ran_says_why_it_is_empty(resting: list[str], reason: str) -> None:
    data, builder = FakeDataProvider(), IndexAnswers(ListingCache())
    info = {"version": 1, "silent": ["a", "b"], "eval_layers": resting}
    data.add_info("run", json.dumps(info).encode())
    (warning,) = build(builder, data)["warnings"]
    assert warning.startswith("Run 'run' has no histograms, because none of its 2 layers ran")
    assert reason in warning
    data.add_series("run", LayerInfo("c"), SERIES)
    assert build(builder, data)["warnings"] == []


def test_no_data_gives_an_empty_index() -> None:
    index = build(IndexAnswers(ListingCache()), FakeDataProvider())
    assert (index["runs"], index["series"], index["warnings"]) == ([], [], [])


@pytest.mark.parametrize(
    "ordered",
    [
        ["a", "a/b", "a1", "a2", "a10", "ab"],
        ["lr=0.001", "lr=0.01", "lr=1", "lr=10"],
        ["lr=1e-3", "lr=1e-2", "lr=0.5"],
        ["a_b", "a b", "a-b", "a.b"],
        ["Ä", "ä", "١٢", "層2", "層10"],
        ["9" * 400, "9" * 400 + "a"],
    ],
)
def test_natural_order(ordered: list[str]) -> None:
    assert sorted(set(ordered), key=natural_key) == ordered
