"""Which step is under way, whether it is recorded, and thinning to stay under a time budget."""

from __future__ import annotations

import time
from typing import Final

from tb_activation_hist.capture.budget import Budget
from tb_activation_hist.capture.options import CaptureOptions
from tb_activation_hist.capture.schedule import Every

WARM_UP_STEPS: Final = 3
"""First steps that the budget ignores: they compile, allocate and fill caches."""


class Cadence:
    """Counts steps and decides which are recorded. The logger's first step always is.

    Records are thinned by powers of two, so a thinned run's steps are among those of the same run
    without thinning.
    """

    def __init__(self, options: CaptureOptions, start: int) -> None:
        self.step = start
        self._first = start + 1
        self._every = Every(options.every, options.thin_after)
        self._schedule = options.schedule or self._every
        judged = options.overhead_budget is not None and options.schedule is None
        self.budget = Budget(options.overhead_budget or 0.0) if judged else None
        self.thinning = 1
        self._last_end_s: float | None = None

    def records(self, step: int) -> bool:
        """Whether this step is recorded."""
        if step == self._first:
            return True
        return step % self.thinning == 0 and bool(self._schedule(step // self.thinning))

    @property
    def due(self) -> bool:
        """Whether the step under way is recorded."""
        return self.records(self.step + 1)

    @property
    def distance(self) -> int:
        """Steps from one record to the next around this step, as far as `every` decides."""
        return self._every.distance(max(self.step // self.thinning, 1)) * self.thinning

    @property
    def warm(self) -> bool:
        """Whether the steps that the budget ignores are over."""
        return self.step >= self._first + WARM_UP_STEPS

    def advance(self, step: int | None = None) -> int:
        """End the step under way, under the given number or the next one."""
        self.step = self.step + 1 if step is None else step
        return self.step

    def spend(self, cost_s: float | None, recorded: bool) -> bool:
        """Note what recording cost the host in this step; True when the thinning changed.

        cost_s: None: it was not measured.
        """
        if self.budget is None:
            return False
        now = time.perf_counter()
        since, self._last_end_s = self._last_end_s, now
        if since is None or not self.warm:
            return False
        if cost_s is None:
            if recorded:
                self.budget.add_untimed()
            return False
        self.budget.add_host(cost_s, now - since - cost_s, recorded=recorded)
        needed = self.budget.needed_thinning(self.distance // self.thinning)
        # Denser again only where a quarter would do, so that the thinning does not flutter.
        if needed is None or (needed <= self.thinning and needed * 4 > self.thinning):
            return False
        return self.thin(needed)

    def thin(self, thinning: int) -> bool:
        """Record one in this many steps of the schedule, a power of two; True if that is new."""
        if thinning == self.thinning:
            return False
        self.thinning = thinning
        if self.budget is not None:
            self.budget.forget_records()
        return True

    def __str__(self) -> str:
        if self.thinning == 1:
            return str(self._schedule)
        return f"{self._schedule}, of every {self.thinning} steps, to stay under the time budget"
