"""What the page learns of findings and of runs that are compared, on a data provider in memory."""

from __future__ import annotations

import threading

import pytest

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.findings.registry import RUN_RULES
from tb_activation_hist.plugin import findings_answer
from tb_activation_hist.plugin.reading_turns import Urgency
from tb_activation_hist.plugin.series_cache import SeriesCache
from tests.plugin.fake_provider import FakeDataProvider
from tests.plugin.logdirs import collapsing_values, healthy_values
from tests.plugin.site import Site, wait_for_findings
from tests.series import values_to_series


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
