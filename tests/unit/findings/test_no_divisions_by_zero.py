"""Series that are exactly 0 for a while: no rule divides by them, or lets numpy warn the user."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from tb_activation_hist.findings import Finding, find_run_findings
from tests.unit.findings.trainings import Change, make_layer, make_run, unchanged

CHANGES: dict[str, Change] = {
    "zero": lambda values, _: values * 0,
    "zero, then huge": lambda values, index: values * np.float32(0 if index < 60 else 1e4),
    "first record 0": lambda values, index: values * np.float32(0 if index < 1 else 1e3),
    "zero in the end": lambda values, index: values * np.float32(0 if index > 60 else 1),
    "one value": lambda values, _: np.ones_like(values),
    "next to 0": lambda values, _: values * np.float32(1e-38),
}
STREAMS = ("activations", "gradients", "inputs", "weights", "weight_gradients", "updates")


def find(change: Change, stream: str, place: int) -> list[Finding]:
    """Findings of a run in which the series of one layer is changed."""
    run = make_run()
    for order, (name, (info, _)) in enumerate(list(run.items())):
        named = name if stream in ("activations", "gradients", "inputs") else f"{name}.weight"
        key = name if stream == "activations" else f"{stream}/{name}"
        own = change if order == place else unchanged
        run[key] = make_layer(named, info.type, order, own, stream=stream)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        return find_run_findings("run", run)


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("name", CHANGES)
def test_no_rule_divides_by_zero(name: str, stream: str, place: int) -> None:
    for finding in find(CHANGES[name], stream, place):
        numbers = [each for each in finding.figures.values() if isinstance(each, float)]
        assert np.isfinite(numbers).all()


def test_what_was_zero_has_grown_by_no_factor() -> None:
    found = find(CHANGES["zero, then huge"], "activations", 2)
    title = next(each.title for each in found if each.kind == "exploding")
    assert "from 0 to a root mean square of" in title


def test_inputs_that_were_zero_are_named() -> None:
    found = find(CHANGES["zero, then huge"], "inputs", 0)
    assert any("no longer nothing but zeros" in each.title for each in found)
