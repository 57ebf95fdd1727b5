"""Which step is under way, whether it is recorded, and thinning to stay under a time budget."""

from __future__ import annotations

import math
import statistics
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from tb_activation_hist.capture.options import CaptureOptions
from tb_activation_hist.capture.schedule import Every

MEDIAN_RECORDS: Final = 9
"""Recent records and steps over which the median cost is taken."""

WARM_UP_STEPS: Final = 3
"""First steps that the budget ignores: they compile, allocate and fill caches."""


class Cadence:
    """Counts steps and decides which are recorded. The logger's first step always is."""

    def __init__(self, options: CaptureOptions, start: int) -> None:
        self.step = start
        self._first = start + 1
        self._schedule: Callable[[int], bool] = options.schedule or Every(
            options.every, options.thin_after
        )
        self._budget = options.overhead_budget
        self._thinning = 1
        self._costs: deque[float] = deque(maxlen=MEDIAN_RECORDS)
        self._pauses: deque[float] = deque(maxlen=MEDIAN_RECORDS)
        self._last_end_s: float | None = None

    def records(self, step: int) -> bool:
        """Whether this step is recorded."""
        if step == self._first:
            return True
        return step % self._thinning == 0 and bool(self._schedule(step // self._thinning))

    @property
    def due(self) -> bool:
        """Whether the step under way is recorded."""
        return self.records(self.step + 1)

    def advance(self, step: int | None = None) -> int:
        """End the step under way, under the given number or the next one."""
        self.step = self.step + 1 if step is None else step
        return self.step

    def spend(self, cost_s: float, recorded: bool) -> bool:
        """Note what recording cost in this step; True when the distance of records changed."""
        if self._budget is None:
            return False
        now = time.perf_counter()
        since, self._last_end_s = self._last_end_s, now
        if since is None or self.step < self._first + WARM_UP_STEPS:
            return False
        self._pauses.append(max(now - since - cost_s, 1e-9))
        if recorded:
            self._costs.append(cost_s)
        return self._adjust(self._budget) if self._costs else False

    def _adjust(self, budget: float) -> bool:
        """Double the distance while over the budget; halve it when a quarter would do."""
        fraction = statistics.median(self._costs) / statistics.median(self._pauses)
        needed = 2 ** max(0, math.ceil(math.log2(max(fraction / budget, 1e-9))))
        if needed <= self._thinning and needed * 4 > self._thinning:
            return False
        self._thinning = needed
        self._costs.clear()
        return True

    def __str__(self) -> str:
        if self._thinning == 1:
            return str(self._schedule)
        return f"{self._schedule}, of every {self._thinning} steps, to stay under the time budget"
