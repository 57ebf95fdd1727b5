"""Which steps are recorded. Steps are counted from 1.

A schedule is a function of the step alone, so all ranks agree, and a resumed run continues where
it stopped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


def has_doubled(records: int) -> bool:
    """Whether a number of records is 0 or a power of two, at which what seldom changes is noted."""
    return records & (records - 1) == 0


@dataclass(frozen=True)
class Every:
    """Steps k, 2k, 3k ..., thinned in long runs; the schedule of the options `every` and
    `thin_after`.

    every: k, from 1. thin_after: number of records, from 2, after which the distance between
    records doubles. It doubles again each time the number of steps doubles: each doubling adds
    ``thin_after / 2`` records, so that a million steps with the defaults give 20,000. None: never.
    """

    every: int = 1
    thin_after: int | None = 4000

    def __call__(self, step: int) -> bool:
        return step % self.distance(step) == 0

    def distance(self, step: int) -> int:
        """Steps between two records around this step."""
        if self.thin_after is None:
            return self.every
        doublings = ((step - 1) // (self.thin_after * self.every)).bit_length()
        return self.every << doublings

    def __str__(self) -> str:
        start = _nth_step(self.every)
        if self.thin_after is None:
            return start
        return f"{start} until {self.thin_after:,} records, then {_nth_step(2 * self.every)}, ..."


@dataclass(frozen=True)
class LogSpaced:
    """Steps at equal distances on a logarithmic axis.

    per_decade: records from one power of ten to the next. start, stop: first and last step that may
    be recorded, counted from 1; stop=None: no last one.
    """

    per_decade: int = 100
    start: int = 1
    stop: int | None = None

    def __call__(self, step: int) -> bool:
        if step < self.start or (self.stop is not None and step > self.stop):
            return False
        return step == self.start or self._place(step) != self._place(step - 1)

    def _place(self, step: int) -> int:
        return math.floor(self.per_decade * math.log10(max(step, 1)))

    def __str__(self) -> str:
        return f"{self.per_decade} records a decade of steps{_limits(self.start, self.stop)}"


@dataclass(frozen=True)
class Between:
    """Every k-th step within a range of steps.

    start, stop: first and last step that may be recorded, counted from 1; stop=None: no last one.
    every: k, from 1.
    """

    start: int = 1
    stop: int | None = None
    every: int = 1

    def __call__(self, step: int) -> bool:
        if step < self.start or (self.stop is not None and step > self.stop):
            return False
        return (step - self.start) % self.every == 0

    def __str__(self) -> str:
        return f"{_nth_step(self.every)}{_limits(self.start, self.stop)}"


def _nth_step(every: int) -> str:
    if every == 1:
        return "every step"
    ending = {1: "st", 2: "nd", 3: "rd"}.get(every % 10, "th") if every % 100 // 10 != 1 else "th"
    return f"every {every:,}{ending} step"


def _limits(start: int, stop: int | None) -> str:
    text = f" from step {start:,}" if start > 1 else ""
    return text + (f" to step {stop:,}" if stop is not None else "")
