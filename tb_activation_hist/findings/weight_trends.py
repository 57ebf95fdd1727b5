"""How the size of a network's weights develops, and how far they move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.core.grid import FloatArray, IntArray
from tb_activation_hist.findings.hits import Hit, hit_from_step
from tb_activation_hist.findings.parameter_signals import ParameterSignals
from tb_activation_hist.findings.run_signals import RunSignals, module_name
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.weights_at_start import LOOKED_UP

LEAST_GAIN: Final = 0.05
"""Size of weights at the start, relative to 1 / sqrt(inputs), from which on growth is judged: what
starts next to 0 has to grow."""

USUAL_TABLE: Final = 0.25
"""Root mean square that an embedding may grow to from a smaller start: a quarter of that of torch's
own. The tables of collaborative filtering often start at 0.1."""

LEAST_MATRICES: Final = 2

LEAST_UPDATES: Final = 5
"""Measurements of updates from which a way can be added up."""

DEPARTED: Final = 1.25
"""Growth, or fall, by which the weights have begun to go."""


@dataclass(frozen=True)
class WeightTrend:
    """How the median matrix went.

    steps: (S,) of the measurements. scale: (S,) median over the matrices of the root mean square
    relative to that of the first. above_usual: the same, with `USUAL_TABLE` in place of less in
    embeddings. owners: the layers that have them.
    """

    steps: IntArray
    scale: FloatArray
    above_usual: FloatArray
    owners: Sequence[Signals]
    matrices: int

    def hits(self, first_step: int, figures: dict[str, float]) -> list[Hit]:
        """The layers from a step on to the end."""
        return [hit_from_step(s, first_step, figures) for s in self.owners]

    def departure(self, at: int, base: int) -> int:
        """The step, before measurement `at`, from which on the weights left their size at `base`.

        Measurements lie far apart. So the way that leads on from the last one that was near that
        size is followed back to it.

        Where they have not gone far yet, it is the first step after `base`.
        """
        ratio = np.abs(np.log(self.scale[base : at + 1] / self.scale[base]))
        steps = self.steps[base : at + 1]
        if ratio[-1] < np.log(DEPARTED):
            return int(steps[0]) + 1
        near = int(np.flatnonzero(ratio < np.log(DEPARTED))[-1])
        onward = min(near + 1, len(ratio) - 1)
        rise = float(ratio[onward] - ratio[near])
        back = ratio[near] / rise * float(steps[onward] - steps[near]) if rise > 0 else 0.0
        return int(max(steps[near] - round(back), steps[0])) + 1


def trained_matrices(run: RunSignals) -> list[ParameterSignals]:
    """Matrices of layers that ran, of usual size at the start, and of which sizes are known."""
    return [p for p in run.parameters if p.is_matrix and p.records > 1 and _is_usual(p, run)]


def _is_usual(parameter: ParameterSignals, run: RunSignals) -> bool:
    assert parameter.weights is not None
    first = float(parameter.weights.rms[0])
    gain = first * float(np.sqrt(np.prod(parameter.info.shape[1:])))
    trained = parameter.name not in run.facts.frozen and run.has_run(parameter.name)
    return gain > LEAST_GAIN and trained and not parameter.is_constant


def find_weight_trend(run: RunSignals) -> WeightTrend | None:
    """None if too few matrices were measured together."""
    found = trained_matrices(run)
    known = [(p.weights, _usual_size(p)) for p in found if p.weights is not None]
    if len(known) < LEAST_MATRICES:
        return None
    steps = known[0][0].steps
    same = [(each.rms, least) for each, least in known if np.array_equal(each.steps, steps)]
    if len(same) < LEAST_MATRICES or len(steps) < 2:
        return None
    scales = np.array([rms / rms[0] for rms, _ in same])
    floored = np.array([np.maximum(rms, least) / max(rms[0], least) for rms, least in same])
    whole = np.isfinite(scales).all(axis=0)
    if whole.sum() < 2:
        return None
    names = {module_name(p.info).rpartition(".")[0] for p in found}
    owners = [s for s in run.learners if module_name(s.info) in names]
    scale, above_usual = (np.median(each[:, whole], axis=0) for each in (scales, floored))
    return WeightTrend(steps[whole], scale, above_usual, owners, len(same))


def _usual_size(parameter: ParameterSignals) -> float:
    """Size up to which growth is no sign of anything; 0 for what multiplies inputs."""
    return USUAL_TABLE if parameter.info.type.startswith(LOOKED_UP) else 0.0


def find_growth(trend: WeightTrend, factor: float, steps: int) -> tuple[int, int] | None:
    """Measurements between which the weights grow so much within so many steps: base and end."""
    for end in range(1, len(trend.steps)):
        near = np.flatnonzero(trend.steps[:end] >= trend.steps[end] - steps)
        if near.size:
            base = int(near[np.argmin(trend.above_usual[near])])
            if trend.above_usual[end] >= factor * trend.above_usual[base]:
                return base, end
    return None


def find_fall(trend: WeightTrend, factor: float, steps: int) -> tuple[int, int] | None:
    """Measurements between which the weights shrink so much within so many steps: base and end."""
    for end in range(1, len(trend.steps)):
        near = np.flatnonzero(trend.steps[:end] >= trend.steps[end] - steps)
        if near.size:
            base = int(near[np.argmax(trend.scale[near])])
            if factor * trend.scale[end] <= trend.scale[base]:
                return base, end
    return None


def path_length(run: RunSignals) -> tuple[float, int]:
    """How far the median matrix can have moved, relative to its size, and over how many steps.

    The sizes of the updates, added up as if all had one direction; (inf, 0) if they are not known.
    """
    lengths, steps = [], 0
    for parameter in trained_matrices(run):
        updates = parameter.updates
        if updates is None or len(updates.steps) < LEAST_UPDATES:
            continue
        if not np.isfinite(updates.rms).all():
            return float("inf"), 0
        gaps = np.diff(updates.steps, prepend=updates.steps[0] - 1)
        lengths.append(float(np.sum(gaps * updates.rms)))
        steps = max(steps, int(updates.steps[-1]))
    return (float(np.median(lengths)), steps) if lengths else (float("inf"), 0)
