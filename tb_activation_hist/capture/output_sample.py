"""Copies some of a model's output, or of the gradient that the loss gives it."""

from __future__ import annotations

from math import ceil, prod
from typing import Final

import numpy as np
from torch import Tensor

from tb_activation_hist.capture.parameter_samples import Gathered
from tb_activation_hist.core.grid import FloatArray, IntArray

MOST_ROWS: Final = 128
MOST_LENGTH: Final = 64
"""Samples of a batch and values of a sample that are looked at; of a sample with several
dimensions, some of each."""

MOST_CLASSES: Final = 4096
MOST_VALUES: Final = 8192
"""Of a matrix of logits, whole rows: fewer of them, where there are many classes."""

LEAST_ROWS: Final = 16

MOST_WORDS: Final = 1 << 18
FEW_ROWS: Final = 8
"""Classes that tokens of a sequence have at most, and rows of more than `MOST_CLASSES`."""


class OutputSample:
    """Values of a tensor (N, ...) on their way to the host.

    Of more than two dimensions, whole rows along each one that classes may lie along are copied
    beside: the last, as in (N, T, C), and the second, as in (N, C, T) and (N, C, H, W).
    """

    def __init__(self, values: Tensor) -> None:
        rows = values.detach()
        if rows.dim() == 1:
            rows = rows[:, None]
        parts = [_cut(rows, _limits(rows))]
        if rows.dim() > 2:
            parts += [_rows_along(rows, axis) for axis in (-1, 1) if _may_be_classes(rows, axis)]
        self._shapes = [tuple(each.shape) for each in parts]
        self._gathered = Gathered([each.reshape(-1) for each in parts])
        self.whole = self._shapes[0][0] == len(rows)
        """Whether it has all samples of the batch."""

    @property
    def arrived(self) -> bool:
        """Whether `read` need not wait."""
        return self._gathered.arrived

    def read(self) -> list[FloatArray]:
        """Some values of each sample, (N, ...); then the rows along each dimension, (N, ..., C)."""
        ends = np.cumsum([prod(shape) for shape in self._shapes])[:-1]
        parts = np.split(self._gathered.read(), ends)
        return [each.reshape(shape) for each, shape in zip(parts, self._shapes, strict=True)]


def to_matrix(rows: FloatArray) -> tuple[FloatArray, IntArray]:
    """Rows (N, ..., C) as (R, C), and the sample that each is of, (R,)."""
    matrix = rows.reshape(-1, rows.shape[-1])
    return matrix, np.repeat(np.arange(len(rows)), len(matrix) // max(len(rows), 1))


def _limits(rows: Tensor) -> list[int]:
    """How much of each dimension is looked at."""
    if rows.dim() > 2:
        length = round(MOST_LENGTH ** (1 / (rows.dim() - 1)))
        return [MOST_ROWS, *[length] * (rows.dim() - 1)]
    classes = rows.shape[1]
    return [_most_rows(classes), classes] if classes <= MOST_CLASSES else [MOST_ROWS, MOST_LENGTH]


def _most_rows(classes: int) -> int:
    least = LEAST_ROWS if classes <= MOST_CLASSES else FEW_ROWS
    return min(MOST_ROWS, max(least, MOST_VALUES // max(classes, 1)))


def _may_be_classes(rows: Tensor, axis: int) -> bool:
    return 0 < rows.shape[axis] <= MOST_WORDS


def _rows_along(rows: Tensor, axis: int) -> Tensor:
    """Whole rows along a dimension, (N, ..., C): of some samples, and of each at some places."""
    moved = rows.movedim(axis, -1)
    most = _most_rows(moved.shape[-1])
    samples = min(len(moved), ceil(most**0.5))
    places = max(most // samples, 1) ** (1 / (moved.dim() - 2))
    return _cut(moved, [samples, *[max(round(places), 1)] * (moved.dim() - 2), moved.shape[-1]])


def _cut(rows: Tensor, limits: list[int]) -> Tensor:
    """So much of each dimension, evenly spread."""
    for axis, (size, limit) in enumerate(zip(rows.shape, limits, strict=True)):
        stride = -(-size // limit)
        first = (stride - 1) // 2 if axis else 0
        rows = rows[(slice(None),) * axis + (slice(first, None, stride),)]
    return rows
