"""The routes as a WSGI client sees them, on a data provider in memory."""

from __future__ import annotations

import csv
import io
import json
from types import SimpleNamespace

import numpy as np
import pytest
from tensorboard.backend.security_validator import SecurityValidatorMiddleware
from werkzeug.test import Client
from werkzeug.wrappers import Response

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.plugin.routes import ActivationHistPlugin
from tests.golden.test_tiles import unpack
from tests.plugin.fake_provider import FakeDataProvider
from tests.plugin.logdirs import broken_values, healthy_values
from tests.plugin.site import Site
from tests.plugin.test_sharing import Parts
from tests.series import values_to_series

ODD = ["a b", "ü/層", "<b>&\"'", "../../etc/passwd", ".", "x" * 3000, "a\nb", "100%?#"]


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
