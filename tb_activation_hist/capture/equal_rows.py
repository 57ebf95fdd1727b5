"""Whether units start as copies of each other: equal rows of weight matrices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from tb_activation_hist.capture.countable import countable_values
from tb_activation_hist.capture.parameter_samples import Gathered
from tb_activation_hist.core.setup_facts import EqualRows

MOST_ROWS: Final = 4096
"""Rows of a matrix that are looked at, the first ones."""

LEAST_ROWS: Final = 4
LEAST_LENGTH: Final = 2

EQUAL_SHARE: Final = 0.25
"""Share of the rows that must be copies of others for the matrix to be looked at again."""

LOOK_AGAIN: Final = 8
"""Records after which it is: gradients tell units apart at once, if they differ at all."""

ROUNDING: Final = 1e-4
"""Copies that get equal gradients differ by rounding alone: by less than this share of a row's
root mean square, times the root of its length."""

Sums = tuple[str, Gathered]


class RowWatch:
    """Compares the rows of matrices by one sum of each, before the first step and some records
    later: weighed by place, as the rows of an identity have the same sum otherwise."""

    def __init__(self) -> None:
        self._first: list[Sums] | None = None
        self._again: list[Sums] = []
        self._found: dict[str, tuple[int, int]] = {}
        self._seen = 0

    def begin(self, parameters: Iterable[tuple[str, nn.Parameter]]) -> None:
        """Before the first step."""
        if self._first is None:
            self._first = _sum_rows(parameters)

    def take_first(self) -> None:
        """After the first record: count the rows that differ."""
        for name, sums in self._first or ():
            rows, distinct = _count_distinct(sums)
            if rows >= LEAST_ROWS and rows - distinct >= EQUAL_SHARE * rows:
                self._found[name] = (rows, distinct)
        self._first = []

    def look_again(self, parameters: Iterable[tuple[str, nn.Parameter]], step: int) -> None:
        """Some records later, at those that had copies."""
        self._again = _sum_rows((n, p) for n, p in parameters if n in self._found)
        self._seen = step

    @property
    def facts(self) -> list[EqualRows]:
        """Of the matrices with copies; waits until what was looked at has arrived."""
        later = {name: _count_distinct(sums, ROUNDING)[1] for name, sums in self._again}
        return [
            EqualRows(name, *found, later.get(name, 0), self._seen)
            for name, found in self._found.items()
        ]


def _sum_rows(parameters: Iterable[tuple[str, nn.Parameter]]) -> list[Sums]:
    found = []
    for name, parameter in parameters:
        values = countable_values(parameter) if parameter.dim() > 1 else None
        if values is not None and _is_matrix(values):
            rows = values.detach().flatten(1)[:MOST_ROWS]
            places = torch.arange(1, rows.shape[1] + 1, device=rows.device, dtype=torch.float32)
            sums = (rows * places.cos()).sum(1) / rows.shape[1] ** 0.5
            found.append((name, Gathered([sums, rows.float().square().mean()[None]])))
    return found


def _is_matrix(values: Tensor) -> bool:
    return len(values) >= LEAST_ROWS and values.numel() >= LEAST_LENGTH * len(values)


def _count_distinct(sums: Gathered, share: float = 0.0) -> tuple[int, int]:
    """Rows that are not 0, and how many of them differ by more than a share of their size."""
    *values, square = sums.read()
    known = np.sort([value for value in values if value != 0])
    if not len(known):
        return 0, 0
    with np.errstate(invalid="ignore"):  # weights may be infinite
        distinct = np.diff(known) > share * np.sqrt(square)
    return len(known), 1 + int(np.count_nonzero(distinct))
