"""From which step on something is said to go wrong."""

from __future__ import annotations

import numpy as np

from tb_activation_hist.findings import find_run_findings
from tb_activation_hist.findings.weight_trends import WeightTrend
from tests.unit.findings.trainings import make_run

TURN = 90


def test_a_slow_climb_explodes_from_where_it_turns_upwards() -> None:
    """A branch that starts next to 0 grows in health; what comes later is the trouble."""

    def grow(values: np.ndarray, index: int) -> np.ndarray:
        slow, fast = 0.05 * min(index, TURN), 0.25 * max(index - TURN, 0)
        return values * np.float32(0.01 * np.exp(slow + fast))

    finding = find_run_findings("run", make_run({"linear1": grow}))[0]
    assert (finding.kind, finding.layers[0]) == ("exploding", "linear1")
    assert TURN - 4 <= finding.first_step <= TURN + 6


def trend(*scale: float) -> WeightTrend:
    steps = np.array([0, 1, 2, 3, 5, 9, 17, 33, 49])[: len(scale)]
    return WeightTrend(steps, np.array(scale), np.array(scale), (), 2)


def test_weights_that_grow_from_the_start_are_dated_there() -> None:
    """Between the measurements at steps 17 and 33, which lie far apart."""
    steady = trend(*np.exp(0.012 * np.array([0, 1, 2, 3, 5, 9, 17, 33, 49])))
    assert steady.departure(8, 0) == 1
    assert trend(1, 1, 1, 1, 1, 1, 1, 1, 6).departure(8, 0) == 34


def test_weights_that_shrink_are_dated_alike() -> None:
    assert trend(1, 1, 1, 1, 1, 1, 0.9, 0.5, 0.2).departure(8, 0) == 15
