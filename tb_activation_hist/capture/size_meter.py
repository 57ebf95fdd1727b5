"""Sizes of all parameters of a model at a low cadence: weights, gradients, updates, and facts."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.weak import WeakIdKeyDictionary

from tb_activation_hist.capture.count import is_capturing
from tb_activation_hist.capture.countable import countable_values, dtype_name
from tb_activation_hist.capture.known_parameters import KnownParameters
from tb_activation_hist.capture.late_scalar import keep_scalar
from tb_activation_hist.capture.optimizer_states import unscale_gradient
from tb_activation_hist.capture.parameter_samples import (
    SAMPLE,
    Gathered,
    checksum,
    copy_sample,
    gather,
    sample_sums,
    take_sample,
)
from tb_activation_hist.capture.schedule import has_doubled
from tb_activation_hist.capture.select import Layer
from tb_activation_hist.capture.torch_internals import is_tracing
from tb_activation_hist.capture.weight_memory import WeightMemory
from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.parameter_sizes import (
    NOT_MEASURED,
    SIZED_KINDS,
    UNKNOWN,
    ParameterInfo,
    SizeRecord,
)

WEIGHTS, GRADIENTS, UPDATES = range(len(SIZED_KINDS))

Arrived: TypeAlias = tuple[list[int], FloatArray, list[int]]
"""Rows, values and lengths of some samples that lie one after the other."""


class PendingSizes:
    """The samples of one record, which may still be on their way to the host."""

    def __init__(
        self,
        infos: tuple[ParameterInfo, ...],
        facts: tuple[Any, Any, Any],
        memory: WeightMemory,
    ) -> None:
        self.step = 0
        self.wall_time = time.time()
        self.weights: list[Gathered] = []
        self.before: list[Gathered] = []
        self.gradients: list[Gathered] = []
        self.missing: list[int] = []
        """Rows of parameters without a gradient although an optimizer stepped."""
        self.sums: dict[str, Any] = {}
        self.whole: list[bool] = []
        self._infos = infos
        self._facts = facts
        self._memory = memory

    def wait(self) -> SizeRecord:
        """Block until all have arrived; once, on the thread that stores."""
        shape = len(SIZED_KINDS), len(self._infos)
        totals = np.zeros((*shape, 3), np.int64)
        totals[..., 0] = NOT_MEASURED
        moments = np.zeros((*shape, 4))
        moments[..., 0], moments[..., 1] = np.inf, -np.inf
        same = np.full(shape, UNKNOWN, np.int8)
        arrived = _read(self.weights)
        for kind, parts in ((WEIGHTS, arrived), (GRADIENTS, _read(self.gradients))):
            for rows, values, lengths in parts:
                totals[kind, rows], moments[kind, rows] = sample_sums(values, lengths)
        totals[GRADIENTS, self.missing] = 0
        weights = _split(arrived)
        for row, before in _split(_read(self.before)).items():
            after = weights.get(row)
            if after is not None and len(after) == len(before):
                found = sample_sums(_relative(before, after), [len(after)])
                totals[UPDATES, row], moments[UPDATES, row] = found[0][0], found[1][0]
        names = [info.name for info in self._infos]
        flags = self._memory.compare(
            {names[row]: values for row, values in weights.items()},
            dict(zip(names, self.whole, strict=True)),
            {name: float(value) for name, value in self.sums.items()},
        )
        same[WEIGHTS] = [flags.get(name, UNKNOWN) for name in names]
        return SizeRecord(
            self.step, self.wall_time, self._infos, totals, moments, same, *self._facts
        )


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
        self._rates: MutableMapping[Tensor, float] = WeakIdKeyDictionary()
        self._stepped = False
        self._in_closure = False
        """Whether the optimizer step under way makes its gradients itself."""
        self._others_step = False
        """Whether an optimizer stepped that has none of these parameters."""
        self._watched: list[Any] = []
        self._taken: dict[str, Tensor | None] = {}
        self._kept: dict[str, Tensor] = {}
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
        self._taken.clear()
        self._kept.clear()
        if self.on and self._turn and self._records and not self._rates:
            self._watch_gradients()

    def _watch_gradients(self) -> None:
        """Learn whether gradients arrive although no optimizer has stepped, from two parameters."""
        trained = [(n, p) for n, p in self._parameters().items() if p.requires_grad and p.is_leaf]
        for name, parameter in dict([*trained[:1], *trained[-1:]]).items():
            take = partial(self._take_arrived, name)
            self._watched.append(parameter.register_post_accumulate_grad_hook(take))

    def _take_arrived(self, name: str, parameter: Tensor) -> None:
        if self.on and not self._stepped and not _capturing():
            with torch.no_grad():
                self._take_gradient(name, parameter, None)

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
        if self._began or not self.on or _capturing():
            return
        self._began = True
        self.first = self._measure(self._parameters())

    def before_step(self, optimizer: Any, *, closure: bool) -> None:
        """Keep what the optimizer is about to change, and the gradients that it gets."""
        if not self.on or _capturing():
            return
        known = self._parameters()
        rates = dict(_rates_of(optimizer))
        own = {id(parameter) for parameter in rates}
        if own.isdisjoint(id(parameter) for parameter in known.values()):
            self._others_step = True
            if self._turn and not self._rates:
                for name, parameter in known.items():
                    self._take_gradient(name, parameter, None)
            return
        self.begin()
        self._rates.update(rates)
        self._stepped, self._in_closure = True, closure
        for name, parameter in known.items():
            mine = id(parameter) in own
            values = countable_values(parameter) if mine and name not in self._kept else None
            if values is not None:
                self._kept[name] = copy_sample(values)
            if not closure:
                self._take_gradient(name, parameter, optimizer if mine else None)

    def after_step(self, optimizer: Any) -> None:
        """Take the gradients of a step that made them itself."""
        if not self.on or not self._in_closure or _capturing():
            return
        self._in_closure = False
        own = {id(parameter) for parameter, _ in _rates_of(optimizer)}
        for name, parameter in self._parameters().items():
            if name not in self._taken:
                self._take_gradient(name, parameter, optimizer if id(parameter) in own else None)

    def _take_gradient(self, name: str, parameter: Tensor, optimizer: Any) -> None:
        """That which the parameter's own optimizer gets counts; without one, any that is there."""
        if optimizer is None and self._taken.get(name) is not None:
            return
        gradient = parameter.grad
        if gradient is not None and gradient.is_sparse:
            gradient = gradient.coalesce().values()
        values = countable_values(gradient)
        if values is None or not values.numel():
            self._taken.setdefault(name, None)
            return
        self._taken[name] = unscale_gradient(copy_sample(values), optimizer)

    def end_step(self) -> PendingSizes | None:
        """What was measured in the recorded step that ends; None if it is not the turn."""
        self.stop_watching()
        turn, self._records = self._turn, self._records + 1
        self._measured = self.on and (turn or self._stepped) and not _capturing()
        if not self._measured:
            return None
        self._wanted = not self._stepped
        self._began = True
        return self._measure(self._parameters())

    def measure_last(self) -> PendingSizes | None:
        """The weights at the end of a training; None if the last record has them."""
        if self._records == 0 or self._measured or _capturing():
            return None
        self._taken.clear()
        self._kept.clear()
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
        pending = PendingSizes(infos, self._facts(list(known.values())), self._memory)
        values = [countable_values(parameter) for parameter in known.values()]
        pending.whole = [each is None or each.numel() <= SAMPLE for each in values]
        pending.weights = gather(
            (row, take_sample(each)) for row, each in enumerate(values) if each is not None
        )
        still = self._memory.still
        for name, each, whole in zip(names, values, pending.whole, strict=True):
            if each is not None and not whole and (still is None or name in still):
                pending.sums[name] = keep_scalar(checksum(each))
        rows = {name: row for row, name in enumerate(names)}
        pending.before = gather((rows[name], each) for name, each in self._kept.items())
        taken = {name: each for name, each in self._taken.items() if name in rows}
        pending.gradients = gather((rows[n], each) for n, each in taken.items() if each is not None)
        pending.missing = [rows[name] for name, each in taken.items() if each is None]
        return pending

    def _facts(self, parameters: Sequence[nn.Parameter]) -> tuple[Any, Any, Any]:
        known = self._rates or self._others_step
        # Each look makes a weak reference.
        rates = [self._rates.get(each) for each in parameters]
        return (
            np.array([each.requires_grad for each in parameters], np.bool_),
            np.array([int(rate is not None) if known else UNKNOWN for rate in rates], np.int8),
            np.array([np.nan if rate is None else rate for rate in rates]),
        )

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


def _capturing() -> bool:
    """Whether the model runs to be captured, by CUDA graphs or torch.jit.trace, not to learn."""
    return is_tracing() or is_capturing()


def _read(parts: Sequence[Gathered]) -> list[Arrived]:
    return [(each.rows, each.read(), each.lengths) for each in parts]


def _split(parts: Sequence[Arrived]) -> dict[int, FloatArray]:
    found: dict[int, FloatArray] = {}
    for rows, values, lengths in parts:
        ends = np.cumsum(lengths)
        for row, length, end in zip(rows, lengths, ends, strict=True):
            found[row] = values[end - length : end]
    return found


def _relative(before: FloatArray, after: FloatArray) -> FloatArray:
    """The change, divided by the root mean square of the weights."""
    with np.errstate(all="ignore"):
        size = np.sqrt(max(np.mean(before**2), np.mean(after**2)))
        change: FloatArray = (after - before) / max(size, np.finfo(np.float32).tiny)
    return change
