"""What the routes answer has the fields and types of the schema, no more and no fewer."""

from __future__ import annotations

import json
import struct
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.findings.finding import SEVERITIES
from tb_activation_hist.plugin import findings_answer, schema
from tb_activation_hist.plugin.tile_layout import TILE_ARRAYS
from tests.plugin.fake_provider import FakeDataProvider
from tests.plugin.logdirs import broken_values, collapsing_values, healthy_values
from tests.plugin.site import Site, wait_for_findings
from tests.series import values_to_series


def misfits(value: object, kind: Any, where: str = "answer") -> list[str]:
    """Where a value that came as JSON is not of a type."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return []
    if is_typeddict(kind):
        return dict_misfits(value, kind, where)
    if origin in (Union, UnionType):
        found = [misfits(value, argument, where) for argument in arguments]
        return [] if [] in found else min(found, key=len)
    if origin is Literal:
        return [] if value in arguments else [f"{where} is {value!r}"]
    if origin is dict and isinstance(value, dict):
        return [m for k, v in value.items() for m in misfits(v, arguments[1], f"{where}.{k}")]
    if origin in (list, tuple) and isinstance(value, list):
        if origin is tuple and len(value) != len(arguments):
            return [f"{where} has {len(value)} items"]
        kinds = arguments if origin is tuple else arguments * len(value)
        pairs = enumerate(zip(value, kinds, strict=True))
        return [m for i, (item, k) in pairs for m in misfits(item, k, f"{where}[{i}]")]
    allowed = {float: (int, float), NoneType: NoneType}.get(kind, kind)
    plain = origin is None and isinstance(value, allowed) and not isinstance(value, bool)
    return [] if plain else [f"{where} is {value!r}, not {kind}"]


def dict_misfits(value: object, kind: Any, where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where} is {value!r}, not {kind.__name__}"]
    hints = get_type_hints(kind)
    wrong = [f"{where} has no {name}" for name in kind.__required_keys__ - value.keys()]
    wrong += [f"{where} has the unknown field {name}" for name in value.keys() - hints.keys()]
    for name in value.keys() & hints.keys():
        wrong += misfits(value[name], hints[name], f"{where}.{name}")
    return wrong


@pytest.fixture
def data() -> FakeDataProvider:
    data = FakeDataProvider()
    data.add_series("run", LayerInfo("conv1"), values_to_series(broken_values(50, 200)))
    data.add_series("dead", LayerInfo("conv1"), values_to_series(collapsing_values(200, 300)))
    data.add_info("run", b'{"version": 1, "silent": ["fc"], "cadence": "every step"}')
    data.add_scalar("run", "loss", {0: 1.0, 2: float("nan")})
    data.add_histogram("run", "w", 3, [[0, 1, 5], [1, 2, 7]])
    data.add_bytes("run", "activations/new", b"x", b'{"version":2}', step=0, wall_time=1)
    return data


@pytest.fixture
def client(data: FakeDataProvider) -> Site:
    return Site(data)


def test_index(client: Site) -> None:
    index = client.get("/index").json
    assert misfits(index, schema.Index) == []
    assert index["warnings"]
    assert {series["source"] for series in index["series"]} == {"blocks", "histograms"}
    unchanged = client.get("/index", known=index["revision"]).json
    assert misfits(unchanged, schema.Unchanged) == []


def test_tiles(client: Site) -> None:
    asked = [
        {"run": "run", "tag": "activations/conv1"},
        {"run": "run", "tag": "w", "source": "histograms"},
        {"run": "run", "tag": "activations/none"},
        {"run": "run", "tag": "activations/new"},
    ]
    data = client.ask("POST", "/tiles", json={"tiles": asked}).data
    (length,) = struct.unpack_from("<I", data)
    head = json.loads(data[4 : 4 + length])
    assert misfits(head, schema.TilesHead) == []
    assert [tile.get("status") for tile in head["tiles"]] == [None, None, 404, 422]
    assert [array["name"] for array in head["arrays"]] == [spec.name for spec in TILE_ARRAYS]


def test_every_field_of_a_request_is_taken(client: Site) -> None:
    for name, kind in get_type_hints(schema.TileRequest).items():
        value = {"source": "blocks", "steps": [0, 9], "rows": 8}.get(
            name, "x" if kind is str else 1
        )
        tile = {"run": "run", "tag": "activations/conv1", name: value}
        assert client.ask("POST", "/tiles", json={"tiles": [tile]}).status_code == 200, name


def test_scalars(client: Site) -> None:
    assert misfits(client.get("/scalars", run="run", tag="loss").json, schema.ScalarSeries) == []


def test_board_and_sweep(client: Site) -> None:
    series = [{"tag": "activations/conv1"}, {"tag": "w", "source": "histograms"}]
    asked = {"runs": ["run", "dead"], "series": series, "columns": 8}
    board = client.ask("POST", "/board", json=asked).json
    assert misfits(board, schema.Board) == []
    assert len(board["cells"]) == 3
    sweep = client.get("/sweep").json
    assert misfits(sweep, schema.Sweep) == []
    assert [run["name"] for run in sweep["runs"]] == ["dead", "run"]


def test_findings(monkeypatch: pytest.MonkeyPatch, data: FakeDataProvider) -> None:
    monkeypatch.setattr(findings_answer, "COOLING", 0.0)
    for name, factor in (("same", 1), ("apart", 5)):
        values = [each * factor for each in healthy_values(64)]
        data.add_series(name, LayerInfo("first"), values_to_series(values))
    answer = wait_for_findings(Site(data), "run", "dead", "same", "apart", baseline="same")
    assert misfits(answer, schema.Findings) == []
    assert {"collapsed", "run_difference"} <= {finding["kind"] for finding in answer["findings"]}
    assert get_args(schema.Severity) == SEVERITIES


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"pending": None}, "answer.pending"),
        ({"pending": True}, "answer.pending"),
        ({"errors": [1]}, r"answer.errors[0]"),
        ({"findings": [{}]}, "answer.findings[0] has no"),
        ({"more": 1}, "unknown field more"),
    ],
)
def test_a_misfit_is_found(changed: dict[str, object], where: str) -> None:
    answer = {
        "version": 1,
        "findings": [],
        "runs": 0,
        "unchecked": [],
        "pending": 0,
        "errors": [],
    }
    assert misfits(answer, schema.Findings) == []
    assert any(where in text for text in misfits(answer | changed, schema.Findings))
