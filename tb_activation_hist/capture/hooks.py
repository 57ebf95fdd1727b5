"""Hooks of layers: what runs before and after each, and where gradients arrive."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle
from torch.utils.weak import WeakIdKeyDictionary

from tb_activation_hist.capture.count import is_captured
from tb_activation_hist.capture.countable import as_floats, dtype_name, plain_values, why_hidden
from tb_activation_hist.capture.direct_count import DirectRow, find_direct
from tb_activation_hist.capture.gradient_op import watch_gradient
from tb_activation_hist.capture.in_graph import (
    HOOKS,
    may_count_in_graph,
    ran_in_graph,
)
from tb_activation_hist.capture.model_hooks import Hook
from tb_activation_hist.capture.module_settings import module_settings
from tb_activation_hist.capture.outputs import floating_tensors, name_inputs
from tb_activation_hist.capture.rows import Row
from tb_activation_hist.capture.select import Layer
from tb_activation_hist.capture.shards import ShardPlace
from tb_activation_hist.capture.state import BACKWARD, CaptureState
from tb_activation_hist.capture.torch_internals import (
    in_backward,
    inline_or_skip,
    is_exporting,
    is_tracing,
)
from tb_activation_hist.capture.traced_counts import trace_values
from tb_activation_hist.core.names import LayerInfo

_is_compiling = torch.compiler.is_compiling


class ForwardHook(Hook):
    """Counts a module's floating outputs; off-step it costs a flag test.

    Runs right after the module, so before an in-place successor overwrites the output. kind: under
    which the values are recorded. source: where they come from; two sources never share a name.
    typed: whether the module's class says something about the values. whole: whether tensors of
    integers count too. only_counts: whether counting is all that is done with a tensor.
    """

    kind: str = "activations"
    source: str = "output"
    typed: bool = True
    whole: bool = False
    only_counts: bool = True

    def __init__(self, layer: Layer, state: CaptureState) -> None:
        self.layer = layer.name
        self.counts = state.activations
        self.gradients = state.gradients
        self.ordered = True
        self.order = layer.order
        self.state = state
        self.ran = False
        self.hidden = ""
        self.settings = self._settings_of(layer.module)
        self.key = str(id(self))
        self.split = state.split.of_layer(layer)
        self._rows: dict[tuple[str, str, bool, torch.device], Row] = {}
        self._direct: DirectRow | None = None
        self._calls: dict[str, tuple[int, int]] = {}
        self._orders: dict[str, int] = {}
        self._leaves: MutableMapping[Tensor, dict[str, RemovableHandle]] = WeakIdKeyDictionary()
        HOOKS[self.key] = self

    def __call__(self, module: nn.Module, _args: Any, output: Any) -> None:
        """Never changes the output; raises only with ``on_error="raise"``."""
        state = self.state
        if _is_compiling():
            self._trace(module, output)
            return
        if not (state.train if module.training else state.eval):
            return
        try:
            with state.clock:
                if state.unlooked:
                    state.look_again()
                direct = self._direct
                if direct is None or not module.training or not direct.count(output):
                    self._count(module, output)
        except Exception as err:  # noqa: BLE001 - nothing of ours may stop a training
            state.fail(self.layer, err)

    def _count(self, module: nn.Module, output: Any) -> None:
        state = self.state
        if is_tracing():
            return
        # Checkpointing runs the forward again inside the backward pass; that is no new forward.
        recomputed = in_backward()
        state.evaluated |= not module.training
        call = self._next_call(module) if state.per_call and not recomputed else ""
        tensors = floating_tensors(output, whole=self.whole)
        self.ran |= not tensors
        for path, tensor in tensors:
            values = plain_values(tensor)
            if values is None:
                if not is_exporting():
                    self.hide(path, why_hidden(tensor))
                continue
            self.ran = True
            name = f"{call}/{path}" if path else call
            if self.ordered and not recomputed:
                state.call_order.note("train" if module.training else "eval", self.layer + name)
            if self.counts and not recomputed:
                self.add(name, module, values, tensor)
                if not (name or self.gradients):
                    self._shorten(module, values)
            # A reentrant checkpoint has its graph only from the recomputation.
            if self.gradients and tensor.requires_grad:
                facts = ModuleFacts(module.training, type(module).__name__)
                self._follow(tensor, name, facts)

    def _shorten(self, module: nn.Module, values: Tensor) -> None:
        """From now on, only count what this module gives in training, where nothing else is due."""
        known = not self.ordered or self.state.call_order.knows("train", self.layer)
        if self.only_counts and known and module.training:
            self._direct = find_direct(self.row(self.kind, "", module, values), values)

    def hide(self, _path: str, why: str, /) -> None:
        """Note a tensor whose values cannot be read. why: as `why_hidden` says it."""
        self.hidden = why

    def _follow(self, tensor: Tensor, name: str, facts: ModuleFacts) -> None:
        """Count the gradient when backward computes it.

        A leaf, such as a parameter that a module gives, outlives the forward pass: it keeps one
        hook until that has run, however often the module is called.
        """
        if not tensor.is_leaf:
            tensor.register_hook(GradientHook(self, name, facts))
            return
        waiting = self._leaves.setdefault(tensor, {})
        if name not in waiting:
            hook = LeafGradientHook(self, name, facts, waiting)
            waiting[name] = tensor.register_hook(hook)

    def add(self, name: str, module: nn.Module, values: Tensor, tensor: Tensor) -> None:
        """Count the values of one tensor of a call."""
        self.row(self.kind, name, module, values).count(as_floats(values), tensor)

    def _next_call(self, module: nn.Module) -> str:
        """Number of this call within the step, or within the forward pass of an evaluation."""
        phase = "train" if module.training else "eval"
        now = self.state.calls_since[phase]
        since, calls = self._calls.get(phase, (now, 0))
        calls = calls if since == now else 0
        self._calls[phase] = (now, calls + 1)
        name = f":{calls}"
        if name not in self._orders:
            self._orders[name] = next(self.state.call_orders)
        return name

    def row(self, kind: str, name: str, module: nn.Module | ModuleFacts, values: Tensor) -> Row:
        """The row of this output; the first call makes it."""
        key = (kind, name, module.training, values.device)
        row = self._rows.get(key)
        if row is None:
            info = self._info(kind, name, module, values)
            split = self.find_split(info, values)
            row = self._rows[key] = self.state.rows.find(info, values.device, split)
        return row

    def find_split(self, info: LayerInfo, _values: Tensor) -> int | None:
        """The dimension along which a tensor is split; None: it is not."""
        return self.split.dimension(info.kind, info.layer)

    def _info(
        self, kind: str, name: str, module: nn.Module | ModuleFacts, values: Tensor
    ) -> LayerInfo:
        if isinstance(module, nn.Module):
            # Lazy modules have their settings from the first call on.
            self.settings = self._settings_of(module)
        return LayerInfo(
            layer=self.state.names.claim(kind, f"{self.layer}{name}", self.source),
            kind=kind,
            phase="train" if module.training else "eval",
            order=self._orders.get(name.partition("/")[0], self.order),
            type=self.type_name(module),
            shape=tuple(values.shape),
            dtype=dtype_name(values.dtype),
            scheme=self.state.rows.scheme,
            settings=self.settings if kind == "activations" else "",
        )

    def _settings_of(self, module: nn.Module) -> str:
        return module_settings(module) if self.typed and self.kind == "activations" else ""

    def type_name(self, module: nn.Module | ModuleFacts) -> str:
        """The module's class as it is stored; "" where it says nothing about the values."""
        if not self.typed:
            return ""
        return module.type if isinstance(module, ModuleFacts) else type(module).__name__

    def _trace(self, module: nn.Module, output: Any) -> None:
        """Put one counting op for each tensor into the graph that is being compiled.

        The op's arguments must be constants, so the row is found while compiling. The cadence does
        not matter: the op reads the switch when it runs.
        """
        state = self.state
        phase = "train" if module.training else "eval"
        # Reading the version makes the graph depend on it.
        if not state.modules_version:
            return
        if phase not in state.phases or is_exporting():
            return
        tensors = floating_tensors(output, whole=self.whole)
        if not may_count_in_graph(self.key, *(path for path, _ in tensors)):
            return
        if not tensors or not self.counts:
            ran_in_graph(self.key, phase, *(path for path, _ in tensors))
        for path, tensor in tensors:
            facts = (self.key, path, phase, self.type_name(module))
            if self.counts:
                trace_values(self.state, tensor, facts)
            if self.gradients and tensor.requires_grad:
                watch_gradient(tensor, *facts)

    def count_gradient(
        self, gradient: Tensor, path: str, phase: str, type_name: str, place: ShardPlace | None
    ) -> None:
        """Count the gradient of a tensor of a compiled graph, whose backward pass runs.

        place: of a DTensor's shard along the dimension that is split.
        """
        GradientHook(self, *_facts_in_graph(path, phase, type_name), place)(gradient)

    def follow_gradient(self, tensor: Tensor, path: str, phase: str, type_name: str) -> None:
        """Count the gradient of a tensor of a graph that runs as it stands."""
        self._follow(tensor, *_facts_in_graph(path, phase, type_name))


class InputHook(ForwardHook):
    """Counts what goes into a module, before an in-place module overwrites it."""

    kind = "inputs"
    source = "input"

    def __init__(self, layer: Layer, state: CaptureState) -> None:
        super().__init__(layer, state)
        self.counts = True
        self.gradients = False
        self.ordered = not state.outputs

    def __call__(self, module: nn.Module, args: Any, kwargs: Any = None) -> None:
        """kwargs: None if a library has registered the hook anew, without them."""
        state = self.state
        if _is_compiling() or (state.train if module.training else state.eval):
            ForwardHook.__call__(
                self, module, (), name_inputs(args, kwargs or {}, whole=self.whole)
            )


class ModuleFacts(NamedTuple):
    """Facts that a gradient's row needs about its module, without keeping the module alive."""

    training: bool
    type: str


def _facts_in_graph(path: str, phase: str, type_name: str) -> tuple[str, ModuleFacts]:
    """What a graph knows of a tensor, as an eager call names it."""
    return f"/{path}" if path else "", ModuleFacts(phase == "train", type_name)


class GradientHook:
    """Counts the gradient of an output when backward computes it, without GradScaler's factor.

    place: of a DTensor's shard, where only the shard is given.
    """

    __torch_unserializable__ = True

    def __init__(
        self, hook: ForwardHook, name: str, facts: ModuleFacts, place: ShardPlace | None = None
    ) -> None:
        self._hook = hook
        self._name = name
        self._facts = facts
        self._place = place

    def __call__(self, gradient: Tensor | None) -> None:
        """Never changes the gradient; raises only with ``on_error="raise"``."""
        state = self._hook.state
        if gradient is None:
            return  # of one of several outputs of an operation, which the loss does not use
        if not (state.train if self._facts.training else state.eval) and not is_captured(gradient):
            return
        state.seen.add(BACKWARD)
        try:
            values = plain_values(gradient)
            if values is not None:
                with state.clock:
                    row = self._hook.row("gradients", self._name, self._facts, values)
                    row.count(state.unscale(values), self._place or gradient)
        except Exception as err:  # noqa: BLE001 - nothing of ours may stop a training
            state.fail(f"gradients/{self._hook.layer}", err)


class LeafGradientHook(GradientHook):
    """Counts the gradient of a leaf once, and takes itself off.

    waiting: the handles of the leaf's hooks by name.
    """

    def __init__(
        self,
        hook: ForwardHook,
        name: str,
        facts: ModuleFacts,
        waiting: dict[str, RemovableHandle],
    ) -> None:
        super().__init__(hook, name, facts)
        self._waiting = waiting

    def __call__(self, gradient: Tensor | None) -> None:
        """Never changes the gradient; raises only with ``on_error="raise"``."""
        self._waiting.pop(self._name).remove()
        super().__call__(gradient)


inline_or_skip(ForwardHook.__call__, InputHook.__call__, GradientHook.__call__)
inline_or_skip(LeafGradientHook.__call__)
