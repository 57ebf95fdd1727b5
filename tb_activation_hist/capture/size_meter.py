"""Sizes of all parameters of a model at a low cadence: weights, gradients, updates, and facts."""

from __future__ import annotations

import weakref
from collections.abc import Container, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np
from torch import Tensor, nn

from tb_activation_hist.capture.count import runs_to_be_captured
from tb_activation_hist.capture.countable import countable_values, dtype_name
from tb_activation_hist.capture.known_parameters import KnownParameters
from tb_activation_hist.capture.late_scalar import keep_scalar
from tb_activation_hist.capture.optimizer_states import unscale_gradient
from tb_activation_hist.capture.parameter_samples import SAMPLE, NamedSamples, checksum, gather
from tb_activation_hist.capture.pending_sizes import PendingSizes
from tb_activation_hist.capture.schedule import has_doubled
from tb_activation_hist.capture.select import Layer
from tb_activation_hist.capture.weight_memory import WeightMemory
from tb_activation_hist.core.parameter_sizes import UNKNOWN, ParameterInfo


class SizeMeter:
    """Measures the parameters of a model in each so many-th record, and in some of the first.

    every: records from one measuring to the next; before the second one, also after 1, 2, 4, 8 ...
    records, so that what is wrong from the start is known early. Gradients and updates belong to
    the first optimizer step of a record from there on. Parameters that are in no optimizer are
    measured too.
    """

    def __init__(self, every: int) -> None:
        self._every = every
        self._records = 0
        self._wanted = True
        self._known = KnownParameters()
        self._memory = WeightMemory()
        self._rates: dict[str, tuple[weakref.ref[Tensor], float]] = {}
        """By name: the parameter that an optimizer had, and its learning rate there."""
        self._stepped = False
        self._in_closure = False
        """Whether the optimizer step under way makes its gradients itself."""
        self._others_step = False
        """Whether an optimizer stepped that has none of these parameters."""
        self._watched: list[Any] = []
        self._before: list[NamedSamples] = []
        self._gradients: list[NamedSamples] = []
        self._with_gradient: set[str] = set()
        self._without_gradient: set[str] = set()
        self._began = False
        self._measured = False
        """Whether the last record has sizes."""
        self.first: PendingSizes | None = None
        """The weights before the first optimizer step, until they are written."""
        self.on = False
        """Whether the step under way may be measured."""

    def attach(self, layers: Iterable[Layer]) -> None:
        """Measure the parameters of these modules and of what is inside them, from now on."""
        self._known.attach(layers)

    def begin_step(self, recorded: bool) -> None:
        """A step begins; recorded: whether it makes a record."""
        self.on = recorded and (self._wanted or self._turn)
        self._stepped = self._in_closure = False
        self._forget_samples()
        if self.on and self._turn and self._records and not self._rates:
            self._watch_gradients()

    def _watch_gradients(self) -> None:
        """Learn whether gradients arrive although no optimizer has stepped, from two parameters."""
        trained = [(n, p) for n, p in self._parameters().items() if p.requires_grad and p.is_leaf]
        for name, parameter in dict([*trained[:1], *trained[-1:]]).items():
            take = partial(self._take_arrived, name)
            self._watched.append(parameter.register_post_accumulate_grad_hook(take))

    def _take_arrived(self, name: str, parameter: Tensor) -> None:
        if self.on and not self._stepped and not runs_to_be_captured():
            self._take_gradients({name: parameter}, None)

    def stop_watching(self) -> None:
        """Take the hooks off the parameters, if there are any."""
        for handle in self._watched:
            handle.remove()
        self._watched.clear()

    @property
    def _turn(self) -> bool:
        early = self._records < self._every and has_doubled(self._records)
        return early or self._records % self._every == 0

    def begin(self) -> None:
        """Before the first forward pass or optimizer step: measure the weights as they are."""
        if self._began or not self.on or runs_to_be_captured():
            return
        self._began = True
        self.first = self._measure(self._parameters())

    def before_step(self, optimizer: Any, *, closure: bool) -> None:
        """Keep what the optimizer is about to change, and the gradients that it gets."""
        if not self.on or runs_to_be_captured():
            return
        known = self._parameters()
        rates = {id(parameter): rate for parameter, rate in _rates_of(optimizer)}
        mine = {name: each for name, each in known.items() if id(each) in rates}
        if not mine:
            self._others_step = True
            if self._turn and not self._rates:
                self._take_gradients(known, None)
            return
        self.begin()
        for name, parameter in mine.items():
            self._rates[name] = weakref.ref(parameter), rates[id(parameter)]
        self._stepped, self._in_closure = True, closure
        kept = {name for part in self._before for name in part.names}
        self._before += gather(
            (name, values)
            for name, each in mine.items()
            if name not in kept and (values := countable_values(each)) is not None
        )
        if not closure:
            self._take_all_gradients(known, optimizer, rates.keys())

    def after_step(self, optimizer: Any) -> None:
        """Take the gradients of a step that made them itself."""
        if not self.on or not self._in_closure or runs_to_be_captured():
            return
        self._in_closure = False
        own = {id(parameter) for parameter, _ in _rates_of(optimizer)}
        self._take_all_gradients(self._parameters(), optimizer, own)

    def _take_all_gradients(
        self, known: Mapping[str, Tensor], optimizer: Any, own: Container[int]
    ) -> None:
        """Of this optimizer's parameters, whose ids are given, and of those of others."""
        self._take_gradients({n: p for n, p in known.items() if id(p) in own}, optimizer)
        self._take_gradients({n: p for n, p in known.items() if id(p) not in own}, None)

    def _take_gradients(self, parameters: Mapping[str, Tensor], optimizer: Any) -> None:
        """Those that the parameters' own optimizer gets count; without one, any that are there."""
        found: dict[str, Tensor] = {}
        for name, parameter in parameters.items():
            if optimizer is None and name in self._with_gradient:
                continue
            gradient = parameter.grad
            if gradient is not None and gradient.is_sparse:
                gradient = gradient.coalesce().values()
            values = countable_values(gradient)
            if values is None or not values.numel():
                self._without_gradient.add(name)
            else:
                found[name] = values
        self._with_gradient.update(found)
        self._gradients += gather(found.items(), partial(unscale_gradient, optimizer=optimizer))

    def _forget_samples(self) -> None:
        self._before, self._gradients = [], []
        self._with_gradient.clear()
        self._without_gradient.clear()

    def end_step(self) -> PendingSizes | None:
        """What was measured in the recorded step that ends; None if it is not the turn."""
        self.stop_watching()
        turn, self._records = self._turn, self._records + 1
        self._measured = self.on and (turn or self._stepped) and not runs_to_be_captured()
        if not self._measured:
            return None
        self._wanted = not self._stepped
        self._began = True
        return self._measure(self._parameters())

    def measure_last(self) -> PendingSizes | None:
        """The weights at the end of a training; None if the last record has them."""
        if self._records == 0 or self._measured or runs_to_be_captured():
            return None
        self._forget_samples()
        self._stepped = False
        return self._measure(self._parameters())

    def _measure(self, known: Mapping[str, nn.Parameter]) -> PendingSizes | None:
        if not known:
            return None
        names = list(known)
        infos = tuple(
            ParameterInfo(name, tuple(each.shape), dtype_name(each.dtype))
            for name, each in known.items()
        )
        pending = PendingSizes(infos, self._facts(known), self._memory)
        values = [countable_values(parameter) for parameter in known.values()]
        pending.whole = [each is None or each.numel() <= SAMPLE for each in values]
        pending.weights = gather(
            (name, each) for name, each in zip(names, values, strict=True) if each is not None
        )
        still = self._memory.still
        for name, each, whole in zip(names, values, pending.whole, strict=True):
            if each is not None and not whole and (still is None or name in still):
                pending.sums[name] = keep_scalar(checksum(each))
        pending.before, pending.gradients = tuple(self._before), tuple(self._gradients)
        pending.missing = frozenset(self._without_gradient - self._with_gradient)
        return pending

    def _facts(self, parameters: Mapping[str, nn.Parameter]) -> tuple[Any, Any, Any]:
        known = self._rates or self._others_step
        rates = [self._rate_of(name, each) for name, each in parameters.items()]
        return (
            np.array([each.requires_grad for each in parameters.values()], np.bool_),
            np.array([int(rate is not None) if known else UNKNOWN for rate in rates], np.int8),
            np.array([np.nan if rate is None else rate for rate in rates]),
        )

    def _rate_of(self, name: str, parameter: nn.Parameter) -> float | None:
        """None if it was in no optimizer that stepped, though one of its name may have been."""
        known = self._rates.get(name)
        return known[1] if known is not None and known[0]() is parameter else None

    def _parameters(self) -> dict[str, nn.Parameter]:
        """Those that the model has now; tied ones once, under their first name."""
        found: dict[str, nn.Parameter] = {}
        for ref, parameter in self._known.by_id().values():
            found.setdefault(ref.name, parameter)
        return found


def _rates_of(optimizer: Any) -> Iterable[tuple[Tensor, float]]:
    """Each parameter with its learning rate; NaN where that is not known on the host."""
    for group in optimizer.param_groups:
        rate = group.get("lr", np.nan)
        known = isinstance(rate, (int, float)) or (isinstance(rate, Tensor) and rate.is_cpu)
        for parameter in group["params"]:
            yield parameter, float(rate) if known else np.nan
