"""Where a loss pulls a model's outputs: all samples to one value, or beyond what they can be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from tb_activation_hist.core.grid import FloatArray

LEAST_ROWS: Final = 4
"""Samples from which on a line through them tells something."""

LEAST_ORDERED: Final = 16
"""Samples from which on their order alone does: by chance they are in it once in 10^13 times."""

LEAST_LEVELS: Final = 4
"""Different gradients in a batch; an L1 loss with a target of its own for each sample has three."""

STRAIGHT: Final = 1e-8
"""Share of the gradients' variance that the outputs do not explain where all samples have one
target of a squared error. It is rounding, at most 2e-11 in float32; 8e-5 or more in each of 500
looks at 26 healthy trainings of bench/findings, whose samples have targets of their own, and 1e-7
or more for a discriminator's cross entropy with one label for all samples."""

NEAR: Final = 20.0
"""How far from the outputs, in their standard deviations, one target is at most: any smooth loss is
straight when seen from far enough."""

MOST_ROUNDING: Final = 1e-3
"""The same in a low precision, at most."""

SAME_LEVEL: Final = 1e-3
"""Share of the outputs' distance from a target by which another one differs from it at least."""

END: Final = 1 / 32
"""Distance from the end of a range within which values are at the end."""

BEYOND: Final = 0.3
"""Share of all that a loss asks for which is beyond the outputs' range. ReLU on standardised
targets: 0.3 to 0.9; on targets that are never negative: 0."""

UNEXPLAINED: Final = 0.5
"""Share of what is asked for at the end of a range that is not in proportion to the distance from
the end. Squared errors of targets within the range are."""

UNEVEN: Final = 0.2
"""Spread of gradients at the end of a range, relative to their size. That of a cross entropy is 0,
however near the outputs are to the right end."""


LINEAR: Final = 1e-3
"""Deviation of gradients from a line, relative to their spread, that is rounding."""

CURVED: Final = 20.0
"""How much better a line of the sigmoids must fit than one of the outputs themselves: of small
outputs, both do."""

SLOPES: Final = 0.02
"""How far apart the slopes of a binary cross entropy's two targets may be, relative to them:
weights of the positives make them differ."""

MOST_POINTS: Final = 1024
"""Outputs through which lines are fitted, at most about twice as many."""

OFF_TARGET: Final = 0.1
"""How far beyond 0 to 1 a target is, at least."""


@dataclass(frozen=True)
class Pull:
    """Where a loss pulls the samples of a batch.

    shared: whether each gradient depends on the output alone, as if all samples had one target;
    None: that cannot be told. level: that target. tolerance: how exactly it is known.
    """

    shared: bool | None
    level: float = 0.0
    tolerance: float = 0.0


UNKNOWN_PULL: Final = Pull(None)


def find_pull(outputs: FloatArray, gradients: FloatArray, eps: float) -> Pull:
    """Whether all samples are pulled to the same value, as by targets of a wrong shape.

    outputs, gradients: finite, (samples, positions); each position may have a target of its own.
    Where the loss uses one position of each sample, as the action taken in Q-learning, that counts.
    eps: of the gradients' number format. With a squared error and one target, the gradients are a
    line of the outputs; with any other convex loss, they rise with them.
    """
    used = gradients != 0
    if outputs.shape[1] > 1 and bool((used.sum(axis=1) <= 1).all()):
        outputs, gradients = outputs[used][:, None], gradients[used][:, None]
    if len(outputs) < LEAST_ROWS:
        return UNKNOWN_PULL
    largest = float(np.abs(gradients).max())
    outputs_off = outputs - outputs.mean(axis=0)
    gradients_off = gradients - gradients.mean(axis=0)
    spread, varied = float((outputs_off**2).sum()), float((gradients_off**2).sum())
    levels = len(np.unique(np.round(gradients / largest, 6)))
    if levels < LEAST_LEVELS or spread == 0 or varied == 0:
        return UNKNOWN_PULL
    slope = float((outputs_off * gradients_off).sum()) / spread
    bend = float(((gradients_off - slope * outputs_off) ** 2).sum()) / varied
    rounding = eps**2 * float((gradients**2).sum()) / varied
    straight = slope > 0 and bend <= max(STRAIGHT, min(rounding, MOST_ROUNDING))
    if not (straight or _rises(outputs, gradients, 4 * eps * largest)):
        return Pull(False)
    known, asked = outputs[:, 0], gradients[:, 0]
    level = float(known.mean() - asked.mean() / slope) if straight else _crossing(known, asked)
    far = float(np.sqrt(((known - level) ** 2).mean()))
    if not far <= NEAR * known.std():
        return UNKNOWN_PULL
    return Pull(True, level, SAME_LEVEL * far + 16 * eps * abs(level))


def _rises(outputs: FloatArray, gradients: FloatArray, rounding: float) -> bool:
    """Whether a larger output of a position never has a smaller gradient."""
    if len(outputs) < LEAST_ORDERED:
        return False
    order = np.argsort(outputs, axis=0, kind="stable")
    steps = np.diff(np.take_along_axis(gradients, order, axis=0), axis=0)
    return bool((steps >= -rounding).all())


def _crossing(outputs: FloatArray, gradients: FloatArray) -> float:
    """Output at which the gradient is 0; NaN if all have one sign."""
    if not gradients.min() < 0 < gradients.max():
        return np.nan
    order = np.argsort(outputs, kind="stable")
    return float(np.interp(0.0, gradients[order], outputs[order]))


def pulls_below_zero(outputs: FloatArray, gradients: FloatArray) -> bool:
    """Whether much of what a loss asks for is values below 0 where a last ReLU gives exactly 0."""
    if not outputs.min() == 0 < outputs.max():
        return False
    asked = np.abs(gradients).sum()
    below = gradients[(outputs == 0) & (gradients > 0)].sum()
    return bool(below >= BEYOND * asked > 0)


def pulls_beyond_range(outputs: FloatArray, gradients: FloatArray) -> bool:
    """Whether much of what a loss asks for is values beyond the ends of a sigmoid or a tanh.

    Of a squared error alone: where the gradients of targets within the range are as large, as those
    of L1 and of cross entropy, nothing can be told.
    """
    high, low = float(outputs.max()), float(outputs.min())
    if high > 1 or low < -1 or low == 0:
        return False
    lowest = 0.0 if low >= 0 else -1.0
    at_low = (outputs - lowest <= END) & (gradients > 0)
    at_high = (1 - outputs <= END) & (gradients < 0)
    outward = np.concatenate([gradients[at_low], -gradients[at_high]])
    distance = np.concatenate([(outputs - lowest)[at_low], (1 - outputs)[at_high]])
    if not outward.sum() >= BEYOND * np.abs(gradients).sum() > 0:
        return False
    large = np.sqrt((outward**2).mean()) >= np.sqrt((gradients**2).mean())
    uneven = outward.std() >= UNEVEN * outward.mean()
    squares = float((distance**2).sum())
    along = float((outward * distance).sum()) / squares if squares > 0 else 0.0
    left = float(((outward - along * distance) ** 2).sum()) / float((outward**2).sum())
    return bool(large and uneven and left >= UNEXPLAINED)


def has_targets_beyond(outputs: FloatArray, gradients: FloatArray) -> bool:
    """Whether a binary cross entropy with logits has two targets, one of them beyond 0 to 1.

    Its gradients are the sigmoids less the target, but for one factor. outputs, gradients: (N,).
    """
    every = max(len(outputs) // MOST_POINTS, 1)
    outputs, gradients = outputs[::every], gradients[::every]
    order = np.argsort(gradients, kind="stable")
    ends = int(np.argmax(np.diff(gradients[order]))) + 1
    parts = order[:ends], order[ends:]
    if min(map(len, parts)) < LEAST_ROWS:
        return False
    chances = 1 / (1 + np.exp(-outputs.clip(-60, 60)))
    lines = [_fit_line(chances[own], gradients[own]) for own in parts]
    straight = [_fit_line(outputs[own], gradients[own]) for own in parts]
    if any(line.off > LINEAR or line.slope <= 0 for line in lines):
        return False
    if all(line.off * CURVED > other.off for line, other in zip(lines, straight, strict=True)):
        return False
    low, high = sorted(line.slope for line in lines)
    targets = [-line.begin / line.slope for line in lines]
    return high - low <= SLOPES * high and bool(
        min(targets) < -OFF_TARGET or max(targets) > 1 + OFF_TARGET
    )


class _Line(NamedTuple):
    """A line through points: its value at 0, its slope, and what it leaves, beside the spread."""

    begin: float
    slope: float
    off: float


def _fit_line(places: FloatArray, values: FloatArray) -> _Line:
    centred, raised = places - places.mean(), values - values.mean()
    spread, varied = float((centred**2).sum()), float((raised**2).sum())
    if spread == 0 or varied == 0:
        return _Line(0.0, 0.0, 1.0)
    slope = float((centred * raised).sum()) / spread
    off = float(((raised - slope * centred) ** 2).sum()) / varied
    return _Line(float(values.mean() - slope * places.mean()), slope, off**0.5)


def is_linear(calls: list[FloatArray]) -> bool:
    """Whether each call has one gradient for all samples, in some above and in others below 0."""
    even = all(np.ptp(each) == 0 for each in calls)
    signs = {float(np.sign(each.flat[0])) for each in calls}
    return even and {-1.0, 1.0} <= signs


def is_of_chosen(gradients: FloatArray) -> bool:
    """Whether each sample has a gradient of one of several outputs, of either sign."""
    one_each = gradients.shape[1] > 1 and ((gradients != 0).sum(axis=1) <= 1).all()
    return bool(one_each and (gradients > 0).any() and (gradients < 0).any())
