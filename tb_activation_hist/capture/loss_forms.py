"""Which loss a model's outputs go into, as far as their gradients tell exactly."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from tb_activation_hist.core.grid import FloatArray, IntArray
from tb_activation_hist.core.setup_facts import (
    BINARY,
    BINARY_CHANCE,
    CROSS_ENTROPY,
    NEGATIVE_LIKELIHOOD,
    SOFTENED,
)

LEAST_ROWS: Final = 4

EXACT: Final = 0.02
"""Largest deviation of gradients from those of such a loss, as a share of them: the rounding of
bfloat16 is half of it."""

NEARLY: Final = 1e-2
"""How far from 1 the sum of a row of probabilities may be."""

USED: Final = 1e-3
"""Share of the largest gradient below which that of a sample is too small to be compared."""


VARIED: Final = 0.1
"""How much the sigmoids of a batch of one class must vary: other losses may give such samples
about the same gradients, too."""


SUM_TOLERANCE: Final = 1e-3
"""How far from 1 the sum of a softmax over the batch may be, but for rounding."""

ZERO_SUM: Final = 1e-4
"""Sum of a column's gradients that is rounding, as a share of their sizes."""

LEAST_SIGNS: Final = 16
"""Samples whose gradients' signs are those of a cross entropy by chance in less than 1 of 60,000
batches, even with three classes."""

UNEVEN: Final = 0.1
"""Spread of a column's values, relative to their mean, below which equal values could add up to 1
by chance, where a batch has as many samples as there are classes."""


NONE: Final = np.zeros(0, np.int64)


@dataclass(frozen=True)
class LossForm:
    """A loss and what it was given. name: a form of `core.setup_facts`.

    labels: the class of each sample, (N,); empty where each has several. normalised: whether the
    outputs are what the loss makes of them once more, or, of `NEGATIVE_LIKELIHOOD` and
    `BINARY_CHANCE`, what it expects: a sigmoid's values, probabilities or their logarithms.
    rows: which of the samples `labels` are of; the others have next to no gradient.
    """

    name: str
    labels: IntArray
    normalised: bool
    rows: IntArray = field(default_factory=NONE.copy)


def find_form(outputs: FloatArray, gradients: FloatArray) -> LossForm | None:
    """The loss of outputs (N, C), from their gradients; None if it is none of those.

    Weights of classes or samples do not matter.
    """
    if len(outputs) < LEAST_ROWS:
        return None
    if outputs.shape[1] == 1:
        return _find_binary(outputs[:, 0], gradients[:, 0])
    return _find_of_classes(outputs, gradients) or _find_of_labels(outputs, gradients)


def _find_of_classes(outputs: FloatArray, gradients: FloatArray) -> LossForm | None:
    """A loss by which each sample is of one class."""
    size = np.abs(gradients).max(axis=1)
    used = np.flatnonzero(size > USED * size.max())
    if len(used) < LEAST_ROWS:
        return None
    outputs, gradients, size = outputs[used], gradients[used], size[used]
    if ((gradients != 0).sum(axis=1) == 1).all() and (gradients <= 0).all():
        form = _find_likelihood(outputs, gradients, size)
    else:
        form = _find_cross_entropy(outputs, gradients, size)
    return form and replace(form, rows=used)


def _find_of_labels(outputs: FloatArray, gradients: FloatArray) -> LossForm | None:
    """A loss by which each output is a question of its own, as with several labels of a sample."""
    form = _find_binary(outputs.ravel(), gradients.ravel())
    return form and replace(form, labels=NONE, rows=NONE)


def _find_cross_entropy(
    outputs: FloatArray, gradients: FloatArray, size: FloatArray
) -> LossForm | None:
    """Gradients are the softmax of the outputs, less 1 for the right class.

    Or they are what a softmax before that makes of such gradients. With two classes both differ
    by a factor alone, which is the same for all samples of the loss that it is.
    """
    once = _softmax(outputs)
    labels = (gradients / once.clip(1e-30)).argmin(axis=1)
    uneven, unlike = _compare(gradients, _less_one(once, labels), size)
    off = _less_one(_softmax(once), labels)
    again = once * (off - (once * off).sum(axis=1, keepdims=True))
    uneven_again, unlike_again = _compare(gradients, again, size)
    if unlike_again <= EXACT and uneven_again <= EXACT < uneven:
        return LossForm(SOFTENED, labels, normalised=True)
    if unlike <= EXACT:
        return LossForm(CROSS_ENTROPY, labels, _are_probabilities(outputs))
    return None


def _compare(gradients: FloatArray, expected: FloatArray, size: FloatArray) -> tuple[float, float]:
    """How uneven the factors of the rows are, and how unlike the rows beside their factors."""
    factors = size / np.abs(expected).max(axis=1).clip(1e-30)
    off = np.abs(gradients - factors[:, None] * expected).max(axis=1) / size
    return float(np.ptp(factors) / factors.max()), float(off.max())


def _less_one(probabilities: FloatArray, labels: IntArray) -> FloatArray:
    """Less 1 for the right class of each row."""
    off: FloatArray = probabilities.copy()
    off[np.arange(len(off)), labels] -= 1
    return off


def _find_likelihood(
    outputs: FloatArray, gradients: FloatArray, size: FloatArray
) -> LossForm | None:
    """The same number for the right class of each sample, and nothing for the others."""
    labels = gradients.argmin(axis=1)
    if size.max() - size.min() > EXACT * size.max():
        return None
    with np.errstate(over="ignore"):
        return LossForm(NEGATIVE_LIKELIHOOD, labels, _are_probabilities(np.exp(outputs)))


def _find_binary(outputs: FloatArray, gradients: FloatArray) -> LossForm | None:
    """A loss of one output (N,) that tells two classes apart: of logits, or of probabilities."""
    used = np.flatnonzero(np.abs(gradients) > USED * np.abs(gradients).max())
    if len(used) < LEAST_ROWS:
        return None
    outputs, gradients = outputs[used], gradients[used]
    labels = (gradients < 0).astype(np.int64)
    within = bool(((outputs >= 0) & (outputs <= 1)).all())
    if _is_in_proportion(gradients, _sigmoid(outputs) - labels, labels):
        return LossForm(BINARY, labels, within and bool(np.ptp(outputs) > 0), used)
    if not within:
        return None
    wrong = np.abs(outputs - labels)
    if _is_in_proportion(gradients, (1 - 2 * labels) / (1 - wrong).clip(1e-12), labels):
        return LossForm(BINARY_CHANCE, labels, True, used)
    return None


def _is_in_proportion(gradients: FloatArray, expected: FloatArray, labels: IntArray) -> bool:
    """Whether gradients are the expected ones but for one factor, as a mean over the batch has."""
    sizes = np.abs(expected)
    if labels.min() == labels.max() and np.ptp(sizes) < VARIED * sizes.max():
        return False
    factors = gradients / np.where(expected == 0, np.nan, expected)
    return bool(np.isfinite(factors).all() and np.ptp(factors) <= EXACT * factors.max())


def _sigmoid(logits: FloatArray) -> FloatArray:
    chances: FloatArray = 1 / (1 + np.exp(-logits.clip(-60, 60)))
    return chances


def is_over_samples(outputs: FloatArray, gradients: FloatArray, eps: float) -> bool:
    """Whether a softmax goes over the samples of a batch, in the model or in its loss.

    outputs, gradients: (N, C), of all samples of a batch. eps: of their number format.
    """
    if outputs.shape[1] < 2 or len(outputs) < LEAST_ROWS:
        return False
    return _adds_up_over_samples(outputs, eps) or _pulls_over_samples(gradients, eps)


def _pulls_over_samples(gradients: FloatArray, eps: float) -> bool:
    """Whether gradients are those of a cross entropy of which each column, not each row, sums to 0.

    Of a sample only the right class is pulled up. Outputs that a loss centres over the batch have
    columns that sum to 0 as well, but no such signs.
    """
    if len(gradients) < LEAST_SIGNS or ((gradients < 0).sum(axis=1) > 1).any():
        return False
    sizes = np.abs(gradients)
    columns = np.abs(gradients.sum(axis=0)) <= (ZERO_SUM + 2 * eps) * sizes.sum(axis=0)
    rows = np.abs(gradients.sum(axis=1)) <= EXACT * sizes.sum(axis=1)
    used = sizes.max(axis=0) > 0
    return bool(columns.all() and used.sum() > 1 and not rows.all())


def _adds_up_over_samples(outputs: FloatArray, eps: float) -> bool:
    """Whether each column of outputs, or of their exponentials, adds up to 1, and no row."""
    if outputs.max() > 1:
        return False
    values = np.exp(outputs) if outputs.max() <= 0 else outputs
    sums, rows = values.sum(axis=0), values.sum(axis=1)
    tolerance = SUM_TOLERANCE + 2 * eps
    even = np.ptp(values, axis=0) <= UNEVEN * values.mean(axis=0)
    columns = (values >= 0).all() and (np.abs(sums - 1) <= tolerance).all()
    return bool(columns and not even.any() and (np.abs(rows - 1) > tolerance).any())


def _softmax(logits: FloatArray) -> FloatArray:
    powers: FloatArray = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: FloatArray = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _are_probabilities(rows: FloatArray) -> bool:
    return bool((rows >= 0).all() and (np.abs(rows.sum(axis=1) - 1) <= NEARLY).all())
