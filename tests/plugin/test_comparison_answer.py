"""The comparison route: where a run parts from another."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.plugin.comparison_answer import KEPT, ComparisonAnswers
from tb_activation_hist.plugin.series_cache import SeriesCache
from tests.plugin.fake_provider import FakeDataProvider
from tests.plugin.logdirs import Values, healthy_values
from tests.plugin.site import Site
from tests.series import values_to_series

LAYERS = ("second", "first", "last")
RECORDS = 20


def layer_values(layer: str) -> list[Values]:
    return list(healthy_values(RECORDS, 200, seed=LAYERS.index(layer)))


def add_run(data: FakeDataProvider, run: str, changed: dict[str, int], **others: object) -> None:
    """A run whose layers differ from the step given for them on."""
    for order, layer in enumerate(LAYERS):
        values = layer_values(layer)
        begin = changed.get(layer, RECORDS)
        values[begin:] = [each * 2 for each in values[begin:]]
        data.add_series(run, LayerInfo(layer, order=order), values_to_series(values))
    info = {"version": 1, "execution_order": ["first", "second", "last"], **others}
    data.add_info(run, json.dumps(info).encode())


@pytest.fixture
def data() -> FakeDataProvider:
    data = FakeDataProvider()
    add_run(data, "base", {})
    add_run(data, "other", {"second": 7, "first": 7, "last": 9})
    add_run(data, "again", {})
    return data


def ask(data: FakeDataProvider, **query: str) -> dict:
    answer = Site(data).get("/comparison", **query)
    assert answer.status_code == 200, answer.text
    told: dict = answer.json
    return told


def test_layers_stand_in_the_order_of_execution(data: FakeDataProvider) -> None:
    told = ask(data, a="base", b="other")
    assert [(each["tag"], each["first_step"]) for each in told["differing"]] == [
        ("activations/first", 7),
        ("activations/second", 7),
        ("activations/last", 9),
    ]
    assert told["differing"][0]["differing_steps"] == RECORDS - 7
    assert told["differing"][0]["moved"] > 0.1
    assert (told["first_step"], told["last_step"], told["equal"]) == (0, RECORDS - 1, [])


def test_equal_runs_have_equal_layers(data: FakeDataProvider) -> None:
    told = ask(data, a="base", b="again", mode="octaves")
    assert told["differing"] == []
    assert sorted(told["equal"]) == [f"activations/{layer}" for layer in sorted(LAYERS)]


def test_what_only_one_run_has_is_reported(data: FakeDataProvider) -> None:
    data.add_series("again", LayerInfo("extra"), values_to_series([np.ones(3)]))
    assert ask(data, a="base", b="again")["only_in_b"] == ["activations/extra"]


def test_it_is_kept_until_a_run_grows(data: FakeDataProvider) -> None:
    answers = ComparisonAnswers(SeriesCache())
    provider = data.bound()
    first = answers.answer(provider, "base", "again", "exact")
    assert answers.answer(provider, "base", "again", "exact") is first
    for _ in range(KEPT):
        answers.answer(provider, "base", "other", "mass")
    data.add_series("again", LayerInfo("extra"), values_to_series([np.ones(3)]))
    assert answers.answer(provider, "base", "again", "exact") is not first


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ({"a": "base", "b": "gone"}, 404, "There is no run 'gone'"),
        ({"a": "base"}, 400, "b"),
        ({"a": "base", "b": "other", "mode": "loose"}, 400, "mode must be one of exact"),
        ({"a": "base", "b": "alone"}, 400, "have no layer in common"),
    ],
)
def test_what_cannot_be_compared_is_said(
    query: dict[str, str], status: int, says: str, data: FakeDataProvider
) -> None:
    data.add_series("alone", LayerInfo("lonely"), values_to_series([np.ones(3)]))
    answer = Site(data).get("/comparison", **query)
    assert answer.status_code == status
    assert says in answer.text
