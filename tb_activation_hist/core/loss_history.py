"""How a logged loss developed, in a few means: what findings know of it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

LOSSES_FIELD: Final = "losses"
"""Field of the run's information with a text for each logged loss."""

MOST_WINDOWS: Final = 64
"""Means that are kept of a loss; beyond it, neighbours are joined."""

MOST_LOSSES: Final = 8
"""Scalars of a run that are followed."""

OTHER_DATA: Final = ("val", "test", "eval", "valid", "validation", "dev")
"""Words in the names of losses on data that nothing is learnt from."""


@dataclass(frozen=True)
class LossHistory:
    """A scalar that the user logs and whose name says that it is a loss.

    tag: its name. steps: last step of each window of records, ascending. means: mean of each
    window's finite values, NaN without any. window: records in each of them, but for the last.
    non_finite: step of the first value that is NaN or infinite, 0: there is none. first: its first
    value, NaN where it is not known.
    """

    tag: str
    steps: tuple[int, ...]
    means: tuple[float, ...]
    window: int
    non_finite: int
    first: float = math.nan


def split_words(tag: str) -> list[str]:
    """The words of a scalar's name in lower case: ``"val.main_loss"`` has val, main and loss."""
    return [word for word in re.split(r"[^a-z0-9]+", tag.lower()) if word]


def is_training_loss(tag: str) -> bool:
    """Whether a scalar's name says that it is a loss, and of no other data than the training's."""
    return "loss" in tag.lower() and not set(split_words(tag)) & set(OTHER_DATA)


class LossFollower:
    """Takes in the values of one loss as they are stored; ints and floats alone."""

    def __init__(self, tag: str) -> None:
        self._tag = tag
        self._window = 1
        self._windows: list[_Window] = []
        self._non_finite = 0
        self._first = math.nan

    def add(self, step: int, value: float) -> None:
        """The next value. One that goes back in steps begins anew."""
        if self._windows and step <= self._windows[-1].step:
            self._window, self._windows, self._non_finite = 1, [], 0
        if not self._windows:
            self._first = float(value)
        if not math.isfinite(value):
            self._non_finite = self._non_finite or step
        if not self._windows or self._windows[-1].records >= self._window:
            self._windows.append(_Window())
        self._windows[-1].add(step, value)
        full = len(self._windows) > MOST_WINDOWS
        if full and self._windows[-1].records == self._window:
            self._join()

    def _join(self) -> None:
        """Join pairs of neighbours; the last one of an odd number stays as it is."""
        pairs, odd = self._windows[:-1:2], self._windows[-1:] if len(self._windows) % 2 else []
        for first, second in zip(pairs, self._windows[1::2], strict=False):
            first.join(second)
        self._windows = [*pairs, *odd]
        self._window *= 2

    @property
    def history(self) -> LossHistory:
        """What is known so far."""
        windows = list(self._windows)
        steps = tuple(each.step for each in windows)
        means = tuple(each.mean for each in windows)
        return LossHistory(self._tag, steps, means, self._window, self._non_finite, self._first)


class LossFollowers:
    """Takes in the scalars of a run, and follows up to `MOST_LOSSES` losses of the training."""

    def __init__(self) -> None:
        self._followers: dict[str, LossFollower] = {}

    def add(self, step: int, numbers: Mapping[str, float]) -> None:
        """The scalars of the next record."""
        for tag, value in numbers.items():
            known = tag in self._followers
            if known or (len(self._followers) < MOST_LOSSES and is_training_loss(tag)):
                self._followers.setdefault(tag, LossFollower(tag)).add(step, value)

    def texts(self) -> list[str]:
        """What is known of each loss, as the run's information keeps it; safe on any thread."""
        return [loss_to_text(each.history) for each in list(self._followers.values())]


class _Window:
    def __init__(self) -> None:
        self.step = self.records = self._finite = 0
        self._sum = 0.0

    def add(self, step: int, value: float) -> None:
        self.step = step
        self.records += 1
        if math.isfinite(value):
            self._finite += 1
            self._sum += value

    def join(self, other: _Window) -> None:
        self.step = other.step
        self.records += other.records
        self._finite += other._finite
        self._sum += other._sum

    @property
    def mean(self) -> float:
        return self._sum / self._finite if self._finite else math.nan


def loss_to_text(loss: LossHistory) -> str:
    """As the run's information keeps it: a JSON object; a mean that is not finite is null."""
    means = [float(f"{mean:.7g}") if math.isfinite(mean) else None for mean in loss.means]
    fields = {"tag": loss.tag, "steps": loss.steps, "means": means, "window": loss.window}
    first = loss.first if math.isfinite(loss.first) else None
    rest = {"non_finite": loss.non_finite, "first": first}
    return json.dumps({**fields, **rest}, separators=(",", ":"))


def texts_to_losses(texts: Iterable[str]) -> tuple[LossHistory, ...]:
    """Inverse of `loss_to_text` for several; what is no such text is left out."""
    return tuple(loss for loss in map(_to_loss, texts) if loss is not None)


def _to_loss(text: str) -> LossHistory | None:
    try:
        stored = json.loads(text)
        tag, window, bad = stored["tag"], int(stored["window"]), int(stored["non_finite"])
        steps = tuple(int(step) for step in stored["steps"])
        means = tuple(_to_mean(mean) for mean in stored["means"])
        first = _to_mean(stored.get("first"))
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return None
    whole = isinstance(tag, str) and len(steps) == len(means) <= MOST_WINDOWS + 1
    return LossHistory(tag, steps, means, window, bad, first) if whole else None


def _to_mean(value: Any) -> float:
    return math.nan if value is None else float(value)
