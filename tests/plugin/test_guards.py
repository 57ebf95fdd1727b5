"""One bad tag, block, run or request harms itself only."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import pytest

from tb_activation_hist.core.names import PLUGIN_NAME, RUN_INFO_TAG, LayerInfo
from tb_activation_hist.plugin import findings_answer, tiles_answer
from tb_activation_hist.plugin.index_answer import HIDDEN
from tests.plugin.fake_provider import FakeDataProvider
from tests.plugin.logdirs import collapsing_values, healthy_values
from tests.plugin.site import Site, wait_for_findings
from tests.series import values_to_series

GOOD = {"run": "good", "tag": "activations/conv1"}


@pytest.fixture
def data() -> FakeDataProvider:
    data = FakeDataProvider()
    data.add_series("good", LayerInfo("conv1"), values_to_series(healthy_values(50, 100)))
    return data


def edited(**changes: Any) -> bytes:
    return json.dumps(json.loads(LayerInfo("bad").to_content()) | changes).encode()


@pytest.mark.parametrize(
    "content", [edited(order=None), edited(bins={}), b"[" * 100_000, b'{"version":1}'], ids=repr
)
def test_damaged_metadata_is_a_warning(content: bytes, data: FakeDataProvider) -> None:
    data.add_bytes("bad", "activations/bad", b"AHB", content, step=0, wall_time=1)
    client = Site(data)
    index = client.get("/index").json
    assert [series["layer"] for series in index["series"]] == ["conv1"]
    assert index["warnings"][0].startswith("Run 'bad', 1 tag: ")
    good, bad = client.tiles(GOOD, {"run": "bad", "tag": "activations/bad"})
    assert good["records"] == 50
    assert bad["status"] == 422
    assert index["warnings"][0].endswith(bad["error"])


@pytest.mark.parametrize("text", [b'{"silent":null}', b"[" * 100_000, b'{"errors":{}}'], ids=repr)
def test_damaged_notes_about_a_run_are_a_warning(text: bytes, data: FakeDataProvider) -> None:
    data.add_info("good", text)
    index = Site(data).get("/index").json
    assert index["runs"][0]["info"] == {}
    assert index["warnings"][0].startswith("Run 'good': The information about the run is damaged")


def test_a_time_that_is_no_number_is_left_out(
    data: FakeDataProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = data.list_runs(None, experiment_id="")
    later = [run.__class__(run.run_id, run.run_name, float("nan")) for run in runs]
    monkeypatch.setattr(data, "list_runs", lambda *_, **__: later)
    data.add_scalar("good", "loss", {0: 1.0, 1: 2.0})
    data.scalars["good"]["loss"][1] = data.scalars["good"]["loss"][1].__class__(
        step=1, wall_time=float("inf"), value=2.0
    )
    client = Site(data)
    assert client.get("/index").json["runs"][0]["start_time"] is None
    assert client.get("/scalars", run="good", tag="loss").json["steps"] == [0]


def test_histograms_of_another_tool_that_hold_no_numbers(data: FakeDataProvider) -> None:
    data.add_histogram("good", "w", 1, [[0, 1, 5]])
    data.datums("histograms", "good", "w").append(
        data.datums("histograms", "good", "w")[0].__class__(
            step=2, wall_time=2e9, numpy=np.array([[b"a", b"b", b"c"]], dtype=object)
        )
    )
    client = Site(data)
    good, tile = client.tiles(GOOD, {"run": "good", "tag": "w", "source": "histograms"})
    assert (good["records"], tile["records"], tile["missing"]) == (50, 1, 1)
    assert "in place of numbers" in client.get("/index", known="").json["warnings"][0]


def test_what_nobody_foresaw_costs_one_tile(
    data: FakeDataProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(loaded: Any, request: Any) -> Any:
        return 1 / 0 if request.run == "other" else make_tile(loaded, request)

    make_tile = tiles_answer.make_tile
    monkeypatch.setattr(tiles_answer, "make_tile", fail)
    data.add_series("other", LayerInfo("conv1"), values_to_series(healthy_values(5)))
    good, bad = Site(data).tiles(GOOD, {**GOOD, "run": "other"})
    assert good["records"] == 50
    assert "ZeroDivisionError" in bad["error"]


@pytest.mark.parametrize("name", ["run", "tag"])
def test_half_of_a_surrogate_pair_is_refused(name: str, data: FakeDataProvider) -> None:
    body = json.dumps({"tiles": [{**GOOD, name: "\ud800"}]})
    answer = Site(data).ask("POST", "/tiles", data=body)
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")


def test_a_refusal_quotes_deep_and_long_values_in_short(data: FakeDataProvider) -> None:
    for value in ("[" * 900 + "]" * 900, '"' + "x" * 100_000 + '"', "9" * 4000):
        body = '{"tiles":[{"run":"good","tag":"w","columns":' + value + "}]}"
        answer = Site(data).ask("POST", "/tiles", data=body)
        assert answer.status_code == 400
        assert len(answer.text) < 400


@pytest.mark.parametrize("form", ["csv", "json"])
def test_an_export_has_the_records_that_are_whole_and_says_so(
    form: str, data: FakeDataProvider
) -> None:
    blocks = data.datums(PLUGIN_NAME, "good", "activations/conv1")
    whole = Site(data).get("/export", **GOOD, format=form)
    assert whole.headers["X-Missing-Records"] == "0"
    blocks[1] = blocks[1].__class__(
        step=blocks[1].step,
        wall_time=blocks[1].wall_time,
        numpy=np.array(blocks[1].numpy.item()[:-9], dtype=object),
    )
    answer = Site(data).get("/export", **GOOD, format=form)
    assert (answer.status_code, answer.headers["X-Missing-Records"]) == (200, "18")
    if form == "json":
        assert (answer.json["missing"], answer.json["steps"]) == (18, list(range(32)))


@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize("block", [b"", b"AHB", b"x" * 90], ids=repr)
def test_an_export_without_a_readable_record_is_refused_in_words(
    form: str, block: bytes, data: FakeDataProvider
) -> None:
    data.add_bytes("bad", "activations/bad", block, edited(), step=0, wall_time=1)
    answer = Site(data).get("/export", run="bad", tag="activations/bad", format=form)
    assert (answer.status_code, answer.mimetype) == (422, "text/plain")
    assert answer.text.startswith("Run 'bad', tag 'activations/bad': ")


def test_an_export_of_what_tensorboard_cannot_read_is_refused_in_words(
    data: FakeDataProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "read_tensors", lambda *_, **__: 1 / 0)
    answer = Site(data).get("/export", **GOOD)
    assert (answer.status_code, answer.mimetype) == (422, "text/plain")
    assert "TensorBoard could not read it; see its log." in answer.text


def test_the_notes_about_a_run_are_no_series(data: FakeDataProvider) -> None:
    data.add_info("good", b"{}")
    client = Site(data)
    assert client.tiles({"run": "good", "tag": RUN_INFO_TAG})[0]["status"] == 404
    client.get("/index")
    assert client.tiles({"run": "good", "tag": RUN_INFO_TAG})[0]["status"] == 404
    assert client.get("/export", run="good", tag=RUN_INFO_TAG).status_code == 404


def test_findings_of_unknown_runs_are_refused_and_not_remembered(data: FakeDataProvider) -> None:
    data.add_histogram("foreign", "w", 1, [[0, 1, 5]])
    client = Site(data)
    answer = client.get("/findings", runs="nobody")
    assert (answer.status_code, answer.text) == (404, "There is no run 'nobody'.")
    assert client.get("/findings", runs="foreign").json["pending"] == 0
    assert client.plugin._findings._done == {}


def test_one_bad_block_leaves_its_run_its_findings(
    data: FakeDataProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings_answer, "COOLING", 0.0)
    data.add_series("good", LayerInfo("dead"), values_to_series(collapsing_values(200, 300)))
    block = data.datums(PLUGIN_NAME, "good", "activations/dead")[0].numpy.item()
    bad = block[:8] + b"\x03" + block[9:]
    data.add_bytes("good", "activations/bad", bad, edited(), step=0, wall_time=time.time())
    answer = wait_for_findings(Site(data), "good")
    assert {finding["kind"] for finding in answer["findings"]} == {"collapsed"}
    assert answer["errors"] == []


@pytest.mark.parametrize("kind", ["scalar", "histogram"])
def test_a_layer_hidden_by_a_tag_of_the_user_is_reported(kind: str, data: FakeDataProvider) -> None:
    data.add_scalar("good", "activation_hist/mean/conv2", {0: 1.0})
    data.add_scalar("good", "activation_hist/mean/gradients/conv2", {0: 1.0})
    for tag in ("activations/conv1", "activations/conv2", "gradients/conv2", "gradients/norm"):
        if kind == "scalar":
            data.add_scalar("good", tag, {0: 1.0})
        else:
            data.add_histogram("good", tag, 1, [[0, 1, 5]])
    assert Site(data).get("/index").json["warnings"] == [
        f"Run 'good', 'activations/conv2': {HIDDEN}",
        f"Run 'good', 'gradients/conv2': {HIDDEN}",
    ]
