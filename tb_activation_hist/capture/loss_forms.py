"""Which loss a model's outputs go into, as far as their gradients tell exactly."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from tb_activation_hist.core.grid import FloatArray, IntArray
from tb_activation_hist.core.loss_form_names import (
    BARE,
    BINARY,
    BINARY_CHANCE,
    BINARY_SOFTENED,
    CROSS_ENTROPY,
    NEGATIVE_LIKELIHOOD,
    RECTIFIED,
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


SURE: Final = 0.99
"""Probability of a class from which on a sample with next to no gradient is of it."""

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

NEAR_SUM: Final = 0.1
"""How far from 1 the sums over the classes are where those over the samples are 1 by chance."""

LEAST_PULLED: Final = 3
"""Classes of a sample that have a gradient, where it is that of a cross entropy."""

LEAST_CHANCE: Final = 1e-12
"""Probabilities below it are those of logits that have exploded: they tell no losses apart."""

EVEN_SUMS: Final = 2e-3
"""How far apart the sums of shares are that are 1 but for rounding, relative to them."""

TWO: Final = 2
MATRIX: Final = 2


RECTIFIED_SHARE: Final = 0.1
"""Share of logits that are exactly 0, none being below 0, from which on a ReLU has made them."""

NONE: Final = np.zeros(0, np.int64)


@dataclass(frozen=True)
class LossForm:
    """A loss and what it was given. name: a form of `core.setup_facts`.

    labels: the class of each sample, (N,); empty where each has several, or shares of them.
    normalised: whether the outputs are what the loss makes of them once more, or, of
    `NEGATIVE_LIKELIHOOD` and `BINARY_CHANCE`, what it expects: a sigmoid's values, probabilities or
    their logarithms.
    rows: which of the samples `labels` are of; the others have next to no gradient, though the
    network is not sure of them.
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
    with np.errstate(all="ignore"):  # outputs and gradients may have any size
        if outputs.shape[1] == 1:
            return _find_binary(outputs[:, 0], gradients[:, 0])
        return (
            _find_of_classes(outputs, gradients)
            or _find_rectified(outputs, gradients)
            or _find_of_labels(outputs, gradients)
        )


def _find_of_classes(outputs: FloatArray, gradients: FloatArray) -> LossForm | None:
    """A loss by which each sample is of one class."""
    size = np.abs(gradients).max(axis=1)
    used = np.flatnonzero(size > USED * size.max())
    if len(used) < LEAST_ROWS:
        return None
    known, pulls, size = outputs[used], gradients[used], size[used]
    if (pulls > 0).any():
        form = _find_cross_entropy(known, pulls, size)
    elif ((pulls != 0).sum(axis=1) == 1).all():
        form = _find_likelihood(known, pulls, size)
    else:
        form = _find_soft_likelihood(known, pulls)
    form = form and replace(form, rows=used)
    return _add_sure(form, outputs, gradients) if form and form.name == CROSS_ENTROPY else form


def _add_sure(form: LossForm, outputs: FloatArray, gradients: FloatArray) -> LossForm:
    """With the samples that the network is right and sure of, which have next to no gradient.

    Those with more are often of the few classes that it neglects just then. A sample that is
    ignored has none at all.
    """
    rest = np.setdiff1d(np.flatnonzero((gradients != 0).any(axis=1)), form.rows)
    chances = _softmax(outputs[rest])
    sure = chances.max(axis=1) > SURE
    labels = np.concatenate([form.labels, chances[sure].argmax(axis=1)])
    return replace(form, labels=labels, rows=np.concatenate([form.rows, rest[sure]]))


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
        name = _name_of_logits(outputs, gradients, once[np.arange(len(once)), labels])
        return LossForm(name, labels, _are_probabilities(outputs))
    return None


def _name_of_logits(outputs: FloatArray, gradients: FloatArray, chances: FloatArray) -> str:
    """Which loss has gradients in proportion to those of a cross entropy.

    chances: (N,) probabilities of the right classes, which are the factors where no logarithm is
    taken of them. With two classes others have such factors too. Probabilities of 0, as of logits
    that have exploded, tell nothing.
    """
    if outputs.min() == 0 and (outputs == 0).mean() >= RECTIFIED_SHARE:
        return RECTIFIED
    factors = np.abs(gradients).max(axis=1) / (1 - chances).clip(1e-12) / chances.clip(LEAST_CHANCE)
    varied = np.ptp(chances) >= VARIED * chances.max()
    known = outputs.shape[1] > TWO and varied and chances.min() >= LEAST_CHANCE
    bare = known and np.ptp(factors) <= EXACT * factors.max()
    return BARE if bare else CROSS_ENTROPY


def _find_rectified(outputs: FloatArray, gradients: FloatArray) -> LossForm | None:
    """A cross entropy of max(outputs, 0): exactly 0 is the gradient of those below 0.

    The right class of a sample is not known where its own logit is below 0.
    """
    off = outputs < 0
    used = np.flatnonzero((gradients != 0).any(axis=1))
    if off.mean() < RECTIFIED_SHARE or gradients[off].any() or len(used) < LEAST_ROWS:
        return None
    outputs, gradients, off = outputs[used], gradients[used], off[used]
    chances = _softmax(outputs.clip(0))
    labels = (gradients / chances).argmin(axis=1)
    seen = gradients.min(axis=1, keepdims=True) < 0
    expected = np.where(seen, _less_one(chances, labels), chances) * ~off
    _, unlike = _compare(gradients, expected, np.abs(gradients).max(axis=1))
    return LossForm(RECTIFIED, NONE, normalised=False) if unlike <= EXACT else None


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
    return LossForm(NEGATIVE_LIKELIHOOD, labels, _are_probabilities(np.exp(outputs)))


def _find_soft_likelihood(outputs: FloatArray, gradients: FloatArray) -> LossForm | None:
    """Shares of all classes for each sample, which add up to one number, as kl_div() has them."""
    sums = gradients.sum(axis=1)
    if gradients.shape[1] < LEAST_PULLED or np.ptp(sums) > EVEN_SUMS * np.abs(sums).max():
        return None
    varied = [np.ptp(gradients, axis=axis).max() for axis in (0, 1)]
    if min(varied) <= UNEVEN * np.abs(gradients).max():
        return None
    return LossForm(NEGATIVE_LIKELIHOOD, NONE, _are_probabilities(np.exp(outputs)))


def _find_binary(outputs: FloatArray, gradients: FloatArray) -> LossForm | None:
    """A loss of one output (N,) that tells two classes apart: of logits, or of probabilities."""
    used = np.flatnonzero(np.abs(gradients) > USED * np.abs(gradients).max())
    if len(used) < LEAST_ROWS:
        return None
    outputs, gradients = outputs[used], gradients[used]
    labels = (gradients < 0).astype(np.int64)
    within = bool(((outputs >= 0) & (outputs <= 1)).all())
    once = _sigmoid(outputs)
    if _is_in_proportion(gradients, once - labels, labels):
        return LossForm(BINARY, labels, within and bool(np.ptp(outputs) > 0), used)
    if _is_in_proportion(gradients, (_sigmoid(once) - labels) * once * (1 - once), labels):
        return LossForm(BINARY_SOFTENED, labels, True, used)
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

    outputs, gradients: (N, ...), of all samples of a batch. eps: of their number format. Classes
    lie along the last dimension or the second.
    """
    if outputs.ndim < MATRIX or len(outputs) < LEAST_ROWS or outputs[0].size < TWO:
        return False
    flat = outputs.reshape(len(outputs), -1)
    rules = {-1, 1} if outputs.ndim > MATRIX else {-1}
    return _adds_up_over_samples(flat, eps) or any(
        _pulls_over(0, np.moveaxis(gradients, axis, -1), eps) for axis in rules
    )


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


def _softmax(logits: FloatArray) -> FloatArray:
    powers: FloatArray = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: FloatArray = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _are_probabilities(rows: FloatArray) -> bool:
    return bool((rows >= 0).all() and (np.abs(rows.sum(axis=1) - 1) <= NEARLY).all())
