"""The profile route: change and sizes of all layers over the steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.plugin import profile_answer, schema
from tb_activation_hist.plugin.profile_answer import cadence_changes
from tb_activation_hist.plugin.series_loader import LoadedSeries
from tests.plugin.fake_provider import FakeDataProvider
from tests.plugin.logdirs import broken_values, collapsing_values, healthy_values, later
from tests.plugin.site import Site
from tests.plugin.test_schema import misfits
from tests.series import values_to_series

STEPS = 40


@pytest.fixture
def site() -> Site:
    data = FakeDataProvider()
    still = [np.linspace(-1, 1, 400, dtype=np.float32)] * STEPS
    jump = still[:20] + [2 * values for values in still[20:]]
    for order, (name, values) in enumerate({"still": still, "jump": jump}.items()):
        data.add_series("run", LayerInfo(name, order=order), values_to_series(values))
    dead = values_to_series(collapsing_values(STEPS, 300))
    data.add_series("run", LayerInfo("dead", kind="gradients"), dead)
    data.add_series("run", LayerInfo("broken", phase="eval"), values_to_series(broken_values(30)))
    data.add_histogram("run", "w", 3, [[0, 1, 5], [1, 2, 7]])
    return Site(data)


def ask(site: Site, **query: object) -> schema.Profile:
    answer = site.get("/profile", **({"run": "run", "kind": "activations"} | query)).json
    assert misfits(answer, schema.Profile) == []
    return answer


def figures(answer: schema.Profile, tag: str) -> dict[str, list[float | None]]:
    return next(layer["figures"] for layer in answer["layers"] if layer["tag"] == tag)


def test_change_is_how_far_columns_lie_from_those_before(site: Site) -> None:
    answer = ask(site)
    assert len(answer["columns"]) == 1 and len(answer["columns"][0]["records"]) == STEPS
    still = figures(answer, "activations/still")["change"]
    jump = figures(answer, "activations/jump")["change"]
    assert still == [None] + [0.0] * (STEPS - 1)
    assert np.flatnonzero(np.array(jump[1:], float)).tolist() == [19]
    # Values that are twice as large lie ln 2 apart where the axis is logarithmic.
    assert 0.35 < jump[20] < 0.7


def test_sizes_are_quantiles_of_the_values_other_than_0(site: Site) -> None:
    found = figures(ask(site, figures="sizes"), "activations/jump")
    assert found["p50"][0] == pytest.approx(0.5, rel=0.05)
    assert found["p95"][0] == pytest.approx(0.95, rel=0.05)
    assert found["p50"][-1] == pytest.approx(1.0, rel=0.05)
    assert found["rms"][0] == pytest.approx(
        np.sqrt(np.mean(np.linspace(-1, 1, 400) ** 2)), rel=1e-3
    )
    dead = figures(ask(site, kind="gradients", figures="sizes"), "gradients/dead")
    assert dead["zeros"][-1] == 1.0 and dead["p50"][-1] is None and dead["rms"][-1] == 0.0
    broken = figures(ask(site, phase="eval", figures="sizes"), "eval/activations/broken")
    assert broken["broken"][0] == 0.0 and broken["broken"][-1] > 0


def test_a_range_is_one_column_where_it_is_asked_for(site: Site) -> None:
    answer = ask(site, figures="sizes", steps="10,12", pooled=1)
    (columns,) = answer["columns"]
    assert (columns["first_steps"], columns["last_steps"], columns["records"]) == ([10], [12], [3])
    answer = ask(site, figures="sizes", steps="10,12")
    assert answer["columns"][0]["first_steps"] == [10, 11, 12]
    assert ask(site, figures="sizes", steps="900,901")["columns"][0]["records"] == []


def test_long_series_are_pooled_and_answers_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    data = FakeDataProvider()
    data.add_series("run", LayerInfo("conv"), values_to_series(healthy_values(300, 50)))
    site = Site(data)
    (columns,) = ask(site)["columns"]
    assert set(columns["records"]) == {2} and len(columns["records"]) == 150
    monkeypatch.setattr(profile_answer, "_make_profile", None)
    assert ask(site)["columns"] == [columns]


def test_windows_are_compared_where_there_are_many_columns_and_nan_is_left_out() -> None:
    data = FakeDataProvider()
    values = [
        np.linspace(-1, 1, 400, dtype=np.float32) * (1 if at < 100 else 2) for at in range(200)
    ]
    values[99] = np.full(400, np.nan, np.float32)
    data.add_series("run", LayerInfo("conv"), values_to_series(values))
    change = figures(ask(Site(data)), "activations/conv")["change"]
    assert change[0] is change[99] is None
    # Windows are three columns long.
    assert [at for at, value in enumerate(change) if value] == [98, 100, 101]
    assert max(change[1:99] + change[100:]) == change[100]


def test_histograms_of_other_tools_have_a_profile(site: Site) -> None:
    assert ask(site, kind="histograms")["layers"][0]["tag"] == "w"


def test_sessions_and_cadences_are_marked() -> None:
    data = FakeDataProvider()
    series = values_to_series(healthy_values(20, 50), steps=[*range(10), *range(10, 50, 4)])
    data.add_series("run", LayerInfo("conv"), series.take(slice(0, 12)))
    data.add_series("run", LayerInfo("conv"), later(series.take(slice(12, 20)), 0, 5), session=2)
    assert [(mark["step"], mark["kind"]) for mark in ask(Site(data))["marks"]] == [
        (10, "cadence"),
        (18, "resume"),
    ]


def test_a_gap_is_no_cadence() -> None:
    assert cadence_changes(np.array([0, 1, 2, 3, 9, 10, 11, 12])) == []
    assert cadence_changes(np.array([0, 1, 2, 3, 5, 7, 9])) == [(3, 1, 2)]
    assert cadence_changes(np.array([7])) == []


@pytest.mark.parametrize(
    ("query", "status"),
    [({"figures": "all"}, 400), ({"steps": "1"}, 400), ({"kind": "updates"}, 404)],
)
def test_wrong_questions_are_refused_in_words(site: Site, query: dict, status: int) -> None:
    answer = site.get("/profile", **({"run": "run", "kind": "activations"} | query))
    assert answer.status_code == status and len(answer.text) > 10


def test_what_nobody_foresaw_costs_one_layer(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = profile_answer._make_profile

    def fail(loaded: LoadedSeries, asked: Any) -> Any:
        if loaded.series.layer == "jump":
            raise RuntimeError("a fault of ours")
        return whole(loaded, asked)

    monkeypatch.setattr(profile_answer, "_make_profile", fail)
    assert [layer["tag"] for layer in ask(site)["layers"]] == ["activations/still"]
    monkeypatch.setattr(profile_answer, "_make_profile", whole)
    assert len(ask(site)["layers"]) == 2
