"""The slices route, and findings of units on the page."""

from __future__ import annotations

import numpy as np
import pytest

from tb_activation_hist.core.names import SLICES_PLUGIN, LayerInfo
from tb_activation_hist.core.slice_series import SliceSeries
from tb_activation_hist.plugin import findings_answer, schema
from tb_activation_hist.storage.slice_codec import encode_slices
from tests.plugin.fake_provider import FakeDataProvider
from tests.plugin.logdirs import healthy_values
from tests.plugin.site import Site, wait_for_findings
from tests.plugin.test_schema import misfits
from tests.series import values_to_series
from tests.slices import make_slices

INFO = LayerInfo("relu", type="ReLU", split=-1)
TAG = INFO.tag


def add_slices(data: FakeDataProvider, run: str, slices: SliceSeries) -> None:
    for ordinal in range(0, len(slices), 32):
        part = slices.take(slice(ordinal, ordinal + 32))
        text = np.array(encode_slices(part, 1, ordinal), dtype=object)
        datums = data.datums(SLICES_PLUGIN, run, INFO.slices_tag, INFO.to_content())
        data.append(datums, int(part.steps[0]), float(part.wall_times[-1]), text)


def make_values(records: int, units: int = 6) -> list[np.ndarray]:
    """Unit 2 dies at record 40; unit u has the scale 2**u."""
    random = np.random.default_rng(0)
    values = [np.maximum(random.normal(size=(40, units)), 0) for _ in range(records)]
    for at, table in enumerate(values):
        table *= 2.0 ** np.arange(units)
        table[:, 2] *= at < 39
    return values


@pytest.fixture
def data() -> FakeDataProvider:
    data = FakeDataProvider()
    series = values_to_series(healthy_values(80))
    data.add_series("run", INFO, series)
    add_slices(data, "run", make_slices(make_values(80)))
    data.add_series("run", LayerInfo("plain", order=1), series)
    return data


def test_every_statistic_is_answered_as_the_schema_says(data: FakeDataProvider) -> None:
    site = Site(data)
    answer = site.get("/slices", run="run", tag=TAG).json
    assert misfits(answer, schema.Slices) == []
    assert (answer["slices"], answer["per_row"], answer["dimension"]) == (6, 1, -1)
    assert answer["order"] == list(range(6))
    assert answer["first_steps"] == answer["last_steps"] == list(range(1, 81))
    assert len(answer["values"]) == 6 and len(answer["values"][0]) == 80
    assert answer["values"][2][39:] == [1.0] * 41
    for statistic in ("mean", "std", "abs_max", "rms", "min", "max"):
        other = site.get("/slices", run="run", tag=TAG, statistic=statistic).json
        assert misfits(other, schema.Slices) == []


def test_auto_takes_the_share_of_zeros_where_a_unit_has_some(data: FakeDataProvider) -> None:
    signed = [np.random.default_rng(at).normal(size=(40, 6)) for at in range(80)]
    signed[7][3, 3] = 0.0  # one by chance
    data.add_series("signed", INFO, values_to_series(healthy_values(80)))
    add_slices(data, "signed", make_slices(signed))
    site = Site(data)
    chosen = {
        run: site.get("/slices", run=run, tag=TAG, statistic="auto").json["statistic"]
        for run in ("run", "signed")
    }
    assert chosen == {"run": "zero_share", "signed": "rms"}


def test_units_are_sorted_by_their_last_value(data: FakeDataProvider) -> None:
    answer = Site(data).get("/slices", run="run", tag=TAG, statistic="rms", sort="value").json
    assert answer["order"] == [5, 4, 3, 1, 0, 2]
    assert answer["values"][-1][-1] == 0.0


def test_long_runs_are_pooled_and_many_units_share_rows(data: FakeDataProvider) -> None:
    slices = make_slices([np.full((2, 1100), float(step)) for step in range(3)] * 200)
    add_slices(data, "long", slices)
    data.add_series("long", INFO, values_to_series([np.ones(3)] * 3))
    answer = Site(data).get("/slices", run="long", tag=TAG, statistic="max").json
    assert (answer["per_row"], len(answer["values"]), len(answer["values"][0])) == (3, 367, 300)
    assert answer["last_steps"][-1] == 600
    assert len(answer["order"]) == 1100


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ({"tag": "activations/plain"}, 404, "was not split"),
        ({"tag": TAG, "statistic": "median"}, 400, "zero_share"),
        ({"tag": TAG, "sort": "up"}, 400, "number, value"),
    ],
)
def test_a_wrong_question_is_reported(
    data: FakeDataProvider, query: dict[str, str], status: int, says: str
) -> None:
    answer = Site(data).get("/slices", run="run", **query)
    assert answer.status_code == status
    assert says in answer.text


def test_damaged_blocks_harm_themselves_only(data: FakeDataProvider) -> None:
    datums = data.datums(SLICES_PLUGIN, "run", INFO.slices_tag, INFO.to_content())
    data.append(datums, 200, 1.8e9, np.array(b"AHS damaged", dtype=object))
    assert len(Site(data).get("/slices", run="run", tag=TAG).json["first_steps"]) == 80
    data.append(
        data.datums(SLICES_PLUGIN, "bad", INFO.slices_tag, INFO.to_content()),
        1, 1.0, np.array(b"AHS", dtype=object),
    )  # fmt: skip
    assert Site(data).get("/slices", run="bad", tag=TAG).status_code == 422


def test_the_index_says_which_layers_are_split(data: FakeDataProvider) -> None:
    series = {each["layer"]: each for each in Site(data).get("/index").json["series"]}
    assert series["relu"]["split"] == -1
    assert "split" not in series["plain"]


def test_dead_units_are_found(monkeypatch: pytest.MonkeyPatch, data: FakeDataProvider) -> None:
    monkeypatch.setattr(findings_answer, "COOLING", 0.0)
    found = wait_for_findings(Site(data), "run")["findings"]
    (dead,) = (each for each in found if each["kind"] == "dead_units")
    assert dead["figures"]["units"] == [2]
    assert dead["first_step"] == 40
