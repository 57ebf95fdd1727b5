"""Zeros throughout that are a constant: handed on, or beside outputs, as a mean of nothing."""

from __future__ import annotations

import numpy as np
import pytest

from tb_activation_hist.findings import OnlineRules, find_run_findings
from tests.unit.findings.trainings import Change, after, make_layer


def be_zero(values: np.ndarray, _index: int) -> np.ndarray:
    return values * np.float32(0)


def reports_collapse(name: str, change: Change, kind: str = "Scaler") -> tuple[bool, bool]:
    """Whether it is reported of the run, and by its single records."""
    own = make_layer(name, kind, 1, change)
    layers = {"fc": make_layer("fc", "Linear", 0), name: own}
    afterwards = find_run_findings("run", layers)
    live = OnlineRules(("collapsed",)).add(*own)
    return any(f.kind == "collapsed" for f in afterwards), bool(live)


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("scaler/1", be_zero, (False, False)),
        ("scaler/0", be_zero, (True, False)),
        ("scaler", be_zero, (True, False)),
        ("scaler/1", after(60, lambda v: v * 0), (True, True)),
        ("scaler/mean", be_zero, (True, False)),
    ],
)
def test_zeros_from_the_start_are_a_constant_of_further_outputs_only(
    name: str, change: Change, expected: tuple[bool, bool]
) -> None:
    assert reports_collapse(name, change) == expected


@pytest.mark.parametrize(
    ("kind", "change", "expected"),
    [
        ("Identity", be_zero, (False, False)),
        ("PoolFormerPooling", be_zero, (False, False)),
        ("Identity", after(60, lambda v: v * 0), (True, True)),
        ("ReLU", be_zero, (True, False)),
        ("Linear", be_zero, (True, False)),
    ],
)
def test_zeros_that_a_layer_only_hands_on(
    kind: str, change: Change, expected: tuple[bool, bool]
) -> None:
    """As behind a norm whose factors start at 0, or of a mean over one place less that place."""
    assert reports_collapse("branch", change, kind) == expected
