"""What is attached to a model while its steps are timed: nothing, this package, and other ways."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from bench.rivals import first, leaves
from tb_activation_hist.recording.logger import ActivationHistLogger

Detach = Callable[[], None]


class Attached:
    """One way on a model: `finish` ends a step, `on` and `off` put it on and take it off."""

    def __init__(
        self, on: Callable[[], Detach], finish: Callable[[], None], note: str = ""
    ) -> None:
        self._on = on
        self._off: Detach | None = None
        self.finish = finish
        self._note = note
        self.close: Callable[[], None] = lambda: None

    @property
    def judged(self) -> bool:
        """Whether nothing about it changes any more."""
        return True

    @property
    def note(self) -> str:
        """What to say beside its figures."""
        return self._note

    def on(self) -> None:
        self._off = self._on()

    def off(self) -> None:
        if self._off is not None:
            self._off()
        self._off = None


class OursAttached(Attached):
    """This package's logger, detached while others are measured."""

    def __init__(self, hist: ActivationHistLogger) -> None:
        super().__init__(self._attach, hist.step)
        self._hist = hist
        self.close = hist.close
        hist.detach()

    def _attach(self) -> Detach:
        if not self._hist.attached:
            self._hist.attach()
        return self._hist.detach

    @property
    def judged(self) -> bool:
        """Whether the budget has decided, or there is none."""
        budget = self._hist._cadence.budget
        return budget is None or budget.needed_thinning(1) is not None

    @property
    def note(self) -> str:
        """One of how many steps is recorded, and the share of the step time that was measured."""
        cadence = self._hist._cadence
        cost = None if cadence.budget is None else cadence.budget.last_cost
        if cost is None:
            return ""
        return f"1 of {cadence.thinning} steps, measured {cost.share(cadence.distance):.1%}"


Way = Callable[[nn.Module, Path], Attached]


def ours(**options: Any) -> Way:
    """Record with these options; without a budget unless one is given."""

    def attach(model: nn.Module, folder: Path) -> Attached:
        return OursAttached(
            ActivationHistLogger(model, folder, **({"overhead_budget": None} | options))
        )

    return attach


def default_budget(model: nn.Module, folder: Path) -> Attached:
    """All options as they are by default."""
    return OursAttached(ActivationHistLogger(model, folder))


def nothing(_model: nn.Module, _folder: Path) -> Attached:
    return Attached(lambda: lambda: None, lambda: None)


def hooks(make: Callable[[], Callable[[Tensor], object]], note: str = "") -> Way:
    """A forward hook on each leaf module, given what it output."""

    def attach(model: nn.Module, _folder: Path) -> Attached:
        look = make()

        def hook(_module: nn.Module, _args: Any, output: Any) -> None:
            look(first(output).detach())

        def on() -> Detach:
            handles = [each.register_forward_hook(hook) for each in leaves(model).values()]

            def off() -> None:
                for handle in handles:
                    handle.remove()

            return off

        return Attached(on, lambda: None, note)

    return attach


def make_fastai_statistics() -> Callable[[Tensor], object]:
    """fastai's ActivationStats(with_hist=True), its own hook where fastai is installed."""
    if has_fastai():
        from fastai.callback.hook import ActivationStats

        stats = ActivationStats(with_hist=True)
        return lambda values: stats.hook(None, None, values)
    return fastai_statistics


def has_fastai() -> bool:
    return importlib.util.find_spec("fastai") is not None


def fastai_statistics(values: Tensor) -> dict[str, Any]:
    """What fastai 2.8's ``ActivationStats.hook`` does with ``with_hist=True``, line by line."""
    exact = values.float()
    found: dict[str, Any] = {"mean": exact.mean().item(), "std": exact.std().item()}
    found["near_zero"] = (exact <= 0.05).long().sum().item() / exact.numel()
    found["hist"] = exact.histc(40, 0, 10)
    return found


def make_histc() -> Callable[[Tensor], object]:
    """The usual hand-written hook: mean, std and 40 bins, kept on the device (no .item())."""
    kept: list[Any] = []

    def look(values: Tensor) -> None:
        exact = values.float()
        kept[:] = [exact.mean(), exact.std(), exact.histc(40, 0, 10)]

    return look


def ways(five_layers: tuple[str, ...]) -> dict[str, Way]:
    """By name, the most important first: where time runs out, the last are left out."""
    note = "fastai's own hook" if has_fastai() else "written as fastai 2.8 does it"
    return {
        "no logger": nothing,
        "ours, every step": ours(),
        "no logger again (A/A band)": nothing,
        "ours, default budget": default_budget,
        "ours, every=10": ours(every=10),
        "ours, five layers": ours(layers=list(five_layers)),
        "ActivationStats(with_hist)": hooks(make_fastai_statistics, note),
        "torch.histc hooks": hooks(make_histc),
    }
