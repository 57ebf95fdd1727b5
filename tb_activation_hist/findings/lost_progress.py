"""A training whose logged loss climbs back above that of guessing."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.findings.loss_signals import (
    END_SHARE,
    chance_loss,
    find_loss_trend,
    find_main_loss,
)
from tb_activation_hist.findings.run_signals import RunSignals

LEAST_MEANS: Final = 3
"""Means of the loss that its end must have at least, so that one bad batch is no end."""

CLIMB_SHARE: Final = 0.1
"""Share of the way up to guessing that is still noise about the lowest loss."""


class LostProgress(NamedTuple):
    """tag: the loss. lowest, end: its lowest mean, and the lowest one of its end. chance: the
    cross entropy of guessing. step: the first one after which it never came back down."""

    tag: str
    lowest: float
    end: float
    chance: float
    step: int


def find_lost_progress(run: RunSignals, share: float) -> LostProgress | None:
    """What a training lost that had brought a cross entropy below `share` of that of guessing."""
    loss, trend = find_main_loss(run), find_loss_trend(run)
    if loss is None or trend is None:
        return None
    chance = chance_loss(run, trend)
    if chance is None:
        return None
    means: FloatArray = np.array(loss.means)
    best = int(means.argmin())
    end = means[-max(int(END_SHARE * len(means)), LEAST_MEANS) :]
    if means[best] > share * chance or end.min() < chance:
        return None
    near_best = means <= means[best] + CLIMB_SHARE * (chance - means[best])
    step = loss.steps[int(np.flatnonzero(near_best)[-1])] + 1
    return LostProgress(loss.tag, float(means[best]), float(end.min()), chance, step)
