"""A logged loss that climbs above where it began, or loses at once most of what was learnt."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.loss_history import LossHistory
from tb_activation_hist.core.setup_facts import LossGradients
from tb_activation_hist.findings.loss_signals import begins_at_chance, find_main_loss
from tb_activation_hist.findings.run_signals import RunSignals

FIRST_RECORDS: Final = 3
"""Records that are the beginning of a loss."""

CLIMB_RECORDS: Final = 8
"""Records in a row that must be above all that they are compared with, so that some hard batches
are no climb."""

BEFORE_RECORDS: Final = 24
"""Records before a jump, all of which it must be above."""

LONG_GROWTH: Final = 2.0
"""Factor by which a loss must have climbed further once means of several records are kept: some of
these vary less, so that they are above all of the first ones sooner."""

LEAST_BEFORE: Final = 4
"""Means before a jump, at least, in a long run, where each is of many records."""

CLIMB_SHARE: Final = 0.1
"""Share of the way up that is still noise about what the loss was before it."""

LOST_PART: Final = 0.5
"""Part of the way down from the beginning that a jump must undo."""


class LossClimb(NamedTuple):
    """tag: the loss. before, after: its medians. step: the first one on the way up."""

    tag: str
    before: float
    after: float
    step: int


def find_climb(run: RunSignals, growth: float) -> LossClimb | None:
    """A loss whose end is above its beginning. growth: by which factor, at least."""
    loss = _judged_loss(run)
    if loss is None or not (_is_of_targets(run) or begins_at_chance(run)):
        return None
    means, length = np.array(loss.means), _windows(CLIMB_RECORDS, loss)
    first = _windows(FIRST_RECORDS, loss)
    growth = growth if loss.window == 1 else growth * LONG_GROWTH
    if len(means) < first + length:
        return None
    begin, highest = float(np.median(means[:first])), float(means[:first].max())
    end = float(np.median(means[-length:]))
    lows, medians = _stretches(means, length)
    high = (lows > highest) & (medians >= growth * begin)
    high[:first] = False
    if end < growth * begin or not high.any():
        return None
    last_low = np.flatnonzero(means[: int(high.argmax())] <= highest)[-1]
    return LossClimb(loss.tag, begin, end, loss.steps[last_low] + 1)


def find_jump(run: RunSignals, growth: float) -> LossClimb | None:
    """A loss that jumps above all of some records before, and stays there.

    growth: of its median relative to the highest of these, at least.
    """
    loss = _judged_loss(run)
    if loss is None or not _is_of_targets(run):
        return None
    means, length = np.array(loss.means), _windows(CLIMB_RECORDS, loss)
    earlier = max(_windows(BEFORE_RECORDS, loss), LEAST_BEFORE)
    if len(means) < earlier + length:
        return None
    begin = float(np.median(means[: _windows(FIRST_RECORDS, loss)]))
    before = np.lib.stride_tricks.sliding_window_view(means[:-length], earlier)
    highest, usual = before.max(axis=1), np.median(before, axis=1)
    lows, medians = (each[earlier:] for each in _stretches(means, length))
    end = float(np.median(means[-length:]))
    jumps = (lows > highest) & (np.minimum(medians, end) >= growth * highest)
    jumps &= np.minimum(medians, end) - usual >= LOST_PART * np.maximum(begin - usual, 0)
    if not jumps.any():
        return None
    at = int(jumps.argmax())
    still_low = means[: at + earlier] <= usual[at] + CLIMB_SHARE * (medians[at] - usual[at])
    last_low = int(np.flatnonzero(still_low)[-1])
    return LossClimb(loss.tag, float(usual[at]), end, loss.steps[last_low] + 1)


def _judged_loss(run: RunSignals) -> LossHistory | None:
    """The one loss of a run if it is finite and never below 0, as that of a policy is."""
    loss = find_main_loss(run)
    known = loss is not None and bool(loss.means) and not loss.non_finite
    return loss if loss is not None and known and min(loss.means) >= 0 < loss.means[0] else None


def _is_of_targets(run: RunSignals) -> bool:
    """Whether the loss is known to be of one output, whose targets the network does not make.

    Of a policy and a value, the loss of the value grows with the rewards.
    """
    looks = run.facts.of(LossGradients)
    return len(looks) == 1 and not looks[0].chosen


def _windows(records: int, loss: LossHistory) -> int:
    """How many means of a loss are of so many records at least; the last one is not yet full."""
    return records if loss.window == 1 else -(-records // loss.window) + 1


def _stretches(means: FloatArray, length: int) -> tuple[FloatArray, FloatArray]:
    """The lowest and the median of each stretch of so many means, by where it begins."""
    rows = np.lib.stride_tricks.sliding_window_view(means, length)
    return rows.min(axis=1), np.median(rows, axis=1)
