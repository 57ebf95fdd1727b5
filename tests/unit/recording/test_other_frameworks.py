"""The examples of the page on other frameworks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tb_activation_hist import (
    LinearBins,
    read_histograms,
)

DOCUMENT = Path(__file__).parents[3] / "docs" / "other_frameworks.md"


def code_after(heading: str) -> str:
    text = DOCUMENT.read_text(encoding="utf-8")
    return text.split(f"## {heading}\n")[1].split("```python\n")[1].split("```")[0]


def test_the_example_of_a_simulation(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(code_after("A simulation"), DOCUMENT, "exec"), {})
    run = read_histograms("runs")["walk"]
    assert run["position"].tallies.n.tolist() == [10_000] * 100
    assert run["position"].std[-1] == pytest.approx(10, rel=0.05)


def test_the_example_of_counts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(code_after("Histograms that are already counted"), DOCUMENT, "exec"), {})
    series = read_histograms("runs")["counted"]["energy"]
    assert series.scheme == LinearBins(50, 0, 10)


def test_the_example_of_jax(tmp_path, monkeypatch):
    pytest.importorskip("jax", reason="jax is in the dev extra")
    monkeypatch.chdir(tmp_path)
    exec(compile(code_after("JAX"), DOCUMENT, "exec"), {})
    run = read_histograms("runs")["jax"]
    assert list(run) == [
        "hidden",
        "relu",
        "out",
        *(f"gradients/{name}.{part}" for name in ("hidden", "out") for part in ("b", "w")),
    ]
    assert run["relu"].steps.tolist() == list(range(1, 51))
    assert run["relu"].tallies.zeros.min() > 0
