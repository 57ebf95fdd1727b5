"""The highest learning rate of an optimizer's groups, looked at before each of its steps."""

from __future__ import annotations

from typing import Any, Final

from tb_activation_hist.core.setup_facts import RateHistory

FINEST: Final = 1.2
"""A rate is kept when it differs from the last kept one by this factor at least ..."""

MOST_KEPT: Final = 64
"""... or, where these would be more, by the square of that, and so on."""


class RateWatch:
    """One optimizer. place: its number among the optimizers. A rate in a tensor is not read."""

    def __init__(self, optimizer: Any, place: int) -> None:
        self._name, self._place = type(optimizer).__name__, place
        self._factor = FINEST
        self._kept: list[tuple[int, float]] = []
        self._low = self._high = 0.0

    def before_step(self, optimizer: Any, step: int) -> bool:
        """The optimizer is about to step; whether its rate is another one."""
        rate = max(
            (
                float(own)
                for group in optimizer.param_groups
                if isinstance(own := group.get("lr"), float | int)  # numpy's, as fastai's, are too
            ),
            default=-1.0,
        )
        if rate < 0 or self._low < rate < self._high:
            return False
        if self._kept and rate == self._kept[-1][1]:
            return False
        self._keep(step, rate)
        return True

    def _keep(self, step: int, rate: float) -> None:
        self._kept.append((step, rate))
        if len(self._kept) > MOST_KEPT:
            self._factor **= 2
            thinned = self._kept[:1]
            for each in self._kept[1:]:
                if _differ(thinned[-1][1], each[1], self._factor):
                    thinned.append(each)
            self._kept = thinned
        last = self._kept[-1][1]
        self._low, self._high = last / self._factor, last * self._factor

    @property
    def fact(self) -> RateHistory:
        """What was seen so far."""
        steps, rates = zip(*self._kept, strict=True) if self._kept else ((), ())
        return RateHistory(self._name, self._place, tuple(steps), tuple(rates))


def _differ(one: float, other: float, factor: float) -> bool:
    return max(one, other) >= factor * min(one, other)
