"""The routes as a WSGI client sees them, on a data provider in memory."""

from __future__ import annotations

import csv
import io
import json
import threading
import time
from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import pytest
from tensorboard.backend.security_validator import SecurityValidatorMiddleware
from werkzeug.test import Client, TestResponse
from werkzeug.wrappers import Response

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.findings.registry import RUN_RULES
from tb_activation_hist.plugin import findings_answer, static_files
from tb_activation_hist.plugin.reading_turns import Urgency
from tb_activation_hist.plugin.routes import ActivationHistPlugin
from tb_activation_hist.plugin.series_cache import SeriesCache
from tests.golden.test_tiles import unpack
from tests.plugin.fake_provider import FakeDataProvider
from tests.plugin.logdirs import broken_values, collapsing_values, healthy_values
from tests.plugin.test_sharing import Parts
from tests.series import values_to_series

ODD = ["a b", "ü/層", "<b>&\"'", "../../etc/passwd", ".", "x" * 3000, "a\nb", "100%?#"]


@pytest.fixture
def data() -> FakeDataProvider:
    data = FakeDataProvider()
    data.add_series("run", LayerInfo("conv1"), values_to_series(broken_values(50, 200)))
    data.add_scalar("run", "loss", {1: 2.0, 0: 1.0, 2: float("nan"), 3: float("inf")})
    data.add_histogram("run", "w", 3, [[0, 1, 5], [1, 2, 7]])
    return data


@pytest.fixture
def client(data: FakeDataProvider) -> Site:
    return Site(data)


class Site:
    """Calls a plugin's routes as TensorBoard's own router would."""

    def __init__(self, data: FakeDataProvider) -> None:
        self.plugin = ActivationHistPlugin(SimpleNamespace(data_provider=data))
        self._apps = self.plugin.get_plugin_apps()

    def ask(self, method: str, route: str, **options: object) -> TestResponse:
        name = "/static/*" if route.startswith("/static/") else route
        answer = Client(self._apps[name]).open(route, method=method, **options)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Type"]
        return answer

    def get(self, route: str, **query: object) -> TestResponse:
        return self.ask("GET", route, query_string=query)

    def tiles(self, *tiles: dict) -> list[dict]:
        answer = self.ask("POST", "/tiles", json={"tiles": list(tiles)})
        assert answer.status_code == 200, answer.text
        assert answer.mimetype == "application/octet-stream"
        return unpack(answer.data)


def test_the_plugin_is_named_and_lit_by_our_data_and_by_anyones_histograms(client: Site) -> None:
    assert client.plugin.data_plugin_names() == ("activation_hist", "histograms")
    assert client.plugin.is_active() is False
    metadata = client.plugin.frontend_metadata()
    assert metadata.es_module_path in client.plugin.get_plugin_apps()
    assert metadata.tab_name == "Activations"


def test_index(client: Site) -> None:
    index = client.get("/index").json
    assert [entry["tag"] for entry in index["series"]] == ["activations/conv1", "w"]
    assert client.get("/index", known=index["revision"]).json["unchanged"] is True


def test_tiles_hold_the_records(client: Site) -> None:
    expected = values_to_series(broken_values(50, 200))
    tile, foreign, absent, missing_run = client.tiles(
        {"run": "run", "tag": "activations/conv1", "rows": 0},
        {"run": "run", "tag": "w", "source": "histograms"},
        {"run": "run", "tag": "activations/conv2"},
        {"run": "ru", "tag": "activations/conv1"},
    )
    counts = tile["arrays"]["counts"].reshape(tile["bins"], tile["columns"])
    np.testing.assert_array_equal(counts, expected.bin_counts.T)
    np.testing.assert_array_equal(tile["arrays"]["nans"], expected.nans)
    assert foreign["arrays"]["counts"].tolist() == [5, 7]
    assert absent == {
        "run": "run",
        "tag": "activations/conv2",
        "source": "blocks",
        "error": "Run 'run' has no blocks with the tag 'activations/conv2'.",
        "status": 404,
    }
    assert missing_run["status"] == 404


def test_a_tile_is_made_once_and_again_when_there_is_news(
    client: Site, data: FakeDataProvider
) -> None:
    asked = {"run": "run", "tag": "activations/conv1"}
    first = client.tiles(asked)[0]
    assert client.tiles(asked, asked)[1]["revision"] == first["revision"]
    assert data.calls["read_tensors"] == 1
    later = values_to_series(healthy_values(10, 200), steps=list(range(100, 110)))
    data.add_series("run", LayerInfo("conv1"), later, session=2)
    second = client.tiles(asked | {"since": 50})[0]
    assert second["revision"] != first["revision"]
    assert (second["records"], second["columns"]) == (60, 10)
    assert client.tiles(asked)[0]["columns"] == 60


def test_a_series_that_cannot_be_read_says_why(client: Site, data: FakeDataProvider) -> None:
    data.add_bytes("run", "activations/new", b"x", b'{"version":2}', step=0, wall_time=1)
    good, refused = client.tiles(
        {"run": "run", "tag": "activations/conv1"}, {"run": "run", "tag": "activations/new"}
    )
    assert "error" not in good
    assert refused["status"] == 422
    assert "format version 2" in refused["error"]
    answer = client.get("/export", run="run", tag="activations/new")
    assert (answer.status_code, answer.mimetype) == (422, "text/plain")
    assert "format version 2" in answer.text


@pytest.mark.parametrize("accept", ["gzip", "identity"])
def test_tiles_are_compressed_only_for_who_accepts_it(client: Site, accept: str) -> None:
    body = {"tiles": [{"run": "run", "tag": "activations/conv1"}]}
    answer = client.ask("POST", "/tiles", json=body, headers={"Accept-Encoding": accept})
    assert answer.headers.get("Content-Encoding") == ("gzip" if accept == "gzip" else None)
    if accept == "identity":
        assert unpack(answer.data)[0]["records"] == 50


def test_no_tiles_is_an_answer_too(client: Site) -> None:
    assert client.tiles() == []


@pytest.mark.parametrize("name", ODD)
def test_odd_names(name: str) -> None:
    data = FakeDataProvider()
    data.add_series(name, LayerInfo(name), values_to_series(healthy_values(3)))
    data.add_scalar(name, name, {0: 1.0})
    client = Site(data)
    index = client.get("/index").json
    assert (index["runs"][0]["name"], index["series"][0]["layer"]) == (name, name)
    tag = f"activations/{name}"
    assert client.tiles({"run": name, "tag": tag})[0]["records"] == 3
    assert client.get("/scalars", run=name, tag=name).json["values"] == [1.0]
    assert client.get("/findings", runs=name).json["findings"] == []
    answer = client.get("/export", run=name, tag=tag)
    assert answer.status_code == 200
    file = answer.headers["Content-Disposition"].partition("filename=")[2]
    assert file.startswith('"')
    assert file.endswith('.csv"')
    assert not set(file[1:-1]) & set("/\\\"'<>\r\n ")
    assert len(file) < 140


def test_scalars_are_sorted_and_null_where_not_finite(client: Site) -> None:
    assert client.get("/scalars", run="run", tag="loss").json == {
        "version": 1,
        "run": "run",
        "tag": "loss",
        "steps": [0, 1, 2, 3],
        "wall_times": [1e9, 1e9 + 1, 1e9 + 2, 1e9 + 3],
        "values": [1.0, 2.0, None, None],
    }
    for query in ({"run": "run", "tag": "x"}, {"run": "x", "tag": "loss"}):
        answer = client.get("/scalars", **query)
        assert answer.status_code == 404
        assert "has no scalar with the tag" in answer.text
    assert client.get("/scalars", run="run").status_code == 400


def test_export_csv_holds_every_count(client: Site) -> None:
    series = values_to_series(broken_values(50, 200))
    answer = client.get("/export", run="run", tag="activations/conv1", steps="10,19")
    assert answer.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert rows[0].keys() == {"step", "wall_time", "lower", "upper", "count"}
    assert {int(row["step"]) for row in rows} == set(range(10, 20))
    for step in (10, 19):
        of_step = {row["lower"]: row for row in rows if int(row["step"]) == step}
        occupied = np.flatnonzero(series.bin_counts[step])
        for column in occupied:
            row = of_step.pop(repr(float(series.lower[column])))
            assert float(row["upper"]) == series.upper[column]
            assert int(row["count"]) == series.bin_counts[step, column]
        words = {word: int(row["count"]) for word, row in of_step.items()}
        assert words == {
            "zeros": series.zeros[step],
            "nan": series.nans[step],
            "+inf": series.pos_infs[step],
            "-inf": series.neg_infs[step],
        }


def test_export_json_is_the_series(client: Site) -> None:
    series = values_to_series(broken_values(50, 200))
    answer = client.get("/export", run="run", tag="activations/conv1", format="json")
    fields = json.loads(answer.text)
    for name in ("steps", "edges", "counts", "n", "zeros", "nans", "pos_infs", "mean", "max"):
        np.testing.assert_array_equal(fields[name], getattr(series, name))
    assert fields["version"] == 1
    answer = client.get("/export", run="run", tag="w", source="histograms", format="json")
    assert answer.json["counts"] == [[5, 7]]
    empty = client.get(
        "/export", run="run", tag="w", source="histograms", format="json", steps="9,9"
    )
    assert empty.json["counts"] == []


@pytest.mark.parametrize(
    ("query", "status", "sentence"),
    [
        ({"run": "run"}, 400, "'tag' is missing"),
        ({"run": "x", "tag": "w"}, 404, "Run 'x' has no blocks with the tag 'w'."),
        ({"run": "run", "tag": "w"}, 404, "no blocks"),
        ({"run": "run", "tag": "w", "format": "exe"}, 400, "'csv' or 'json', not 'exe'"),
    ],
)
def test_bad_exports(client: Site, query: dict, status: int, sentence: str) -> None:
    answer = client.get("/export", **query)
    assert (answer.status_code, answer.mimetype) == (status, "text/plain")
    assert sentence in answer.text


@pytest.mark.parametrize(
    "route", ["/index", "/scalars", "/findings", "/export", "/static/index.js"]
)
def test_other_methods_are_refused(client: Site, route: str) -> None:
    answer = client.ask("DELETE", route)
    assert answer.status_code == 405
    assert answer.text == "This route takes GET, not DELETE."
    assert client.ask("HEAD", route).status_code in (200, 400)
    assert client.get("/tiles").status_code == 405


def test_a_bad_body_is_refused_before_it_is_read(client: Site) -> None:
    answer = client.ask("POST", "/tiles", data=b"{")
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
    big = client.ask("POST", "/tiles", data=b" " * (5 * 2**20))
    assert big.status_code == 400
    assert "at most 4,194,304 are allowed" in big.text


def test_a_failure_of_ours_is_a_sentence(
    client: Site, data: FakeDataProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "list_runs", lambda *_, **__: 1 / 0)
    answer = client.get("/index")
    assert (answer.status_code, answer.mimetype) == (500, "text/plain")
    assert "ZeroDivisionError: division by zero" in answer.text


ROUTES = [
    ("GET", "/index", {}),
    ("POST", "/tiles", {"json": {"tiles": [{"run": "run", "tag": "activations/conv1"}]}}),
    ("POST", "/tiles", {"data": b"{"}),
    ("GET", "/scalars", {"query_string": {"run": "run", "tag": "loss"}}),
    ("GET", "/findings", {"query_string": {"runs": "run"}}),
    ("GET", "/export", {"query_string": {"run": "run", "tag": "activations/conv1"}}),
    ("GET", "/export", {"query_string": {"run": "run", "tag": "w", "format": "html"}}),
    ("GET", "/static/index.js", {}),
    ("GET", "/static/other.html", {}),
    ("DELETE", "/index", {}),
    ("POST", "/share", {"json": {"runs": ["run"], "series": [{"tag": "activations/conv1"}]}}),
]


def test_a_shared_file_holds_what_is_asked_for(client: Site) -> None:
    asked = {"runs": ["run"], "series": [{"tag": "activations/conv1"}], "columns": 8}
    answer = client.ask("POST", "/share", json=asked)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    answers = Parts(answer.text).answers
    assert [run["name"] for run in answers["index"]["runs"]] == ["run"]
    assert [each["tag"] for each in answers["tiles"]] == ["activations/conv1"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"runs": ["run"], "series": []}, "None of the chosen runs ('run') has one"),
        ({"runs": ["none"], "series": [{"tag": "activations/conv1"}]}, "None of the chosen runs"),
        ({"runs": ["run"], "series": [{"tag": "t"}], "columns": 2}, "columns must be a whole"),
        ({"runs": ["run"], "series": [{"tag": "t"}], "layer": 1}, "unknown field 'layer'"),
        ({"runs": "run", "series": []}, 'a list "runs"'),
    ],
)
def test_a_wrong_request_for_a_file_is_refused(client: Site, body: dict, sentence: str) -> None:
    answer = client.ask("POST", "/share", json=body)
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
    assert sentence in answer.text


@pytest.mark.parametrize(("method", "route", "options"), ROUTES)
def test_tensorboards_security_check_has_nothing_to_say(
    data: FakeDataProvider,
    caplog: pytest.LogCaptureFixture,
    method: str,
    route: str,
    options: dict,
) -> None:
    apps = ActivationHistPlugin(SimpleNamespace(data_provider=data)).get_plugin_apps()
    app = apps["/static/*" if route.startswith("/static/") else route]
    Client(SecurityValidatorMiddleware(app)).open(route, method=method, **options)
    assert caplog.records == []


def test_the_security_check_can_fail(caplog: pytest.LogCaptureFixture) -> None:
    Client(SecurityValidatorMiddleware(Response("text", mimetype="text/html"))).get("/")
    assert "nosniff" in caplog.text


HOSTILE = [
    "../routes.py",
    "..%2froutes.py",
    "%2e%2e/routes.py",
    "....//routes.py",
    "/etc/passwd",
    "//etc/passwd",
    "..\\routes.py",
    "index.js/../../routes.py",
    "index.js%00.css",
    "",
    ".",
    "..",
    ".inputs",
    "C:\\windows\\win.ini",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_only_listed_files_are_served(client: Site, name: str) -> None:
    answer = client.get(f"/static/{name}")
    assert answer.status_code == 404
    assert answer.mimetype == "text/plain"
    assert "index.js" in answer.text


def test_findings_are_worked_out_in_the_background(
    monkeypatch: pytest.MonkeyPatch, data: FakeDataProvider
) -> None:
    monkeypatch.setattr(findings_answer, "COOLING", 0.0)
    data.add_series("two", LayerInfo("dead"), values_to_series(collapsing_values(200, 300)))
    client = Site(data)
    assert client.get("/findings", runs=["run", "two"]).json["pending"] == 2
    answer = wait_for_findings(client, "run", "two")
    found = {(f["run"], f["kind"], *f["layers"]) for f in answer["findings"]}
    assert {("two", "collapsed", "dead"), ("run", "non_finite", "conv1")} <= found
    data.add_series("two", LayerInfo("late"), values_to_series(healthy_values(3)))
    again = client.get("/findings", runs=["run", "two"]).json
    assert again["pending"] == 1
    assert again["findings"] == answer["findings"]
    assert wait_for_findings(client, "two")["pending"] == 0
    every = client.get("/findings").json
    assert every["findings"] == wait_for_findings(client, "run", "two")["findings"]
    assert (every["runs"], every["unchecked"]) == (2, [])
    threads = [t.name for t in threading.enumerate()]
    assert "activation_hist findings" in threads


def test_all_runs_are_examined_those_that_are_shown_first(
    monkeypatch: pytest.MonkeyPatch, data: FakeDataProvider
) -> None:
    names = [f"run{at:02}" for at in range(12)]
    for name in names:
        data.add_series(name, LayerInfo("conv1"), values_to_series(collapsing_values(200, 100)))
    examined: list[str] = []
    find = findings_answer.find_run_findings
    monkeypatch.setattr(
        findings_answer,
        "find_run_findings",
        lambda run, layers, **_: examined.append(run) or find(run, layers),
    )
    client = Site(data)
    start = client.get("/findings", first=["run11", "run07"]).json
    assert (start["runs"], len(start["unchecked"]), start["pending"]) == (13, 13, 13)
    answer = wait_for_findings(client, first=["run11", "run07"])
    assert examined[:2] == ["run11", "run07"]
    assert sorted(examined) == sorted([*names, "run"])
    assert (answer["runs"], answer["unchecked"]) == (13, [])
    assert {f["run"] for f in answer["findings"]} >= set(names)


def test_findings_pause_before_each_rule_for_what_somebody_looks_at(
    monkeypatch: pytest.MonkeyPatch, client: Site
) -> None:
    paused: list[Urgency] = []
    monkeypatch.setattr(SeriesCache, "pause", lambda _, urgency: paused.append(urgency))
    wait_for_findings(client, "run")
    assert paused == [Urgency.LATER] * len(RUN_RULES)


def test_only_the_runs_named_first_are_compared(
    monkeypatch: pytest.MonkeyPatch, data: FakeDataProvider
) -> None:
    monkeypatch.setattr(findings_answer, "COOLING", 0.0)
    for name, factor in (("base", 1), ("shown", 5), ("hidden", 5)):
        values = [factor * each for each in healthy_values(64)]
        data.add_series(name, LayerInfo("first"), values_to_series(values))
    client = Site(data)
    answer = wait_for_findings(client, baseline="base", first=["base", "shown"])
    apart = [f["run"] for f in answer["findings"] if f["kind"] == "run_difference"]
    assert apart == ["shown"]
    assert client.get("/findings", first=["gone"]).status_code == 404


def test_runs_are_compared_with_a_baseline(
    monkeypatch: pytest.MonkeyPatch, data: FakeDataProvider
) -> None:
    monkeypatch.setattr(findings_answer, "COOLING", 0.0)
    for name, factor in (("same", 1), ("apart", 5)):
        for layer in ("first", "second"):
            values = [each * (factor if layer == "second" else 1) for each in healthy_values(64)]
            data.add_series(name, LayerInfo(layer), values_to_series(values))
    data.add_series("apart", LayerInfo("only here"), values_to_series(healthy_values(64)))
    client = Site(data)
    answer = wait_for_findings(client, "same", "apart", baseline="same")
    (finding,) = [f for f in answer["findings"] if f["kind"] == "run_difference"]
    assert (finding["run"], finding["layers"]) == ("apart", ["second"])
    assert finding["figures"]["baseline"] == "same"
    assert len(finding["figures"]["first_steps"]) == len(finding["figures"]["distances"]) == 1
    loads = data.calls["read_tensors"]
    assert wait_for_findings(client, "same", "apart", baseline="same") == answer
    assert data.calls["read_tensors"] == loads
    alone = client.get("/findings", runs=["same", "apart"]).json["findings"]
    assert "run_difference" not in {f["kind"] for f in alone}
    assert wait_for_findings(client, "same", baseline="gone")["errors"] == []


def wait_for_findings(
    client: Site, *runs: str, baseline: str = "", first: Sequence[str] = ()
) -> dict:
    deadline = time.monotonic() + 60
    while True:
        answer = client.get("/findings", runs=runs, baseline=baseline, first=first).json
        if answer["pending"] == 0:
            return answer
        assert time.monotonic() < deadline, answer
        time.sleep(0.02)


def test_findings_that_fail_are_named(
    monkeypatch: pytest.MonkeyPatch, data: FakeDataProvider
) -> None:
    monkeypatch.setattr(findings_answer, "find_run_findings", lambda run, layers, **_: 1 / 0)
    client = Site(data)
    client.get("/findings", runs="run")
    answer = wait_for_findings(client, "run")
    assert answer["findings"] == []
    assert answer["errors"] == ["Run 'run': ZeroDivisionError: division by zero"]


def test_large_runs_are_pooled_for_findings() -> None:
    series = values_to_series(healthy_values(64, 100))
    limit = series.bin_counts.nbytes // 4
    small = findings_answer.pool_to_bytes(series, limit)
    assert len(small) == 16
    assert small.n.sum() == series.n.sum()
    assert findings_answer.pool_to_bytes(series, 10**9) is series


def test_the_page_is_served_with_our_own_mime_types(client: Site) -> None:
    answer = client.get("/static/index.js")
    assert (answer.status_code, answer.mimetype) == (200, "text/javascript")
    for name in static_files.list_static_files():
        assert client.get(f"/static/{name}").status_code == 200
    assert static_files.mime_type("style.css") == "text/css"
    assert static_files.mime_type("secrets.py") is None


@pytest.mark.parametrize("broken", ["missing", "empty"])
def test_a_missing_page_says_what_to_do(broken: str, tmp_path, monkeypatch) -> None:
    if broken == "empty":
        (tmp_path / "static").mkdir()
        (tmp_path / "static" / "index.js").write_text(" \n")
    monkeypatch.setattr(static_files.resources, "files", lambda package: tmp_path)
    script = static_files.read_static_file("index.js").decode()
    assert "export function render()" in script
    assert "make page" in script
    assert "pip install --force-reinstall" in script
    assert static_files.read_static_file("style.css") is None
    assert static_files.read_static_file("../index.js") is None
