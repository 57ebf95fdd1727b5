"""Over which dimension the softmax of a loss goes, as far as outputs and gradients tell."""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_activation_hist.capture.loss_forms import EXACT, LEAST_PULLED, LEAST_ROWS, TWO, UNEVEN
from tb_activation_hist.core.grid import FloatArray

SUM_TOLERANCE: Final = 1e-3
"""How far from 1 the sum of a softmax over the batch may be, but for rounding."""

ZERO_SUM: Final = 1e-4
"""Sum of a column's gradients that is rounding, as a share of their sizes."""

LEAST_SIGNS: Final = 16
"""Samples whose gradients' signs are those of a cross entropy by chance in less than 1 of 60,000
batches, even with three classes."""

NEAR_SUM: Final = 0.1
"""How far from 1 the sums over the classes are where those over the samples are 1 by chance."""

MATRIX: Final = 2


def pulls_over_samples(gradients: FloatArray, eps: float) -> bool:
    """Whether the softmax of a loss goes over the samples of a batch.

    gradients: (N, ...), of all samples of a batch. eps: of their number format. Classes lie along
    the last dimension or the second.
    """
    if not _has_samples(gradients):
        return False
    rules = {-1, 1} if gradients.ndim > MATRIX else {-1}
    return any(_pulls_over(0, np.moveaxis(gradients, axis, -1), eps) for axis in rules)


def are_shares_of_samples(outputs: FloatArray, eps: float) -> bool:
    """Whether outputs (N, ...), or their exponentials, add up to 1 over the samples of a batch.

    And not over the classes: whatever the loss makes of them, a softmax went over the samples.
    """
    return _has_samples(outputs) and _adds_up_over_samples(outputs.reshape(len(outputs), -1), eps)


def _has_samples(outputs: FloatArray) -> bool:
    return outputs.ndim >= MATRIX and len(outputs) >= LEAST_ROWS and outputs[0].size >= TWO


def is_over_positions(along: FloatArray, across: FloatArray, eps: float) -> bool:
    """Whether the softmax of a loss goes over the places of a sample, not over its classes.

    along: gradients (N, ..., P), whole rows along the places. across: (N, ..., C), along classes.
    Of several places one class may be the right one, but of a place only one class.
    """
    places, classes = along.reshape(-1, along.shape[-1]), across.reshape(-1, across.shape[-1])
    if min(len(places), len(classes)) < LEAST_SIGNS or min(places.shape[1], classes.shape[1]) < 3:
        return False
    several = bool(((places < 0).sum(axis=1) > 1).any())
    return several and _adds_up_to_nothing(places, eps) and _pulls_one_class(classes, TWO)


def _pulls_over(axis: int, gradients: FloatArray, eps: float) -> bool:
    """Whether gradients (..., C) are those of a cross entropy whose softmax goes over an axis.

    Of a sample only the right class is pulled up. Outputs that a loss centres over the batch add up
    to 0 there as well, but have no such signs.
    """
    classes = gradients.reshape(-1, gradients.shape[-1])
    if len(classes) < LEAST_SIGNS or not _pulls_one_class(classes):
        return False
    return _adds_up_to_nothing(np.moveaxis(gradients, axis, -1).reshape(-1, len(gradients)), eps)


def _pulls_one_class(gradients: FloatArray, least: int = LEAST_PULLED) -> bool:
    """Whether at most one class of each row (R, C) is pulled up, and not all rows add up to 0.

    All classes have a gradient: where one of them alone has, it is that of an action. Over places,
    only the classes of a row have one. least: so many of a sample have one.
    """
    used = (gradients != 0).sum(axis=1)
    if ((gradients < 0).sum(axis=1) > 1).any() or not used.any():
        return False
    if np.median(used[used > 0]) < min(gradients.shape[1], least):
        return False
    off = np.abs(gradients.sum(axis=1)) > EXACT * np.abs(gradients).sum(axis=1)
    return bool(off.any() and ((gradients != 0).any(axis=0).sum() > 1))


def _adds_up_to_nothing(rows: FloatArray, eps: float) -> bool:
    """Whether the gradients of each row add up to 0, but for rounding."""
    return bool((np.abs(rows.sum(axis=1)) <= (ZERO_SUM + 2 * eps) * np.abs(rows).sum(axis=1)).all())


def _adds_up_over_samples(outputs: FloatArray, eps: float) -> bool:
    """Whether each column of outputs, or of their exponentials, adds up to 1, and no row."""
    if outputs.max() > 1:
        return False
    values = np.exp(outputs) if outputs.max() <= 0 else outputs
    sums, rows = values.sum(axis=0), values.sum(axis=1)
    tolerance = SUM_TOLERANCE + 2 * eps
    even = np.ptp(values, axis=0) <= UNEVEN * values.mean(axis=0)
    columns = (values >= 0).all() and (np.abs(sums - 1) <= tolerance).all()
    uneven = not even.any() or (np.abs(rows - 1) > NEAR_SUM).all()
    return bool(columns and uneven and (np.abs(rows - 1) > tolerance).any())
