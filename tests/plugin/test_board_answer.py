"""The board route's cells, and the sweep route's table of runs."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.plugin import board_answer
from tb_activation_hist.plugin.board_answer import SHARES, series_to_cell
from tb_activation_hist.plugin.sweep_answer import choose_loss
from tests.plugin.fake_provider import FakeDataProvider
from tests.plugin.logdirs import broken_values, collapsing_values, healthy_values
from tests.plugin.site import Site
from tests.series import values_to_series

TAGS = ("activations/a", "activations/b")


def cell_quantiles(cell: dict[str, Any]) -> npt.NDArray[np.float32]:
    """(shares, columns), as the page decodes them."""
    halves = np.frombuffer(base64.b64decode(cell["quantiles"]), "<u2").astype("<u4") << 16
    return halves.view("<f4").reshape(len(SHARES), -1)


@pytest.fixture
def data() -> FakeDataProvider:
    data = FakeDataProvider()
    for run in ("lr=0.1", "lr=1"):
        data.add_series(run, LayerInfo("a"), values_to_series(healthy_values(100, 300)))
        data.add_scalar(run, "epoch", {0: 0.0})
    data.add_series("lr=1", LayerInfo("b"), values_to_series(broken_values(60, 300)))
    data.add_scalar("lr=0.1", "train/loss", {0: 2.0, 9: 0.5})
    data.add_scalar("lr=1", "train/loss", {0: 2.0, 7: float("nan")})
    return data


def ask(site: Site, **changed: Any) -> dict[str, Any]:
    body = {"runs": ["lr=0.1", "lr=1"], "series": [{"tag": tag} for tag in TAGS]} | changed
    answer = site.ask("POST", "/board", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_a_cell_has_the_quantiles_of_its_pooled_records() -> None:
    values = healthy_values(100, 2000)
    cell = series_to_cell(values_to_series(values), 40)
    assert cell["steps"] == list(range(0, 100, 4)) and cell["last_step"] == 99
    expected = [np.quantile(np.concatenate(values[at : at + 4]), SHARES) for at in cell["steps"]]
    assert np.allclose(cell_quantiles(cell).T, expected, rtol=0.08, atol=0.05)
    assert cell["non_finite"] == []


def test_columns_that_are_not_finite_are_reported() -> None:
    cell = series_to_cell(values_to_series([np.ones(9), np.full(9, np.nan), [1, np.inf]]), 40)
    assert cell["non_finite"] == [1, 2]
    assert np.isnan(cell_quantiles(cell)).any(axis=0).tolist() == [False, True, False]


def test_values_beyond_float32_and_empty_series_have_a_cell() -> None:
    assert np.isfinite(cell_quantiles(series_to_cell(values_to_series([[3e38, -3e38]]), 8))).all()
    series = values_to_series([np.ones(3)])
    assert series_to_cell(series.take(slice(0)), 8)["steps"] == []


def test_a_block_has_the_cells_that_exist(data: FakeDataProvider) -> None:
    answer = ask(Site(data))
    assert sorted((cell["run"], cell["series"]) for cell in answer["cells"]) == [
        (0, 0),
        (1, 0),
        (1, 1),
    ]
    assert answer["pending"] == 0 and answer["shares"] == list(SHARES)
    assert {cell["error"] for cell in answer["cells"]} == {""}


def test_cells_are_kept_until_their_series_grow(data: FakeDataProvider) -> None:
    site = Site(data)
    first = ask(site)
    reads = data.calls["read_tensors"]
    assert ask(site) == first
    assert data.calls["read_tensors"] == reads
    more = values_to_series(healthy_values(32, 300), steps=range(100, 132))
    data.add_series("lr=1", LayerInfo("a"), more, first=100)
    last = {(c["run"], c["series"]): c["last_step"] for c in ask(Site(data))["cells"]}
    assert last == {(0, 0): 99, (1, 0): 131, (1, 1): 59}


def test_an_answer_does_not_wait_for_all_cells(
    monkeypatch: pytest.MonkeyPatch, data: FakeDataProvider
) -> None:
    monkeypatch.setattr(board_answer, "ANSWER_S", 0.0)
    monkeypatch.setattr(board_answer, "LOADED_AT_ONCE", 1)
    site = Site(data)
    assert [ask(site)["pending"] for _ in range(3)] == [2, 1, 0]


def test_memory_of_cells_is_bounded(data: FakeDataProvider) -> None:
    for at in range(40):
        series = values_to_series(collapsing_values(64, 50, seed=at))
        data.add_series(f"run{at}", LayerInfo("a"), series)
    site = Site(data)
    board = site.plugin._board
    board._cells.limit_bytes = 30_000
    answer = ask(site, runs=[f"run{at}" for at in range(40)])
    assert len(answer["cells"]) == 40
    assert 20_000 < board.held_bytes <= 30_000


def test_what_cannot_be_read_is_a_cell_with_the_reason(data: FakeDataProvider) -> None:
    data.add_bytes("lr=1", "activations/new", b"x", b'{"version":2}', step=0, wall_time=1)
    answer = ask(Site(data), series=[{"tag": "activations/new"}])
    assert [(cell["run"], cell["steps"]) for cell in answer["cells"]] == [(1, [])]
    assert "version" in answer["cells"][0]["error"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"runs": []}, 'a list "series"'),
        ({"runs": [1], "series": []}, "runs[0]: run must be a string, not 1."),
        ({"runs": [], "series": [3]}, "series[0] must be a JSON object, not 3."),
        ({"runs": [], "series": [{"tag": "a", "x": 1}]}, "unknown field 'x'; allowed are tag,"),
        ({"runs": [], "series": [], "rows": 1}, "board has the unknown field 'rows'"),
        ({"runs": [], "series": [], "columns": 4}, "columns must be a whole number from 8 to 128"),
        ({"runs": ["a"] * 100, "series": [{"tag": "b"}] * 100}, "At most 2,048 cells"),
    ],
)
def test_a_wrong_request_is_refused(data: FakeDataProvider, body: object, sentence: str) -> None:
    answer = Site(data).ask("POST", "/board", json=body)
    assert answer.status_code == 400 and sentence in answer.text


def test_the_runs_have_hyperparameters_and_their_newest_loss(data: FakeDataProvider) -> None:
    assert Site(data).get("/sweep").json["runs"] == [
        {
            "name": "lr=0.1",
            "hyperparameters": {"lr": 0.1},
            "loss": {"tag": "train/loss", "step": 9, "value": 0.5},
        },
        {
            "name": "lr=1",
            "hyperparameters": {"lr": 1.0},
            "loss": {"tag": "train/loss", "step": 7, "value": None},
        },
    ]


@pytest.mark.parametrize(
    ("tags", "chosen"),
    [
        (["acc", "loss"], "loss"),
        (["eval/loss", "train/loss"], "train/loss"),
        (["final/loss", "train/loss"], "train/loss"),
        (["val_loss", "train_loss_step"], "train_loss_step"),
        (["Loss/validation"], "Loss/validation"),
        (["acc"], ""),
    ],
)
def test_the_loss_is_found_by_its_tag(tags: list[str], chosen: str) -> None:
    assert choose_loss(tags) == chosen
