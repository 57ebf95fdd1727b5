"""Watches how a training is set up, for the findings: what settings and single weights tell."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from torch import nn

from tb_activation_hist.capture.count import runs_to_be_captured
from tb_activation_hist.capture.equal_rows import LOOK_AGAIN, RowWatch
from tb_activation_hist.capture.forward_dropout import DropoutWatch
from tb_activation_hist.capture.kept_gradients import GradientWatch
from tb_activation_hist.capture.known_parameters import KnownParameters
from tb_activation_hist.capture.loss_watch import LossWatch
from tb_activation_hist.capture.made_parameters import MadeWatch
from tb_activation_hist.capture.optimizer_settings import (
    list_groups,
    list_module_settings,
    list_norms_around,
    list_shares,
    read_shares,
)
from tb_activation_hist.capture.rate_watch import RateWatch
from tb_activation_hist.capture.restored_weights import RestoreWatch, may_be_watched
from tb_activation_hist.capture.schedule import has_doubled
from tb_activation_hist.capture.select import Layer
from tb_activation_hist.capture.stray_parameters import StrayWatch
from tb_activation_hist.core.setup_facts import (
    ModuleSettings,
    OptimizerGroup,
    SetupFact,
    fact_to_text,
)

LOOK_EVERY: Final = 16
"""Records from one look at the settings to the next; before, after 1, 2, 4 and 8 records."""

MOMENTA: Final = ("momentum", "beta1")
"""Settings that a one-cycle schedule lowers and raises again."""

MOST_OPTIMIZERS: Final = 16
"""Optimizers whose settings are noted: some scripts make a new one in each round."""


class _Watched:
    """A parameter of which single steps are followed, the first optimizer that has it, and all.

    Neither it nor its module is kept alive: a layer that is replaced goes.
    """

    def __init__(self, name: str, parameter: nn.Parameter) -> None:
        self._parameter = weakref.ref(parameter)
        self.optimizer: int | None = None
        self.optimizers: set[int] = set()
        self.restored = RestoreWatch(name)
        self.kept = GradientWatch(name, parameter)

    @property
    def has_news(self) -> bool:
        """Whether it was written to, or its gradient dropped or kept."""
        kept = self.kept.dropped > 0 or self.kept.kept_later
        return kept or self.restored.fact is not None

    @property
    def parameter(self) -> nn.Parameter | None:
        """None once it is gone."""
        return self._parameter()


class SetupWatch:
    """Follows settings at a low cadence, and two parameters, the first and the last, step by step.

    What is asked at each step of an optimizer is a counter of torch's; nothing waits for a device.
    """

    def __init__(self) -> None:
        self._known = KnownParameters()
        self._set_up: list[tuple[str, nn.Module]] = []
        self._records = 0
        self._places: dict[int, int] = {}
        self._groups: dict[tuple[int, int], OptimizerGroup] = {}
        self._rates: dict[int, RateWatch] = {}
        self._modules: list[ModuleSettings] = []
        self._droppers: list[tuple[nn.Module, str]] = []
        self._shares: list[float] = []
        self._watched: list[_Watched] | None = None
        self._rows = RowWatch()
        self._roots: list[nn.Module] = []
        self._strays = StrayWatch()
        self.losses = LossWatch()
        self._made: dict[str, MadeWatch] = {}
        self._dropouts: dict[str, DropoutWatch] = {}
        self._told: list[str] = []
        self._news = False
        self.on = False
        """Whether the step under way is recorded."""

    def attach(self, layers: Sequence[Layer], whole: Layer) -> None:
        """Watch these layers and the parameters of the whole model, from now on."""
        known = [(each.name, each.module) for each in layers]
        self._set_up = [*known, *list_norms_around(known, whole.module)]
        self._droppers = list_shares(each.module for each in layers)
        self._known.attach([*layers, whole])
        self._roots = [whole.module]

    def watch_graphs(self, model: str) -> tuple[MadeWatch, DropoutWatch]:
        """The watches of what the forward passes of a model make, and drop; model: its name."""
        made = self._made.setdefault(model, MadeWatch())
        return made, self._dropouts.setdefault(model, DropoutWatch())

    def begin_step(self, recorded: bool) -> None:
        """A step begins; recorded: whether it makes a record."""
        self.on = recorded
        self.losses.begin_step(recorded, self._records)

    def begin(self, step: int) -> None:
        """Before the first forward pass or optimizer step: look at the weights as they are."""
        if self._watched is not None or not self.on or runs_to_be_captured():
            return
        trained = [
            (ref, parameter)
            for ref, parameter in self._known.by_id().values()
            if parameter.requires_grad and parameter.is_leaf
        ]
        matrices = [each for each in trained if each[1].dim() > 1] or trained
        self._rows.begin((ref.name, parameter) for ref, parameter in matrices)
        chosen = [(ref.name, parameter) for ref, parameter in matrices if may_be_watched(parameter)]
        ends = dict([*chosen[:1], *chosen[-1:]])
        self._watched = [_Watched(*each) for each in ends.items()]
        for watched, parameter in zip(self._watched, ends.values(), strict=True):
            watched.restored.begin(parameter, step)

    def before_step(self, optimizer: Any, step: int) -> None:
        """An optimizer is about to step."""
        if not self.on:
            return
        self.begin(step)
        if self._turn or self._is_new(optimizer):
            self._look_at_groups(optimizer, step)
            if not runs_to_be_captured():
                self._news = self._strays.look(self._roots, optimizer, step) or self._news
        for made in self._made.values():
            made.before_step(optimizer)
        rates = self._rates.get(id(optimizer))
        if rates is not None and rates.before_step(optimizer, step):
            self._news = True
        for watched in self._watched or ():
            parameter = watched.parameter
            if id(optimizer) in watched.optimizers and parameter is not None:
                watched.restored.before_step(parameter, step)
                if watched.optimizer == id(optimizer):
                    watched.kept.before_step(parameter, step)

    def after_step(self, optimizer: Any, step: int) -> None:
        """An optimizer has stepped."""
        if not self.on:
            return
        for watched in self._watched or ():
            parameter = watched.parameter
            if id(optimizer) in watched.optimizers and parameter is not None:
                watched.restored.after_step(parameter, step)
                if watched.optimizer == id(optimizer):
                    self._news = self._news or not watched.kept.ended
                    watched.kept.after_step(parameter, step)

    @property
    def _turn(self) -> bool:
        return self._records % LOOK_EVERY == 0 or has_doubled(self._records)

    def _is_new(self, optimizer: Any) -> bool:
        return id(optimizer) not in self._places and len(self._places) < MOST_OPTIMIZERS

    def _look_at_groups(self, optimizer: Any, step: int) -> None:
        known = self._known.by_id()
        place = self._places.setdefault(id(optimizer), len(self._places) + 1)
        noted = place <= MOST_OPTIMIZERS
        for number, group in list_groups(optimizer, place, known.keys(), step) if noted else ():
            before = self._groups.get((place, number))
            if before is None or not _is_alike(before, group):
                self._groups[place, number] = group
                self._rates.setdefault(id(optimizer), RateWatch(optimizer, place))
                self._news = True
        own = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
        for watched in self._watched or ():
            if id(watched.parameter) in own:
                watched.optimizer = watched.optimizer or id(optimizer)
                watched.optimizers.add(id(optimizer))

    def end_record(self, step: int) -> None:
        """A record ends."""
        turn, self._records = self._turn, self._records + 1
        if self._records == 1:
            self._rows.take_first()
        if self._records == LOOK_AGAIN:
            known = self._known.by_id().values()
            self._rows.look_again(((ref.name, p) for ref, p in known), step)
            self._news = True
        self._news = self.losses.end_record(step) or self._news
        shares = read_shares(self._droppers)
        if turn or shares != self._shares:
            self._shares = shares
            self._look_at_modules(step)
        for watched in self._watched or ():
            back = watched.restored.take_arrived() and watched.restored.is_seldom
            self._news = self._news or back or (turn and watched.has_news)

    def _look_at_modules(self, step: int) -> None:
        found = list_module_settings(self._set_up, step)
        known = {(own.type, own.layers, tuple(own.settings.items())): own for own in self._modules}
        kept = [
            known.get((own.type, own.layers, tuple(own.settings.items())), own) for own in found
        ]
        self._news = self._news or kept != self._modules
        self._modules = kept

    def take_news(self, *, last: bool = False) -> list[str] | None:
        """All facts as texts, where some are new; last: whether a training ends."""
        if last:
            for watched in self._watched or ():
                watched.restored.take_arrived(wait=True)
        if not (self._news or last):
            return None
        self._news = False
        texts = [fact_to_text(fact) for fact in self._facts()]
        told, self._told = self._told, texts
        return texts if texts != told else None

    def _facts(self) -> Iterable[SetupFact]:
        yield from self._groups.values()
        yield from (own.fact for own in self._rates.values())
        yield from self._modules
        for watched in self._watched or ():
            if watched.restored.fact is not None:
                yield watched.restored.fact
            yield from watched.kept.facts
        yield from self._rows.facts
        yield from self._strays.facts
        yield from (own.fact for own in self._made.values() if own.fact is not None)
        yield from (own.fact for own in self._dropouts.values() if own.fact is not None)
        yield from self.losses.facts

    def stop(self) -> None:
        """Take the hooks off the parameters, if there are any."""
        for watched in self._watched or ():
            watched.kept.stop()
        for made in self._made.values():
            made.stop()


def _is_alike(one: OptimizerGroup, later: OptimizerGroup) -> bool:
    """Whether two groups differ by no more than the step, and a rate or momentum of a schedule.

    A momentum that rises above the first one counts.
    """
    rises = any(later.settings.get(name, 0.0) > one.settings.get(name, 0.0) for name in MOMENTA)
    return not rises and _without_schedule(one) == _without_schedule(later)


def _without_schedule(group: OptimizerGroup) -> OptimizerGroup:
    scheduled = {"lr", *MOMENTA}
    settings = {name: value for name, value in group.settings.items() if name not in scheduled}
    return replace(group, since=0, settings=settings)
