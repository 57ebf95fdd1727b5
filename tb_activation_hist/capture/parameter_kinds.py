"""Weights, their gradients, updates and optimizer state: each counted at its moment of a step."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.optimizer import (
    Optimizer,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from tb_activation_hist.capture.countable import countable_values, dtype_name
from tb_activation_hist.capture.known_parameters import KnownParameters
from tb_activation_hist.capture.optimizer_states import (
    OptimizerStates,
    is_factor,
    unscale_gradient,
)
from tb_activation_hist.capture.parameter_refs import ParameterRef, layers_to_refs
from tb_activation_hist.capture.rows import Row
from tb_activation_hist.capture.select import Layer
from tb_activation_hist.capture.setup_watch import SetupWatch
from tb_activation_hist.capture.size_meter import SizeMeter
from tb_activation_hist.capture.state import OPTIMIZER_STEP, CaptureState
from tb_activation_hist.core.names import LayerInfo


@dataclass(frozen=True)
class OpenStep:
    """What is kept of one parameter from before an optimizer's step until after it.

    before: a copy, where updates are counted. late: whether the gradient is counted afterwards.
    """

    ref: ParameterRef
    parameter: nn.Parameter
    optimizer: Optimizer
    before: Tensor | None
    late: bool


class ParameterKinds:
    """Counts the parameters of the selected layers, and what an optimizer does to them.

    Hooks every optimizer's step, so several optimizers need not be named. Before a step the
    gradients are complete, unscaled and clipped, as the optimizer gets them. A step that is given
    a closure (Lightning, LBFGS) makes them itself: they are counted after it, the last evaluation's
    where there are several. An update is the difference that the step made, divided by the
    parameter's root mean square; it takes a copy of the parameters during recorded steps. A step
    inside another optimizer's step (a wrapper that is an Optimizer itself) is a part of that one:
    each parameter counts once, from the beginning of the outer step to its end. The optimizers'
    state is counted at the end of the logger's step, as the weights are.
    """

    def __init__(
        self, state: CaptureState, kinds: Sequence[str], sizes_every: int | None = None
    ) -> None:
        self._state = state
        self._weights = "weights" in kinds
        self._gradients = "weight_gradients" in kinds
        self._updates = "updates" in kinds
        self._states = OptimizerStates() if "optimizer_state" in kinds else None
        self.sizes = None if sizes_every is None else SizeMeter(sizes_every)
        self.setup = None if sizes_every is None else SetupWatch()
        self._parameters = KnownParameters()
        self._rows: dict[tuple[str, str, torch.device], Row] = {}
        self._open: dict[int, OpenStep] = {}
        self._handles: list[Any] = []

    @property
    def attached(self) -> bool:
        """Whether optimizer steps are watched."""
        return bool(self._handles)

    def attach(self, layers: Iterable[Layer]) -> None:
        """Watch the parameters of these layers, from now on."""
        watching = self._gradients or self._updates or self._states is not None
        if self._weights or watching:
            self._parameters.attach(layers)
        if (watching or self.sizes is not None) and not self._handles:
            watcher = StepWatcher(self)
            self._handles = [
                register_optimizer_step_pre_hook(watcher.before),
                register_optimizer_step_post_hook(watcher.after),
            ]

    def tags(self, layers: Iterable[Layer]) -> Iterator[tuple[str, ParameterRef]]:
        """The tags under which the parameters of these layers are recorded.

        Those of optimizer state lack the name of its entries, which an optimizer tells later.
        """
        kinds = {
            "weights": self._weights,
            "weight_gradients": self._gradients,
            "updates": self._updates,
            "optimizer_state": self._states is not None,
        }
        chosen = [kind for kind, recorded in kinds.items() if recorded]
        for ref in layers_to_refs(layers) if chosen else ():
            for kind in chosen:
                yield LayerInfo(ref.name, kind).tag, ref

    def detach(self) -> None:
        """Stop watching; calling it again does nothing."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._open.clear()
        if self.sizes is not None:
            self.sizes.stop_watching()
        if self.setup is not None:
            self.setup.stop()

    def end_step(self) -> None:
        """Count what belongs to a recorded step and was not counted yet.

        An optimizer's step is still under way where an optimizer inside it ends the logger's step,
        or where it raised.
        """
        for step in self._open.values():
            self._close(step)
        self._open.clear()
        self._count_weights()
        if self._states is not None:
            self._count_states(self._states)

    def _count_weights(self) -> None:
        if self._weights:
            for ref, parameter in self._parameters.by_id().values():
                self._count("weights", ref, countable_values(ref.weights(parameter)))

    def _count_states(self, states: OptimizerStates) -> None:
        known = self._parameters.by_id().values()
        for ref, parameter in known:
            for name, values in states.of(parameter):
                factor = values if is_factor(values, parameter) else None
                self._count("optimizer_state", ref, countable_values(values), f"/{name}", factor)

    def before_step(self, optimizer: Optimizer, *, closure: bool = False) -> None:
        """Count the gradients that the optimizer is about to use, and keep its parameters.

        closure: the step itself computes the gradients, so they are counted after it.
        """
        if self._state.first_rank:
            if self.setup is not None:
                self.setup.before_step(optimizer, self._state.step)
            if self.sizes is not None:
                self.sizes.before_step(optimizer, closure=closure)
        if self._states is not None:
            self._states.note(optimizer)
        if not (self._gradients or self._updates):
            self._note_step(optimizer)
            return
        known = self._parameters.by_id()
        for parameter in _parameters_of(optimizer):
            if id(parameter) not in known or (parameter.grad is None and not closure):
                continue
            outer = self._open.get(id(parameter))
            if outer is not None and outer.optimizer is not optimizer:
                continue
            ref = known[id(parameter)][0]
            self._state.called = True
            self._state.seen.add(OPTIMIZER_STEP)
            if self._gradients and not closure:
                self._count_gradient(ref, parameter, optimizer)
            values = countable_values(parameter) if self._updates else None
            before = None if values is None else values.detach().clone()
            self._open[id(parameter)] = OpenStep(ref, parameter, optimizer, before, closure)

    def _note_step(self, optimizer: Optimizer) -> None:
        """Note once that an optimizer steps parameters of the layers, where a kind needs one."""
        if self._states is None or OPTIMIZER_STEP in self._state.seen:
            return
        known = self._parameters.by_id()
        if any(id(parameter) in known for parameter in _parameters_of(optimizer)):
            self._state.seen.add(OPTIMIZER_STEP)

    def after_step(self, optimizer: Optimizer) -> None:
        """Count the updates, and the gradients of a step that was given a closure."""
        if self.sizes is not None:
            self.sizes.after_step(optimizer)
        if self.setup is not None:
            self.setup.after_step(optimizer, self._state.step)
        if not self._open:
            return
        for parameter in _parameters_of(optimizer):
            step = self._open.get(id(parameter))
            if step is not None and step.optimizer is optimizer:
                self._close(self._open.pop(id(parameter)))

    def _close(self, step: OpenStep) -> None:
        if step.late and step.parameter.grad is None:
            return  # the closure did not reach it
        if step.late and self._gradients:
            self._count_gradient(step.ref, step.parameter, step.optimizer)
        after = countable_values(step.parameter)
        if step.before is not None and after is not None:
            self._count("updates", step.ref, _relative_update(step.before, after.detach()))

    def _count_gradient(self, ref: ParameterRef, parameter: Tensor, optimizer: Optimizer) -> None:
        gradient = countable_values(parameter.grad)
        if gradient is not None:
            self._count("weight_gradients", ref, unscale_gradient(gradient, optimizer))

    def _count(
        self,
        kind: str,
        ref: ParameterRef,
        values: Tensor | None,
        part: str = "",
        whole: Tensor | None = None,
    ) -> None:
        """whole: what the values are of, where that is not the parameter."""
        if values is None or not self._is_ours(ref.parameter):
            return
        whole = ref.parameter if whole is None else whole
        key = (kind, ref.name + part, values.device)
        row = self._rows.get(key)
        if row is None:
            info = LayerInfo(
                layer=ref.name + part,
                kind=kind,
                order=ref.order,
                type=type(ref.module).__name__,
                shape=() if whole is None else tuple(whole.shape),
                dtype=dtype_name(values.dtype),
                scheme=self._state.rows.scheme,
            )
            split = self._state.split.of_layer().dimension(kind, ref.name + part)
            row = self._rows[key] = self._state.rows.find(info, values.device, split)
        row.count(values, whole)

    def _is_ours(self, parameter: nn.Parameter | None) -> bool:
        """Of parameters that several ranks hold alike, one rank counts; of shards, each its own."""
        mesh: Any = getattr(parameter, "device_mesh", None)
        if mesh is None:
            return self._state.first_rank
        place, placements = mesh.get_coordinate() or (), getattr(parameter, "placements", ())
        return all(not at or each.is_shard() for at, each in zip(place, placements, strict=True))


class StepWatcher:
    """Counts weights, their gradients and updates around an optimizer's steps.

    It does not keep the logger alive.
    """

    def __init__(self, kinds: ParameterKinds) -> None:
        self._kinds = weakref.ref(kinds)

    def before(self, optimizer: Optimizer, args: Any = (), kwargs: Any = None) -> None:
        """Torch calls this before any optimizer's step; args, kwargs: those of that step."""
        given = (kwargs or {}).get("closure", args[1] if len(args) > 1 else None)
        self._call("before_step", optimizer, closure=given is not None)

    def after(self, optimizer: Optimizer, *_: Any) -> None:
        """Torch calls this after any optimizer's step."""
        self._call("after_step", optimizer)

    def _call(self, method: str, optimizer: Optimizer, **options: bool) -> None:
        kinds = self._kinds()
        if kinds is None or not kinds._state.train:
            return
        try:
            with torch.no_grad(), kinds._state.clock:
                getattr(kinds, method)(optimizer, **options)
        except Exception as err:  # noqa: BLE001 - nothing of ours may stop a training
            kinds._state.fail("the parameters", err)


def _parameters_of(optimizer: Optimizer) -> Iterator[nn.Parameter]:
    for group in optimizer.param_groups:
        yield from group["params"]


def _relative_update(before: Tensor, after: Tensor) -> Tensor:
    wide = torch.promote_types(after.dtype, torch.float32)
    old, new = before.to(wide), after.to(wide)
    size = torch.maximum(old.square().mean(), new.square().mean()).sqrt()
    return (new - old) / size.clamp_min(torch.finfo(wide).tiny)
