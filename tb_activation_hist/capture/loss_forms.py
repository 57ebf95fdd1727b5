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
    BINARY_CLAMPED,
    BINARY_SOFTENED,
    CROSS_ENTROPY,
    NEGATIVE_LIKELIHOOD,
    RECTIFIED,
    SOFTENED,
    SQUASHED,
)

LEAST_ROWS: Final = 4

EXACT: Final = 0.02
"""Largest deviation of gradients from those of such a loss, as a share of them: the rounding of
bfloat16 is half of it."""

MEAN_EXACT: Final = 2e-3
"""Largest deviation of a gradient from that of the mean of such a loss, as a share of it."""

NEARLY: Final = 1e-2
"""How far from 1 the sum of a row of probabilities may be."""

USED: Final = 1e-3
"""Share of the largest gradient below which that of a sample is too small to be compared."""

SURE: Final = 0.99
"""Probability of a class from which on a sample with next to no gradient is of it."""

ROUNDED: Final = 1 - 1e-7
"""The same of one without any gradient."""

VARIED: Final = 0.1
"""How much the sigmoids of a batch of one class must vary: other losses may give such samples
about the same gradients, too."""

UNEVEN: Final = 0.1
"""Spread of a column's values, relative to their mean, below which equal values could add up to 1
by chance, where a batch has as many samples as there are classes."""

LEAST_PULLED: Final = 3
"""Classes of a sample that have a gradient, where it is that of a cross entropy."""

LEAST_CHANCE: Final = 1e-12
"""Probabilities below it are those of logits that have exploded: they tell no losses apart."""

EVEN_SUMS: Final = 2e-3
"""How far apart the sums of shares are that are 1 but for rounding, relative to them."""

TWO: Final = 2

RECTIFIED_SHARE: Final = 0.1
"""Share of logits that are exactly 0, none being below 0, from which on a ReLU has made them."""

NONE: Final = np.zeros(0, np.int64)


@dataclass(frozen=True)
class LossForm:
    """A loss and what it was given. name: a form of `core.loss_form_names`.

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
    ignored has none at all, and so has one whose probability is 1 but for rounding.
    """
    rest = np.setdiff1d(np.arange(len(outputs)), form.rows)
    chances, has_none = _softmax(outputs[rest]), (gradients[rest] == 0).all(axis=1)
    sure = chances.max(axis=1) > np.where(has_none, ROUNDED, SURE)
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
    return _find_squashed(outputs, gradients, size)


def _find_squashed(outputs: FloatArray, gradients: FloatArray, size: FloatArray) -> LossForm | None:
    """A cross entropy of the sigmoids: only the right class of a sample has a gradient below 0."""
    labels, values = gradients.argmin(axis=1), _sigmoid(outputs)
    expected = _less_one(_softmax(values), labels) * values * (1 - values)
    uneven, unlike = _compare(gradients, expected, size)
    return LossForm(SQUASHED, labels, normalised=True) if max(uneven, unlike) <= EXACT else None


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
    beyond = (outputs < 0) | (outputs > 1)
    if beyond.any() and not gradients[beyond].any():
        # Exactly 0 is the gradient of what a clamp cuts off. The loss itself allows no such values.
        form = _find_binary(outputs[~beyond], gradients[~beyond])
        clamped = form is not None and form.name == BINARY_CHANCE
        return LossForm(BINARY_CLAMPED, NONE, normalised=False) if clamped else None
    used = np.flatnonzero(np.abs(gradients) > USED * np.abs(gradients).max())
    if len(used) < LEAST_ROWS:
        return None
    count, outputs, gradients = len(outputs), outputs[used], gradients[used]
    labels = (gradients < 0).astype(np.int64)
    within = bool(((outputs >= 0) & (outputs <= 1)).all())
    once = _sigmoid(outputs)
    off = once - labels
    # Of one class, as a judge's, the sigmoids of probabilities hardly vary: then it is the mean.
    if _is_in_proportion(gradients, off, labels) or (within and _is_mean(gradients, off, count)):
        return LossForm(BINARY, labels, within and bool(np.ptp(outputs) > 0), used)
    if _is_in_proportion(gradients, (_sigmoid(once) - labels) * once * (1 - once), labels):
        return LossForm(BINARY_SOFTENED, labels, True, used)
    if not within:
        return None
    wrong = np.abs(outputs - labels)
    if _is_in_proportion(gradients, (1 - 2 * labels) / (1 - wrong).clip(1e-12), labels):
        return LossForm(BINARY_CHANCE, labels, True, used)
    return None


def _is_mean(gradients: FloatArray, expected: FloatArray, count: int) -> bool:
    """Whether gradients are the expected ones over the number of outputs, of which all are known.

    Only so far apart as they are rounded: no other loss has just these.
    """
    off = np.abs(count * gradients - expected)
    return bool((off <= MEAN_EXACT * np.abs(expected)).all())


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


def _softmax(logits: FloatArray) -> FloatArray:
    powers: FloatArray = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: FloatArray = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _are_probabilities(rows: FloatArray) -> bool:
    return bool((rows >= 0).all() and (np.abs(rows.sum(axis=1) - 1) <= NEARLY).all())
