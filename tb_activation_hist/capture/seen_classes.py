"""Of which classes the samples of batches are, as far as the gradients of a loss tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from tb_activation_hist.core.grid import IntArray
from tb_activation_hist.core.setup_facts import ACROSS, WITHIN


@dataclass
class SeenClasses:
    """How often two samples are of one class, within batches and across them.

    A sample with a class for each of its parts, as tokens or pixels have, counts by all of them;
    parts of one sample, which are alike in any data, are not compared with each other.
    """

    looks: int = 0
    _total: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    _within: float = 0.0
    _own: int = 0
    _pairs: int = 0

    def add(self, labels: IntArray, samples: IntArray) -> None:
        """The classes of one batch and which samples they are of, (N,); not of one sample alone."""
        pairs = len(labels) ** 2
        inside = int((np.unique(samples, return_counts=True)[1] ** 2).sum())
        if inside == pairs:
            return
        counts = np.bincount(labels, minlength=len(self._total))
        self._total = np.pad(self._total, (0, len(counts) - len(self._total))) + counts
        same = int((counts**2).sum())
        each = np.unique(np.stack([samples, labels]), axis=1, return_counts=True)[1]
        self.looks += 1
        self._within += (same - int((each**2).sum())) / (pairs - inside)
        self._own += same
        self._pairs += pairs

    @property
    def likeness(self) -> Mapping[str, float]:
        """Shares of pairs; empty before the second batch."""
        if self.looks < 2:
            return {}
        others = int(self._total.sum()) ** 2 - self._pairs
        across = (int((self._total**2).sum()) - self._own) / others
        return {WITHIN: round(self._within / self.looks, 4), ACROSS: round(across, 4)}
