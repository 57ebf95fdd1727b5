"""What recording costs a step, by what was measured, and how far it must be thinned."""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Hashable
from typing import Final, NamedTuple

RECORDS_JUDGED: Final = 16
"""Recorded steps over which the host's cost is taken: their lower quartile, so that a busy CPU,
which interrupts some of them for milliseconds, thins nothing."""

DEVICE_RECORDS: Final = 5
"""Recorded steps over which a device's cost is taken."""

FREE_TRAINING_S: Final = 20.0
"""A training's first seconds are not judged: recording may take this times the budget at once."""


class StepCost(NamedTuple):
    """Seconds that recording takes of a step, and the rest of that step."""

    record_s: float
    """What only a recorded step takes, so that thinning saves it."""
    every_s: float
    """What every step takes, recorded or not."""
    rest_s: float
    """The step without recording."""

    def share(self, distance: int) -> float:
        """What recording adds to the step time when each `distance`-th step is recorded."""
        return (self.record_s / distance + self.every_s) / self.rest_s


class Budget:
    """The limit of what recording may add to the step time, and what it was measured to add.

    limit: share of the step time. The host's and the devices' work overlap, so the greater of the
    two counts, beside the greater of the two step times: the device's where the host runs ahead.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self._recorded_s: deque[float] = deque(maxlen=RECORDS_JUDGED)
        self._unrecorded_s: deque[float] = deque(maxlen=RECORDS_JUDGED)
        self._rest_s: deque[float] = deque(maxlen=RECORDS_JUDGED)
        self._devices: dict[Hashable, deque[StepCost]] = {}
        self._spent_s = 0.0
        self.last_cost: StepCost | None = None
        """What was measured last; None before a recorded step was."""

    def add_host(self, cost_s: float, rest_s: float, *, recorded: bool) -> None:
        """Note the seconds of a step that the host spent on recording, and the other ones."""
        self._rest_s.append(max(rest_s, 1e-9))
        if recorded:
            self._recorded_s.append(cost_s)
            self.last_cost = self._cost()
            self._spent_s += self.last_cost.record_s + self.last_cost.every_s
        else:
            self._unrecorded_s.append(cost_s)

    def add_untimed(self) -> None:
        """Note a recorded step whose cost was not measured: it is as that of others."""
        if self.last_cost is not None:
            self._spent_s += self.last_cost.record_s + self.last_cost.every_s

    @property
    def full(self) -> bool:
        """Whether as many recorded steps were measured as are judged."""
        return len(self._recorded_s) >= RECORDS_JUDGED

    def add_device(self, device: Hashable, cost: StepCost) -> None:
        """Note what one recorded step cost a device."""
        costs = self._devices.setdefault(device, deque(maxlen=DEVICE_RECORDS))
        costs.append(cost._replace(rest_s=max(cost.rest_s, 1e-9)))

    def _cost(self) -> StepCost:
        every_s = _lower_quartile(self._unrecorded_s) if self._unrecorded_s else 0.0
        record_s = max(_lower_quartile(self._recorded_s) - every_s, 0.0)
        cost = StepCost(record_s, every_s, statistics.median(self._rest_s))
        for costs in self._devices.values():
            cost = StepCost(*map(max, cost, _median(costs)))
        return cost

    def needed_thinning(self, distance: int) -> int | None:
        """The least power of two by which records must be thinned; None while it is not known.

        distance: steps from one record to the next without thinning.
        """
        cost = self.last_cost
        if cost is None or self._is_free or not self.full:
            return None
        share = cost.record_s / (cost.rest_s * distance)
        doublings = math.log2(max(share / self.limit, 1e-9))
        return 1 << max(0, math.ceil(doublings - 1e-6))  # not for a limit met but for rounding

    @property
    def _is_free(self) -> bool:
        """Whether recording has taken no more yet than it may at once."""
        return self._spent_s <= self.limit * FREE_TRAINING_S

    @property
    def beyond_thinning(self) -> bool:
        """Whether already what every step costs, recorded or not, is above the limit."""
        cost = self.last_cost
        return cost is not None and not self._is_free and cost.every_s > self.limit * cost.rest_s

    def forget_records(self) -> None:
        """Judge anew, by the host's cost of records that follow."""
        self._recorded_s.clear()


def _lower_quartile(seconds: deque[float]) -> float:
    return sorted(seconds)[(len(seconds) - 1) // 4]


def _median(costs: deque[StepCost]) -> StepCost:
    return StepCost(*map(statistics.median, zip(*costs, strict=True)))
