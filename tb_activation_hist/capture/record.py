"""`record`: tensors that no module outputs, counted where a forward pass computes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn

from tb_activation_hist.capture.attachment import MARK
from tb_activation_hist.capture.countable import is_countable
from tb_activation_hist.capture.hooks import ForwardHook
from tb_activation_hist.capture.in_graph import HOOKS
from tb_activation_hist.capture.outputs import floating_tensors
from tb_activation_hist.capture.select import Layer
from tb_activation_hist.capture.state import CaptureState
from tb_activation_hist.capture.tensor_names import matches_tensor
from tb_activation_hist.capture.torch_internals import inline_or_skip, is_tracing
from tb_activation_hist.core.user_warnings import warn_user

RECORDERS: Final = f"{MARK}recorders"
"""Attribute of a module with the recorders of all loggers that may record its tensors.

Not among the module's hooks: a forward pass without `record` pays nothing for it.
"""

_is_compiling = torch.compiler.is_compiling
_mistaken: set[str] = set()


def record(module: nn.Module, /, **tensors: Any) -> None:
    """Record tensors of a forward pass that no module outputs, such as attention scores.

    module: the module whose ``forward`` calls, ``record(self, scores=scores, q=q)``. A tensor is
    recorded as ``<name of the module>/<name of the tensor>``, ``blocks.3.attn/scores``, by every
    logger that records the module or whose ``layers`` has a pattern of that name; with
    ``layers=None`` by every logger of the model. Its gradient is recorded if ``kinds`` includes
    gradients. Returns nothing, changes nothing, and raises nothing: values that cannot be counted
    cause one warning. None is skipped. Tensors: any shape, floating-point; a container of tensors
    gives ``scores/0``, ``scores/mask`` ... as a module's output does. Without a logger, it costs
    one dictionary look-up; in a compiled graph, it is one op per tensor and gradient.
    """
    try:
        recorders = module.__dict__.get(RECORDERS)
    except AttributeError:
        recorders = None
    if recorders is None:
        if not _is_module(module):
            _warn_no_module(type(module).__name__)
        return
    for recorder in recorders:
        recorder(module, (), tensors)


def _is_module(given: object) -> bool:
    return isinstance(given, nn.Module)


@torch.compiler.assume_constant_result
def _warn_no_module(type_name: str) -> None:
    if type_name not in _mistaken:
        _mistaken.add(type_name)
        warn_user(
            "record expects the module whose forward pass calls it, as in record(self, "
            f"scores=scores), but got an object of type {type_name}. Nothing of it is recorded."
        )


class TensorHook(ForwardHook):
    """Counts one tensor of a module, by name; numbers its calls by itself."""

    source = "record"
    typed = False

    def __init__(self, layer: Layer, state: CaptureState) -> None:
        super().__init__(layer, state)
        # A pattern of `split` that names the module is for what the module outputs.
        self.split = state.split.of_layer()


class TensorRecorder(TensorHook):
    """What one logger records of a module's own tensors.

    Graphs count by it; eager calls by one `TensorHook` for each name.
    """

    def __init__(self, layer: Layer, state: CaptureState) -> None:
        super().__init__(layer, state)
        self.place = layer
        self.patterns: Sequence[Any] | None = None
        """Of the tensors to record; None: all."""
        self._hooks: dict[str, tuple[str, TensorHook] | None] = {}

    def __call__(self, module: Any, _args: Any, tensors: Mapping[str, Any]) -> None:
        """Never changes the tensors; raises only with ``on_error="raise"``."""
        state = self.state
        if _is_compiling():
            self._trace_tensors(module, tensors)
            return
        if not (state.train if module.training else state.eval) or is_tracing():
            return
        for name, value in tensors.items():
            try:
                self._see(module, name, value)
            except Exception as err:  # noqa: BLE001 - nothing of ours may stop a training
                state.fail(f"{self.layer}/{name}", err)

    def hide(self, path: str, why: str, /) -> None:
        """Say once that the values of a tensor cannot be read."""
        super().hide(path, why)
        self.state.warn_once(f"record: {path!r} {why}.", f"record {path}: hidden")

    def select(self, patterns: Sequence[Any] | None) -> None:
        """Record the tensors that one of the patterns names from now on; None: all."""
        self.patterns = patterns
        self._hooks = {name: each for name, each in self._hooks.items() if each is not None}

    def _see(self, module: Any, name: str, value: Any) -> None:
        found = self._hooks.get(name)
        if found is None:
            if name in self._hooks:
                return
            path = self.clean(name)
            found = self._hooks[name] = self.make_hook(path) if self.takes(path) else None
        if found is None or value is None:
            return
        path, hook = found
        if self._check(name, value):
            hook(module, (), {path: value} if path else value)
            if hook.hidden and not hook.ran:
                self.hide(name, hook.hidden)

    def make_hook(self, path: str) -> tuple[str, TensorHook]:
        """The hook that counts a tensor of this name, and the path that it adds to its layer."""
        return path, TensorHook(self.place, self.state)

    def takes(self, path: str) -> bool:
        """Whether a tensor of this name is selected."""
        return self.patterns is None or any(
            matches_tensor(each, self.place, path) for each in self.patterns
        )

    def clean(self, name: str) -> str:
        """The name without characters that mean something else in a series' name."""
        kept = "".join(each if each.isprintable() and each not in ":\\" else "_" for each in name)
        path = "/".join(part for part in kept.split("/") if part.strip()) or "tensor"
        if path != name:
            self.state.warn_once(
                f"record: {name!r} cannot name a tensor; it is recorded as {path!r}. A name "
                "consists of printable characters without ':' and '\\', and no empty part between "
                "'/'."
            )
        return path

    def _check(self, name: str, value: Any) -> bool:
        """Whether there is something to count; if not, report once what there is instead."""
        tensors = [value] if is_countable(value) else [each for _, each in floating_tensors(value)]
        if not tensors:
            kind = _kind(value)
            self.state.warn_once(explain_uncountable(name, kind), f"record {name}: {kind}")
        elif not any(each.numel() for each in tensors):
            self.state.warn_once(
                f"record: {self.layer or 'the logger'}/{name} has no elements at step "
                f"{self.state.step}, so nothing is counted. It appears once it has some. Only the "
                "first such tensor is reported.",
                "record: no elements",
            )
        return bool(tensors)

    def _trace_tensors(self, module: nn.Module, tensors: Mapping[str, Any]) -> None:
        for name, value in tensors.items():
            path = _path_in_graph(self.key, name)
            if not path or value is None:
                continue
            if floating_tensors(value):
                self._trace(module, {path: value})
            else:
                _warn_in_graph(self.key, name, _kind(value))


@torch.compiler.assume_constant_result
def _path_in_graph(key: str, name: str) -> str:
    recorder: Any = HOOKS[key]
    path = str(recorder.clean(name))
    return path if recorder.takes(path) else ""


@torch.compiler.assume_constant_result
def _warn_in_graph(key: str, name: str, kind: str) -> None:
    HOOKS[key].state.warn_once(explain_uncountable(name, kind), f"record {name}: {kind}")


def _kind(value: Any) -> str:
    """What a value is, in a word: the dtype of a tensor, else the type."""
    if not isinstance(value, Tensor):
        return type(value).__name__
    dense = value.layout is torch.strided and not value.is_nested
    return str(value.dtype) if dense else f"{value.layout} {value.dtype}"


def explain_uncountable(name: str, kind: str) -> str:
    """Why nothing of a value is recorded, and what to do. kind: its `_kind`."""
    return (
        f"record: {name!r} is {kind}, which has no histogram, so it is left out. Pass a dense "
        f"floating-point tensor or a container of such tensors: {_remedy(kind)}."
    )


def _remedy(kind: str) -> str:
    if "complex" in kind:
        return "record its abs(), or its real and imag"
    if " torch." in kind:
        return "record its to_dense(), or its values()"
    if "qint" in kind or "quint" in kind:
        return "record its dequantize()"
    return (
        "record its float()" if kind.startswith("torch.") else "record torch.as_tensor(...) of it"
    )


inline_or_skip(record, TensorRecorder.__call__)
