"""What the logged loss says about a training."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.loss_form_names import BINARY, BINARY_CHANCE, CROSS_ENTROPY
from tb_activation_hist.core.loss_history import LossHistory, split_words
from tb_activation_hist.core.setup_facts import LossGradients, OptimizerGroup
from tb_activation_hist.findings.run_signals import RunSignals

PLAIN_WORDS: Final = frozenset(
    {"loss", "train", "training", "total", "batch", "step", "epoch", "iter", "running", "avg"}
)
"""Words of the names of losses that are all that is minimised."""

BEGIN_SHARE: Final = 0.08
END_SHARE: Final = 0.2
"""Shares of a run whose mean losses are those of its begin and its end."""

LEAST_WINDOWS: Final = 20
"""Means from which a trend is judged; a run of 64 records or more has 32 to 64."""

NEAR_CHANCE: Final = 0.1
NEAR_TWO: Final = 0.03
"""How near to that of guessing a cross entropy begins, as a share of it; with two outputs, others
may have its size by chance."""

LEARNT: Final = 0.9
"""Loss relative to that of the beginning at which something was learnt."""

NOTHING_LEFT: Final = 0.01
"""Loss relative to the first one at which there is nothing left to learn."""

MOST_ABOVE: Final = 1.5
"""How many times that of guessing a cross entropy of large first outputs begins at, at most."""


@dataclass(frozen=True)
class LossTrend:
    """How a loss went: means over the begin and the end, and the lowest one over an `END_SHARE`.

    first: of the very first records. steps: of the first and the last record. rising: share of the
    pairs of means of which the later one is higher.
    """

    tag: str
    first: float
    begin: float
    end: float
    lowest: float
    steps: tuple[int, int]
    rising: float

    @property
    def length(self) -> int:
        """Steps from the first record to the last."""
        return self.steps[1] - self.steps[0]


def trains_all_alone(run: RunSignals) -> bool:
    """Whether the run's model is all that is trained, by one optimizer that is known."""
    groups = run.facts.of(OptimizerGroup)
    return bool(groups) and not any(own.others or own.place > 1 for own in groups)


def find_main_loss(run: RunSignals) -> LossHistory | None:
    """The one loss that a run minimises; None if there may be several, as with two networks."""
    places = {group.place for group in run.facts.of(OptimizerGroup)}
    losses = [loss for loss in run.facts.losses if len(loss.steps)]
    if len(places) > 1 or len(losses) != 1:
        return None
    return losses[0] if set(split_words(losses[0].tag)) <= PLAIN_WORDS else None


def find_loss_trend(run: RunSignals) -> LossTrend | None:
    """None if there are too few records, or values that are not finite."""
    loss = find_main_loss(run)
    if loss is None or len(loss.means) < LEAST_WINDOWS or loss.non_finite:
        return None
    means = np.array(loss.means)
    begin = float(means[: max(int(BEGIN_SHARE * len(means)), 2)].mean())
    length = max(int(END_SHARE * len(means)), 3)
    smooth = np.convolve(means, np.full(length, 1 / length), "valid")
    first = loss.steps[0] - loss.window + 1
    steps = max(first, 1), loss.steps[-1]
    lowest, end = float(smooth.min()), float(smooth[-1])
    return LossTrend(
        loss.tag, float(means[0]), begin, end, lowest, steps, _rising_share(smooth[::length])
    )


def has_learnt_all(run: RunSignals) -> bool:
    """Whether the loss has come down to next to nothing, after which updates do so, too."""
    loss = find_main_loss(run)
    if loss is None or loss.non_finite or not loss.means:
        return False
    end = loss.means[-max(int(END_SHARE * len(loss.means)), 1) :]
    return 0 <= float(np.mean(end)) <= NOTHING_LEFT * loss.means[0]


def _rising_share(values: FloatArray) -> float:
    later = values[None, :] > values[:, None]
    pairs = np.triu(np.ones_like(later), 1)
    return float((later & pairs).sum() / max(pairs.sum(), 1))


def chance_loss(run: RunSignals, trend: LossTrend) -> float | None:
    """Cross entropy of a network that knows nothing: the logarithm of its number of outputs.

    None if the loss does not begin near it, so that it is no such loss.
    """
    return _chance_near(run, trend.first)


def begins_at_chance(run: RunSignals) -> bool:
    """Whether the first loss is that of a network that knows nothing."""
    loss = find_main_loss(run)
    return loss is not None and bool(loss.means) and _chance_near(run, loss.means[0]) is not None


def _chance_near(run: RunSignals, first: float) -> float | None:
    classes = _count_classes(run)
    chance = math.log(max(classes, 2))
    near = NEAR_CHANCE if classes > 2 else NEAR_TWO
    return chance if classes and abs(first - chance) <= near * chance else None


def stays_above_chance(run: RunSignals, trend: LossTrend) -> bool:
    """Whether a loss that begins above that of guessing, but near it, is still above it at the end.

    A network whose first outputs are large begins so. Of two classes, other losses have that size.
    """
    classes = _count_classes(run)
    chance = math.log(max(classes, 2))
    near = chance <= trend.first <= MOST_ABOVE * chance
    return classes > 2 and near and chance <= trend.end <= trend.begin


def _count_classes(run: RunSignals) -> int:
    """Those of the one cross entropy, or outputs of the last layer that learns; 0 if not known.

    They are 2 where each output is a question of its own, as with several labels of a sample.
    """
    shape = run.learners[-1].info.shape if run.learners else ()
    if len(shape) < 2:
        return 0
    forms = {(fact.form, fact.classes) for fact in run.facts.of(LossGradients)}
    if any(form in (BINARY, BINARY_CHANCE) for form, _ in forms):
        return 2
    ((form, classes), *others) = forms or {("", 0)}
    if form == CROSS_ENTROPY and classes and not others:
        return classes
    return shape[1] if len(shape) == 4 else shape[-1]
