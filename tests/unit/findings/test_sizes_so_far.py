"""The sizes of parameters that a watch keeps of a long run."""

from __future__ import annotations

import numpy as np

from tb_activation_hist.core.parameter_sizes import (
    CHANGED,
    NOT_MEASURED,
    SAME,
    UNKNOWN,
    ParameterInfo,
    SizeRecord,
)
from tb_activation_hist.findings.sizes_so_far import MOST_KEPT, NEWEST, SizesSoFar

INFOS = (ParameterInfo("a.weight", (2, 2)), ParameterInfo("b.weight", (2, 2)))
TIMES = 5000


def measure(step: int, same: int = SAME, *, turn: int = -1) -> SizeRecord:
    """turn: the only parameter that is measured; -1: both are."""
    totals = np.full((3, 2, 3), 4, np.int64)
    totals[:, [each for each in (0, 1) if turn not in (-1, each)], 0] = NOT_MEASURED
    flags = np.full((3, 2), same, np.int8)
    own = np.ones(2, np.bool_), np.ones(2, np.int8), np.full(2, 0.1)
    return SizeRecord(step, 0.0, INFOS, totals, np.ones((3, 2, 4)), flags, *own)


def follow(records: list[SizeRecord]) -> SizesSoFar:
    run = SizesSoFar()
    for record in records:
        run.add(record)
    return run


def test_a_long_run_keeps_the_first_and_the_newest_measurements() -> None:
    steps = follow([measure(step) for step in range(TIMES)]).sizes["a.weight"].facts.steps
    assert len(steps) <= MOST_KEPT
    assert steps[0] == 0
    assert steps[-NEWEST:].tolist() == list(range(TIMES - NEWEST, TIMES))


def test_a_change_is_not_lost_with_the_measurement_that_showed_it() -> None:
    for odd in (700, 701):
        flags = [CHANGED if step == odd else SAME for step in range(TIMES)]
        run = follow([measure(step, flag) for step, flag in enumerate(flags)])
        assert (run.sizes["a.weight"].weights.same == CHANGED).sum() == 1
    run = follow([measure(step, UNKNOWN) for step in range(TIMES)])
    assert (run.sizes["a.weight"].weights.same == UNKNOWN).all()


def test_networks_that_take_turns_both_keep_theirs() -> None:
    run = follow([measure(step, turn=step % 2) for step in range(TIMES)])
    assert all(len(run.sizes[info.name].weights) > NEWEST for info in INFOS)
