"""Updates that move weights straight away from 0, or straight towards it, from step to step."""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.findings.parameter_signals import ParameterSignals, SizeHistory
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.weight_trends import LEAST_MATRICES, WeightTrend, trained_matrices

STRAIGHT: Final = 0.7
"""Change of the size of the median matrix, relative to the way of its updates, from which these are
straight. In 1,100 healthy trainings 0.56 is the most outwards in the first steps, and 0.6 the most
inwards in any; later on, networks that know the answers grow so."""

LEAST_STRAIGHT: Final = {"outward": 0.5, "inward": 0.3}
"""The same for each matrix."""

STRAIGHT_STEPS: Final = 17
"""Steps over which they are judged, at most: sizes are measured 16 steps apart ..."""

FEWEST_STEPS: Final = 8
"""... and at least."""

STRAIGHT_CHANGE: Final = {"outward": 1.1, "inward": 1.15}
"""Factor by which the weights must have changed then."""


def find_outward(run: RunSignals, trend: WeightTrend) -> tuple[int, int] | None:
    """Measurements between which weights grow by straight updates, from the start on."""
    end = int(np.searchsorted(trend.steps, trend.steps[0] + STRAIGHT_STEPS, side="right")) - 1
    if trend.scale[end] < STRAIGHT_CHANGE["outward"] * trend.scale[0]:
        return None
    ways = _Ways.of(run, trend)
    return (0, end) if ways is not None and ways.are_straight(0, end, "outward") else None


def find_inward(run: RunSignals, trend: WeightTrend) -> tuple[int, int] | None:
    """Measurements between which weights shrink by straight updates, at any time."""
    bases = np.searchsorted(trend.steps, trend.steps - STRAIGHT_STEPS)
    falls = trend.scale[bases] / np.maximum(trend.scale, np.finfo(np.float64).tiny)
    ends = np.flatnonzero(falls >= STRAIGHT_CHANGE["inward"]).tolist()
    ways = _Ways.of(run, trend) if ends else None
    if ways is None:
        return None
    straight = (end for end in ends if ways.are_straight(int(bases[end]), end, "inward"))
    return next(((int(bases[end]), end) for end in straight), None)


class _Ways:
    """Of some matrices, at each measurement: the logarithm of the size, and the way so far.

    sizes, ways: (matrices, measurements); the way is the sum of the relative sizes of the updates.
    """

    def __init__(self, trend: WeightTrend, matrices: list[tuple[SizeHistory, SizeHistory]]) -> None:
        self.steps = trend.steps
        self.sizes = np.log([weights.rms for weights, _ in matrices])
        self.ways = np.array([_way(updates, trend) for _, updates in matrices])

    @classmethod
    def of(cls, run: RunSignals, trend: WeightTrend) -> _Ways | None:
        """None where too few matrices were measured together."""
        found = [own for p in trained_matrices(run) if (own := _measured(p, trend)) is not None]
        return cls(trend, found) if len(found) >= LEAST_MATRICES else None

    def are_straight(self, base: int, end: int, way: str) -> bool:
        """Whether the updates between two measurements change the sizes by nearly their own."""
        if self.steps[end] - self.steps[base] < FEWEST_STEPS:
            return False
        sign = 1 if way == "outward" else -1
        changes = sign * (self.sizes[:, end] - self.sizes[:, base])
        ways = self.ways[:, end] - self.ways[:, base]
        if not (ways > 0).all() or np.median(changes) < np.log(STRAIGHT_CHANGE[way]):
            return False
        shares = changes / ways
        return bool(np.median(shares) >= STRAIGHT and shares.min() >= LEAST_STRAIGHT[way])


def _measured(
    parameter: ParameterSignals, trend: WeightTrend
) -> tuple[SizeHistory, SizeHistory] | None:
    weights, updates = parameter.weights, parameter.updates
    if weights is None or updates is None or len(updates.steps) < 2:
        return None
    same = np.array_equal(weights.steps, trend.steps) and bool((weights.rms > 0).all())
    known = np.isfinite(weights.rms).all() and np.isfinite(updates.rms).all()
    return (weights, updates) if same and known else None


def _way(updates: SizeHistory, trend: WeightTrend) -> FloatArray:
    """Sum of the updates until each measurement of the weights; between measurements, linear."""
    sizes, gaps = updates.rms, np.diff(updates.steps)
    between = gaps * (sizes[1:] + sizes[:-1]) / 2 + np.diff(sizes) / 2
    so_far = np.cumsum([sizes[0], *between])
    start = updates.steps[0] - 1
    way: FloatArray = np.interp(trend.steps, [start, *updates.steps], [0.0, *so_far])
    return way
