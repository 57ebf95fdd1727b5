"""The sizes of parameters in a run that still grows, in bounded memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from tb_activation_hist.core.parameter_sizes import (
    CHANGED,
    SAME,
    UNKNOWN,
    BoolArray,
    FlagArray,
    ParameterSizes,
    SizeRecord,
    records_to_sizes,
)

MOST_KEPT: Final = 512
"""Measurements that are kept: of 150 parameters some 14 MB, of the 8,192 steps that they usually
last."""

NEWEST: Final = 64
"""Of these, the newest, none of which is left out."""


class SizesSoFar:
    """Keeps the sizes that were measured; in a long run fewer and fewer of the earlier ones.

    All of them where networks take turns, so that each has been measured when the others were not.
    """

    def __init__(self) -> None:
        self._records: list[SizeRecord] = []
        self._most = MOST_KEPT

    def add(self, record: SizeRecord) -> None:
        """Take in the next measurement."""
        self._records.append(record)
        if len(self._records) > self._most:
            self._thin()

    @property
    def sizes(self) -> ParameterSizes:
        """What is known by now."""
        return records_to_sizes(self._records)

    def _thin(self) -> None:
        """Keep the first measurement, every other one after it, and the newest."""
        end = len(self._records) - NEWEST
        end -= (end - 1) % 2
        early, newest = self._records[:end], self._records[end:]
        pairs = zip(early[1::2], early[2::2], strict=True)
        thinned = [record for pair in pairs for record in _leave_out(*pair)]
        self._records = [early[0], *thinned, *newest]
        self._most = max(MOST_KEPT, len(self._records) + NEWEST)


def _leave_out(first: SizeRecord, second: SizeRecord) -> list[SizeRecord]:
    """The second of two measurements: unchanged only if it was so in both.

    Both, where the first has what the second has not, as of networks that take turns.
    """
    if first.parameters != second.parameters or (_measured(first) & ~_measured(second)).any():
        return [first, second]
    return [replace(second, same=_both(first.same, second.same))]


def _measured(record: SizeRecord) -> BoolArray:
    """(3, P) whether a kind of a parameter was measured, and there was any value."""
    known: BoolArray = record.totals[:, :, 0] > 0
    return known


def _both(one: FlagArray, other: FlagArray) -> FlagArray:
    changed = (one == CHANGED) | (other == CHANGED)
    same = (one == SAME) & (other == SAME)
    return np.where(changed, CHANGED, np.where(same, SAME, UNKNOWN)).astype(np.int8)
